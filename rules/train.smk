# Frozen encoder states, and the chains of training stages. A stage's id is a hash of all that determines it, so systems whose
# chains begin alike share checkpoints.


rule encode:
    input:
        texts=lambda wildcards: (
            f"results/tasks/{wildcards.texts.removeprefix('task-')}/questions.parquet"
            if wildcards.texts.startswith("task-")
            else f"results/codeswitch/{wildcards.texts.removeprefix('codeswitch-')}.parquet"
        ),
        encoder=model_files(CONFIG.encoder.source),
    output:
        directory("results/encoded/{encoder}/{texts}"),
    log:
        "results/logs/encode/{encoder}/{texts}.log",
    benchmark:
        "results/benchmarks/encode/{encoder}/{texts}.tsv"
    wildcard_constraints:
        texts="task-[a-z0-9._-]+|codeswitch-[a-z]{2,3}",
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(texts_request),
        **ONE_GPU,
    params:
        layer=CONFIG.encoder.layer,
        precision=CONFIG.precision,
    message:
        "encode {wildcards.texts}"
    script:
        "../workflow/scripts/encode.py"


rule train:
    input:
        unpack(stage_inputs),
    output:
        directory("results/checkpoints/{stage}"),
    log:
        "results/logs/train/{stage}.log",
    benchmark:
        "results/benchmarks/train/{stage}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(stage_request),
        **gpus(CONFIG.compute.gpus),
    params:
        stage=lambda wildcards: stage_of(wildcards).model_dump(mode="json"),
        prompt=lambda wildcards: PLAN.prompt(stage_of(wildcards).stage.prompt).__dict__ if stage_of(wildcards).stage.prompt else None,
        layer=CONFIG.encoder.layer,
        alignment=CONFIG.alignment.model_dump(mode="json"),
        languages=CONFIG.languages.alignment,
        precision=CONFIG.precision,
    message:
        "train {wildcards.stage}"
    script:
        "../workflow/scripts/train.py"
