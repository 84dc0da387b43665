# Problems; checkpoint x batch of languages -> predictions -> scores. Scoring never generates.


rule problems:
    input:
        lambda wildcards: PLAN.benchmark_manifests(wildcards.benchmark, wildcards.lang),
    output:
        "results/problems/{benchmark}/{lang}.parquet",
    log:
        "results/logs/problems/{benchmark}/{lang}.log",
    benchmark:
        "results/timings/problems/{benchmark}/{lang}.tsv"
    priority: 4  # a malformed file ends a run before it computes anything
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        reading=lambda wildcards: inputs.reading(PLAN, wildcards.benchmark, wildcards.lang),
    message:
        "read {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../workflow/scripts/problems.py"


rule worked_examples:
    input:
        "results/tasks/{task}/questions.parquet",
    output:
        "results/tasks/{task}/examples-{shots}.parquet",
    log:
        "results/logs/examples/{task}-{shots}.log",
    benchmark:
        "results/timings/examples/{task}-{shots}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    message:
        "draw {wildcards.shots} worked examples of {wildcards.task}"
    script:
        "../workflow/scripts/worked_examples.py"


rule predict:
    input:
        unpack(
            lambda wildcards: inputs.prediction(
                PLAN, wildcards.run, wildcards.benchmark, wildcards.batch
            )
        ),
    output:
        # Goes when every language is taken out: a damaged answer is made again, not copied again.
        temp(directory("results/predictions/{run}/{benchmark}/batches/{batch}")),
    log:
        "results/logs/predict/{run}/{benchmark}/{batch}.log",
    benchmark:
        "results/timings/predict/{run}/{benchmark}/{batch}.tsv"
    priority: lambda wildcards: requests.prediction_priority(PLAN, wildcards.run)
    conda:
        ANSWER_ENVIRONMENT
    resources:
        **growing(lambda wildcards: requests.prediction(PLAN, wildcards.run, wildcards.batch)),
        **ONE_GPU,
    params:
        system=lambda wildcards: PLAN.run(wildcards.run).system,
        seed=lambda wildcards: PLAN.run(wildcards.run).seed,
        input=lambda wildcards: PLAN.systems[PLAN.run(wildcards.run).system].input,
        questions=lambda wildcards: [
            asdict(language)
            for language in inputs.questions(
                PLAN, wildcards.run, wildcards.benchmark, wildcards.batch
            )
        ],
        evaluation=lambda wildcards: inputs.prediction_settings(PLAN, wildcards.benchmark),
        precision=CONFIG.precision,
    message:
        "{wildcards.run} answers {wildcards.benchmark} in {wildcards.batch}"
    script:
        "../workflow/scripts/predict.py"


rule predictions:
    input:
        lambda wildcards: files.prediction_batch(
            wildcards.run,
            wildcards.benchmark,
            PLAN.evaluation_batch(wildcards.benchmark, wildcards.lang),
        ),
    output:
        "results/predictions/{run}/{benchmark}/{lang}.parquet",
    log:
        "results/logs/predictions/{run}/{benchmark}/{lang}.log",
    # One job answers several languages; each stays a file and a target of its own. A copy is not
    # worth a queue entry.
    localrule: True
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    message:
        "take out what {wildcards.run} answers to {wildcards.benchmark} in {wildcards.lang}"
    shell:
        "cp {input:q}/{wildcards.lang:q}.parquet {output:q} 2> {log:q}"


rule score:
    input:
        lambda wildcards: expand(
            "results/predictions/{run}/{benchmark}/{lang}.parquet",
            lang=PLAN.languages_of(wildcards.benchmark),
            allow_missing=True,
        ),
    output:
        "results/scores/{run}/{benchmark}.parquet",
    log:
        "results/logs/score/{run}/{benchmark}.log",
    benchmark:
        "results/timings/score/{run}/{benchmark}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    message:
        "score {wildcards.run} on {wildcards.benchmark}"
    script:
        "../workflow/scripts/score.py"
