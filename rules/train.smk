# Frozen encoder states, and the chains of training stages. A stage's id is a hash of all that determines it, so systems whose
# chains begin alike share checkpoints.


def stage_of(wildcards):
    return PLAN.stages[wildcards.stage]


def stage_inputs(wildcards):
    run_stage = stage_of(wildcards)
    inputs = {"llm": model_files(CONFIG.llm.source), "task": f"results/tasks/{run_stage.task}/questions.parquet"}
    if run_stage.input != "text":
        inputs |= {"encoder": model_files(CONFIG.encoder.source), "task_states": encoded(f"task-{run_stage.task}")}
    if run_stage.parent:
        inputs["parent"] = f"results/checkpoints/{run_stage.parent}"
    if run_stage.stage.data == "code-switched":
        languages = CONFIG.languages.alignment
        inputs |= {
            "corpora": expand("results/codeswitch/{lang}.parquet", lang=languages),
            "states": [encoded(f"codeswitch-{lang}") for lang in languages],
            "evidence": expand("results/lexicons/{lang}.json", lang=languages),
        }
    return inputs


def texts_request(wildcards):
    kind, _, name = wildcards.texts.partition("-")
    texts = questions(name) if kind == "task" else switched()
    return sizes.encoding(texts, parameters(CONFIG.encoder.source), width(CONFIG.encoder.source), CONFIG.compute.gpus > 0)


def stage_request(wildcards):
    """States that a stage holds in memory: all of its languages' (a warm start's, too), none of text and of task data, which stay on disk."""
    run_stage = stage_of(wildcards)
    stage, code_switched = run_stage.stage, run_stage.stage.data == "code-switched"
    available = switched() * len(CONFIG.languages.alignment) if code_switched else questions(run_stage.task)
    used = min(stage.examples or available, available)
    return sizes.training(
        parameters(CONFIG.llm.source),
        examples=0 if stage.objective == "warm-start" else used,
        epochs=stage.epochs,
        llm_trained="llm" in stage.train,
        state_width=width(CONFIG.encoder.source),
        states_held=used if code_switched else 0,
        response=sizes.TOKENS if code_switched else sizes.RESPONSE,
        gpus=CONFIG.compute.gpus,
    )


rule encode:
    input:
        texts=lambda wildcards: f"results/tasks/{wildcards.texts.removeprefix('task-')}/questions.parquet"
        if wildcards.texts.startswith("task-")
        else f"results/codeswitch/{wildcards.texts.removeprefix('codeswitch-')}.parquet",
        encoder=model_files(CONFIG.encoder.source),
    output:
        directory("results/encoded/{encoder}/{texts}"),
    wildcard_constraints:
        texts="task-[a-z0-9._-]+|codeswitch-[a-z]{2,3}",
    log:
        "results/logs/encode/{encoder}/{texts}.log",
    benchmark:
        "results/benchmarks/encode/{encoder}/{texts}.tsv"
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
