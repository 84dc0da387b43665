"""What jobs read, where that is more than one path: inputs and parameters of rules, as values."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lingualift.config import CODE_SWITCHED, MONOLINGUAL, OwnBenchmark
from lingualift.languages import Language
from lingualift.model.chat import LEAVE_OUT
from lingualift.model.layout import Prompt, reads_question
from lingualift.plan import Plan, files
from lingualift.plan.alternatives import IN_CHAT, NO_CHAT
from lingualift.plan.checks import TRANSLATION
from lingualift.plan.engines import built_sheets, version
from lingualift.plan.systems import RunStage, encoder_name, reads_corpora
from lingualift.retrieve.sources import Source

Inputs = dict[str, str | list[str]]


@dataclass(frozen=True)
class StageTable:
    """One table of texts that a stage reads, or the corpus of a language: its encoder states (None
    for text input, or where they are made in the step), its prompt, and of a code-switched language
    the evidence of its lexicon, which may keep it out.
    """

    texts: str
    states: str | None = None
    prompt: dict[str, Any] | None = None
    lexicon: str | None = None


@dataclass(frozen=True)
class Questions:
    """What a run is asked in one language: problems, their encoder states (None for text input),
    translations into English where it translates first, and the prompt.
    """

    language: str
    problems: str
    states: str | None
    translated: str | None
    prompt: dict[str, Any]


@dataclass(frozen=True)
class AskedModel:
    """What a run wants of a prepared model: whether it serves as an LLM, which hidden layers are
    read, whether a system has its digits split, the prompts that ask it in its chat format, each
    with how to do without, and the token and name of each language, where it marks languages.
    """

    llm: bool
    layers: list[int]
    split_digits: bool = False
    chats: list[tuple[Prompt, str]] = field(default_factory=list)
    language_tokens: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Retrieval:
    """Where sources come from on this machine."""

    downloads: str
    mirror: str | None
    offline: bool


def asked_model(plan: Plan, key: str) -> AskedModel:
    """What a run wants of a model."""
    config = plan.config
    encoders = [encoder for encoder in plan.encoders.values() if encoder.source == key]
    layers = {layer for encoder in encoders for layer in (encoder.layer, *(encoder.layers or []))}
    if key == config.encoder.source and "encoder" in config.lexicon.starts:
        layers |= set(config.lexicon.encoder_layers)
    llms = {config.llm.source, *(run.llm.source for run in plan.runs.values())}
    return AskedModel(
        key in llms,
        sorted(layer for layer in layers if layer is not None),
        any(encoder.split_digits for encoder in encoders),
        chat_prompts(plan, key),
        language_tokens(plan.sources[key], plan.languages),
    )


def chat_prompts(plan: Plan, key: str) -> list[tuple[Prompt, str]]:
    """The prompts in which a run trains or asks an LLM in its chat format, each with what to do
    where it has none.
    """
    named = [
        (plan.prompt(name), LEAVE_OUT)
        for stage in plan.stages.values()
        for _, name in stage.stage.parts
        if name and stage.llm.source == key
    ]
    asked = [
        (plan.asked(run, benchmark), NO_CHAT if plan.run(run).system == IN_CHAT else LEAVE_OUT)
        for benchmark in plan.config.benchmark_names.values()
        for run in plan.runs_on(benchmark)
        if plan.run(run).llm.source == key
    ]
    return list(dict.fromkeys(chat for chat in (*named, *asked) if chat[0].chat))


def language_tokens(source: Source, languages: Mapping[str, Language]) -> dict[str, dict[str, str]]:
    """{"token", "name"} of each language, by code, in an encoder that marks them."""
    if source.language_tokens is None:
        return {}
    tokens = {code: getattr(row, source.language_tokens) for code, row in languages.items()}
    return {
        code: {"token": token, "name": languages[code].name}
        for code, token in tokens.items()
        if token
    }


def words(plan: Plan, lang: str) -> Inputs:
    """Where a language's words and frequencies come from: its corpus or, where the configuration
    has none, its published vectors.
    """
    if plan.config.corpus.sources:
        return {"corpus": files.corpus(lang)}
    return {"vectors": files.vectors("fasttext", lang)}


def lexicon(plan: Plan, lang: str) -> Inputs:
    """Vocabularies and vectors of English and a language; a seed dictionary and gold where there
    are any.
    """
    config = plan.config
    inputs: Inputs = {
        "source_vocabulary": files.vocabulary("en"),
        "target_vocabulary": files.vocabulary(lang),
        "vectors": _vectors(plan, "en") + _vectors(plan, lang),
    }
    if config.lexicon.seed_dictionary:
        path = config.lexicon.seed_dictionary.replace("{lang}", lang)
        if "seed" in config.lexicon.starts or os.path.exists(path):
            inputs["seed_dictionary"] = path
    if "adversarial" in config.lexicon.starts:
        inputs["adversaries"] = files.adversaries(lang)
    if gold := gold_dictionaries(plan, lang):
        inputs["gold"] = [plan.manifest(key, lang) for key in gold]
    return inputs


def adversaries(plan: Plan, lang: str) -> Inputs:
    """What the adversaries of a language's lexicon read: vocabularies and fastText vectors."""
    return {
        "source_vocabulary": files.vocabulary("en"),
        "target_vocabulary": files.vocabulary(lang),
        "source_vectors": files.vectors("fasttext", "en"),
        "target_vectors": files.vectors("fasttext", lang),
    }


