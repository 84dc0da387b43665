# The chains of training stages. A stage's id is a hash of all that determines it, so systems whose
# chains begin alike share checkpoints.
# Everywhere, `priority`: what may end a run (4), what others load (3), training, which takes
# longest (2), what it waits for (1). Scores and the rest fill the gaps (0); the encoding of
# problems (0.5) and answers to long prompts (0.25) go before other answers.


rule train:
    input:
        unpack(lambda wildcards: inputs.training(PLAN, wildcards.stage)),
    output:
        passing(directory("results/checkpoints/{stage}")),
    log:
        "results/logs/train/{stage}.log",
    benchmark:
        "results/timings/train/{stage}.tsv"
    priority: 2
    conda:
        GPU_ENVIRONMENT
    threads: lambda wildcards: requests.training_threads(PLAN, wildcards.stage)
    resources:
        **growing(lambda wildcards: requests.training(PLAN, wildcards.stage)),
        **gpu_request(
            CONFIG.compute.gpus
            and (lambda wildcards: requests.training_gpus(PLAN, wildcards.stage))
        ),
    params:
        stage=lambda wildcards: PLAN.stage(wildcards.stage).model_dump(mode="json"),
        texts=lambda wildcards: [
            asdict(texts) for texts in inputs.stage_texts(PLAN, PLAN.stage(wildcards.stage))
        ],
        reference=lambda wildcards: inputs.stage_reference(PLAN, PLAN.stage(wildcards.stage)),
        languages=lambda wildcards: inputs.stage_languages(PLAN, PLAN.stage(wildcards.stage)),
        precision=CONFIG.precision,
    message:
        "train {wildcards.stage}"
    script:
        "../workflow/scripts/train.py"
