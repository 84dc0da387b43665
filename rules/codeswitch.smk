# Task questions -> tags -> code-switched text of every language (section 3.2), one folder for each setting of code-switching.


rule task_data:
    input:
        lambda wildcards: [manifest(key, lang) for key, lang in PLAN.task_folders(wildcards.task)],
    output:
        "results/tasks/{task}/questions.parquet",
    log:
        "results/logs/tasks/{task}.log",
    benchmark:
        "results/benchmarks/tasks/{task}.tsv"
    priority: 3
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(lambda wildcards: sizes.task_reading(questions(wildcards.task))),
    params:
        task=lambda wildcards: CONFIG.tasks[wildcards.task].model_dump(mode="json"),
        folders=lambda wildcards: PLAN.task_folders(wildcards.task),
    message:
        "task data: {wildcards.task}"
    script:
        "../workflow/scripts/task_data.py"


rule tag_questions:
    input:
        questions="results/tasks/{task}/questions.parquet",
        tagger=manifest(CONFIG.tagger),
    output:
        "results/tasks/{task}/tagged.parquet",
    log:
        "results/logs/tag/{task}.log",
    benchmark:
        "results/benchmarks/tag/{task}.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    threads: lambda wildcards: 8 if questions(wildcards.task) > 20000 else 1
    resources:
        **growing(lambda wildcards: sizes.tagging(questions(wildcards.task))),
    message:
        "tag the English questions with spaCy"
    script:
        "../workflow/scripts/tag_questions.py"


rule codeswitch:
    input:
        tagged=lambda wildcards: f"results/tasks/{PLAN.variants[wildcards.variant.rstrip('/')].task}/tagged.parquet",
        lexicon="results/lexicons/{lang}.parquet",
        evidence="results/lexicons/{lang}.json",
    output:
        corpus="results/codeswitch/{variant}{lang}.parquet",
        statistics="results/codeswitch/{variant}{lang}.json",
    log:
        "results/logs/codeswitch/{variant}{lang}.log",
    benchmark:
        "results/benchmarks/codeswitch/{variant}{lang}.tsv"
    wildcard_constraints:
        variant=f"({'|'.join(f'{name}/' for name in PLAN.variants if name)})?",
    priority: 1
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(lambda wildcards: sizes.code_switching(switched(variant_of(wildcards)))),
    params:
        codeswitch=lambda wildcards: PLAN.variants[variant_of(wildcards)].model_dump(mode="json"),
        seed=CONFIG.seeds[0],
    message:
        "code-switch the questions into {wildcards.lang} {wildcards.variant}"
    script:
        "../workflow/scripts/codeswitch.py"


rule codeswitch_table:
    # Table 18 for every setting that a system uses.
    input:
        [
            str(Path("results", "codeswitch", name, f"{lang}.json"))
            for name in PLAN.used_variants or [""]
            for lang in CONFIG.languages.alignment
        ],
    output:
        csv=report(
            "results/tables/codeswitch.csv",
            caption="../workflow/report/codeswitch.rst",
            category="Tables",
            labels={"table": "codeswitch"},
        ),
        parquet="results/tables/codeswitch.parquet",
    log:
        "results/logs/tables/codeswitch.log",
    benchmark:
        "results/benchmarks/tables/codeswitch.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        settings=[name for name in PLAN.used_variants or [""] for _ in CONFIG.languages.alignment],
    message:
        "table of the code-switched text"
    script:
        "../workflow/scripts/codeswitch_table.py"
