"""Typed configuration: the one place where a setting is named, defaulted and checked.

`config/config.yaml` and overlays are merged by Snakemake; `load` turns the merged dictionary into a `Config` or raises one line
that names the key. The JSON schema (`python -m lingualift.config > config/schema.json`) is generated from these models.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from lingualift.artifacts import digest
from lingualift.errors import LinguaLiftError, nearest

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""Names become parts of paths: lower-case letters, digits, '.', '_', '-' alone."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """A group of settings; unknown keys are refused, values are not coerced across types."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Languages(Settings):
    """Which languages are aligned, and which are evaluated."""

    alignment: list[Code] = Field(description="Languages that get a lexicon and code-switched text (never en).")
    evaluation: list[Code] = Field(min_length=1, description="Languages that are evaluated.")
    collapsed: Literal["leave-out", "fail"] = Field(
        "leave-out", description="What a collapsed lexicon means: leave the language out of stage 1 and say so, or stop the run."
    )


class Corpus(Settings):
    """Monolingual text."""

    source: Name = Field(description="Key of config/sources.yaml.")
    max_sentences: Positive | None = Field(None, description="Use only the first so many sentences.")


class Vocabulary(Settings):
    """Which words take part in alignment."""

    wordlists: list[Literal["wordfreq", "cldr"]] = Field(description="Word lists with frequencies added to the corpus vocabulary, where they know the language.")
    size: Positive = Field(description="Target words a language, most frequent first.")
    source_size: Positive = Field(description="English words, most frequent first (words of the task's questions always stay).")
    stop_words: bool = Field(False, description="Keep English stop words in the source vocabulary.")


class FastText(Settings):
    """fastText vectors, trained on the corpus."""

    dimension: Positive
    epochs: Positive
    min_count: Positive


class Lexicon(Settings):
    """Unsupervised alignment and retrieval."""

    starts: list[Literal["similarity", "identical", "encoder", "adversarial"]] = Field(min_length=1, description="Starts that are tried; the best by the unsupervised criterion is kept.")
    encoder_layers: list[Positive] = Field(description="Encoder layers whose states are joined for the encoder start.")
    neighbourhood: Positive = Field(10, description="k of CSLS.")
    top_k: Positive = Field(5, description="Translations kept for each word.")
    gold: Name | None = Field(None, description="Source of gold dictionaries, for reporting only.")


class CodeSwitch(Settings):
    """Code-switched text (section 3.2)."""

    ratio: Share = Field(description="Share of the substitutable words that is replaced.")
    pos: str = Field("all", description="POS preset whose words may be replaced.")
    choice: Literal["best", "sampled"] = Field("best", description="Which of the top-k translations is used.")
    top_k: Positive = Field(1, description="Translations that may be used.")
    task: Name = Field(description="Task whose questions are code-switched.")
    queries: Positive | None = Field(None, description="Queries that are code-switched for each language (null: all).")


class Task(Settings):
    """English task data."""

    source: Name | list[Name] = Field(description="`word-problems` (generated here), or one or more keys of config/sources.yaml.")
    kind: Literal["maths", "nli", "commonsense"] = Field("maths", description="Which benchmarks systems trained on it are evaluated on.")
    examples: Positive | None = Field(None, description="Examples used (null: all; required for word-problems).")
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(1, description="Seed of generated problems.")

    @property
    def sources(self) -> list[str]:
        """The sources as a list."""
        return [self.source] if isinstance(self.source, str) else self.source


class Model(Settings):
    """A pretrained model."""

    source: Name = Field(description="Key of config/sources.yaml.")
    layer: Positive | None = Field(None, description="Hidden layer used (null: the model's own last hidden state).")


class Alignment(Settings):
    """The alignment layer (equation (2))."""

    layers: Literal[1, 2, 3] = 2
    activation: Literal["gelu", "relu"] = "gelu"
    normalise: bool = Field(description="Standardise and clip the encoder's dimensions first.")


class PromptText(Settings):
    """A prompt; `instruction` is what remains when the question enters through the encoder (default: the template without it)."""

    template: str
    instruction: str | None = None

    @model_validator(mode="after")
    def _one_slot(self) -> "PromptText":
        if self.template.count("{question}") != 1:
            raise ValueError("needs exactly one {question} slot")
        return self


