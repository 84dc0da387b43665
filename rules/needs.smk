# What jobs read and ask for, where that is more than a path: inputs that depend on the configuration, memory, time and GPUs.


def words_of(lang):
    """Where a language's words and frequencies come from: its corpus or, where the configuration has none, its published vectors."""
    return {"corpus": f"results/corpora/{lang}.txt"} if CONFIG.corpus.source else {"vectors": f"results/embeddings/fasttext/{lang}"}


def lexicon_inputs(wildcards):
    spaces = ["fasttext", PLAN.encoder] if "encoder" in CONFIG.lexicon.starts else ["fasttext"]
    inputs = {
        "source_vocabulary": "results/vocabulary/en.parquet",
        "target_vocabulary": f"results/vocabulary/{wildcards.lang}.parquet",
        "source_vectors": [f"results/embeddings/{space}/en" for space in spaces],
        "target_vectors": [f"results/embeddings/{space}/{wildcards.lang}" for space in spaces],
    }
    if CONFIG.lexicon.gold and LANGUAGES[wildcards.lang].common_words:
        inputs["gold"] = manifest(CONFIG.lexicon.gold, wildcards.lang)
    return inputs


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


def prediction_inputs(wildcards):
    try:
        run = PLAN.run(wildcards.run)
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None
    inputs = {"llm": model_files(CONFIG.llm.source)}
    if run.checkpoint:
        inputs["checkpoint"] = f"results/checkpoints/{run.checkpoint}"
    if SYSTEMS[run.system].input != "text":
        inputs["encoder"] = model_files(CONFIG.encoder.source)
    inputs["problems"] = benchmark_manifests(wildcards)
    return inputs


def benchmark_manifests(wildcards):
    """The manifests of the sources that a benchmark's problems of one language are read from."""
    folders = PLAN.benchmark_sources(wildcards.benchmark, wildcards.lang)
    return [f"{CONFIG.resources}/sources/{folder}/MANIFEST.json" for folder in folders]


def problems_of(wildcards):
    """How `benchmarks.registry.load` reads the problems of one benchmark and language."""
    return {
        "split": CONFIG.evaluation.split,
        "folders": [str(Path(path).parent) for path in benchmark_manifests(wildcards)],
        "code": getattr(LANGUAGES[wildcards.lang], BENCHMARKS[wildcards.benchmark].BENCHMARK.code),
        "excerpt": wildcards.benchmark in CONFIG.evaluation.excerpts,
    }


def prediction_prompt(wildcards):
    """The prompt of a run on a benchmark (None: the benchmark asks nothing)."""
    asks = BENCHMARKS[wildcards.benchmark].BENCHMARK.prompt is not None
    return asdict(PLAN.asked(wildcards.run, wildcards.benchmark)) if asks else None


def growing(request):
    """Memory (MB) and runtime (minutes) that grow with every attempt; `request` is a `sizes.Request` or a function of the wildcards."""
    asked = request if callable(request) else lambda wildcards: request
    return {
        "mem_mb": lambda wildcards, attempt: asked(wildcards).megabytes * attempt,
        "runtime": lambda wildcards, attempt: asked(wildcards).minutes * attempt,
    }


SMALL = growing(sizes.Request(1000, 10))


def gpus(count):
    """A request for GPUs, where the configuration has any."""
    return {"gpu": count} if count else {}


ONE_GPU = gpus(min(CONFIG.compute.gpus, 1))
GPU_ENVIRONMENT = "../envs/gpu.yaml" if CONFIG.compute.gpus else "../envs/cpu.yaml"


def parameters(key):
    """A model's parameters, as far as the registry knows them."""
    return SOURCES[key].parameters or sizes.UNKNOWN_PARAMETERS


def width(key):
    """Size of a model's hidden states, as far as the registry knows it."""
    return SOURCES[key].width or sizes.UNKNOWN_WIDTH


def questions(task):
    """How many examples a task has, as far as the configuration tells."""
    return CONFIG.tasks[task].examples or sizes.UNKNOWN


def switched():
    """How many questions are code-switched for each language."""
    return CONFIG.codeswitch.queries or questions(CONFIG.codeswitch.task)


def vectors_dimension():
    """Dimensions of a language's word vectors over all spaces that the lexicon uses."""
    encoder = 2 * len(CONFIG.lexicon.encoder_layers) * width(CONFIG.encoder.source) if "encoder" in CONFIG.lexicon.starts else 0
    return CONFIG.fasttext.dimension + encoder


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


def prediction_request(wildcards):
    encoder = 0 if SYSTEMS[PLAN.run(wildcards.run).system].input == "text" else parameters(CONFIG.encoder.source)
    return sizes.prediction(parameters(CONFIG.llm.source), encoder, CONFIG.evaluation.max_new_tokens, CONFIG.compute.gpus > 0)
