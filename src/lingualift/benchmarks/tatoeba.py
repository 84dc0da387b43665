"""Tatoeba similarity search (Artetxe and Schwenk 2019): sentences and their English translations,
up to 1,000 a language.

It measures alignment, not answers: each sentence's nearest neighbour among the English ones should
be its translation (appendix E.1, after XTREME, which ranks source to English alone). The other
direction is stored, too. Groups as in MMWP; English is what all others are compared with.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find_one
from lingualift.data.rows import parallel_lines, text

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
    metric="top-1 retrieval accuracy, sentences to English",
    shown="to-english",
    licence="CC-BY-2.0-FR",
    citation="Artetxe and Schwenk 2019, TACL",
    answer="neighbour",
    counts={"test": tuple(range(100, 1001))},
    sources=("tatoeba",),
    code="tatoeba",
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Line-parallel sentences; the answer of a sentence is its own number."""
    foreign, english = (
        find_one(BENCHMARK, folders[0], f"**/tatoeba.{{code}}-eng.{side}", language, code)
        for side in ("{code}", "eng")
    )
    for index, sentence, translation in parallel_lines(foreign, english):
        place = f"{foreign}, line {index}"
        yield Problem(
            f"tatoeba-{index:04d}",
            text(sentence, "sentence", place),
            str(index),
            translation=text(translation, "sentence", f"{english}, line {index}"),
            place=place,
        )