def gold_dictionaries(plan: Plan, lang: str) -> list[str]:
    """The sources of gold dictionaries that hold a language, in the configured order."""
    sources = plan.config.lexicon.gold_sources
    return [key for key in sources if plan.sources[key].holds(plan.language(lang))]


def word_vectors(plan: Plan, lang: str) -> list[str]:
    """A language's fastText vectors and, where lexicons use it, the encoder's view of its words."""
    return [files.entry_path(folder, lang) for folder in _vectors(plan, lang)]


def _vectors(plan: Plan, lang: str) -> list[str]:
    """The folders that hold them, as their rules write them."""
    folders = [files.vectors("fasttext", lang)]
    if "encoder" in plan.config.lexicon.starts:
        folders.append(files.vectors(plan.encoder, plan.alignment_batch(lang)))
    return folders


def _states(plan: Plan, stage: RunStage, folder: files.TextFolder, table: str) -> str | None:
    """The folder that holds the encoder states of a table, as its rule writes it; None where the
    stage reads text, or makes the states itself.
    """
    if stage.encoder is None or not plan.states.reads_stored(plan, stage):
        return None
    tables = table if folder.kind == "tasks" else plan.alignment_batch(table)
    return folder.states(encoder_name(stage.encoder), tables)


def stage_tables(plan: Plan, stage: RunStage) -> list[tuple[files.TextFolder, str, str | None]]:
    """The tables that a stage reads, each with the name of its prompt; of code-switched text one a
    language.
    """
    tables: list[tuple[files.TextFolder, str, str | None]] = []
    for (data, prompt), task in zip(stage.stage.parts, stage.tasks, strict=True):
        if data == MONOLINGUAL:
            continue  # corpora, no tables
        if data == CODE_SWITCHED and stage.codeswitch is not None:
            folder = files.switched_folder(plan.variant(stage.codeswitch))
            tables += [(folder, lang, prompt) for lang in plan.config.languages.alignment]
        else:
            tables.append((files.task_folder(task), "questions", prompt))
    return tables


def encodes_questions(plan: Plan, stage: RunStage) -> bool:
    """Whether a stage's encoder reads questions as they stand, so that stored states may serve."""
    prompts = [plan.prompt(name) for _, name in stage.stage.parts if name]
    return stage.encoder is not None and all(
        reads_question(stage.input, prompt) for prompt in prompts
    )


def stage_texts(plan: Plan, stage: RunStage) -> list[StageTable]:
    """The data of a stage."""
    texts = []
    if reads_corpora(stage.stage):
        aligned = plan.config.languages.alignment
        texts += [StageTable(files.corpus(lang)) for lang in aligned]
    for folder, table, prompt in stage_tables(plan, stage):
        states = _states(plan, stage, folder, table)
        texts.append(
            StageTable(
                folder.table(table),
                states and files.entry_path(states, table),
                plan.prompt(prompt).fields() if prompt else None,
                files.lexicon_evidence(table) if folder.kind == "codeswitch" else None,
            )
        )
    return texts


