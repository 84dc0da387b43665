"""Systems unfolded into chains of training stages. A stage's id names its checkpoint: it is a hash
of all that determines the stage, so systems whose chains begin alike share checkpoints.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SerializerFunctionWrapHandler, ValidationError, model_serializer

from lingualift.artifacts import digest
from lingualift.config import (
    CODE_SWITCHED,
    MONOLINGUAL,
    Alignment,
    CodeSwitch,
    Config,
    EncoderModel,
    Model,
    Settings,
    Stage,
    System,
    with_overrides,
)
from lingualift.data.folders import visible_files
from lingualift.data.mapping import read_mapping
from lingualift.messages import (
    MEANING,
    NAME,
    LinguaLiftError,
    explain,
    explain_text,
    known,
    printable,
)
from lingualift.model.layout import TEMPLATED
from lingualift.retrieve.sources import Source

Group = TypeVar("Group", bound=Settings)


class UsedEncoder(Model):
    """An encoder as a system reads it: `layer` or, joined, `layers` (None, None: its last hidden
    state), whether every digit is a token, and whether joined layers are mixed by learnt shares.

    What is not joined, split or mixed is written as it was before these were settings: ids of
    stages hash what is written.
    """

    layers: list[int] | None = None
    split_digits: bool = False
    mixture: bool = False

    @property
    def read(self) -> int | list[int] | None:
        """The hidden layer, or the layers that are joined."""
        return self.layer if self.layers is None else self.layers

    @model_serializer(mode="wrap")
    def _written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = dump(self)
        return {key: value for key, value in values.items() if key in Model.model_fields or value}


class RunStage(Settings):
    """A stage as it stands in a system's chain, with the system's own settings; `id` names its
    checkpoint and is a hash of everything that determines it.

    `tasks` are the tasks that its data come from, in order; `reference` is the English task that
    measures the encoder's dimensions.
    """

    id: str
    name: str
    stage: Stage
    input: str
    seed: int
    parent: str | None
    tasks: list[str]
    reference: str
    llm: Model
    encoder: UsedEncoder | None
    alignment: Alignment | None
    codeswitch: CodeSwitch | None

    @property
    def task(self) -> str:
        """The task that says which benchmarks the stage prepares for."""
        return self.tasks[0] if self.tasks else self.reference


class Models(Settings):
    """The settings of a system that may differ from the configuration's."""

    llm: Model
    encoder: EncoderModel
    alignment: Alignment
    codeswitch: CodeSwitch


@dataclass(frozen=True)
class Run:
    """One system trained with one seed; `name` is its folder below results/predictions. `encoder`
    is None for text input.
    """

    name: str
    system: str
    seed: int
    stages: list[RunStage]
    llm: Model
    encoder: UsedEncoder | None

    @property
    def checkpoint(self) -> str | None:
        """The id of the stage that ends the chain (None: the LLM as it is)."""
        return self.stages[-1].id if self.stages else None


def load_systems(folder: str | Path) -> dict[str, System]:
    """Read every `config/systems/*.yaml` (a mapping of system name to definition)."""
    expected = "systems by name (name: {title: ..., input: ..., stages: [...]})"
    systems: dict[str, System] = {}
    for path in visible_files(folder, "*.yaml"):
        for name, definition in read_mapping(path, expected).items():
            if not isinstance(name, str):
                raise LinguaLiftError(f"{path}: a system's name: {explain_text(name, 'system')}")
            if not re.fullmatch(NAME, name):
                raise LinguaLiftError(f"{path}: system name {printable(name)!r}: {MEANING[NAME]}")
            if name in systems:
                raise LinguaLiftError(f"{path}: system '{name}' is defined twice")
            systems[name] = _validated(System, definition, f"{path}: {name}")
    return systems


def _validated(model: type[Group], values: Any, origin: str) -> Group:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise LinguaLiftError(explain(error, model, origin)) from None


