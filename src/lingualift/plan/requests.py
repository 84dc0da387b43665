"""What each job asks a scheduler for: the arithmetic of `sizes`, fed from a plan."""

from collections.abc import Iterable
from dataclasses import replace

from lingualift import sizes
from lingualift.config import CODE_SWITCHED, MONOLINGUAL
from lingualift.demand import TrainingSetup, refuse_what_cannot_fit
from lingualift.model.layout import TEMPLATED
from lingualift.plan import Plan, files, paper
from lingualift.plan.systems import RunStage, example_count, reads_corpora, switched_count
from lingualift.sizes import ModelSize, Request
from lingualift.tasks.generated import GENERATORS

LONG_PROMPTS, PROBLEM_STATES = 0.25, 0.5


def encoding_priority(folder: str) -> float:
    """Problems are encoded before the first answers, or the last ones wait for them; but after
    everything that a stage waits for.
    """
    return PROBLEM_STATES if files.TextFolder.read(folder).kind == "problems" else 1


def prediction_priority(plan: Plan, run: str) -> float:
    """Systems that read text go first: their prompts are the longest, byte by byte where the LLM's
    tokenizer does not know the script.
    """
    return LONG_PROMPTS if plan.run(run).encoder is None else 0


def model_size(plan: Plan, key: str) -> ModelSize:
    """A model's size, as far as the registry knows it."""
    source, unknown = plan.sources[key], ModelSize()
    return ModelSize(source.parameters or unknown.parameters, source.width or unknown.width)


def examples(plan: Plan, task: str) -> int:
    """How many examples a task has over all of its languages, as far as the configuration tells."""
    unknown = sizes.UNKNOWN * len(plan.config.tasks[task].languages or ["en"])
    return example_count(plan.config, task) or unknown


def switched(plan: Plan, variant: str = "") -> int:
    """How many questions are code-switched for each language."""
    setting = plan.codeswitch(variant)
    return switched_count(plan.config, setting) or examples(plan, setting.task)


def retrieval(plan: Plan, folder: str) -> Request:
    """Download and unpack one source."""
    source = plan.source(folder)
    return sizes.retrieval(source.size or source.estimate or 10**9)


def model_preparation(plan: Plan, key: str) -> Request:
    """Convert a model, or link its files."""
    return sizes.model_preparation(model_size(plan, key).parameters, plan.source(key).kind != "hub")


def task_reading(plan: Plan, task: str) -> Request:
    """Read or generate a task's questions."""
    return sizes.task_reading(examples(plan, task))


def tagging(plan: Plan, task: str) -> Request:
    """Tag them."""
    return sizes.tagging(examples(plan, task))


def tagging_threads(plan: Plan, task: str) -> int:
    """Eight for data sets; below 20,000 questions starting processes takes longer than tagging."""
    return 8 if examples(plan, task) > 20000 else 1


def source_vocabulary(plan: Plan) -> Request:
    """Tag the questions and single English words."""
    config = plan.config
    return sizes.tagging(examples(plan, config.codeswitch.task), config.vocabulary.source_size)


def corpus(plan: Plan, lang: str) -> Request:
    """Clean a language's text, of all its sources."""
    parts = [plan.source(plan.source_key(key, lang)) for key in plan.corpora(lang)]
    return sizes.corpus(sum(source.size or source.estimate or 10**8 for source in parts))


def published_vectors(plan: Plan) -> Request:
    """Read published vectors; fastText models are loaded whole."""
    fasttext = plan.config.fasttext
    named = plan.sources[fasttext.pretrained].files if fasttext.pretrained else []
    binary = any(".bin" in file.name for file in named)
    return sizes.vectors_reading(fasttext.max_words, fasttext.dimension, binary)


def trained_vectors(plan: Plan) -> Request:
    """Train fastText on a language's corpus."""
    return sizes.vectors_training(plan.config.fasttext.dimension)


def vocabulary(plan: Plan) -> Request:
    """Count a language's words."""
    return sizes.vocabulary(plan.config.vocabulary.size)


def word_encoding(plan: Plan, batch: str) -> Request:
    """Encode the words of a batch of languages."""
    config, key = plan.config, plan.config.encoder.source
    return sizes.word_encoding(
        config.vocabulary.size,
        model_size(plan, key),
        len(config.lexicon.encoder_layers),
        config.compute.gpus > 0,
    ).times(len(files.batch_languages(batch)))


