# English task questions -> tags -> code-switched text of every language (section 3.2).


rule task_data:
    output:
        "results/task/questions.parquet",
    log:
        "results/logs/task.log",
    benchmark:
        "results/benchmarks/task.tsv"
    threads: 1
    resources:
        **growing(1000, 30),
    params:
        task=CONFIG.task.model_dump(mode="json"),
    message:
        "English task data"
    script:
        "../workflow/scripts/task_data.py"


rule tag_questions:
    input:
        questions="results/task/questions.parquet",
        tagger=manifest(CONFIG.tagger),
    output:
        "results/task/tagged.parquet",
    log:
        "results/logs/tag.log",
    benchmark:
        "results/benchmarks/tag.tsv"
    threads: 1
    resources:
        **growing(2000, 60),
    message:
        "tag the English questions with spaCy"
    script:
        "../workflow/scripts/tag_questions.py"


rule codeswitch:
    input:
        tagged="results/task/tagged.parquet",
        lexicon="results/lexicons/{lang}.parquet",
        evidence="results/lexicons/{lang}.json",
    output:
        "results/codeswitch/{lang}.parquet",
    log:
        "results/logs/codeswitch/{lang}.log",
    benchmark:
        "results/benchmarks/codeswitch/{lang}.tsv"
    threads: 1
    resources:
        **growing(1500, 30),
    params:
        codeswitch=CONFIG.codeswitch.model_dump(mode="json"),
        seed=CONFIG.seeds[0],
    message:
        "code-switch the questions into {wildcards.lang}"
    script:
        "../workflow/scripts/codeswitch.py"
