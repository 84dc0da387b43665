"""AfriMGSM (Adelani et al. 2025, IrokoBench): MGSM's 250 English problems, translated by people
into 17 African languages, beside English and French.

Checked against the listing and card of masakhane/afrimgsm and code that reads it: 19 subsets named
by ISO 639-3, `data/CODE/test.tsv`, with a header of MGSM's columns (question, answer,
answer_number, equation_solution). `answer` is empty in the test part: the gold number is
`answer_number`. The African languages are the group `low`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find_one, gold_number
from lingualift.data.rows import read_delimited

BENCHMARK = Benchmark(
    name="afrimgsm",
    title="AfriMGSM",
    groups={
        "low": (
            *("am", "ee", "ha", "ig", "rw", "ln", "lg", "om", "sn"),
            *("st", "sw", "tw", "vai", "wo", "xh", "yo", "zu"),
        ),
        "high": ("en", "fr"),
    },
    prompt="maths",
    metric="accuracy",
    licence="Apache-2.0",
    citation="Adelani et al. 2025, NAACL",
    counts={"test": (250,)},
    sources=("afrimgsm",),
    parallel=True,
    code="iso639_3",
)
PATTERN = "**/{code}/test.tsv"


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems of the published TSV, whose first line names the columns."""
    path = find_one(BENCHMARK, folders[0], PATTERN, language, code)
    for serial, row in enumerate(read_delimited(path, "\t", ("question", "answer_number")), 1):
        yield Problem(
            f"afrimgsm-{serial:03d}",
            row.text("question"),
            gold_number(row.text("answer_number"), row.place),
            place=row.place,
        )
