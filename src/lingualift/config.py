"""Typed configuration: the one place where a setting is named, defaulted and checked.

`config/config.yaml` and overlays are merged by Snakemake; `load` turns the merged dictionary into a
`Config` or raises one line that names the key. The JSON schema (`python -m lingualift.config >
config/schema.json`) is generated from these models.
"""

import json
import re
import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from lingualift.errors import CODE, LINE, NAME, LinguaLiftError, explain

Name = Annotated[str, StringConstraints(pattern=NAME)]
"""Names become parts of paths: lower-case letters, digits, '.', '_', '-' alone."""
Code = Annotated[str, StringConstraints(pattern=CODE)]
Line = Annotated[str, StringConstraints(pattern=LINE)]


def _folder(path: str) -> str:
    if (
        re.search(r"[][{}*?$`\"'\\;|&<>]", path)
        or path.startswith(("-", "~"))
        or max(map(len, path.encode().split(b"/"))) > 200
    ):
        raise ValueError(
            "not a plain folder (quotes, brackets and *?$`\\;|&<> do not belong in it, nor does it"
            " begin with '-' or '~')"
        )
    return path


Folder = Annotated[Line, AfterValidator(_folder)]
"""Folders become parts of rules, where Snakemake reads braces, and of command lines."""


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {value}")
    return value


Share = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1)]
Positive = Annotated[int, BeforeValidator(_number), Field(ge=1)]
Seed = Annotated[int, BeforeValidator(_number), Field(ge=0, le=2**31 - 1)]


class Settings(BaseModel):
    """A group of settings; unknown keys are refused.

    Text that spells a number, a truth value or null is read as such, for so the command line
    delivers what stands below the first level.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _nulls(cls, values: Any) -> Any:
        return (
            {key: None if value == "null" else value for key, value in values.items()}
            if isinstance(values, dict)
            else values
        )


class Languages(Settings):
    """Which languages are aligned, and which are evaluated."""

    alignment: list[Code] = Field(
        description="Languages that get a lexicon and code-switched text (never en)."
    )
    evaluation: list[Code] = Field(min_length=1, description="Languages that are evaluated.")
    collapsed: Literal["leave-out", "fail", "supervised"] = Field(
        "leave-out",
        description=(
            "What a collapsed lexicon means: leave the language out of stage 1 and say so, stop the"
            " run, or align again from lexicon.seed_dictionary (left out where that fails too or"
            " the language has none)."
        ),
    )


class Corpus(Settings):
    """Monolingual text."""

    source: Name | list[Name] | None = Field(
        description=(
            "Keys of config/sources.yaml: a language's text is that of all that hold it (null with"
            " pretrained vectors: their words and the questions' make the vocabulary)."
        )
    )
    max_sentences: Positive | None = Field(
        None, description="Use only the first so many sentences."
    )

    @property
    def sources(self) -> list[str]:
        """The sources as a list."""
        return [self.source] if isinstance(self.source, str) else self.source or []


class Vocabulary(Settings):
    """Which words take part in alignment."""

    wordlists: list[Literal["wordfreq", "cldr"]] = Field(
        description=(
            "Word lists with frequencies added to the corpus vocabulary, where they know the"
            " language."
        )
    )
    size: Positive = Field(description="Target words a language, most frequent first.")
    source_size: Positive = Field(
        description=(
            "English words, most frequent first (words of the task's questions always stay)."
        )
    )
    stop_words: bool = Field(False, description="Keep English stop words in the source vocabulary.")


class FastText(Settings):
    """fastText vectors: trained on the corpus, or published ones."""

    pretrained: Name | None = Field(
        None,
        description=(
            "Source of published vectors, one file a language (null: train them; else the settings"
            " of training are unused)."
        ),
    )
    max_words: Positive = Field(
        200000, description="Words kept of published vectors, most frequent first."
    )
    malformed: Literal["skip", "refuse"] = Field(
        "skip",
        description=(
            "Malformed lines of published vectors: leave them out with a warning that names them,"
            " or stop."
        ),
    )
    dimension: Positive = Field(
        description="Dimensions of a vector; published vectors must have them."
    )
    epochs: Positive = Field(description="Passes over the corpus.")
    min_count: Positive = Field(description="Rarer words get no vector.")


class AdversarySettings(Settings):
    """The adversarial start (Lample et al. 2018); the defaults are the paper's."""

    epochs: Positive = Field(
        default=5, description="Epochs; the best by the unsupervised criterion is kept."
    )
    steps: Positive = Field(
        default=31250,
        description="Steps of the map in an epoch, five of the discriminator to each.",
    )
    batch: Positive = Field(default=32, description="Words of each language in a step.")
    hidden: Positive = Field(
        default=2048, description="Units of each of the discriminator's two hidden layers."
    )


