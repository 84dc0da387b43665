"""Settings of training stages and systems."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from lingualift.config.base import (
    Line,
    Name,
    Positive,
    Settings,
    Share,
    real_number,
    truth_or_word,
)
from lingualift.config.data import Kind
from lingualift.messages import LinguaLiftError, explain

Input = Literal[
    "text", "encoder", "encoder-first", "templated-encoder", "templated-encoder-end", "both"
]
Module = Literal["alignment", "boundary", "llm", "encoder", "llm-lora"]
OBJECTIVE = Field(
    description=(
        "Regression onto the LLM's word embeddings, or negative log-likelihood (equations (5)"
        " and (6))."
    )
)
DATA = Field(
    description=(
        "`code-switched`, `monolingual` (the raw text that lexicons are made from, as it stands),"
        " `english` (a warm start alone: nothing but English questions), or a task of `tasks`;"
        " several are mixed."
    )
)
StageInput = Annotated[
    Input | None,
    Field(description="How the question enters in this stage (null: as in the system)."),
]
ExampleCount = Annotated[
    Positive | None,
    Field(description="Examples used, drawn over all languages alike (null: all)."),
]
LearningRate = Annotated[
    float,
    Field(gt=0, allow_inf_nan=False),
    BeforeValidator(real_number),
]
PEAK = "Peak learning rate; in language modelling also one for each module that learns."
WeightDecay = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(real_number)]
NUMBER, BY_NAME = "(number)", "(by module)"  # no keys: `messages.explain` leaves them out


def _kind_of_value(value: Any) -> str:
    return BY_NAME if isinstance(value, Mapping) else NUMBER


Rates = Annotated[
    Annotated[LearningRate, Tag(NUMBER)] | Annotated[dict[Module, LearningRate], Tag(BY_NAME)],
    Discriminator(_kind_of_value),
    Field(description=PEAK),
]
Decays = Annotated[
    Annotated[WeightDecay, Tag(NUMBER)] | Annotated[dict[Module, WeightDecay], Tag(BY_NAME)],
    Discriminator(_kind_of_value),
    Field(description="Decoupled weight decay, or one for each module that learns."),
]


class WarmStart(Settings):
    """A stage of regression: aligned encoder states onto the LLM's embeddings of the words they
    stand for.
    """

    objective: Annotated[Literal["warm-start"], OBJECTIVE]
    data: Annotated[Literal["code-switched", "english"], DATA]
    input: StageInput = None
    train: list[Literal["alignment"]] = Field(
        min_length=1, max_length=1, description="Modules that learn; the rest is frozen."
    )
    examples: ExampleCount = None
    steps: Positive = Field(description="Optimisation steps (warm-start alone).")
    batch: Positive = Field(16, description="Encoder tokens in a step.")
    learning_rate: LearningRate = Field(description=PEAK)

    @property
    def parts(self) -> list[tuple[str, str | None]]:
        """Every data set beside the English questions, with its prompt: a warm start asks no LLM,
        so it has none.
        """
        return [] if self.data == "english" else [(self.data, None)]

    def identity(self) -> dict[str, Any]:
        """What of these settings enters the stage's id, beside the values that a warm start had
        when one type served both objectives: checkpoints of then are found again.
        """
        return {
            **self.model_dump(exclude=NOT_IN_IDS),
            "prompt": None,
            "epochs": 1,
            "freeze_embeddings": False,
            "freeze_layers": 0,
            "lora_rank": 16,
            "lora_alpha": 32.0,
            "schedule": "constant",
            "warmup": 0.0,
            "weight_decay": 0.0,
            "noise": 0.0,
        }


class LanguageModelling(Settings):
    """A stage of language modelling: the response's negative log-likelihood over the chosen
    modules.
    """

    objective: Annotated[Literal["language-modelling"], OBJECTIVE]
    data: Annotated[Name | list[Name], DATA]
    input: StageInput = None
    train: list[Module] = Field(min_length=1, description="Modules that learn; the rest is frozen.")
    prompt: Name | list[Name] = Field(
        description="Prompt of `prompts`, or one for each of `data` (language-modelling alone)."
    )
    epochs: Positive = Field(1, description="Passes over the data.")
    examples: ExampleCount = None
    batch: Positive = Field(16, description="Global batch, in examples.")
    micro_tokens: Positive | None = Field(
        None,
        description=(
            "Tokens in a device's memory at once, or one example (null: as many as fit a GPU, 1536"
            " on a processor); changes speed, memory and rounding."
        ),
    )
    gradient_checkpointing: Annotated[
        Literal["auto", True, False], BeforeValidator(truth_or_word)
    ] = Field(
        "auto",
        description=(
            "Compute activations twice instead of keeping them: less memory, a third slower; auto:"
            " where a GPU holds too few tokens without."
        ),
    )
    optim: Literal["adamw", "adamw-8bit"] = Field(
        "adamw",
        description=(
            "Optimiser; adamw-8bit keeps its moments in 8 bits, 6 bytes a parameter less (the"
            " package torchao)."
        ),
    )
    four_bit: bool = Field(
        False,
        description=(
            "Where adapters learn, hold the frozen LLM in 4 bits, an eighth of float32 (QLoRA; the"
            " package bitsandbytes, a GPU)."
        ),
    )
    freeze_embeddings: bool = Field(
        False,
        description=(
            "Where the LLM learns, its token embeddings stay: a fifth of a small LLM's weights and"
            " memory."
        ),
    )
    freeze_layers: Annotated[int, Field(ge=0), BeforeValidator(real_number)] = Field(
        0,
        description=(
            "Where the LLM learns, as many of its first layers stay: nothing is propagated back"
            " through them."
        ),
    )
    lora_rank: Positive = Field(16, description="Rank of the adapters of `llm-lora`.")
    lora_alpha: Annotated[float, BeforeValidator(real_number)] = Field(
        32.0, gt=0, allow_inf_nan=False, description="Scale of the adapters, over their rank."
    )
    magnitude: bool = Field(
        False,
        description=(
            "Whether the adapters of `llm-lora` also learn the length of each row of the weights"
            " (DoRA)."
        ),
    )
    learning_rate: Rates
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant", description="Course of the learning rate after the warm-up."
    )
    warmup: Share = Field(0.0, description="Share of the steps in which the learning rate rises.")
    weight_decay: Decays = 0.0
    noise: Annotated[float, BeforeValidator(real_number)] = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "Gaussian noise on the aligned states in training, in deviations of the LLM's"
            " embeddings."
        ),
    )

    @property
    def adapters(self) -> dict[str, Any]:
        """The settings of `model.lora.adapt`; magnitude is named where it is learnt."""
        adapters = {"rank": self.lora_rank, "alpha": self.lora_alpha}
        return {**adapters, "magnitude": True} if self.magnitude else adapters

    @property
    def rates(self) -> dict[str, float]:
        """The peak learning rate of each module that learns."""
        return self._by_module("learning_rate")

    @property
    def decays(self) -> dict[str, float]:
        """The weight decay of each module that learns."""
        return self._by_module("weight_decay")

    def _by_module(self, key: str) -> dict[str, float]:
        values = getattr(self, key)
        each = values if isinstance(values, dict) else dict.fromkeys(self.train, values)
        return {module: each[module] for module in self.train}

    @property
    def parts(self) -> list[tuple[str, str | None]]:
        """Every data set with its prompt; monolingual text has none."""
        data = [self.data] if isinstance(self.data, str) else self.data
        prompts = self.prompt if isinstance(self.prompt, list) else [self.prompt] * len(data)
        named = zip(data, prompts, strict=True)
        return [(part, None if part == MONOLINGUAL else prompt) for part, prompt in named]

    def identity(self) -> dict[str, Any]:
        """What of these settings enters the stage's id: all that determines its result."""
        later = {name for name in LATER_SETTINGS if getattr(self, name) == LATER_SETTINGS[name]}
        return {**self.model_dump(exclude=NOT_IN_IDS | later), "steps": None}

    @model_validator(mode="after")
    def _a_value_for_each_module(self) -> "LanguageModelling":
        for key in BY_MODULE:
            values = getattr(self, key)
            if not isinstance(values, dict):
                continue
            for module in values:
                if module not in self.train:
                    raise ValueError(
                        f"{key}: names {module}, which does not learn here; train lists"
                        f" {', '.join(self.train)}"
                    )
            for module in self.train:
                if module not in values:
                    raise ValueError(f"{key}: names no value for {module}, which train lists")
        return self

    @model_validator(mode="after")
    def _fits(self) -> "LanguageModelling":
        data = [self.data] if isinstance(self.data, str) else self.data
        if not data or len(set(data)) != len(data):
            raise ValueError("data: lists nothing, or one data set twice")
        if {"llm", "llm-lora"} <= set(self.train):
            raise ValueError("train: llm or llm-lora, not both")
        if self.four_bit and "llm-lora" not in self.train:
            raise ValueError("four_bit: only for a stage that trains llm-lora")
        if self.four_bit and self.magnitude:
            raise ValueError(
                "magnitude: measures the rows of weights that are not rounded; set four_bit to"
                " false, or leave magnitude out"
            )
        if isinstance(self.prompt, list) and len(self.prompt) != len(data):
            raise ValueError(
                f"prompt: {len(self.prompt)} prompts for {len(data)} data sets; give one, or one"
                " for each"
            )
        return self


