"""Tatoeba similarity search (Artetxe and Schwenk 2019): sentences and their English translations,
up to 1,000 a language.

It measures alignment, not answers: each sentence's nearest neighbour among the English ones should
be its translation, and the other way round (appendix E.1, after XTREME). Groups as in MMWP; English
is what all others are compared with.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.benchmarks.files import find, lines, text
from lingualift.errors import LinguaLiftError

BENCHMARK = Benchmark(
    name="tatoeba",
    title="Tatoeba retrieval",
    groups={
        "low": (
            "af",
            "ar",
            "be",
            "bn",
            "eu",
            "hi",
            "hy",
            "is",
            "mk",
            "ml",
            "mr",
            "sk",
            "sw",
            "ta",
            "te",
            "th",
        ),
        "medium": (
            "bg",
            "ca",
            "cs",
            "da",
            "fi",
            "hr",
            "hu",
            "id",
            "ko",
            "nb",
            "pl",
            "pt",
            "ro",
            "sl",
            "sr",
            "uk",
            "vi",
        ),
        "high": ("de", "es", "fr", "it", "ja", "nl", "ru", "sv", "zh"),
        "": ("tr", "ur", "el"),
    },
    prompt=None,
    metric="top-1 retrieval accuracy, both directions",
    licence="CC-BY-2.0-FR",
    citation="Artetxe and Schwenk 2019, TACL",
    answer="neighbour",
    counts={"test": tuple(range(100, 1001))},
    sources=("tatoeba",),
    code="tatoeba",
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Line-parallel sentences; the answer of a sentence is its own number."""
    (foreign,) = find(folders[0], ("**/tatoeba.{code}-eng.{code}",), language, code)
    (english,) = find(folders[0], ("**/tatoeba.{code}-eng.eng",), language, code)
    ours, theirs = list(lines(foreign)), list(lines(english))
    if len(ours) != len(theirs):
        raise LinguaLiftError(
            f"{foreign}: {len(ours)} lines, but {english.name} has {len(theirs)}; take both from"
            " their source again"
        )
    for index, ((place, sentence), (other, translation)) in enumerate(
        zip(ours, theirs, strict=True), 1
    ):
        yield Problem(
            f"tatoeba-{index:04d}",
            text(sentence, "sentence", place),
            str(index),
            translation=text(translation, "sentence", other),
            place=place,
        )