class LexiconSettings(Settings):
    """Unsupervised alignment and retrieval."""

    starts: list[
        Literal["similarity", "identical", "numerals", "adversarial", "seed", "encoder"]
    ] = Field(
        min_length=1,
        description=(
            "Starts that are tried; the best by unsupervised evidence is kept (`seed` alone is"
            " supervised)."
        ),
    )
    restarts: Positive = Field(
        1,
        description=(
            "Runs of each stochastic start (without the encoder start up to five, until two agree)."
        ),
    )
    use_frequencies: bool = Field(
        True,
        description=(
            "Words that translate each other are about equally frequent: let that guide starts,"
            " learning, scores and weights."
        ),
    )
    adversarial: AdversarySettings = AdversarySettings()
    seed_dictionary: Line | None = Field(
        None,
        description=(
            "Path with {lang} of seed dictionaries (an English and a foreign word a line), for the"
            " start `seed` and `languages.collapsed`."
        ),
    )
    reweight: bool = Field(
        False,
        description=(
            "Re-weight the mapped fastText spaces by the strength of their directions (VecMap)."
        ),
    )
    encoder_layers: list[Positive] = Field(
        description="Encoder layers whose states are joined for the encoder start."
    )
    neighbourhood: Positive = Field(10, description="k of CSLS.")
    top_k: Positive = Field(5, description="Translations kept for each word.")
    mutual_only: bool = Field(False, description="Keep only pairs that are each other's best.")
    minimum_score: Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)] | None = (
        Field(None, description="Keep only pairs with at least this score.")
    )
    gold: Name | None = Field(None, description="Source of gold dictionaries, for reporting only.")


class CodeSwitch(Settings):
    """Code-switched text (section 3.2)."""

    ratio: Share = Field(description="Share of the substitutable words that is replaced.")
    pos: Name = Field("all", description="POS preset whose words may be replaced.")
    choice: Literal["best", "sampled"] = Field(
        "best", description="Which of the top-k translations is used."
    )
    top_k: Positive = Field(1, description="Translations that may be used.")
    task: Name = Field(description="Task whose questions are code-switched.")
    queries: Positive | None = Field(
        None, description="Queries that are code-switched for each language (null: all)."
    )


Kind = Literal["maths", "nli", "commonsense"]


class Task(Settings):
    """Task data, English alone or in several languages, and parallel text."""

    source: Name | list[Name] = Field(
        description=(
            "`word-problems` or `arithmetic` (generated here), or one or more keys of"
            " config/sources.yaml."
        )
    )
    kind: Literal["maths", "nli", "commonsense", "translation"] = Field(
        "maths",
        description=(
            "Which benchmarks systems trained on it are evaluated on; translation: parallel text"
            " into English, none."
        ),
    )
    languages: list[Code] | None = Field(
        None, description="Languages read from multilingual sources (null: English alone)."
    )
    examples: Positive | None = Field(
        None,
        description="Examples used, of each language (null: all; required for generated ones).",
    )
    seed: Seed = Field(1, description="Seed of generated problems.")

    @property
    def sources(self) -> list[str]:
        """The sources as a list."""
        return [self.source] if isinstance(self.source, str) else self.source


