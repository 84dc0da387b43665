# Task questions -> tags -> code-switched text of every language (section 3.2), one folder for each
# setting of code-switching.


rule task_data:
    input:
        unpack(lambda wildcards: inputs.task_data(PLAN, wildcards.task)),
    output:
        "results/tasks/{task}/questions.parquet",
    log:
        "results/logs/tasks/{task}.log",
    benchmark:
        "results/timings/tasks/{task}.tsv"
    priority: 3
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(lambda wildcards: requests.task_reading(PLAN, wildcards.task)),
    params:
        task=lambda wildcards: CONFIG.tasks[wildcards.task].model_dump(mode="json"),
        folders=lambda wildcards: PLAN.task_folders(wildcards.task),
        languages=lambda wildcards: inputs.task_languages(PLAN, wildcards.task),
        held_out=lambda wildcards: inputs.held_out(PLAN, wildcards.task),
    message:
        "task data: {wildcards.task}"
    script:
        "../workflow/scripts/task_data.py"


rule tag_questions:
    input:
        questions="results/tasks/{task}/questions.parquet",
        tagger=PLAN.manifest(CONFIG.tagger),
    output:
        "results/tasks/{task}/tagged.parquet",
    log:
        "results/logs/tag/{task}.log",
    benchmark:
        "results/timings/tag/{task}.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    threads: lambda wildcards: requests.tagging_threads(PLAN, wildcards.task)
    resources:
        **growing(lambda wildcards: requests.tagging(PLAN, wildcards.task)),
    message:
        "tag the English questions with spaCy"
    script:
        "../workflow/scripts/tag_questions.py"


rule codeswitch:
    input:
        tagged=lambda wildcards: files.tagged(PLAN.codeswitch(wildcards.variant).task),
        lexicon="results/lexicons/{lang}.parquet",
        evidence="results/lexicons/{lang}.json",
    output:
        corpus="results/codeswitch/{variant}{lang}.parquet",
        statistics="results/codeswitch/{variant}{lang}.json",
    log:
        "results/logs/codeswitch/{variant}{lang}.log",
    benchmark:
        "results/timings/codeswitch/{variant}{lang}.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(lambda wildcards: requests.code_switching(PLAN, wildcards.variant)),
    params:
        codeswitch=lambda wildcards: PLAN.codeswitch(wildcards.variant).model_dump(mode="json"),
        seed=CONFIG.seeds[0],
    message:
        "code-switch the questions into {wildcards.lang} {wildcards.variant}"
    script:
        "../workflow/scripts/codeswitch.py"