def encoding(plan: Plan, encoder: str, folder: str, tables: str) -> Request:
    """Encode a batch of tables of texts."""
    of = files.TextFolder.read(folder)
    used = plan.encoders[encoder]
    size, joined = model_size(plan, used.source), len(used.layers or [None])
    wide = replace(size, width=size.width * joined)
    tokens = text_tokens(of)
    return sizes.encoding(text_count(plan, of), wide, plan.config.compute.gpus > 0, tokens).times(
        len(files.batch_languages(tables))
    )


def text_count(plan: Plan, folder: files.TextFolder) -> int:
    """How many texts a table of a folder holds."""
    return {
        "tasks": lambda: examples(plan, folder.name),
        "codeswitch": lambda: switched(plan, folder.name),
        "problems": lambda: sizes.PROBLEMS,
    }[folder.kind]()


def text_tokens(folder: files.TextFolder) -> int:
    """The encoder's tokens of a text: those of other scripts have more."""
    return sizes.SWITCHED_TOKENS if folder.kind == "codeswitch" else sizes.TOKENS


def lexicon(plan: Plan) -> Request:
    """Align and judge one language, over all spaces that the lexicon uses."""
    config, settings = plan.config, plan.config.lexicon
    words = (config.vocabulary.source_size, config.vocabulary.size)
    dimension = config.fasttext.dimension
    if "encoder" in settings.starts:
        dimension += (
            2 * len(settings.encoder_layers) * model_size(plan, config.encoder.source).width
        )
    return sizes.lexicon(*words, dimension)


def adversary(plan: Plan) -> Request:
    """Run a language's adversaries."""
    config, settings = plan.config, plan.config.lexicon
    adversary = settings.adversarial
    runs = 3 if settings.starts == ["adversarial"] else settings.restarts
    minutes = sizes.adversary(
        adversary.epochs * adversary.steps * runs,
        adversary.batch,
        adversary.hidden,
        config.fasttext.dimension,
        config.compute.gpus > 0,
    )
    words = config.vocabulary.source_size + config.vocabulary.size
    return sizes.adversaries(words, config.fasttext.dimension, minutes)


def code_switching(plan: Plan, variant: str) -> Request:
    """Code-switch the questions into one language."""
    return sizes.code_switching(switched(plan, variant))


def translation(plan: Plan, lang: str) -> Request:
    """A benchmark's questions, into English."""
    return _engine(plan, plan.engine(lang) or "")


def translation_by_llm(plan: Plan, key: str) -> Request:
    """A benchmark's questions in one language, by an LLM as it is: about as long as answers."""
    llm, gpu = model_size(plan, key), plan.config.compute.gpus > 0
    held = sizes.answer_bytes(llm, sizes.TOKENS, plan.config.translation.batch)
    return sizes.prediction(llm, sizes.TOKENS, gpu, held)


def built_draft(plan: Plan, lang: str) -> Request:
    """The problems of mmwp-built into a language and, with the larger of the engines, back."""
    requests = [_engine(plan, plan.built_engine(lang, way)) for way in (True, False)]
    return max(requests, key=lambda request: request.megabytes).times(2)


def _engine(plan: Plan, key: str) -> Request:
    """An NLLB model reads and writes as much; Apertium needs next to nothing."""
    if plan.sources[key].kind == "apt":
        return Request(1000, 30)
    return sizes.prediction(model_size(plan, key), sizes.TOKENS, plan.config.compute.gpus > 0)


def available_example_count(plan: Plan, run: RunStage) -> int:
    """The examples of a stage's data, from which it draws."""
    available = sum(
        examples(plan, task)
        for (data, _), task in zip(run.stage.parts, run.tasks, strict=True)
        if data not in (CODE_SWITCHED, MONOLINGUAL)
    )
    if reads_corpora(run.stage):
        available += sizes.UNKNOWN
    if run.codeswitch is not None:
        languages = len(plan.config.languages.alignment)
        available += switched(plan, plan.variant(run.codeswitch)) * languages
    return available


def stage_example_count(plan: Plan, run: RunStage) -> int:
    """The examples of one epoch of a stage that pass through its LLM."""
    available = available_example_count(plan, run)
    return min(run.stage.examples or available, available)


def generates_its_problems(plan: Plan, run: RunStage) -> bool:
    """Whether a stage reads no published task data: what is generated here has short answers."""
    return all(set(plan.config.tasks[task].sources) <= set(GENERATORS) for task in run.tasks)


