"""Belebele (Bandarkar et al. 2024): 900 questions with four answers on passages of Flores-200, the
same in every language, written and translated by people.

Checked against the README of facebookresearch/belebele, its list of 122 variants and code that
reads the hub's files: `data/CODE.jsonl` (Flores' codes), one object a line with flores_passage,
question, mc_answer1 to mc_answer4, correct_answer_num from 1, link and question_number. Of the
languages of this project it lacks be, lb, ee, tw and vai. MMWP's levels are its groups; languages
without one stand in no average. Asked as commonsense questions are.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, choice_problem, find_one
from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.data.rows import read_rows

LETTERS = ("A", "B", "C", "D")
LACKS = ("be", "lb")
BENCHMARK = Benchmark(
    name="belebele",
    title="Belebele",
    groups={
        **{
            level: tuple(code for code in codes if code not in LACKS)
            for level, codes in GROUPS.items()
        },
        "": (
            *("tr", "ur", "el", "am", "ig", "rw", "ln", "lg", "om"),
            *("sn", "st", "wo", "xh", "yo", "zu", "ms", "my"),
        ),
    },
    prompt="commonsense",
    metric="accuracy",
    licence="CC-BY-SA-4.0",
    note="passages of Flores-200; a test set alone",
    citation="Bandarkar et al. 2024, ACL",
    answer="choice",
    choices=LETTERS,
    counts={"test": (900,)},
    sources=("belebele",),
    parallel=True,
    code="nllb",
)
_ANSWERS = ("mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4")
_KEYS = ("link", "question_number", "flores_passage", "question", "correct_answer_num")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Questions of the published JSON lines; passage and question are the stem."""
    path = find_one(BENCHMARK, folders[0], "**/{code}.jsonl", language, code)
    for row in read_rows(path, (*_KEYS, *_ANSWERS)):
        key = str(row.values["correct_answer_num"]).strip()
        passage = f"{row.text('link')}#{row.values['question_number']}"
        yield choice_problem(
            f"belebele-{passage}",
            f"{row.text('flores_passage')}\n{row.text('question')}",
            [row.text(name) for name in _ANSWERS],
            dict(zip("1234", LETTERS, strict=True)).get(key, key),
            row.place,
        )
