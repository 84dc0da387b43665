# English task questions -> tags -> code-switched text of every language (section 3.2).


rule task_data:
    input:
        lambda wildcards: [manifest(source) for source in CONFIG.tasks[wildcards.task].sources if source != "word-problems"],
    output:
        "results/tasks/{task}/questions.parquet",
    log:
        "results/logs/tasks/{task}.log",
    benchmark:
        "results/benchmarks/tasks/{task}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(lambda wildcards: sizes.task_reading(questions(wildcards.task))),
    params:
        task=lambda wildcards: CONFIG.tasks[wildcards.task].model_dump(mode="json"),
    message:
        "English task data: {wildcards.task}"
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
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(lambda wildcards: sizes.tagging(questions(wildcards.task))),
    message:
        "tag the English questions with spaCy"
    script:
        "../workflow/scripts/tag_questions.py"


rule codeswitch:
    input:
        tagged=f"results/tasks/{CONFIG.codeswitch.task}/tagged.parquet",
        lexicon="results/lexicons/{lang}.parquet",
        evidence="results/lexicons/{lang}.json",
    output:
        "results/codeswitch/{lang}.parquet",
    log:
        "results/logs/codeswitch/{lang}.log",
    benchmark:
        "results/benchmarks/codeswitch/{lang}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(sizes.code_switching(switched())),
    params:
        codeswitch=CONFIG.codeswitch.model_dump(mode="json"),
        seed=CONFIG.seeds[0],
    message:
        "code-switch the questions into {wildcards.lang}"
    script:
        "../workflow/scripts/codeswitch.py"
