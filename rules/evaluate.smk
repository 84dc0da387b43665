# Checkpoint x language -> predictions -> scores. Scoring never generates.


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
        prompt=prediction_prompt,
        problems=problems_of,
        layer=CONFIG.encoder.layer,
        evaluation=CONFIG.evaluation.model_dump(mode="json", exclude={"sources", "excerpts"}),
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
