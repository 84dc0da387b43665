"""Typed configuration: the one place where a setting is named, defaulted and checked.

`config/config.yaml` and overlays are merged by Snakemake; `load` turns the merged dictionary into a
`Config` or raises one line that names the key. The JSON schema (`python -m lingualift.config >
config/schema.json`) is generated from these models.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from lingualift.config.alternatives import Alternatives
from lingualift.config.base import (
    Code,
    Folder,
    Line,
    Name,
    Positive,
    Seed,
    Settings,
    Share,
    real_number,
)
from lingualift.config.data import (
    AdversarySettings,
    CodeSwitch,
    Corpus,
    FastText,
    Kind,
    Languages,
    LexiconSettings,
    Task,
    Vocabulary,
)
from lingualift.config.evaluation import (
    Compute,
    Evaluation,
    MmwpBuilt,
    OwnBenchmark,
    Tables,
    Translation,
)
from lingualift.config.models import Alignment, EncoderModel, Model, PromptText
from lingualift.config.training import (
    CODE_SWITCHED,
    MONOLINGUAL,
    NOT_IN_IDS,
    OBJECTIVE,
    ExampleCount,
    Input,
    LanguageModelling,
    LearningRate,
    Stage,
    StageInput,
    System,
    WarmStart,
    WorkedExamples,
    with_overrides,
)
from lingualift.messages import LinguaLiftError, explain

__all__ = [
    "CODE_SWITCHED",
    "MONOLINGUAL",
    "NOT_IN_IDS",
    "OBJECTIVE",
    "AdversarySettings",
    "Alignment",
    "Alternatives",
    "Code",
    "CodeSwitch",
    "Compute",
    "Config",
    "Corpus",
    "EncoderModel",
    "Evaluation",
    "ExampleCount",
    "FastText",
    "Folder",
    "Input",
    "Kind",
    "LanguageModelling",
    "Languages",
    "LearningRate",
    "LexiconSettings",
    "Line",
    "MmwpBuilt",
    "Model",
    "Name",
    "OwnBenchmark",
    "Positive",
    "PromptText",
    "Seed",
    "Settings",
    "Share",
    "Stage",
    "StageInput",
    "System",
    "Tables",
    "Task",
    "Translation",
    "Vocabulary",
    "WarmStart",
    "WorkedExamples",
    "load",
    "real_number",
    "with_overrides",
]


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
        "auto",
        description=(
            "auto: bfloat16 where the processor or GPU multiplies it in hardware. Kernels of"
            " bfloat16 round otherwise on another processor; float32 kept every answer (page of"
            " results, Limits)."
        ),
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
        min_length=1,
        description=(
            "Systems of config/systems/*.yaml that are trained and evaluated; `alternatives` stands"
            " for all rows of that group."
        ),
    )
    alternatives: Alternatives = Alternatives()
    benchmarks: dict[Name, Name | OwnBenchmark] = Field(
        min_length=1,
        description=(
            "Table name: benchmark that fills it, by its name, or one of your own by its `files`,"
            " `kind` and `groups`."
        ),
    )
    translation: Translation = Translation()
    mmwp_built: MmwpBuilt = MmwpBuilt()
    evaluation: Evaluation
    tables: Tables = Tables()

    @property
    def benchmark_names(self) -> dict[str, str]:
        """Table name: name of the benchmark that fills it; your own has that of its table."""
        return {
            table: table if isinstance(benchmark, OwnBenchmark) else benchmark
            for table, benchmark in self.benchmarks.items()
        }

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


def load_config(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Check merged configuration values; the first mistake becomes one line naming its key and the
    nearest known one.
    """
    try:
        return Config.model_validate(dict(values))
    except ValidationError as error:
        raise LinguaLiftError(explain(error, Config, origin)) from None