class Stage(Settings):
    """One training stage."""

    objective: Literal["warm-start", "language-modelling"]
    data: Name = Field(description="`code-switched`, or a task of `tasks`.")
    train: list[Literal["alignment", "boundary", "llm"]] = Field(min_length=1)
    prompt: Name | None = None
    epochs: Positive = 1
    examples: Positive | None = Field(None, description="Examples used, drawn over all languages alike (null: all).")
    batch: Positive = Field(16, description="Global batch, in examples (warm-start: in tokens).")
    micro_batch: Positive = Field(8, description="Examples in memory at once; changes no result but speed and memory.")
    steps: Positive | None = Field(None, description="Optimisation steps (warm-start only).")
    learning_rate: float = Field(gt=0)
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warmup: Share = 0.0
    weight_decay: float = Field(0.0, ge=0)
    english_share: Share = Field(0.0, description="Share of stage-1 examples that stay English.")

    @model_validator(mode="after")
    def _fits(self) -> "Stage":
        if self.objective == "warm-start" and (self.data != "code-switched" or self.steps is None or self.train != ["alignment"]):
            raise ValueError("a warm-start stage needs data: code-switched, steps, and train: [alignment]")
        if self.objective == "language-modelling" and self.prompt is None:
            raise ValueError("a language-modelling stage needs a prompt")
        return self


class System(Settings):
    """A system: how the question enters, and the chain of stages that trains it."""

    title: str
    input: Literal["text", "encoder", "encoder-first", "both"]
    stages: list[Name | dict[Name, dict[str, Any]]] = Field(description="Stage names; {name: {key: value}} overrides a stage's settings.")
    note: str = ""


class Evaluation(Settings):
    """Generation."""

    split: Literal["test", "dev"] = Field("test", description="Benchmark split; use dev to choose settings, never test.")
    max_new_tokens: Positive
    batch: Positive


class Tables(Settings):
    """Result tables."""

    bootstrap: Positive = Field(2000, description="Bootstrap resamples for intervals.")


class Config(Settings):
    """The whole configuration."""

    resources: str = Field("resources", pattern=r"^[^\x00-\x1f]{1,1024}$", description="Folder of downloads and prepared models; several projects may share it.")
    pins: dict[str, str] = Field({}, description="Pins that only you can supply: {source: hub commit} or {source/file: sha256}.")
    precision: Literal["auto", "bfloat16", "float32"] = Field("auto", description="auto: bfloat16 where the processor or GPU multiplies it in hardware.")
    mirror: str | None = Field(None, description="Folder that holds the sources; used before any network.")
    offline: bool = Field(False, description="Never touch the network.")
    seeds: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(min_length=1)
    languages: Languages
    corpus: Corpus
    vocabulary: Vocabulary
    fasttext: FastText
    lexicon: Lexicon
    tagger: Name
    codeswitch: CodeSwitch
    tasks: dict[Name, Task] = Field(min_length=1)
    llm: Model
    encoder: Model
    alignment: Alignment
    prompts: dict[Name, PromptText]
    stages: dict[Name, Stage]
    systems: list[Name] = Field(min_length=1)
    benchmarks: dict[Name, Name] = Field(min_length=1, description="Table name: benchmark that fills it.")
    evaluation: Evaluation
    tables: Tables = Tables()

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        for key, codes in (("alignment", self.languages.alignment), ("evaluation", self.languages.evaluation), ("seeds", self.seeds), ("systems", self.systems)):
            if len(set(codes)) != len(codes):
                raise ValueError(f"{key}: lists an entry twice")
        if "en" in self.languages.alignment:
            raise ValueError("languages.alignment: en is the language that the others are aligned to; leave it out")
        return self


class RunStage(Settings):
    """A stage as it stands in a system's chain; `id` names its checkpoint and is a hash of everything that determines it."""

    id: str
    name: str
    stage: Stage
    input: str
    seed: int
    parent: str | None
    task: str