class Model(Settings):
    """A pretrained model."""

    source: Name = Field(description="Key of config/sources.yaml.")
    layer: Positive | None = Field(
        None, description="Hidden layer used (null: the model's own last hidden state)."
    )


class EncoderModel(Model):
    """The multilingual encoder, and how its states are read."""

    layers: list[Positive] | None = Field(
        None,
        min_length=2,
        description=(
            "Hidden layers whose states are joined to one, in the place of `layer` (null: one layer"
            " alone)."
        ),
    )
    split_digits: Literal["auto", True, False] = Field(
        "auto",
        description=(
            "Whether the encoder reads every digit of a number as a token of its own; auto: where"
            " the LLM does and the encoder would not."
        ),
    )

    @field_validator("split_digits", mode="before")
    @classmethod
    def _truth(cls, value: Any) -> Any:
        return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_choice_of_layers(self) -> "EncoderModel":
        if self.layers is not None and self.layer is not None:
            raise ValueError("layers: give layer or layers, not both; set the other to null")
        if self.layers is not None and self.layers != sorted(set(self.layers)):
            raise ValueError("layers: name each layer once, the lowest first")
        return self


class Alignment(Settings):
    """The alignment layer (equation (2))."""

    layers: Annotated[int, BeforeValidator(_number), Field(ge=1, le=3)] = Field(
        2, description="Linear layers."
    )
    activation: Literal["gelu", "relu"] = Field("gelu", description="Between the layers.")
    normalise: bool = Field(description="Standardise and clip the encoder's dimensions first.")


class PromptText(Settings):
    """A prompt; its `instruction` remains when the question enters through the encoder."""

    template: str = Field(
        description=(
            "Prompt with one {question} slot; {source} and {target} stand for the question's"
            " language and English."
        )
    )
    instruction: str | None = Field(
        None,
        description=(
            "What remains when the question enters through the encoder (null: the template without"
            " it)."
        ),
    )

    @model_validator(mode="after")
    def _one_slot(self) -> "PromptText":
        if self.template.count("{question}") != 1:
            raise ValueError("needs exactly one {question} slot")
        return self


Input = Literal["text", "encoder", "encoder-first", "both"]