CODE_SWITCHED, MONOLINGUAL = "code-switched", "monolingual"
"""Data of a stage that no task holds: texts in the aligned languages, a table each."""
BY_MODULE = ("learning_rate", "weight_decay")
"""Settings of a stage that are one number, or one for each module."""
NOT_IN_IDS = {"micro_tokens", "gradient_checkpointing", "input"}
"""Settings of speed and memory; `input` enters an id as the layout that it leads to."""
LATER_SETTINGS: dict[str, Any] = {"optim": "adamw", "four_bit": False, "magnitude": False}
"""Settings that came later, by the values that stages had before them, which enter no id."""
Stage = Annotated[WarmStart | LanguageModelling, Field(discriminator="objective")]
"""One training stage; its objective says which settings it has."""


def with_overrides(stage: Stage, overrides: Mapping[str, Any], origin: str) -> Stage:
    """A stage with a system's own settings over it; a mistake becomes one line that begins with
    `origin`.

    A rate for some modules leaves the stage's own number to the others that learn.
    """
    before = stage.model_dump()
    values = {**stage.model_dump(exclude_unset=True), **overrides}
    for key in BY_MODULE:
        default, override = before.get(key), overrides.get(key)
        if isinstance(default, float) and isinstance(override, Mapping):
            values[key] = dict.fromkeys(values["train"], default) | dict(override)
    try:
        return TypeAdapter[Stage](Stage).validate_python(values)
    except ValidationError as error:
        raise LinguaLiftError(explain(error, Stage, origin)) from None


