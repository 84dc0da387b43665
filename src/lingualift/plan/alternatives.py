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
    with_overrides,
)
from lingualift.messages import LinguaLiftError, known
from lingualift.plan.systems import models

GROUP = "alternatives"
CHAT = "in-chat-format"
"""The prompt of the row in the chat format: that of the LLM as it is, as a turn."""
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
    config: Config, systems: Mapping[str, System]
) -> tuple[Config, dict[str, System]]:
    """The configuration with the group in `systems` replaced by its rows, `tuned` and `aligned`
    first, and all systems with those rows. A row may also be listed alone.

    Where vectors are published ones and no corpus is named, there is no monolingual text, and the
    group has no row of it; nor of the chat format of an LLM that has none (`alternatives.chat`).

    Raises `LinguaLiftError` where the setting `alternatives` names no such systems.
    """
    if not {GROUP, *ROWS} & set(config.systems):
        return config, dict(systems)
    if taken := [name for name in (GROUP, *ROWS) if name in systems]:
        raise LinguaLiftError(f"system '{taken[0]}' of config/systems: a row of the group {GROUP}")
    rows = _rows(config, systems)
    group = [config.alternatives.tuned, config.alternatives.aligned, *ROWS]
    if not config.corpus.sources:
        group.remove("llm-on-monolingual-text")
    if not config.alternatives.chat:
        group.remove("llm-in-its-chat-format")
    listed = [name for entry in config.systems for name in (group if entry == GROUP else [entry])]
    asked = config.prompts[rows["llm-as-it-is"].prompt or rows["llm-as-it-is"].kind or ""]
    prompts = {**config.prompts, CHAT: asked.model_copy(update={"chat": True})}
    changed = {"systems": list(dict.fromkeys(listed)), "prompts": prompts}
    return config.model_copy(update=changed), {**systems, **rows}


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
            "stages": [_adapters(config, aligned, MONOLINGUAL), *tuned.stages],
            "note": "adapters learn the raw text of the aligned languages before the task",
        },
        "llm-on-code-switched-text": {
            **tuned.model_dump(),
            "title": f"{tuned.title} after code-switched text",
            "stages": [_adapters(config, aligned, CODE_SWITCHED), *tuned.stages],
            "note": "adapters learn to translate code-switched text, which the LLM itself reads",
        },
    }


def _task(config: Config, tuned: System) -> str:
    """The first English task of a system's last stage."""
    entry = tuned.stages[-1]
    name, changes = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    known(name, config.stages, "stage", f"system '{tuned.title}'")
    stage = with_overrides(config.stages[name], changes, f"system '{tuned.title}', '{name}'")
    task = stage.parts[0][0] if stage.parts else ""
    known(task, config.tasks, "task", f"system '{tuned.title}', stage '{name}'")
    return task


def _adapters(config: Config, aligned: System, data: str) -> dict[str, dict[str, Any]]:
    """LinguaLIFT's own stage on code-switched text, as a stage in which adapters of the LLM learn:
    as many examples and steps, from `data`.
    """
    for entry in aligned.stages:
        name, changes = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        stage = config.stages.get(name)
        if not isinstance(stage, LanguageModelling):
            continue
        whole = with_overrides(stage, changes, f"system '{aligned.title}', stage '{name}'")
        switched = [prompt for part, prompt in whole.parts if part == CODE_SWITCHED]
        if switched:
            adapted = {
                "data": data,
                "prompt": switched[0],
                "input": "text",
                "train": ["llm-lora"],
                "learning_rate": config.alternatives.learning_rate,
                "weight_decay": 0.0,
                "noise": 0.0,
            }
            return {name: {**changes, **adapted}}
    raise LinguaLiftError(
        f"alternatives.aligned: no stage of '{aligned.title}' learns from code-switched text by"
        " language modelling"
    )
