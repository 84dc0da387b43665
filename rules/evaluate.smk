# Problems -> encoder states, once for all systems; checkpoint x language -> predictions -> scores. Scoring never generates.


rule problems:
    input:
        benchmark_manifests,
    output:
        "results/problems/{benchmark}/{lang}.parquet",
    log:
        "results/logs/problems/{benchmark}/{lang}.log",
    benchmark:
        "results/benchmarks/problems/{benchmark}/{lang}.tsv"
    priority: 4  # a malformed file ends a run before it computes anything
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        reading=problems_of,
    message:
        "read {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../workflow/scripts/problems.py"


rule encode_problems:
    input:
        problems="results/problems/{benchmark}/{lang}.parquet",
        encoder=lambda wildcards: model_files(PLAN.encoders[wildcards.encoder].source),
    output:
        directory("results/encoded/{encoder}/problems/{benchmark}/{lang}"),
    log:
        "results/logs/encode/{encoder}/problems/{benchmark}/{lang}.log",
    benchmark:
        "results/benchmarks/encode/{encoder}/problems/{benchmark}/{lang}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(problems_request),
        **ONE_GPU,
    params:
        layer=lambda wildcards: PLAN.encoders[wildcards.encoder].layer,
        precision=CONFIG.precision,
    message:
        "encode {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../workflow/scripts/encode_problems.py"


rule predict:
    input:
        unpack(prediction_inputs),
    output:
        "results/predictions/{run}/{benchmark}/{lang}.parquet",
    log:
        "results/logs/predict/{run}/{benchmark}/{lang}.log",
    benchmark:
        "results/benchmarks/predict/{run}/{benchmark}/{lang}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(prediction_request),
        **ONE_GPU,
    params:
        system=lambda wildcards: PLAN.run(wildcards.run).system,
        seed=lambda wildcards: PLAN.run(wildcards.run).seed,
        input=lambda wildcards: SYSTEMS[PLAN.run(wildcards.run).system].input,
        prompt=lambda wildcards: asdict(PLAN.asked(wildcards.run, wildcards.benchmark).between(LANGUAGES[wildcards.lang].name, "English")),
        evaluation=prediction_settings,
        precision=CONFIG.precision,
    message:
        "{wildcards.run} answers {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../workflow/scripts/predict.py"


rule score:
    input:
        lambda wildcards: expand(
            "results/predictions/{run}/{benchmark}/{lang}.parquet", lang=PLAN.languages_of(wildcards.benchmark), allow_missing=True
        ),
    output:
        "results/scores/{run}/{benchmark}.parquet",
    log:
        "results/logs/score/{run}/{benchmark}.log",
    benchmark:
        "results/benchmarks/score/{run}/{benchmark}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    message:
        "score {wildcards.run} on {wildcards.benchmark}"
    script:
        "../workflow/scripts/score.py"