def stage_reference(plan: Plan, stage: RunStage) -> StageTable | None:
    """The English texts that measure the encoder's dimensions (None for text input)."""
    if stage.encoder is None:
        return None
    folder = files.task_folder(stage.reference)
    if plan.states.reads_stored(plan, stage):
        return StageTable(folder.table("questions"), _states(plan, stage, folder, "questions"))
    named = zip(stage.stage.parts, stage.tasks, strict=True)
    prompts = [prompt for (_, prompt), task in named if prompt and task == stage.reference]
    chosen = plan.prompt(prompts[0]) if prompts else Prompt("{question}", "")
    return StageTable(folder.table("questions"), None, chosen.fields())


def stage_languages(plan: Plan, stage: RunStage) -> dict[str, str]:
    """English names of the languages that a stage reads: a row more in the table of languages
    changes no stage.
    """
    texts = stage.codeswitch is not None or reads_corpora(stage.stage)
    codes = {"en", *(plan.config.languages.alignment if texts else [])}
    for task in stage.tasks:
        codes |= set(plan.config.tasks[task].languages or [])
    return {code: plan.languages[code].name for code in sorted(codes)}


def task_data(plan: Plan, task: str) -> Inputs:
    """What stands for the sources of a task and for the benchmarks that it leaves out."""
    asked = [plan.benchmark_manifests(name, "en") for name in plan.config.tasks[task].without]
    return {
        "sources": [plan.manifest(key, lang) for key, lang in plan.task_folders(task)],
        "held_out": [path for paths in asked for path in paths],
    }


def held_out(plan: Plan, task: str) -> dict[str, dict[str, Any]]:
    """How `benchmarks.registry.english_questions` reads the benchmarks that a task leaves out."""
    return {
        name: {
            "folders": [os.path.dirname(path) for path in plan.benchmark_manifests(name, "en")],
            "code": getattr(plan.language("en"), plan.benchmarks[name].code),
        }
        for name in plan.config.tasks[task].without
    }


def task_languages(plan: Plan, task: str) -> dict[str, str]:
    """English names of the languages of a task."""
    codes = plan.config.tasks[task].languages or ["en"]
    return {code: plan.languages[code].name for code in codes}


def training(plan: Plan, identifier: str) -> Inputs:
    """Models, parent, texts, encoder states and the evidence of lexicons."""
    stage = plan.stage(identifier)
    texts = stage_texts(plan, stage)
    folders = [
        _states(plan, stage, folder, table) for folder, table, _ in stage_tables(plan, stage)
    ]
    reference = stage_reference(plan, stage)
    if reference is not None:
        texts.append(reference)
        folders.append(reference.states)
    inputs: Inputs = {
        "llm": plan.model(stage.llm.source),
        "texts": _distinct(table.texts for table in texts),
        "lexicons": _distinct(table.lexicon for table in texts),
    }
    if stage.encoder is not None:
        inputs["encoder"] = plan.model(stage.encoder.source)
        if stored := _distinct(folders):
            inputs["states"] = stored
    if stage.parent:
        inputs["parent"] = files.checkpoint(stage.parent)
    return inputs


def _distinct(paths: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(path for path in paths if path is not None))


def prediction(plan: Plan, name: str, benchmark: str, batch: str) -> Inputs:
    """Models, problems, their encoder states and translations, for a batch of languages."""
    run = plan.run(name)
    languages = files.batch_languages(batch)
    inputs: Inputs = {
        "llm": plan.model(run.llm.source),
        "problems": [files.problems(benchmark, lang) for lang in languages],
        "translated": [
            path
            for lang in languages
            if (path := translation(plan, name, benchmark, lang)) is not None
        ],
    }
    examples = plan.systems[run.system].examples
    if examples is not None:
        inputs["examples"] = files.worked_examples(examples.task, examples.count)
    if run.checkpoint:
        inputs["checkpoint"] = files.checkpoint(run.checkpoint)
    if run.encoder and plan.asks_stored(name, benchmark):
        folder = files.problems_folder(benchmark)
        inputs["states"] = folder.states(encoder_name(run.encoder), batch)
    elif run.encoder:
        inputs["encoder"] = plan.model(run.encoder.source)
    return inputs


