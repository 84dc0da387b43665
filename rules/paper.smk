# Tables, figures and pages of examples by the paper's numbers. One is a module of lingualift.paper
# and an entry there.


localrules:
    paper,


rule paper:
    input:
        paper.targets(PLAN),
        "results/paper/README.md",


rule paper_table:
    input:
        read=lambda wildcards: paper_reading(wildcards).paths(),
        reference=printed_accuracies,
    output:
        csv=report(
            "results/paper/{artifact}.csv",
            caption="../workflow/report/paper.rst",
            category="The paper",
            labels={"item": "{artifact}"},
        ),
        record="results/paper/{artifact}.json",
    log:
        "results/logs/paper/{artifact}.log",
    benchmark:
        "results/timings/paper/{artifact}.tsv"
    wildcard_constraints:
        artifact=r"table-\d\d",
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        files=lambda wildcards: paper_reading(wildcards),
        facts=paper.facts(PLAN),
    message:
        "{wildcards.artifact} of the paper"
    script:
        "../workflow/scripts/paper_table.py"


rule paper_figure:
    input:
        read=lambda wildcards: paper_reading(wildcards).paths(),
        reference=printed_accuracies,
    output:
        svg=report(
            "results/paper/{artifact}.svg",
            caption="../workflow/report/paper.rst",
            category="The paper",
            labels={"item": "{artifact}"},
        ),
        png="results/paper/{artifact}.png",
        record="results/paper/{artifact}.json",
    log:
        "results/logs/paper/{artifact}.log",
    benchmark:
        "results/timings/paper/{artifact}.tsv"
    wildcard_constraints:
        artifact=r"figure-(0\d|10)",
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        files=lambda wildcards: paper_reading(wildcards),
        facts=paper.facts(PLAN),
    message:
        "{wildcards.artifact} of the paper"
    script:
        "../workflow/scripts/paper_figure.py"


rule paper_page:
    input:
        read=lambda wildcards: paper_reading(wildcards).paths(),
    output:
        html=report(
            "results/paper/{artifact}.html",
            caption="../workflow/report/paper.rst",
            category="The paper",
            labels={"item": "{artifact}"},
        ),
        record="results/paper/{artifact}.json",
    log:
        "results/logs/paper/{artifact}.log",
    benchmark:
        "results/timings/paper/{artifact}.tsv"
    wildcard_constraints:
        artifact=r"figure-1[1-3]",
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        files=lambda wildcards: paper_reading(wildcards),
        facts=paper.facts(PLAN),
    message:
        "{wildcards.artifact} of the paper"
    script:
        "../workflow/scripts/paper_page.py"


rule sentence_map:
    # Parallel sentences in the encoder, after the alignment layer and in LLMs (Figure 5).
    input:
        lambda wildcards: paper.sentence_inputs(PLAN),
    output:
        "results/paper/sentences.parquet",
    log:
        "results/logs/paper/sentences.log",
    benchmark:
        "results/timings/paper/sentences.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(lambda wildcards: requests.sentence_map(PLAN)),
        **ONE_GPU,
    params:
        files=lambda wildcards: asdict(paper.sentences(PLAN)),
        benchmark=paper.sentence_benchmark(PLAN).name,
        layer=CONFIG.evaluation.retrieval_layer,
        seed=CONFIG.seeds[0],
        precision=CONFIG.precision,
        titles={name: PLAN.systems[name].title for name in CONFIG.systems},
    message:
        "draw parallel sentences"
    script:
        "../workflow/scripts/sentence_map.py"


rule paper_index:
    input:
        paper.records(PLAN).values(),
    output:
        "results/paper/README.md",
    log:
        "results/logs/paper/index.log",
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        records=paper.records(PLAN),
        lacking=paper.lacking(PLAN),
    message:
        "list the paper's tables and figures"
    script:
        "../workflow/scripts/paper_index.py"
