"""The group of systems `alternatives`: rows that answer whether the method is better than simply
using something else. This is the one place that says which rows these are.

They are made from two systems of the configuration, named in its setting `alternatives`: `tuned`
trains the LLM on English task data (Mono-SFT), `aligned` is LinguaLIFT. So the rows fit every
configuration: what they train on, and how, is what these two train on.
"""

from collections.abc import Mapping
from typing import Any

from lingualift.config import (
    CODE_SWITCHED,
    MONOLINGUAL,
    Config,
    LanguageModelling,
    System,
    WorkedExamples,
)
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError, known
from lingualift.plan.engines import first_engine
from lingualift.plan.systems import example_count, models, overridden, switched_count
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import PIN_COMMAND, Source

GROUP = "alternatives"
CHAT = "in-chat-format"
"""The prompt of the row in the chat format: that of the LLM as it is, as a turn."""
IN_CHAT, BY_ENGINE, ON_TEXT = (
    "llm-in-its-chat-format",
    "translated-by-engine",
    "llm-on-monolingual-text",
)
"""The rows that a configuration may have nothing for."""
NO_CHAT = f"set alternatives.chat to false, or take {IN_CHAT} out of systems where it is named"
"""How to do without the first of them."""
FOLLOWS = "this project"
ROWS = (
    "llm-as-it-is",
    "llm-in-its-chat-format",
    "llm-with-examples",
    "multilingual-as-it-is",
    "multilingual-tuned",
    "multilingual-lingualift",
    "translated-by-engine",
    "translated-by-llm",
    "llm-on-monolingual-text",
    "llm-on-code-switched-text",
)
"""The names of the rows, in the order of the tables; `with_alternatives` says what each does."""


def with_alternatives(
    config: Config,
    systems: Mapping[str, System],
    languages: Mapping[str, Language],
    sources: Mapping[str, Source],
) -> tuple[Config, dict[str, System], list[str]]:
    """The configuration with the group in `systems` replaced by its rows, `tuned` and `aligned`
    first, all systems with those rows, and a line for each row that the group leaves out because
    the configuration has nothing for it. A row may also be listed by its own name, and then stays.

    Raises `LinguaLiftError` where the setting `alternatives` names no such systems.
    """
    if not {GROUP, *ROWS} & set(config.systems):
        return config, dict(systems), []
    if taken := [name for name in (GROUP, *ROWS) if name in systems]:
        raise LinguaLiftError(f"system '{taken[0]}' of config/systems: a row of the group {GROUP}")
    rows = _rows(config, systems)
    lacking: dict[str, str] = {}
    if GROUP in config.systems:
        lacking = _lacking(config, systems, languages, sources)
    group = [config.alternatives.tuned, config.alternatives.aligned]
    group += [row for row in ROWS if row not in lacking]
    listed = [name for entry in config.systems for name in (group if entry == GROUP else [entry])]
    asked = config.prompts[rows["llm-as-it-is"].prompt or rows["llm-as-it-is"].kind or ""]
    prompts = {**config.prompts, CHAT: asked.model_copy(update={"chat": True})}
    changed = {"systems": list(dict.fromkeys(listed)), "prompts": prompts}
    notes = [
        f"{GROUP}: row {row} is left out: {why}"
        for row, why in lacking.items()
        if row not in config.systems
    ]
    return config.model_copy(update=changed), {**systems, **rows}, notes


def _lacking(
    config: Config,
    systems: Mapping[str, System],
    languages: Mapping[str, Language],
    sources: Mapping[str, Source],
) -> dict[str, str]:
    """The rows that the configuration has nothing for, with what is lacking and the setting that
    gives it.
    """
    settings = config.alternatives
    tuned, aligned = systems[settings.tuned], systems[settings.aligned]
    lacking: dict[str, str] = {}
    if not settings.chat:
        llm = models(config, tuned).llm.source
        lacking[IN_CHAT] = f"set alternatives.chat to true if {llm} has a chat template"
    others = [systems[name] for name in config.systems if name in systems]
    by_engine = any(system.translate is True for system in others)
    if not by_engine and (why := _no_engine(config, languages, sources)):
        lacking[BY_ENGINE] = why
    name, _, stage = _switched_stage(config, aligned)
    if not config.corpus.sources:
        lacking[ON_TEXT] = "there is no monolingual text; name a corpus in corpus.source"
    elif _count(config, aligned, stage) is None:
        lacking[ON_TEXT] = (
            f"how many examples {settings.aligned} learns from is not known beforehand; set"
            f" stages.{name}.examples"
        )
    return lacking


