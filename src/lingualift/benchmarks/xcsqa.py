"""X-CSQA (Lin et al. 2021): CommonsenseQA's questions with five choices, machine-translated into 15
languages.

The published test part has no answers; what the field reports is the 1,000 questions of the
development part, which is `test` here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.benchmarks.files import find, records, text
from lingualift.errors import LinguaLiftError
from lingualift.tasks.loaders import multiple_choice_question

LETTERS = ("A", "B", "C", "D", "E")
BENCHMARK = Benchmark(
    name="xcsqa",
    title="X-CSQA",
    groups={
        "low": ("ar", "hi", "sw", "ur"),
        "high": ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "vi", "zh"),
    },
    prompt="commonsense",
    metric="accuracy",
    licence="MIT",
    citation="Lin et al. 2021, ACL",
    note="the published development part: the test part has no answers",
    answer="choice",
    choices=LETTERS,
    counts={"test": (1000,)},
    sources=("xcsr", "xcsqa"),
    parallel=True,
)
CODES = {"ja": "jap"}  # as its files name the language
PATTERNS = ("**/X-CSQA-{code}/validation*.parquet", "**/X-CSQA/{code}/dev.jsonl")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Questions of the hub's Parquet or of the published JSON lines."""
    for path in find(folders[0], PATTERNS, language, CODES.get(code, code)):
        for place, item in records(path, ["question", "answerKey"]):
            yield _problem(item, place)


def _problem(item: dict[str, Any], place: str) -> Problem:
    question = item["question"]
    choices = question.get("choices") if isinstance(question, dict) else None
    if isinstance(choices, dict):  # Parquet: a structure of lists; JSON lines: a list of structures
        choices = [
            {"label": a, "text": b}
            for a, b in zip(choices.get("label", []), choices.get("text", []), strict=False)
        ]
    if (
        not isinstance(choices, list)
        or len(choices) != len(LETTERS)
        or not all(isinstance(choice, dict) for choice in choices)
    ):
        raise LinguaLiftError(
            f"{place}: 'question' needs {len(LETTERS)} choices with 'label' and 'text'"
        )
    labels = [str(choice.get("label")) for choice in choices]
    if labels.count(str(item["answerKey"])) != 1:
        raise LinguaLiftError(
            f"{place}: answerKey '{str(item['answerKey'])[:20]}' is not exactly one of the labels"
            f" {', '.join(labels)}"
        )
    asked = multiple_choice_question(
        text(question.get("stem"), "stem", place),
        [text(choice.get("text"), "text", place) for choice in choices],
    )
    return Problem(
        text(item.get("id"), "id", place),
        asked,
        LETTERS[labels.index(str(item["answerKey"]))],
        choices=LETTERS,
        place=place,
    )
