# What jobs read and ask for, where that is more than a path: inputs that depend on the configuration, memory, time and GPUs.


def words_of(lang):
    """Where a language's words and frequencies come from: its corpus or, where the configuration has none, its published vectors."""
    return (
        {"corpus": f"results/corpora/{lang}.txt"}
        if CONFIG.corpus.sources
        else {"vectors": f"results/embeddings/fasttext/{lang}"}
    )


def lexicon_inputs(wildcards):
    spaces = ["fasttext", PLAN.encoder] if "encoder" in CONFIG.lexicon.starts else ["fasttext"]
    inputs = {
        "source_vocabulary": "results/vocabulary/en.parquet",
        "target_vocabulary": f"results/vocabulary/{wildcards.lang}.parquet",
        "source_vectors": [f"results/embeddings/{space}/en" for space in spaces],
        "target_vectors": [f"results/embeddings/{space}/{wildcards.lang}" for space in spaces],
    }
    if CONFIG.lexicon.seed_dictionary:
        path = CONFIG.lexicon.seed_dictionary.replace("{lang}", wildcards.lang)
        if "seed" in CONFIG.lexicon.starts or os.path.exists(path):
            inputs["seed_dictionary"] = path
    if CONFIG.lexicon.gold and SOURCES[CONFIG.lexicon.gold].holds(LANGUAGES[wildcards.lang]):
        inputs["gold"] = manifest(CONFIG.lexicon.gold, wildcards.lang)
    return inputs


def stage_of(wildcards):
    return PLAN.stages[wildcards.stage]


def stage_inputs(wildcards):
    """Models, parent and the texts of a stage with their encoder states, in the order of `PLAN.texts`."""
    run_stage = stage_of(wildcards)
    names = [name for name, _ in PLAN.texts(run_stage)]
    inputs = {
        "llm": model_files(run_stage.llm.source),
        "texts": [PLAN.texts_file(name) for name in names],
    }
    if run_stage.encoder:
        inputs |= {
            "encoder": model_files(run_stage.encoder.source),
            "states": [encoded(run_stage.encoder, name) for name in names],
            "reference": f"results/tasks/{run_stage.reference}/questions.parquet",
            "reference_states": encoded(run_stage.encoder, f"task-{run_stage.reference}"),
        }
    if run_stage.parent:
        inputs["parent"] = f"results/checkpoints/{run_stage.parent}"
    if run_stage.codeswitch:
        inputs["evidence"] = expand("results/lexicons/{lang}.json", lang=CONFIG.languages.alignment)
    return inputs


def shared(path, share):
    """A path for each language of a share; other wildcards stay."""
    return expand(path, benchmark=share.benchmark, lang=share.languages, allow_missing=True)


def prediction_inputs(wildcards, share):
    """Models, and in the order of the share's languages problems, encoder states and, of those that are translated, translations."""
    try:
        run = PLAN.run(wildcards.run)
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None
    own = share.filled(wildcards)
    inputs = {
        "llm": model_files(run.llm.source),
        "problems": shared("results/problems/{benchmark}/{lang}.parquet", own),
    }
    if run.checkpoint:
        inputs["checkpoint"] = f"results/checkpoints/{run.checkpoint}"
    if run.encoder:
        inputs["states"] = shared(encoded(run.encoder, "problems/{benchmark}/{lang}"), own)
    if SYSTEMS[run.system].translate:
        inputs["translated"] = [
            f"results/translated/{own.benchmark}/{lang}.parquet"
            for lang in own.languages
            if lang != "en" and PLAN.engine(lang)
        ]
    return inputs


def runs_by_input(share):
    """The rules that answer in a share's languages, each with a pattern of its runs: those that read text apart from the others."""
    text = "|".join(name for name, run in PLAN.runs.items() if SYSTEMS[run.system].input == "text")
    if share == Share() or not text:
        return {"predict": RUN}
    return {"predict": f"(?!(?:{text})/){RUN}", "predict_text": text}


def prompts_of(wildcards, share):
    """The prompt of each language of a share."""
    own = share.filled(wildcards)
    asked = PLAN.asked(wildcards.run, own.benchmark)
    return [asdict(asked.between(LANGUAGES[lang].name, "English")) for lang in own.languages]


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
        **(
            {"items": CONFIG.evaluation.items} if CONFIG.evaluation.items else {}
        ),  # absent: finished runs stay as they are
    }


def prediction_settings(wildcards, share):
    """The settings of `evaluation` that a prediction depends on."""
    answer = BENCHMARKS[share.filled(wildcards).benchmark].BENCHMARK.answer
    own = {"choice": ["choices"], "neighbour": ["retrieval_layer"]}.get(answer, [])
    return CONFIG.evaluation.model_dump(mode="json", include={"max_new_tokens", "batch", *own})


def table_reference(benchmark):
    """The system that a benchmark's table compares all others with: the configured one, else the first of the table."""
    found = [PLAN.runs[name].system for name in PLAN.runs_on(benchmark)]
    return CONFIG.tables.reference if CONFIG.tables.reference in found else next(iter(found), "")


def variant_of(wildcards):
    """The setting of code-switching that a path names ("": the configuration's own)."""
    return Path(wildcards.variant).name


