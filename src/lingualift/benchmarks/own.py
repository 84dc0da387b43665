"""A benchmark of the user's own, by configuration: files of questions, one a language.

    benchmarks:
      mine: {files: "my/{lang}.tsv", kind: maths, groups: {low: [yo, ig]}}

Files are TSV or CSV with a header, or JSON lines. Their columns by kind: maths has `question` and
`answer` (a number); nli `premise`, `hypothesis` and `label`; commonsense `question`, a column for
each choice (`A`, `B` and so on) and `answer`, the letter of the right one. `id` may name a problem;
without it, problems are numbered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lingualift.benchmarks.base import AnswerKind, Benchmark, Problem, gold_number
from lingualift.config.evaluation import OwnBenchmark
from lingualift.data.rows import NumberedRow, read_rows
from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import (
    LETTERS,
    NLI_LABELS,
    multiple_choice_question,
    nli_label,
    nli_question,
)

ANSWERS: dict[str, AnswerKind] = {"maths": "number", "nli": "choice", "commonsense": "choice"}


def own_benchmarks(configured: Mapping[str, Any]) -> dict[str, SimpleNamespace]:
    """The benchmarks that `benchmarks` of a configuration describes, by the tables that they fill;
    those that it names are left out. Values may be as YAML has them.
    """
    described = {
        table: OwnBenchmark.model_validate(value)
        for table, value in configured.items()
        if isinstance(value, Mapping | OwnBenchmark)
    }
    return {table: _own(table, benchmark) for table, benchmark in described.items()}


def _own(name: str, described: OwnBenchmark) -> SimpleNamespace:
    stated = Benchmark(
        name=name,
        title=name,
        groups={group: tuple(codes) for group, codes in described.groups.items()},
        prompt=described.kind,
        metric="accuracy",
        licence="yours",
        answer=ANSWERS[described.kind],
        counts={"test": (), "dev": ()},
    )
    problem = PROBLEMS[described.kind]

    def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
        for serial, row in enumerate(read_rows(described.path(language)), 1):
            identifier = row.values.get("id") or f"{name}-{serial:04d}"
            yield problem(str(identifier), row)

    return SimpleNamespace(BENCHMARK=stated, read=read)


def _maths(identifier: str, row: NumberedRow) -> Problem:
    answer = gold_number(_cell(row, "answer"), row.place)
    return Problem(identifier, row.text("question"), answer, place=row.place)


def _nli(identifier: str, row: NumberedRow) -> Problem:
    label = nli_label(_cell(row, "label"), row.place)
    if label is None:
        raise LinguaLiftError(f"{row.place}: the pair has no agreed label")
    question = nli_question(row.text("premise"), row.text("hypothesis"))
    return Problem(identifier, question, label, choices=NLI_LABELS, place=row.place)


def _commonsense(identifier: str, row: NumberedRow) -> Problem:
    letters = [letter for letter in LETTERS if row.values.get(letter) not in (None, "")]
    if len(letters) < 2 or letters != list(LETTERS[: len(letters)]):
        raise LinguaLiftError(f"{row.place}: needs choices in the columns A, B and so on")
    answer = _cell(row, "answer")
    if answer not in letters:
        raise LinguaLiftError(
            f"{row.place}: answer '{answer[:20]}' is not one of {', '.join(letters)}"
        )
    asked = multiple_choice_question(row.text("question"), [row.text(name) for name in letters])
    return Problem(identifier, asked, answer, choices=tuple(letters), place=row.place)


PROBLEMS: dict[str, Callable[[str, NumberedRow], Problem]] = {
    "maths": _maths,
    "nli": _nli,
    "commonsense": _commonsense,
}


def _cell(row: NumberedRow, name: str) -> str:
    """A cell as text: JSON may have a number in it."""
    value = row.values.get(name)
    if value is None or not str(value).strip():
        raise LinguaLiftError(f"{row.place}: '{name}' is missing")
    return str(value).strip()
