# Benchmark questions -> English, once for all systems that translate first.


rule translate:
    input:
        problems="results/problems/{benchmark}/{lang}.parquet",
        engine=lambda wildcards: (
            manifest(PLAN.engine(wildcards.lang), wildcards.lang)
            if SOURCES[PLAN.engine(wildcards.lang)].kind == "apt"
            else model_files(PLAN.engine(wildcards.lang))
        ),
    output:
        "results/translated/{benchmark}/{lang}.parquet",
    log:
        "results/logs/translate/{benchmark}/{lang}.log",
    benchmark:
        "results/benchmarks/translate/{benchmark}/{lang}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(translation_request),
        **ONE_GPU,
    params:
        kind=lambda wildcards: SOURCES[PLAN.engine(wildcards.lang)].kind,
        engine=lambda wildcards: PLAN.engine(wildcards.lang),
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
        batch=CONFIG.translation.batch,
    message:
        "translate {wildcards.benchmark} from {wildcards.lang}"
    script:
        "../workflow/scripts/translate.py"
