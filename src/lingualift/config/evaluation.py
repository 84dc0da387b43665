"""Settings of what a job asks a machine for, of evaluation, translation and tables."""

import re
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
)

from lingualift.config.base import Code, Folder, Line, Name, Positive, Settings, real_number


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
        description="Questions translated at once; changes speed, memory and rounding.",
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
    bound: Annotated[float, BeforeValidator(real_number)] = Field(
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
        description="Sentences translated at once; changes speed, memory and rounding.",
    )


class Compute(Settings):
    """What jobs ask a scheduler for."""

    gpus: Annotated[int, Field(ge=0), BeforeValidator(real_number)] = Field(
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

    keep_checkpoints: bool = Field(
        default=True,
        description=(
            "Whether a trained stage's checkpoint stays once every stage and answer that reads it"
            " is made (false: it is deleted, and trained again when it is next needed)."
        ),
    )


class Evaluation(Settings):
    """Generation."""

    split: Literal["test", "dev"] = Field(
        "test", description="Benchmark split; use dev to choose settings, never test."
    )
    max_new_tokens: Positive = Field(description="Longest answer, in tokens.")
    batch: Positive | None = Field(
        None,
        description=(
            "Problems answered at once, at most (null: as many as a GPU holds, 128 or 2 GB on a"
            " processor); changes speed, memory and rounding."
        ),
    )
    engine: Literal["transformers", "vllm"] = Field(
        "transformers",
        description=(
            "What generates: this project's loop, or vLLM in an environment of its own, on a GPU."
        ),
    )
    choices: Literal["generation", "likelihood"] = Field(
        "generation",
        description=(
            "Multiple choice: the choice that the answer names, as in the paper, or the likeliest"
            " one."
        ),
    )
    retrieval_layer: Annotated[int, Field(ge=0), BeforeValidator(real_number)] | None = Field(
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

    def generates(self, answer: str) -> bool:
        """Whether a benchmark's kind of answer is generated; of others likelihoods or states are
        read.
        """
        return answer == "number" or (answer == "choice" and self.choices == "generation")


class OwnBenchmark(Settings):
    """A benchmark of your own, by its files (`benchmarks/own.py` says which columns they have)."""

    files: Line = Field(
        description="Path with {lang} of files of questions: .tsv, .csv or .jsonl, one a language."
    )
    kind: Literal["maths", "nli", "commonsense"] = Field(
        description="Kind of its questions, and so the prompt and the systems."
    )
    groups: dict[Name, list[Code]] = Field(
        min_length=1, description="Its languages by the group that tables average them in."
    )

    @field_validator("files")
    @classmethod
    def _one_a_language(cls, files: str) -> str:
        if "{lang}" not in files or re.search(r"[{}]", files.replace("{lang}", "")):
            raise ValueError(
                "needs {lang}, and no other braces, where the language code goes, as in"
                " my/{lang}.tsv"
            )
        if not files.endswith((".tsv", ".csv", ".jsonl")):
            raise ValueError("unknown format of a benchmark's file; known: .csv, .jsonl, .tsv")
        return files

    def path(self, language: str) -> str:
        """The file of a language."""
        return self.files.replace("{lang}", language)


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
    sentences: Name = Field(
        default="mmwp-mini",
        description=(
            "Benchmark whose parallel sentences the paper's Figure 5 shows (sib200-sentences:"
            " Flores' sentences)."
        ),
    )
