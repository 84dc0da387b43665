# Benchmark questions -> English, once for all systems that translate first, by an engine or by an
# LLM as it is.


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


rule translate_by_llm:
    input:
        problems="results/problems/{benchmark}/{lang}.parquet",
        llm=lambda wildcards: PLAN.model(wildcards.source),
    output:
        "results/translated-by/{source}/{benchmark}/{lang}.parquet",
    log:
        "results/logs/translated-by/{source}/{benchmark}/{lang}.log",
    benchmark:
        "results/timings/translated-by/{source}/{benchmark}/{lang}.tsv"
    conda:
        GPU_ENVIRONMENT
    resources:
        **growing(lambda wildcards: requests.translation_by_llm(PLAN, wildcards.source)),
        **ONE_GPU,
    params:
        prompt=lambda wildcards: inputs.translation_prompt(PLAN, wildcards.lang),
        batch=CONFIG.translation.batch,
        precision=CONFIG.precision,
    message:
        "{wildcards.source} translates {wildcards.benchmark} from {wildcards.lang}"
    script:
        "../workflow/scripts/translate_by_llm.py"