def growing(request):
    """Disk (MB, and how much of it stays), memory (MB) and runtime (minutes) that grow with every attempt; `request`: a `sizes.Request` or a function of wildcards."""
    asked = request if callable(request) else lambda wildcards: request
    return {
        "mem_mb": lambda wildcards, attempt: asked(wildcards).megabytes * attempt,
        "runtime": lambda wildcards, attempt: asked(wildcards).minutes * attempt,
        "disk_mb": lambda wildcards: asked(wildcards).disk,
        "kept_mb": lambda wildcards: asked(wildcards).kept,
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
    """How many examples a task has over all of its languages, as far as the configuration tells."""
    return (CONFIG.tasks[task].examples or sizes.UNKNOWN) * len(
        CONFIG.tasks[task].languages or ["en"]
    )


def generated(task):
    """Whether a task is made here; such answers are short."""
    return set(CONFIG.tasks[task].sources) <= set(GENERATORS)


def switched(variant=""):
    """How many questions are code-switched for each language."""
    setting = PLAN.variants[variant]
    return setting.queries or questions(setting.task)


def binary_vectors():
    """Whether the published vectors are fastText models, which are loaded whole."""
    return any(".bin" in file.name for file in SOURCES[CONFIG.fasttext.pretrained].files)


def vectors_dimension():
    """Dimensions of a language's word vectors over all spaces that the lexicon uses."""
    encoder = (
        2 * len(CONFIG.lexicon.encoder_layers) * width(CONFIG.encoder.source)
        if "encoder" in CONFIG.lexicon.starts
        else 0
    )
    return CONFIG.fasttext.dimension + encoder


def corpus_request(wildcards):
    parts = [
        PLAN.source(PLAN.source_key(name, wildcards.lang)) for name in PLAN.corpora(wildcards.lang)
    ]
    return sizes.corpus(sum(source.size or source.estimate or 10**8 for source in parts))


def lexicon_request():
    lexicon, words = CONFIG.lexicon, (CONFIG.vocabulary.source_size, CONFIG.vocabulary.size)
    if "adversarial" not in lexicon.starts:
        return growing(sizes.lexicon(*words, vectors_dimension()))
    how = lexicon.adversarial
    steps = how.epochs * how.steps * (3 if lexicon.starts == ["adversarial"] else lexicon.restarts)
    minutes = sizes.adversary(
        steps, how.batch, how.hidden, CONFIG.fasttext.dimension, CONFIG.compute.gpus > 0
    )
    return {**growing(sizes.lexicon(*words, vectors_dimension(), minutes)), **ONE_GPU}


def text_sets(share):
    """The sets of texts that one job encodes; wildcards stay."""
    return ["{texts}"] if share == Share() else [f"{{switched}}-{lang}" for lang in share.languages]


def texts_of(wildcards, share):
    return [PLAN.texts_file(name.format(**wildcards)) for name in text_sets(share)]


def texts_request(wildcards, share):
    kind, _, name = text_sets(share)[0].format(**wildcards).partition("-")
    texts = questions(name) if kind == "task" else switched(name.rpartition("-")[0])
    source = PLAN.encoders[wildcards.encoder].source
    return sizes.encoding(texts, parameters(source), width(source), CONFIG.compute.gpus > 0).times(
        len(share.languages)
    )


def translation_request(wildcards):
    """An NLLB model reads and writes as much; Apertium needs next to nothing."""
    source = SOURCES[PLAN.engine(wildcards.lang)]
    if source.kind == "apt":
        return sizes.Request(1000, 30)
    return sizes.prediction(
        source.parameters or sizes.UNKNOWN_PARAMETERS, 0, sizes.TOKENS, CONFIG.compute.gpus > 0
    )


def words_request(share):
    return sizes.word_encoding(
        CONFIG.vocabulary.size,
        parameters(CONFIG.encoder.source),
        width(CONFIG.encoder.source),
        len(CONFIG.lexicon.encoder_layers),
        CONFIG.compute.gpus > 0,
    ).times(len(share.languages))


def problems_request(wildcards, share):
    source = PLAN.encoders[wildcards.encoder].source
    return sizes.encoding(
        sizes.PROBLEMS, parameters(source), width(source), CONFIG.compute.gpus > 0
    ).times(len(share.languages))


def stage_request(wildcards):
    """What a stage asks for, from the examples that pass through its LLM."""
    run_stage = stage_of(wildcards)
    stage, code_switched = run_stage.stage, run_stage.codeswitch is not None
    available = sum(
        questions(task)
        for (data, _), task in zip(stage.parts, run_stage.tasks)
        if data != "code-switched"
    )
    if code_switched:
        available += switched(PLAN.variant(run_stage.codeswitch)) * len(CONFIG.languages.alignment)
    used = min(stage.examples or available, available)
    reads_llm = stage.objective == "language-modelling"
    return sizes.training(
        parameters(run_stage.llm.source),
        examples=used if reads_llm else 0,
        epochs=stage.epochs if reads_llm else 1,
        llm_trained="llm" in stage.train,
        width=width(run_stage.llm.source),
        batch=stage.batch,
        micro_batch=stage.micro_batch if reads_llm else None,
        response=(
            sizes.TOKENS
            if code_switched or all(map(generated, run_stage.tasks))
            else sizes.RESPONSE
        ),
        gpus=CONFIG.compute.gpus,
    )


def prediction_request(wildcards, share):
    run = PLAN.run(wildcards.run)
    return sizes.prediction(
        parameters(run.llm.source),
        0,
        CONFIG.evaluation.max_new_tokens,
        CONFIG.compute.gpus > 0,
        width=width(run.llm.source),
        batch=CONFIG.evaluation.batch,
    ).times(len(share.languages))