def load(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Check merged configuration values; the first mistake becomes one line naming its key and the nearest known one."""
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        raise LinguaLiftError(_explain(error, origin)) from None


def _explain(error: ValidationError, origin: str) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        model: Any = Config
        for part in first["loc"][:-1]:
            model = _field_model(model, part)
        return f"{origin}: unknown key '{place}'; {nearest(str(first['loc'][-1]), model.model_fields if hasattr(model, 'model_fields') else [])}"
    given = "" if first["type"] in ("missing", "value_error") else f", got {str(first.get('input'))[:60]!r}"
    message = re.sub(r"^Value error, ", "", first["msg"])
    if first["type"] == "string_pattern_mismatch":
        message = "not a plain name (letters a-z, digits, '.', '_', '-')" if "64" in str(first["ctx"]) or "63" in str(first["ctx"]) else "not a language code (two or three letters a-z)"
    return f"{origin}: {place + ': ' if place else ''}{message}{given}"


def _field_model(model: Any, part: Any) -> Any:
    field = getattr(model, "model_fields", {}).get(part)
    annotation = field.annotation if field else model
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return model


def load_systems(folder: str | Path) -> dict[str, System]:
    """Read every `config/systems/*.yaml` (a mapping of system name to definition)."""
    systems: dict[str, System] = {}
    for path in sorted(Path(folder).glob("*.yaml")):
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise LinguaLiftError(f"{path}: not YAML ({str(error).splitlines()[0]})") from None
        for name, definition in entries.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", str(name)):
                raise LinguaLiftError(f"{path}: system name {str(name)[:60]!r} is not a plain name (letters a-z, digits, '.', '_', '-')")
            if name in systems:
                raise LinguaLiftError(f"{path}: system '{name}' is defined twice")
            try:
                systems[name] = System.model_validate(definition)
            except ValidationError as error:
                raise LinguaLiftError(_explain(error, f"{path}: {name}")) from None
    return systems


def chain(config: Config, system: System, seed: int) -> list[RunStage]:
    """The stages of a system in order, overrides applied; equal definitions over equal parents get equal ids."""
    stages: list[RunStage] = []
    parent: str | None = None
    for entry in system.stages:
        name, override = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        if name not in config.stages:
            raise LinguaLiftError(f"system '{system.title}': unknown stage '{name}'; {nearest(name, config.stages)}")
        try:
            stage = Stage.model_validate({**config.stages[name].model_dump(), **override})
        except ValidationError as error:
            raise LinguaLiftError(_explain(error, f"system '{system.title}', stage '{name}'")) from None
        if stage.prompt is not None and stage.prompt not in config.prompts:
            raise LinguaLiftError(f"stage '{name}': unknown prompt '{stage.prompt}'; {nearest(stage.prompt, config.prompts)}")
        if system.input == "text" and (stage.data == "code-switched" or set(stage.train) - {"llm"}):
            raise LinguaLiftError(f"system '{system.title}': stage '{name}' trains on the encoder, but the system's input is text")
        definition: dict[str, Any] = {
            "stage": stage.model_dump(exclude={"micro_batch"}),
            "prompt": config.prompts[stage.prompt].model_dump() if stage.prompt else None,
            "input": system.input,
            "seed": seed,
            "parent": parent,
            "llm": config.llm.model_dump(),
        }
        if system.input != "text":
            definition |= {"encoder": config.encoder.model_dump(), "alignment": config.alignment.model_dump()}
        if stage.data == "code-switched":
            definition |= {"languages": config.languages.alignment, "codeswitch": config.codeswitch.model_dump()}
        task = config.codeswitch.task if stage.data == "code-switched" else stage.data
        if task not in config.tasks:
            raise LinguaLiftError(f"stage '{name}': unknown data '{task}'; {nearest(task, ['code-switched', *config.tasks])}")
        definition["task"] = config.tasks[task].model_dump()
        identifier = f"{name}-{digest(definition, 10)}"
        stages.append(RunStage(id=identifier, name=name, stage=stage, input=system.input, seed=seed, parent=parent, task=task))
        parent = identifier
    return stages


if __name__ == "__main__":
    json.dump(Config.model_json_schema(), sys.stdout, indent=1)
    sys.stdout.write("\n")
