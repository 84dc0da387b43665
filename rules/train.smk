# Frozen encoder states, and the chains of training stages. A stage's id is a hash of all that determines it, so systems whose chains
# begin alike share checkpoints. Everywhere, `priority`: what may end a run (4), what others load (3), training, which takes longest (2), what
# it waits for (1); answers and scores fill the gaps, the encoding of problems (0.5) and answers to long prompts (0.25) before the others.


# A rule for any set of texts alone and, where compute.languages_per_job is above 1, one for each share of the aligned languages.
for SHARE in PLAN.alignment_shares:
    TEXTS = "{texts}" if SHARE == Share() else f"{{switched}}-{SHARE.name}"

    rule:
        name:
            SHARE.rule("encode")
        input:
            texts=partial(texts_of, share=SHARE),
            encoder=lambda wildcards: model_files(PLAN.encoders[wildcards.encoder].source),
        output:
            [directory(f"results/encoded/{{encoder}}/{texts}") for texts in text_sets(SHARE)],
        log:
            f"results/logs/encode/{{encoder}}/{TEXTS}.log",
        benchmark:
            f"results/benchmarks/encode/{{encoder}}/{TEXTS}.tsv"
        wildcard_constraints:
            encoder="|".join(PLAN.encoders),
            texts=f"task-[a-z0-9._-]+|codeswitch-([a-z0-9][a-z0-9._-]*-)?{PLAN.alone(CONFIG.languages.alignment)}",
            switched="codeswitch(-[a-z0-9][a-z0-9._-]*)?",
        priority: 1
        conda:
            GPU_ENVIRONMENT
        threads: 1
        resources:
            **growing(partial(texts_request, share=SHARE)),
            **ONE_GPU,
        params:
            layer=lambda wildcards: PLAN.encoders[wildcards.encoder].layer,
            precision=CONFIG.precision,
        message:
            "encode {wildcards.texts}"
            if SHARE == Share()
            else f"encode {{wildcards.switched}} in {', '.join(SHARE.languages)}"
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
        prompts=lambda wildcards: [
            prompt and PLAN.prompt(prompt).__dict__
            for _, prompt in PLAN.texts(stage_of(wildcards))
        ],
        precision=CONFIG.precision,
    message:
        "train {wildcards.stage}"
    script:
        "../workflow/scripts/train.py"