def models(config: Config, system: System) -> Models:
    """The configuration's models and code-switching with the system's own settings; another
    `source` of a model starts from defaults, but is read as the configuration says.
    """
    groups: dict[str, Any] = {}
    for name, model in (
        ("llm", Model),
        ("encoder", EncoderModel),
        ("alignment", Alignment),
        ("codeswitch", CodeSwitch),
    ):
        changes = getattr(system, name)
        if name == "encoder" and "states" in changes:
            raise LinguaLiftError(
                f"system '{system.title}', encoder: states is a setting of the whole run: systems"
                " share what is stored; set it in the configuration's encoder"
            )
        base = getattr(config, name).model_dump(
            include=HOW_IT_IS_READ if "source" in changes else None
        )
        groups[name] = _validated(model, {**base, **changes}, f"system '{system.title}', {name}")
    used = Models(**groups)
    if used.codeswitch.top_k > config.lexicon.top_k:
        raise LinguaLiftError(
            f"system '{system.title}', codeswitch: top_k: lexicon.top_k keeps no more than"
            f" {config.lexicon.top_k} translations"
        )
    return used


HOW_IT_IS_READ = {"split_digits", "states"}
"""Settings of a model that do not belong to its source."""


def used_encoder(used: Models, sources: Mapping[str, Source]) -> UsedEncoder:
    """The encoder of a system, with the choice of splitting digits made."""
    encoder, split = used.encoder, used.encoder.split_digits
    if split == "auto":
        split = _reads_digits_alone(sources[used.llm.source])
    return UsedEncoder(
        **encoder.model_dump(include={"source", "layer", "layers", "mixture"}), split_digits=split
    )


def _reads_digits_alone(llm: Source) -> bool:
    """Whether an LLM reads every digit as a token, as the registry states (`prepare_model` proves
    it). Raises `LinguaLiftError` where the registry does not state it.
    """
    if llm.digits is None:
        raise LinguaLiftError(
            f"encoder.split_digits: auto does not know how '{llm.key}' reads numbers; give it"
            " `digits: split` or `digits: joined` in config/sources.yaml, or set split_digits to"
            " true or false"
        )
    return llm.digits == "split"


def words_encoder(config: Config) -> UsedEncoder:
    """The configuration's own encoder as it represents words for the lexicons: numbers are none."""
    values = config.encoder.model_dump(exclude=HOW_IT_IS_READ | {"mixture"})
    return UsedEncoder.model_validate(values)


def chain(
    config: Config, system: System, seed: int, sources: Mapping[str, Source]
) -> list[RunStage]:
    """The stages of a system in order, overrides applied; equal definitions over equal parents get
    equal ids.
    """
    used = models(config, system)
    stages: list[RunStage] = []
    trained: set[str] = set()
    for entry in system.stages:
        name, stage = overridden(config, system, entry)
        layout = stage.input or system.input
        tasks = _tasks(config, used.codeswitch, name, stage)
        switched = any(data == CODE_SWITCHED for data, _ in stage.parts)
        trained |= set(stage.train)
        _check_layout(system, name, stage, layout, trained)
        if reads_corpora(stage) and not config.corpus.sources:
            raise LinguaLiftError(
                f"system '{system.title}': stage '{name}' reads monolingual text; name a corpus in"
                " corpus.source"
            )
        english = [task for task in tasks if config.tasks[task].kind != "translation"]
        reference = english[0] if english else used.codeswitch.task
        encoded = layout != "text"
        if encoded:
            known(reference, config.tasks, "task", "codeswitch.task")
        unnamed = RunStage(
            id="",
            name=name,
            stage=stage,
            input=layout,
            seed=seed,
            parent=stages[-1].id if stages else None,
            tasks=tasks,
            reference=reference,
            llm=used.llm,
            encoder=used_encoder(used, sources) if encoded else None,
            alignment=used.alignment if encoded else None,
            codeswitch=used.codeswitch if switched else None,
        )
        identifier = f"{name}-{digest(_definition(config, unnamed), 10)}"
        stages.append(unnamed.model_copy(update={"id": identifier}))
    return stages


def example_count(config: Config, task: str) -> int | None:
    """How many examples a task has over all of its languages, where the configuration tells."""
    settings = config.tasks[known(task, config.tasks, "task", "tasks")]
    return settings.examples and settings.examples * len(settings.languages or ["en"])


def switched_count(config: Config, setting: CodeSwitch) -> int | None:
    """How many questions are code-switched for each language, where the configuration tells."""
    counts = (setting.queries, example_count(config, setting.task))
    return min((count for count in counts if count), default=None)