OBJECTIVE = Field(
    description=(
        "Regression onto the LLM's word embeddings, or negative log-likelihood (equations (5)"
        " and (6))."
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
    BeforeValidator(_number),
    Field(gt=0, allow_inf_nan=False, description="Peak learning rate."),
]


class WarmStart(Settings):
    """A stage of regression: aligned encoder states onto the LLM's embeddings of the words they
    stand for.
    """

    objective: Annotated[Literal["warm-start"], OBJECTIVE]
    data: Literal["code-switched"] = Field(
        description="`code-switched`, or a task of `tasks`; several are mixed."
    )
    input: StageInput = None
    train: list[Literal["alignment"]] = Field(
        min_length=1, max_length=1, description="Modules that learn; the rest is frozen."
    )
    examples: ExampleCount = None
    steps: Positive = Field(description="Optimisation steps (warm-start alone).")
    batch: Positive = Field(16, description="Encoder tokens in a step.")
    learning_rate: LearningRate

    @property
    def parts(self) -> list[tuple[str, str | None]]:
        """Every data set with its prompt: a warm start asks no LLM, so it has none."""
        return [(self.data, None)]

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
    data: Name | list[Name] = Field(
        description="`code-switched`, or a task of `tasks`; several are mixed."
    )
    input: StageInput = None
    train: list[Literal["alignment", "boundary", "llm", "encoder", "llm-lora"]] = Field(
        min_length=1, description="Modules that learn; the rest is frozen."
    )
    prompt: Name | list[Name] = Field(
        description="Prompt of `prompts`, or one for each of `data` (language-modelling alone)."
    )
    epochs: Positive = Field(1, description="Passes over the data.")
    examples: ExampleCount = None
    batch: Positive = Field(16, description="Global batch, in examples.")
    micro_batch: Positive | None = Field(
        None,
        description=(
            "Examples in memory at once (null: as many as fit); changes no result but speed and"
            " memory."
        ),
    )
    gradient_checkpointing: bool = Field(
        False, description="Compute activations twice instead of keeping them: less memory, slower."
    )
    freeze_embeddings: bool = Field(
        False,
        description=(
            "Where the LLM learns, its token embeddings stay: a fifth of a small LLM's weights and"
            " memory."
        ),
    )
    freeze_layers: int = Field(
        0,
        ge=0,
        description=(
            "Where the LLM learns, as many of its first layers stay: nothing is propagated back"
            " through them."
        ),
    )
    lora_rank: Positive = Field(16, description="Rank of the adapters of `llm-lora`.")
    lora_alpha: Annotated[float, BeforeValidator(_number)] = Field(
        32.0, gt=0, allow_inf_nan=False, description="Scale of the adapters, over their rank."
    )
    learning_rate: LearningRate
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant", description="Course of the learning rate after the warm-up."
    )
    warmup: Share = Field(0.0, description="Share of the steps in which the learning rate rises.")
    weight_decay: Annotated[float, BeforeValidator(_number)] = Field(
        0.0, ge=0, allow_inf_nan=False, description="Decoupled weight decay."
    )
    noise: Annotated[float, BeforeValidator(_number)] = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "Gaussian noise on the aligned states in training, in deviations of the LLM's"
            " embeddings."
        ),
    )

    @property
    def parts(self) -> list[tuple[str, str | None]]:
        """Every data set with its prompt."""
        data = [self.data] if isinstance(self.data, str) else self.data
        prompts = self.prompt if isinstance(self.prompt, list) else [self.prompt] * len(data)
        return list(zip(data, prompts, strict=True))

    def identity(self) -> dict[str, Any]:
        """What of these settings enters the stage's id: all that determines its result."""
        return {**self.model_dump(exclude=NOT_IN_IDS), "steps": None}

    @model_validator(mode="after")
    def _fits(self) -> "LanguageModelling":
        data = [self.data] if isinstance(self.data, str) else self.data
        if not data or len(set(data)) != len(data):
            raise ValueError("data: lists nothing, or one data set twice")
        if {"llm", "llm-lora"} <= set(self.train):
            raise ValueError("train: llm or llm-lora, not both")
        if isinstance(self.prompt, list) and len(self.prompt) != len(data):
            raise ValueError(
                f"prompt: {len(self.prompt)} prompts for {len(data)} data sets; give one, or one"
                " for each"
            )
        return self


NOT_IN_IDS = {"micro_batch", "gradient_checkpointing", "input"}
"""Settings of speed and memory; `input` enters an id as the layout that it leads to."""
Stage = Annotated[WarmStart | LanguageModelling, Field(discriminator="objective")]
"""One training stage; its objective says which settings it has."""


def with_overrides(stage: Stage, overrides: Mapping[str, Any], origin: str) -> Stage:
    """A stage with a system's own settings over it; a mistake becomes one line that begins with
    `origin`.
    """
    values = {**stage.model_dump(exclude_unset=True), **overrides}
    try:
        return TypeAdapter[Stage](Stage).validate_python(values)
    except ValidationError as error:
        raise LinguaLiftError(explain(error, Stage, origin)) from None