class WorkedExamples(Settings):
    """Solved English questions that a prompt begins with."""

    task: Name = Field(description="Task of `tasks` that they are drawn from: training data alone.")
    count: Positive = Field(default=8, description="How many.")


class System(Settings):
    """A system: how the question enters, and the chain of stages that trains it."""

    title: Line = Field(description="Its name in the tables.")
    input: Input = Field(
        description=(
            "How the question enters: as text, as encoder states after the instruction (equation"
            " (4)), before it or in its place, or as both."
        )
    )
    stages: list[Name | dict[Name, dict[str, Any]]] = Field(
        description=(
            "Stage names; {name: {key: value}} overrides a stage's settings. None: a published"
            " model as it is."
        )
    )
    llm: dict[str, Any] = Field({}, description="Settings of `llm` that differ for this system.")
    encoder: dict[str, Any] = Field(
        {}, description="Settings of `encoder` that differ for this system."
    )
    alignment: dict[str, Any] = Field(
        {}, description="Settings of `alignment` that differ for this system."
    )
    codeswitch: dict[str, Any] = Field(
        {}, description="Settings of `codeswitch` that differ for this system."
    )
    translate: Literal[True, False, "llm"] = Field(
        False,
        description=(
            "Whether the benchmark's questions are first translated into English, by an engine"
            " (`translation`) or, `llm`, by the untrained LLM itself."
        ),
    )
    examples: WorkedExamples | None = Field(
        None, description="Worked English examples that stand before every question (null: none)."
    )
    prompt: Name | None = Field(
        None,
        description=(
            "Prompt it is asked with (null: its last stage's on a task of the benchmark's kind)."
        ),
    )
    kind: Kind | None = Field(
        None,
        description=(
            "Kind of benchmark that it is asked (null: that of its last task; without stages, all)."
        ),
    )
    follows: str = Field(
        "", description="What it is made after: a repository and its files, or a part of the paper."
    )
    note: str = Field("", description="For readers of the file.")

    @model_validator(mode="after")
    def _one_name(self) -> "System":
        if any(isinstance(entry, dict) and len(entry) != 1 for entry in self.stages):
            raise ValueError("stages: an entry is a stage's name or {name: {key: value}}")
        return self