def _no_engine(
    config: Config, languages: Mapping[str, Language], sources: Mapping[str, Source]
) -> str:
    """Why engines that the configuration does not name itself cannot translate what it evaluates
    without more ado (empty: they can, or it names its own).
    """
    settings = config.translation
    if "engines" in settings.model_fields_set:
        return ""
    remedy = (
        f"; name engines in translation.engines (`{PIN_COMMAND}` then pins what comes from the hub)"
    )
    engines = [key for key in settings.engines if key in sources]
    for code in config.languages.evaluation:
        key = None if code == "en" else first_engine(engines, sources, languages[code])
        if key is not None and missing_pins(sources[key]):
            return f"{key}, which would translate '{code}', has no pin{remedy}"
        if key is None and code != "en" and settings.without == "fail":
            return f"no engine translates '{code}'{remedy}"
    return ""


def _rows(config: Config, systems: Mapping[str, System]) -> dict[str, System]:
    settings = config.alternatives
    for key, name in (("tuned", settings.tuned), ("aligned", settings.aligned)):
        known(name, systems, "system", f"alternatives.{key}")
    tuned, aligned = systems[settings.tuned], systems[settings.aligned]
    if tuned.input != "text" or tuned.translate or not tuned.stages:
        raise LinguaLiftError(
            f"alternatives.tuned: '{settings.tuned}' does not train an LLM that reads the question"
            " itself; name such a system (Mono-SFT)"
        )
    definitions = {**_untrained(config, tuned), **_trained(config, tuned, aligned)}
    return {name: System.model_validate({**definitions[name], "follows": FOLLOWS}) for name in ROWS}


def _untrained(config: Config, tuned: System) -> dict[str, dict[str, Any]]:
    """The rows that train nothing: LLMs as they were published."""
    task = _task(config, tuned)
    asked: dict[str, Any] = {
        "input": "text",
        "kind": tuned.kind or config.tasks[task].kind,
        "stages": [],
        "prompt": tuned.prompt,
        "llm": tuned.llm,
    }
    llm, multilingual = models(config, tuned).llm.source, config.alternatives.multilingual
    return {
        "llm-as-it-is": {
            **asked,
            "title": f"{llm} as it is",
            "note": "the LLM as it was published reads the question itself",
        },
        "llm-in-its-chat-format": {
            **asked,
            "title": f"{llm} in its chat format",
            "prompt": CHAT,
            "note": "as it was published, the question a turn in its tokenizer's chat template",
        },
        "llm-with-examples": {
            **asked,
            "title": f"{llm} with eight examples",
            "examples": WorkedExamples(task=task),
            "note": "as it was published, behind eight solved English questions of the task data",
        },
        "multilingual-as-it-is": {
            **asked,
            "llm": {"source": multilingual},
            "title": f"{multilingual} as it is",
            "note": "a multilingual LLM of about the same size reads the question itself",
        },
    }


