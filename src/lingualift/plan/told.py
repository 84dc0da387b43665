"""What a system does, in words: its stages, what learns at which rate, on which data in which
languages, with which prompts, in how many steps.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from lingualift.config import (
    CODE_SWITCHED,
    MONOLINGUAL,
    Config,
    LanguageModelling,
    Stage,
    load_config,
)
from lingualift.data.mapping import read_mapping
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError, known
from lingualift.model.layout import LAYOUTS, TEMPLATED, Prompt
from lingualift.plan import Plan, plan, requests
from lingualift.plan.alternatives import ROWS
from lingualift.plan.systems import RunStage, encoder_name, load_systems, reads_corpora
from lingualift.retrieve.sources import load_sources

FOLDER = Path(__file__).parents[3] / "config"
SETTINGS = "settings by name (key: value)"
SHIPPED: tuple[list[str], ...] = (
    [],
    ["gsm8k.yaml"],
    ["gsm8k.yaml", "gsm8k-small.yaml"],
    ["beyond.yaml"],
    ["all-languages.yaml"],
    ["all-languages.yaml", "sib200.yaml"],
    ["paper.yaml"],
    ["paper.yaml", "released.yaml"],
    ["one-gpu.yaml"],
    ["one-gpu.yaml", "one-gpu-80.yaml"],
    ["one-gpu.yaml", "beyond-metamath.yaml"],
)
"""The overlays of the configurations that come with the project."""
PARTS = {
    "bos": "BOS",
    "text": "the whole prompt as text",
    "instruction": "the instruction as text",
    "start": "<enc_start>",
    "states": "the aligned encoder states",
    "end": "<enc_end>",
}
LAYERS = {1: "one linear layer", 2: "two layers", 3: "three layers"}


def describe_system(name: str, overlays: Sequence[str | Path] | None = None) -> str:
    """What the system `name` does under a configuration: config/config.yaml with overlays over it
    (None: the first of the shipped configurations that lists the system; the others are named).

    Raises `LinguaLiftError` for an unknown name, with the nearest, and for a configuration that
    cannot be planned.
    """
    if not FOLDER.is_dir():
        raise LinguaLiftError(
            f"{FOLDER} is not there: systems are described in the project's checkout; install it"
            " from there (`pip install -e .`)"
        )
    systems = load_systems(FOLDER / "systems")
    known(name, [*systems, *ROWS], "system", "config/systems")
    others: list[str] = []
    if overlays is None:
        shipped = [[FOLDER / overlay for overlay in overlays] for overlays in SHIPPED]
        listing = [paths for paths in shipped if name in configuration(paths).systems]
        overlays = listing[0] if listing else []
        others = [" ".join(f"config/{path.name}" for path in paths) for paths in listing[1:]]
    config = configuration(overlays, {"systems": [name]})
    made = plan(
        config,
        load_languages(FOLDER / "languages.tsv"),
        load_sources(FOLDER / "sources.yaml", config.pins),
        systems,
    )
    used = " ".join(["config/config.yaml", *(Path(path).name for path in overlays)])
    head = _head(made, name, used)
    if others:
        head.append(f"Listed with other settings, too (--configfile): {'; '.join(others)}.")
    return "\n".join([*head, *_chain(made, name), *_asked(made, name), ""])


def configuration(overlays: Sequence[str | Path], changes: dict[str, Any] | None = None) -> Config:
    """config/config.yaml with overlays and then changes laid over it, as Snakemake lays them."""
    from snakemake.utils import update_config

    values = read_mapping(FOLDER / "config.yaml", SETTINGS)
    for overlay in overlays:
        update_config(values, read_mapping(Path(overlay), SETTINGS))
    return load_config(values | (changes or {}))


def _head(made: Plan, name: str, used: str) -> list[str]:
    """The system itself: its models and how a question enters when it is asked."""
    system, run = made.systems[name], made.runs[name]
    lines = [f"{name}: {system.title} ({used})"]
    if system.follows:
        lines.append(f"Follows {system.follows}.")
    if system.note:
        lines.append(f"Note: {system.note}.")
    models = f"LLM {run.llm.source}"
    aligned = next((stage for stage in run.stages if stage.alignment is not None), None)
    if run.encoder is not None and aligned is not None and aligned.alignment is not None:
        layer = aligned.alignment
        scaled = "" if layer.scaled else " not"
        models += (
            f"; encoder {encoder_name(run.encoder)}; alignment layer of {LAYERS[layer.layers]}"
            + (f" with {layer.activation.upper()}" if layer.layers > 1 else "")
            + f", output{scaled} scaled to the LLM's embeddings"
        )
    return [*lines, f"Models: {models}."]


def _chain(made: Plan, name: str) -> list[str]:
    run = made.runs[name]
    if not run.stages:
        return ["Stages: none; the published model is asked as it is."]
    lines: list[str] = []
    for number, stage in enumerate(run.stages, 1):
        lines += ["", f"Stage {number} of {len(run.stages)}: {stage.name}"]
        lines += [f"  {line}" for line in _stage(made, stage)]
    return lines


def _stage(made: Plan, stage: RunStage) -> list[str]:
    settings = stage.stage
    lines = [f"learns: {_learning(settings)}; all else is frozen"]
    for (data, prompt), task in zip(settings.parts, stage.tasks, strict=True):
        lines.append(f"data: {_data(made, stage, data, task)}")
        if prompt:
            lines.append(_prompt(f"prompt {prompt}", made.prompt(prompt), stage.input))
    if isinstance(settings, LanguageModelling):
        read = "BOS" if reads_corpora(settings) else _layout(stage.input)
        lines.append(f"the LLM reads: {read}, then the response that it learns")
    else:
        lines.append(f"data: the English questions of {stage.reference}, each word for itself")
        lines.append("the LLM is not asked: aligned states are regressed onto its word embeddings")
    return [*lines, f"steps: {_steps(made, stage)}"]


def _learning(settings: Stage) -> str:
    if not isinstance(settings, LanguageModelling):
        return f"alignment at {settings.learning_rate:g}"
    return ", ".join(
        f"{module} at {rate:g} (weight decay {settings.decays[module]:g})"
        for module, rate in settings.rates.items()
    )


def _data(made: Plan, stage: RunStage, data: str, task: str) -> str:
    """A data set with its languages and how much of it is used."""
    config, settings = made.config, stage.stage
    if data == MONOLINGUAL:
        corpora = ", ".join(config.corpus.sources)
        drawn = f"; {settings.examples:,} sentences are drawn" if settings.examples else ""
        return f"monolingual text ({corpora}) in {_languages(config.languages.alignment)}{drawn}"
    source = f"{task} ({', '.join(config.tasks[task].sources)})"
    if data == CODE_SWITCHED and stage.codeswitch is not None:
        used = stage.codeswitch
        count = f"{used.queries:,} questions" if used.queries else "all questions"
        text = (
            f"code-switched {source}: {used.ratio:g} of the words of '{used.pos}' replaced,"
            f" {count} in each of {_languages(config.languages.alignment)}"
        )
    else:
        limit = config.tasks[task].examples
        each = f", at most {limit:,} examples a language" if limit else ""
        without = config.tasks[task].without
        asked = f", without what {', '.join(without)} asks" if without else ""
        text = f"{source} in {_languages(config.tasks[task].languages or ['en'])}{each}{asked}"
    drawn = f"; {settings.examples:,} examples are drawn" if settings.examples else ""
    return text + drawn


def _languages(codes: Sequence[str]) -> str:
    count = f"{len(codes)} languages: " if len(codes) > 1 else ""
    return count + " ".join(codes)


def _prompt(label: str, prompt: Prompt, layout: str) -> str:
    """What of a prompt is read, and by which model."""
    if prompt.chat:
        before = f" behind the system message {prompt.system!r}" if prompt.system else ""
        return f"{label}, a turn in the LLM's chat format{before}: {prompt.template!r}"
    if layout in TEMPLATED:
        return f"{label}, read by the encoder: {prompt.template!r}"
    if "instruction" in LAYOUTS[layout]:
        return f"{label}, its instruction beside the states: {prompt.instruction!r}"
    return f"{label}: {prompt.template!r}"


def _layout(layout: str) -> str:
    return ", ".join(PARTS[part] for part in LAYOUTS[layout])


def _steps(made: Plan, stage: RunStage) -> str:
    settings = stage.stage
    if not isinstance(settings, LanguageModelling):
        return f"{settings.steps:,} of {settings.batch:,} encoder tokens"
    count = requests.stage_example_count(made, stage)
    known_counts = settings.examples or all(
        made.config.tasks[task].examples or data == CODE_SWITCHED
        for (data, _), task in zip(settings.parts, stage.tasks, strict=True)
    )
    course = f"{settings.schedule} rate"
    if settings.warmup:
        course += f" after a warm-up over {settings.warmup:.0%} of the steps"
    passes = "one epoch" if settings.epochs == 1 else f"{settings.epochs} epochs"
    text = f"{passes} in batches of {settings.batch}, {course}"
    if not known_counts:
        return f"{text}; as many as the data give"
    steps = settings.epochs * ceil(count / settings.batch)
    return f"about {steps:,}: {passes} of at most {count:,} examples in {text.partition(' in ')[2]}"


def _asked(made: Plan, name: str) -> list[str]:
    """Which benchmarks it is asked, and how."""
    config = made.config
    lines = ["", "Asked:"]
    prompts: list[str] = []
    for table, benchmark in config.benchmark_names.items():
        if name in made.runs_on(benchmark):
            bare = made.benchmarks[benchmark].prompt is None
            if not bare:
                asked = made.asked(name, benchmark)
                prompts.append(_prompt("prompt", asked, made.systems[name].input))
            without = "; sentences alone, no prompt" if bare else ""
            languages = _languages(made.languages_of(benchmark))
            lines.append(f"  table {table}: {benchmark} in {languages}{without}")
    lines += [f"  {words}" for words in dict.fromkeys(prompts)]
    longest = f"answers of at most {config.evaluation.max_new_tokens} tokens, greedy"
    kinds = {
        made.benchmarks[benchmark].answer
        for benchmark in config.benchmark_names.values()
        if name in made.runs_on(benchmark)
    }
    if kinds == {"choice"} and config.evaluation.choices == "likelihood":
        longest = "the likeliest choice is the answer"
    translated = "; questions are first translated into English" if made.translates(name) else ""
    if made.translates_itself(name):
        translated = f"; {made.runs[name].llm.source} as it is first translates into English"
    shown = made.systems[name].examples
    if shown is not None:
        lines.append(f"  behind {shown.count} solved English questions of {shown.task}")
    return [*lines, f"  {longest}{translated}"]
