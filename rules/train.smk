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
    threads: 1
    resources:
        **growing(2000, 60),
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
    threads: 1
    resources:
        **growing(3700, 120),
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