def _trained(config: Config, tuned: System, aligned: System) -> dict[str, dict[str, Any]]:
    """The rows whose chains are those of `tuned` and `aligned` with one thing changed."""
    settings = config.alternatives
    other = {"llm": {"source": settings.multilingual}}
    llm, multilingual = models(config, tuned).llm.source, settings.multilingual
    return {
        "multilingual-tuned": {
            **tuned.model_dump(),
            **other,
            "title": f"{multilingual} on English task data",
            "note": f"the chain of {settings.tuned} over a multilingual LLM",
        },
        "multilingual-lingualift": {
            **aligned.model_dump(),
            **other,
            "title": f"{aligned.title} over {multilingual}",
            "note": f"the chain of {settings.aligned} over a multilingual LLM",
        },
        "translated-by-engine": {
            **tuned.model_dump(),
            "title": f"{tuned.title}, translated by an engine",
            "translate": True,
            "note": f"the checkpoint of {settings.tuned}, asked machine-translated questions",
        },
        "translated-by-llm": {
            **tuned.model_dump(),
            "title": f"{tuned.title}, translated by the LLM",
            "translate": "llm",
            "note": f"the same checkpoint; {llm} as it is translates the questions first",
        },
        "llm-on-monolingual-text": {
            **tuned.model_dump(),
            "title": f"{tuned.title} after monolingual text",
            "stages": [_adapters(config, tuned, aligned, MONOLINGUAL), *tuned.stages],
            "note": "adapters learn the raw text of the aligned languages before the task",
        },
        "llm-on-code-switched-text": {
            **tuned.model_dump(),
            "title": f"{tuned.title} after code-switched text",
            "codeswitch": aligned.codeswitch,
            "stages": [_adapters(config, tuned, aligned, CODE_SWITCHED), *tuned.stages],
            "note": "adapters learn to translate code-switched text, which the LLM itself reads",
        },
    }


def _task(config: Config, tuned: System) -> str:
    """The first English task of a system's last stage."""
    name, stage = overridden(config, tuned, tuned.stages[-1])
    task = stage.parts[0][0] if stage.parts else ""
    known(task, config.tasks, "task", f"system '{tuned.title}', stage '{name}'")
    return task


def _adapters(
    config: Config, tuned: System, aligned: System, data: str
) -> dict[str, dict[str, Any]]:
    """LinguaLIFT's own stage on code-switched text, as a stage in which adapters of the LLM learn:
    as many examples and epochs, from `data`; where `tuned` trains adapters, as those.
    """
    name, changes, stage = _switched_stage(config, aligned)
    adapted = {
        "data": data,
        "prompt": next(prompt for part, prompt in stage.parts if part == CODE_SWITCHED),
        "input": "text",
        "train": ["llm-lora"],
        "examples": _count(config, aligned, stage),
        "learning_rate": config.alternatives.learning_rate,
        "weight_decay": 0.0,
        "noise": 0.0,
        **_adapter_settings(config, tuned),
    }
    return {name: {**changes, **adapted}}


def _switched_stage(
    config: Config, aligned: System
) -> tuple[str, dict[str, Any], LanguageModelling]:
    """The stage of a system that learns from code-switched text by language modelling: its name,
    what the system changes of it, and all of its settings.
    """
    for entry in aligned.stages:
        name, stage = overridden(config, aligned, entry)
        if isinstance(stage, LanguageModelling) and CODE_SWITCHED in dict(stage.parts):
            return name, {} if isinstance(entry, str) else entry[name], stage
    raise LinguaLiftError(
        f"alternatives.aligned: no stage of '{aligned.title}' learns from code-switched text by"
        " language modelling"
    )


def _count(config: Config, aligned: System, stage: LanguageModelling) -> int | None:
    """The examples of an epoch of LinguaLIFT's stage: those asked for or, if there are fewer, all
    of every aligned language (None: the configuration does not tell).
    """
    switched = switched_count(config, models(config, aligned).codeswitch)
    counts = [
        (switched or 0) * len(config.languages.alignment)
        if part == CODE_SWITCHED
        else example_count(config, part)
        for part, _ in stage.parts
    ]
    available = sum(count for count in counts if count) if all(counts) else None
    return min((count for count in (stage.examples, available) if count), default=None)


def _adapter_settings(config: Config, tuned: System) -> dict[str, Any]:
    """The settings of the adapters that `tuned` trains: the same ones then learn in both stages."""
    for entry in tuned.stages:
        _, stage = overridden(config, tuned, entry)
        if isinstance(stage, LanguageModelling) and "llm-lora" in stage.train:
            return stage.model_dump(include={"lora_rank", "lora_alpha", "magnitude", "four_bit"})
    return {}