def training(plan: Plan, identifier: str) -> Request:
    """A stage, from the examples that pass through its LLM."""
    run = plan.stage(identifier)
    stage, key = run.stage, run.llm.source
    used = stage_example_count(plan, run)
    short = run.codeswitch is not None or generates_its_problems(plan, run)
    modelling = stage if stage.objective == "language-modelling" else None
    size = replace(model_size(plan, key), loaded=loaded_bytes(plan))
    gpus = training_gpus(plan, identifier)
    asked = sizes.training(
        size,
        examples=used if modelling else 0,
        epochs=modelling.epochs if modelling else 1,
        llm_trained="llm" in stage.train,
        adapted="llm-lora" in stage.train,
        batch=stage.batch,
        micro_tokens=modelling.micro_tokens if modelling else None,
        response=sizes.TOKENS if short else sizes.RESPONSE,
        gpus=gpus,
    )
    return _beside(plan, asked, planned_encoder_parameters(plan, run), max(gpus, 1))


def planned_encoder_parameters(plan: Plan, run: RunStage) -> int:
    """Parameters of the encoder that a stage runs in its steps; 0 where its states are stored."""
    if run.encoder is None or plan.states.reads_stored(plan, run):
        return 0
    return model_size(plan, run.encoder.source).parameters


def _beside(plan: Plan, asked: Request, parameters: int, copies: int = 1) -> Request:
    """A request with the memory of an encoder that runs in the job itself, for each process."""
    return asked.holding(copies * parameters * loaded_bytes(plan))


def loaded_bytes(plan: Plan) -> int:
    """Bytes in which a parameter of a frozen model is loaded."""
    return 2 if plan.config.compute.gpus and plan.config.precision != "float32" else 4


def check_fit(plan: Plan, stages: Iterable[str], memory: float) -> None:
    """Stages whose LLM's size is known can hold a usual example in `memory` bytes of a GPU; the
    first that cannot is a `LinguaLiftError`.
    """
    for identifier in stages:
        run = plan.stage(identifier)
        known = plan.sources[run.llm.source].parameters is not None
        if run.stage.objective == "language-modelling" and known:
            llm, again = model_size(plan, run.llm.source), run.stage.gradient_checkpointing
            asked = (run.name, llm, demand(plan, run), sizes.TOKENS + sizes.RESPONSE)
            refuse_what_cannot_fit(*asked, memory, again is not False)


def demand(plan: Plan, run: RunStage) -> TrainingSetup:
    """What decides the demand of a stage on a GPU's memory."""
    modules, gpus = tuple(run.stage.train), training_gpus(plan, run.id)
    encoder = planned_encoder_parameters(plan, run)
    if run.stage.objective == "warm-start":
        return TrainingSetup(modules, gpus, encoder=encoder)
    again = run.stage.gradient_checkpointing is True
    return TrainingSetup(modules, gpus, again, run.stage.optim, run.stage.four_bit, encoder)


def training_gpus(plan: Plan, identifier: str) -> int:
    """The GPUs of a stage: a warm start is one process."""
    warm = plan.stage(identifier).stage.objective == "warm-start"
    return min(plan.config.compute.gpus, 1) if warm else plan.config.compute.gpus


def training_threads(plan: Plan, identifier: str) -> int:
    """Four for each process with a GPU: it feeds the GPU, and two more read its examples."""
    return max(1, 4 * training_gpus(plan, identifier))


def prediction(plan: Plan, name: str, batch: str) -> Request:
    """Answer one benchmark in a batch of languages."""
    run, evaluation = plan.run(name), plan.config.evaluation
    llm, new_tokens = model_size(plan, run.llm.source), evaluation.max_new_tokens
    held = sizes.answer_bytes(llm, new_tokens, evaluation.batch)
    asked = sizes.prediction(llm, new_tokens, plan.config.compute.gpus > 0, held).times(
        len(files.batch_languages(batch))
    )
    if run.encoder is None or plan.systems[run.system].input not in TEMPLATED:
        return asked
    return _beside(plan, asked, model_size(plan, run.encoder.source).parameters)


def sentence_map(plan: Plan) -> Request:
    """Read the sentences of Figure 5 with each system's LLM in turn, and place them by t-SNE, which
    holds eight matrices of all pairs.
    """
    if paper.lacks(plan, "figure-05") is not None:
        return Request(1000, 10)
    asked = [prediction(plan, name, "en") for name in paper.sentence_files(plan).systems]
    points = paper.SENTENCES * len(paper.sentence_languages(plan))
    most = max(asked, key=lambda request: request.megabytes)
    return replace(
        most,
        megabytes=most.megabytes + 64 * points**2 // 10**6,
        minutes=sum(request.minutes for request in asked) + 60 * (points // 1000),
    )
