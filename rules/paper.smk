# Tables, figures and pages of examples by the paper's numbers. One is a module of lingualift.paper
# and an entry there.


ITEM = "results/paper/{artifact}"


localrules:
    paper,


rule paper:
    input:
        paper.targets(PLAN),
        "results/paper/README.md",


rule paper_table:
    input:
        read=lambda wildcards: paper_reading(wildcards).paths(),
        reference=lambda wildcards: compared.printed(
            BASE, *ARTIFACTS[wildcards.artifact].benchmarks
        ),
        fonts=lambda wildcards: shown.fonts(PLAN) if "figure" in wildcards.artifact else [],
    output:
        csv=shown_in_report(f"{ITEM}.csv", "paper", "The paper", item="{artifact}"),
        record=f"{ITEM}.json",
    log:
        "results/logs/paper/{artifact}.log",
    benchmark:
        "results/timings/paper/{artifact}.tsv"
    wildcard_constraints:
        artifact=r"table-\d\d",
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        files=lambda wildcards: paper_reading(wildcards),
        facts=paper.system_and_language_facts(PLAN),
    message:
        "{wildcards.artifact} of the paper"
    script:
        "../workflow/scripts/paper_artifact.py"


use rule paper_table as paper_figure with:
    output:
        svg=shown_in_report(f"{ITEM}.svg", "paper", "The paper", item="{artifact}"),
        png=f"{ITEM}.png",
        record=f"{ITEM}.json",
    wildcard_constraints:
        artifact=r"figure-(0\d|10)",


use rule paper_table as paper_page with:
    input:
        read=lambda wildcards: paper_reading(wildcards).paths(),
        fonts=shown.fonts(PLAN),
    output:
        html=shown_in_report(f"{ITEM}.html", "paper", "The paper", item="{artifact}"),
        record=f"{ITEM}.json",
    wildcard_constraints:
        artifact=r"figure-1[1-3]",


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
    resources:
        **growing(lambda wildcards: requests.sentence_map(PLAN)),
        **ONE_GPU,
    params:
        files=lambda wildcards: asdict(paper.sentence_files(PLAN)),
        benchmark=paper.sentence_benchmark(PLAN).name,
        layer=CONFIG.evaluation.retrieval_layer,
        seed=CONFIG.seeds[0],
        precision=CONFIG.precision,
        titles={name: PLAN.systems[name].title for name in PLAN.config.systems},
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
    resources:
        **SMALL,
    params:
        records=paper.records(PLAN),
        lacking=paper.lacking(PLAN),
    message:
        "list the paper's tables and figures"
    script:
        "../workflow/scripts/paper_index.py"