def translation(plan: Plan, name: str, benchmark: str, lang: str) -> str | None:
    """The translations that a run reads in place of a benchmark's questions (None: the questions
    themselves).
    """
    if lang == "en":
        return None
    if plan.translates_itself(name):
        return files.translated_by(plan.run(name).llm.source, benchmark, lang)
    engine = plan.translates(name) and plan.engine(lang)
    return files.translated(benchmark, lang) if engine else None


def questions(plan: Plan, name: str, benchmark: str, batch: str) -> list[Questions]:
    """What a run is asked in each language of a batch."""
    inputs, prompt = prediction(plan, name, benchmark, batch), plan.asked(name, benchmark)
    asked = []
    for lang in files.batch_languages(batch):
        states = inputs.get("states")
        asked.append(
            Questions(
                lang,
                files.problems(benchmark, lang),
                files.entry_path(states, lang) if isinstance(states, str) else None,
                translation(plan, name, benchmark, lang),
                prompt.between(plan.language(lang).name, "English").fields(),
            )
        )
    return asked


def prediction_settings(plan: Plan, benchmark: str) -> dict[str, Any]:
    """The settings of `evaluation` that a prediction depends on."""
    answer = plan.benchmarks[benchmark].answer
    special = {"choice": ["choices"], "neighbour": ["retrieval_layer"]}.get(answer, [])
    if plan.config.evaluation.engine != "transformers":
        special.append("engine")  # what is absent leaves finished runs
    include = {"max_new_tokens", "batch", *special}
    return plan.config.evaluation.model_dump(mode="json", include=include)


def reading(plan: Plan, benchmark: str, lang: str) -> dict[str, Any]:
    """How `benchmarks.registry.load` reads the problems of one benchmark and language."""
    evaluation = plan.config.evaluation
    manifests = plan.benchmark_manifests(benchmark, lang)
    arguments = {
        "split": evaluation.split,
        "folders": [os.path.dirname(path) for path in manifests],
        "code": getattr(plan.language(lang), plan.benchmarks[benchmark].code),
        "excerpt": benchmark in evaluation.excerpts,
    }
    # A new version of the problems is read and asked anew; what is absent leaves finished runs.
    version = plan.benchmarks[benchmark].version
    if isinstance(own := plan.config.benchmarks.get(benchmark), OwnBenchmark):
        version = f"{own.kind} {own.files}"
    asked = {"version": version, "items": evaluation.items}
    return arguments | {name: value for name, value in asked.items() if value}


def translation_prompt(plan: Plan, lang: str) -> dict[str, str]:
    """What an LLM is asked to translate a language's questions with."""
    prompt = plan.prompt(TRANSLATION)
    return prompt.between(plan.language(lang).name, "English").fields()


def engine(plan: Plan, lang: str) -> str:
    """What stands for the engine that translates a language: Apertium's data, or a model."""
    return _engine(plan, plan.engine(lang) or "", lang)


def _engine(plan: Plan, key: str, lang: str) -> str:
    return plan.manifest(key, lang) if plan.sources[key].kind == "apt" else plan.model(key)


def built_draft(plan: Plan, lang: str) -> Inputs:
    """The English of mmwp-built, and what stands for the engines that translate it and back."""
    return {
        "english": files.built_english(),
        "forth": _engine(plan, plan.built_engine(lang, True), lang),
        "back": _engine(plan, plan.built_engine(lang, False), lang),
    }


def built_engines(plan: Plan, lang: str) -> dict[str, dict[str, str]]:
    """Kind and version of these engines."""
    keys = {"forth": plan.built_engine(lang, True), "back": plan.built_engine(lang, False)}
    return {
        way: {
            "kind": plan.sources[key].kind,
            "version": version(plan.sources[key], plan.languages[lang]),
        }
        for way, key in keys.items()
    }


def built_problems(plan: Plan, lang: str) -> Inputs:
    """The English of mmwp-built and, of another language, its returned sheets, else its draft."""
    inputs: Inputs = {"english": files.built_english()}
    if lang == "en":
        return inputs
    sheets = built_sheets(plan.config, lang)
    return inputs | ({"sheets": sheets} if sheets else {"draft": files.built_draft(lang)})
