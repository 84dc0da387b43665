"""X-CSQA (Lin et al. 2021): CommonsenseQA's questions with five choices, machine-translated into 15
languages.

The published test part has no answers; what the field reports is the 1,000 questions of the
development part, which is `test` here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find
from lingualift.data.rows import NumberedRow, read_rows, text
from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import multiple_choice_question

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
UNANSWERED = ("**/X-CSQA-{code}/test*.parquet", "**/X-CSQA/{code}/test.jsonl")
PATTERNS = ("**/X-CSQA-{code}/validation*.parquet", "**/X-CSQA/{code}/dev.jsonl")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Questions of the hub's Parquet or of the published JSON lines."""
    for path in find(BENCHMARK, folders[0], PATTERNS, language, CODES.get(code, code)):
        for row in read_rows(path, ("id", "question", "answerKey")):
            yield _problem(row)


def unanswered(folders: Sequence[Path]) -> Iterator[str]:
    """The English questions of the published test part, which has no answers: 1,074 that training
    data should not hold either.
    """
    for path in find(BENCHMARK, folders[0], UNANSWERED, "en", "en"):
        for row in read_rows(path, ("question",)):
            yield _asked(row)[0]


def _problem(row: NumberedRow) -> Problem:
    key, place = str(row.values["answerKey"]), row.place
    asked, labels = _asked(row)
    if labels.count(key) != 1:
        raise LinguaLiftError(
            f"{place}: answerKey '{key[:20]}' is not exactly one of the labels {', '.join(labels)}"
        )
    return Problem(
        row.text("id"),
        asked,
        LETTERS[labels.index(key)],
        choices=LETTERS,
        place=place,
    )


def _asked(row: NumberedRow) -> tuple[str, list[str]]:
    """A row's question in the form of the task data, and the labels of its choices."""
    question, place = row.values["question"], row.place
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
    texts = [text(choice.get("text"), "text", place) for choice in choices]
    return multiple_choice_question(text(question.get("stem"), "stem", place), texts), labels