class System(Settings):
    """A system: how the question enters, and the chain of stages that trains it."""

    title: Line = Field(description="Its name in the tables.")
    input: Input = Field(
        description=(
            "How the question enters: as text, as encoder states after the instruction (equation"
            " (4)) or before it, or as both."
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
    translate: bool = Field(
        False,
        description=(
            "Whether the benchmark's questions are first translated into English (`translation`)."
        ),
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
    note: str = Field("", description="For readers of the file.")

    @model_validator(mode="after")
    def _one_name(self) -> "System":
        if any(isinstance(entry, dict) and len(entry) != 1 for entry in self.stages):
            raise ValueError("stages: an entry is a stage's name or {name: {key: value}}")
        return self


class Translation(Settings):
    """Machine translation of benchmark questions into English, for systems with `translate`."""

    engines: list[Name] = Field(
        default=["apertium", "nllb-200-3.3b"],
        min_length=1,
        description="Sources of engines; the first that knows a language translates it.",
    )
    without: Literal["fail", "keep"] = Field(
        default="fail",
        description=(
            "What a language that no engine knows means: refuse the configuration, or ask its"
            " questions as they are."
        ),
    )
    batch: Positive = Field(
        default=16,
        description="Questions translated at once; changes no result but speed and memory.",
    )


class MmwpBuilt(Settings):
    """How the benchmark mmwp-built is translated from English, and corrected."""

    engines: list[Name] = Field(
        default=["nllb-200-3.3b", "apertium"],
        min_length=1,
        description=(
            "Sources of engines; the first that translates English into a language does, and the"
            " first that translates back is asked for back-translations."
        ),
    )
    bound: Annotated[float, BeforeValidator(_number)] = Field(
        default=50.0,
        ge=0,
        le=100,
        description="Problems whose back-translation has a chrF below it are flagged.",
    )
    sheets: Folder | None = Field(
        default=None,
        description=(
            "Folder of sheets that annotators have returned (LANGUAGE.tsv, LANGUAGE.xlsx); such a"
            " language is not translated again."
        ),
    )
    batch: Positive = Field(
        default=16,
        description="Sentences translated at once; changes no result but speed and memory.",
    )


class Compute(Settings):
    """What jobs ask a scheduler for."""

    gpus: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description=(
            "GPUs of a training job; encoding and evaluation ask for one of them (0: no job asks"
            " for a GPU)."
        ),
    )
    languages_per_job: Positive = Field(
        default=1,
        description=(
            "Languages that a job encodes (words, problems, code-switched text) or answers: it"
            " loads the models once, redoes all."
        ),
    )


class Evaluation(Settings):
    """Generation."""

    split: Literal["test", "dev"] = Field(
        "test", description="Benchmark split; use dev to choose settings, never test."
    )
    max_new_tokens: Positive = Field(description="Longest answer, in tokens.")
    batch: Positive = Field(
        description="Problems answered at once; changes no result but speed and memory."
    )
    choices: Literal["generation", "likelihood"] = Field(
        "generation",
        description=(
            "Multiple choice: the choice that the answer names, as in the paper, or the likeliest"
            " one."
        ),
    )
    retrieval_layer: Annotated[int, Field(ge=0)] | None = Field(
        None,
        description=(
            "LLM layer whose mean hidden states retrieve translations (null: the middle one; 0: its"
            " input)."
        ),
    )
    sources: dict[Name, Name] = Field(
        {},
        description=(
            "Benchmark: the source its files come from, where it is not the benchmark's first."
        ),
    )
    excerpts: list[Name] = Field(
        [], description="Benchmarks of which your files are known to hold a part alone."
    )
    items: Positive | None = Field(
        None,
        description=(
            "Problems asked in each language, spread evenly (null: all): a trial, not the"
            " benchmark's figure."
        ),
    )


class Tables(Settings):
    """Result tables."""

    bootstrap: Positive = Field(default=10000, description="Bootstrap resamples for intervals.")
    reference: Name | None = Field(
        default=None,
        description=(
            "System that all others are tested against (null, or where it is not in a table: the"
            " table's first)."
        ),
    )


class Config(Settings):
    """The whole configuration."""

    resources: Folder = Field(
        "resources",
        description="Folder of downloads and prepared models; several projects may share it.",
    )
    pins: dict[str, str] = Field(
        {},
        description="Pins that only you can supply: {source: hub commit} or {source/file: sha256}.",
    )
    precision: Literal["auto", "bfloat16", "float32"] = Field(
        "auto", description="auto: bfloat16 where the processor or GPU multiplies it in hardware."
    )
    mirror: Folder | None = Field(
        None, description="Folder that holds the sources; used before any network."
    )
    offline: bool = Field(False, description="Never touch the network.")
    seeds: list[Seed] = Field(
        min_length=1, description="One full training run a seed; tables average them."
    )
    compute: Compute = Compute()
    languages: Languages
    corpus: Corpus
    vocabulary: Vocabulary
    fasttext: FastText
    lexicon: LexiconSettings
    tagger: Name = Field(
        description="spaCy pipeline that tags the English questions; a key of config/sources.yaml."
    )
    codeswitch: CodeSwitch
    tasks: dict[Name, Task] = Field(min_length=1)
    llm: Model
    encoder: EncoderModel
    alignment: Alignment
    prompts: dict[Name, PromptText]
    stages: dict[Name, Stage]
    systems: list[Name] = Field(
        min_length=1, description="Systems of config/systems/*.yaml that are trained and evaluated."
    )
    benchmarks: dict[Name, Name] = Field(
        min_length=1, description="Table name: benchmark that fills it."
    )
    translation: Translation = Translation()
    mmwp_built: MmwpBuilt = MmwpBuilt()
    evaluation: Evaluation
    tables: Tables = Tables()

    @field_validator("pins", "tasks", "prompts", "stages", "benchmarks", mode="before")
    @classmethod
    def _without_removed(cls, entries: Any) -> Any:
        """Overlays are merged key by key, so an entry of the base configuration goes by setting it
        to null.
        """
        return (
            {name: entry for name, entry in entries.items() if entry not in (None, "null")}
            if isinstance(entries, dict)
            else entries
        )

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        if not self.corpus.sources and self.fasttext.pretrained is None:
            raise ValueError(
                "corpus.source: needed to train vectors on; name a corpus, or published vectors in"
                " fasttext.pretrained"
            )
        lists: dict[str, list[Any]] = {
            "languages.alignment": self.languages.alignment,
            "languages.evaluation": self.languages.evaluation,
            "seeds": self.seeds,
            "systems": self.systems,
        }
        for key, entries in lists.items():
            twice = [entry for row, entry in enumerate(entries) if entry in entries[:row]]
            if twice:
                raise ValueError(f"{key}: lists {twice[0]} twice")
        wants_seed = "seed" in self.lexicon.starts or self.languages.collapsed == "supervised"
        if wants_seed and self.lexicon.seed_dictionary is None:
            raise ValueError(
                "lexicon.seed_dictionary: needed by the start `seed` and by languages.collapsed:"
                " supervised"
            )
        if (
            self.lexicon.seed_dictionary is not None
            and "{lang}" not in self.lexicon.seed_dictionary
        ):
            raise ValueError(
                "lexicon.seed_dictionary: needs {lang} where the language code goes, as in"
                " dictionaries/en-{lang}.txt"
            )
        if "en" in self.languages.alignment:
            raise ValueError(
                "languages.alignment: en is the language that the others are aligned to; leave"
                " it out"
            )
        if self.codeswitch.top_k > self.lexicon.top_k:
            raise ValueError(
                f"codeswitch.top_k: lexicon.top_k keeps no more than {self.lexicon.top_k}"
                " translations"
            )
        other_tables = {
            "lexicons": "the lexicons",
            "codeswitch": "the code-switched text",
            "translation": "the translations",
            "mmwp-built-quality": "the quality of mmwp-built",
        }
        for table, content in other_tables.items():
            if table in self.benchmarks:
                raise ValueError(
                    f"benchmarks: '{table}' is the table of {content}; give this table another name"
                )
        return self


def load(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Check merged configuration values; the first mistake becomes one line naming its key and the
    nearest known one.
    """
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        raise LinguaLiftError(explain(error, Config, origin)) from None


if __name__ == "__main__":
    json.dump(Config.model_json_schema(), sys.stdout, indent=1)
    sys.stdout.write("\n")
