"""Settings of languages, text, word vectors, lexicons, code-switched text and task data."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from lingualift.config.base import Code, Line, Name, Positive, Seed, Settings, Share, real_number


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
            "Word lists with frequencies; the first that knows a language adds to its vocabulary."
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

    preset: Literal["own", "muse"] = Field(
        default="own",
        description=(
            "muse: MUSE's schedule exactly, refinement included; own: with the refinement and the"
            " comparison that other starts have."
        ),
    )

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

    @model_serializer(mode="wrap")
    def _written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the default of `preset`: ids of stages hash what is written, and are older."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if (name, value) != PRESET}


PRESET = ("preset", "own")


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
            "Runs of each stochastic start (without the encoder start up to five, of the adversary"
            " alone three, until two agree)."
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
    minimum_score: (
        Annotated[float, Field(allow_inf_nan=False), BeforeValidator(real_number)] | None
    ) = Field(None, description="Keep only pairs with at least this score.")
    gold: Name | list[Name] | None = Field(
        None, description="Sources of gold dictionaries, one or several, for reporting only."
    )

    @property
    def gold_sources(self) -> list[str]:
        """The sources of gold dictionaries as a list."""
        return [self.gold] if isinstance(self.gold, str) else self.gold or []


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


Kind = Literal["maths", "nli", "commonsense", "topic"]


class Task(Settings):
    """Task data, English alone or in several languages, and parallel text."""

    source: Name | list[Name] = Field(
        description=(
            "`word-problems`, `unreadable-problems` or `arithmetic` (generated here), or one or"
            " more keys of config/sources.yaml."
        )
    )
    kind: Literal["maths", "nli", "commonsense", "topic", "translation"] = Field(
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
    without: list[Name] = Field(
        [], description="Benchmarks whose questions are left out, counted in the job's log."
    )

    @model_serializer(mode="wrap")
    def _written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without an empty `without`: ids of stages hash what is written, and are older."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if (name, value) != ("without", [])}

    @property
    def sources(self) -> list[str]:
        """The sources as a list."""
        return [self.source] if isinstance(self.source, str) else self.source
