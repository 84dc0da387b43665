# Benchmark questions -> English, once for all systems that translate first.


rule translate:
    input:
        problems="results/problems/{benchmark}/{lang}.parquet",
        engine=lambda wildcards: inputs.engine(PLAN, wildcards.lang),
    output:
        "results/translated/{benchmark}/{lang}.parquet",
    log:
        "results/logs/translate/{benchmark}/{lang}.log",
    benchmark:
        "results/timings/translate/{benchmark}/{lang}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        **growing(lambda wildcards: requests.translation(PLAN, wildcards.lang)),
        **ONE_GPU,
    params:
        kind=lambda wildcards: SOURCES[PLAN.engine(wildcards.lang)].kind,
        engine=lambda wildcards: PLAN.engine(wildcards.lang),
        language=lambda wildcards: asdict(PLAN.language(wildcards.lang)),
        batch=CONFIG.translation.batch,
    message:
        "translate {wildcards.benchmark} from {wildcards.lang}"
    script:
        "../workflow/scripts/translate.py"