def overridden(
    config: Config, system: System, entry: str | Mapping[str, Mapping[str, Any]]
) -> tuple[str, Stage]:
    """The name of a stage that a system lists, and its settings there."""
    name, changes = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    known(name, config.stages, "stage", f"system '{system.title}'")
    origin = f"system '{system.title}', stage '{name}'"
    return name, with_overrides(config.stages[name], changes, origin)


def _tasks(config: Config, codeswitch: CodeSwitch, name: str, stage: Stage) -> list[str]:
    """The task that each of a stage's data sets comes from: of monolingual text, which comes from
    none, that whose questions are code-switched.
    """
    tasks = []
    for data, prompt in stage.parts:
        task = codeswitch.task if data in (CODE_SWITCHED, MONOLINGUAL) else data
        if task not in config.tasks:
            known(task, [CODE_SWITCHED, MONOLINGUAL, *config.tasks], "data", f"stage '{name}'")
        if prompt is not None:
            known(prompt, config.prompts, "prompt", f"stage '{name}'")
        tasks.append(task)
    return tasks


def _check_layout(system: System, name: str, stage: Stage, layout: str, trained: set[str]) -> None:
    """Refuse stages that need an encoder where there is none; `trained` are the modules that the
    chain has trained up to this stage.
    """
    where = f"system '{system.title}': stage '{name}'"
    if layout == "text" and set(stage.train) - {"llm", "llm-lora"}:
        raise LinguaLiftError(f"{where} trains on the encoder, but the system's input is text")
    if layout != "text" and "alignment" not in trained:
        raise LinguaLiftError(
            f"{where} reads the encoder, but no stage up to it trains the alignment layer"
        )
    if stage.objective == "warm-start" and layout in TEMPLATED:
        raise LinguaLiftError(
            f"{where} is a warm start, whose encoder reads the question alone; give it input:"
            " encoder"
        )
    if layout != "text" and reads_corpora(stage):
        raise LinguaLiftError(
            f"{where} reads monolingual text, which is no question for an encoder; give it input:"
            " text"
        )


def reads_corpora(stage: Stage) -> bool:
    """Whether a stage learns from the raw monolingual text itself."""
    return any(data == MONOLINGUAL for data, _ in stage.parts)


def _definition(config: Config, run: RunStage) -> dict[str, Any]:
    """Everything that determines a stage, and nothing that does not: what its id is a hash of."""
    definition: dict[str, Any] = {
        "stage": run.stage.identity(),
        "prompt": [config.prompts[name].model_dump() for _, name in run.stage.parts if name],
        "input": run.input,
        "seed": run.seed,
        "parent": run.parent,
        "precision": config.precision,
        "llm": run.llm.model_dump(),
        "tasks": [config.tasks[task].model_dump() for task in run.tasks],
    }
    if run.encoder is not None and run.alignment is not None:
        definition |= {
            "encoder": run.encoder.model_dump(),
            "alignment": run.alignment.model_dump(),
            "reference": config.tasks[run.reference].model_dump(),
        }
    if run.codeswitch is not None:
        text = config.model_dump(
            include={"corpus", "vocabulary", "fasttext", "lexicon", "tagger"},
            exclude={"lexicon": {"gold"}},
        )
        # The lexicon is made with the configuration's own encoder and queries, whatever those of
        # the system.
        encoder = words_encoder(config).model_dump() if "encoder" in config.lexicon.starts else None
        text |= {
            "codeswitch": run.codeswitch.model_dump(),
            "words": config.tasks[config.codeswitch.task].model_dump(),
            "words_of": encoder,
        }
        definition |= {"languages": config.languages.alignment, "text": text}
    if reads_corpora(run.stage):
        definition |= {
            "languages": config.languages.alignment,
            "corpus": config.corpus.model_dump(),
        }
    return definition


def encoder_name(encoder: UsedEncoder) -> str:
    """Names an encoder in paths, with its layer or layers and whether digits are split."""
    name = encoder.source
    if encoder.layers is not None:
        name += f"-layers{'-'.join(map(str, encoder.layers))}"
    elif encoder.layer is not None:
        name += f"-layer{encoder.layer}"
    return name + ("-digits" if encoder.split_digits else "")
