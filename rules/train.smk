# Frozen encoder states, and the chains of training stages. A stage's id is a hash of all that determines it, so systems whose chains
# begin alike share checkpoints. Everywhere, `priority`: what may end a run (4), what others load (3), training, which takes longest (2), what
# it waits for (1); answers and scores fill the gaps.


rule encode:
    input:
        texts=lambda wildcards: PLAN.texts_file(wildcards.texts),
        encoder=lambda wildcards: model_files(PLAN.encoders[wildcards.encoder].source),
    output:
        directory("results/encoded/{encoder}/{texts}"),
    log:
        "results/logs/encode/{encoder}/{texts}.log",
    benchmark:
        "results/benchmarks/encode/{encoder}/{texts}.tsv"
    wildcard_constraints:
        encoder="|".join(PLAN.encoders),
        texts="task-[a-z0-9._-]+|codeswitch-([a-z0-9][a-z0-9._-]*-)?[a-z]{2,3}",
    priority: 1
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(texts_request),
        **ONE_GPU,
    params:
        layer=lambda wildcards: PLAN.encoders[wildcards.encoder].layer,
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
    priority: 2
    conda:
        GPU_ENVIRONMENT
    threads: 1
    resources:
        **growing(stage_request),
        **gpus(CONFIG.compute.gpus),
    params:
        stage=lambda wildcards: stage_of(wildcards).model_dump(mode="json"),
        prompts=lambda wildcards: [prompt and PLAN.prompt(prompt).__dict__ for _, prompt in PLAN.texts(stage_of(wildcards))],
        precision=CONFIG.precision,
    message:
        "train {wildcards.stage}"
    script:
        "../workflow/scripts/train.py"
