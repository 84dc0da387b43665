"""MGSM (Shi et al. 2023): 250 problems of GSM8K's test set, translated by people into ten
languages.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find, gold_number
from lingualift.data.rows import read_delimited, read_rows

BENCHMARK = Benchmark(
    name="mgsm",
    title="MGSM",
    groups={"low": ("bn", "sw", "te", "th"), "high": ("de", "en", "es", "fr", "ja", "ru", "zh")},
    prompt="maths",
    metric="accuracy",
    licence="CC-BY-4.0",
    citation="Shi et al. 2023, ICLR",
    counts={"test": (250,)},
    sources=("mgsm", "mgsm-hub"),
    parallel=True,
    left_out=("te",),  # of Tables 22 and 23
)
PATTERNS = ("**/mgsm_{code}.tsv", "**/{code}/test*.parquet")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems of the published TSV (question, answer) or of the hub's Parquet (`question`,
    `answer_number`).
    """
    serial = 0
    for path in find(BENCHMARK, folders[0], PATTERNS, language, code):
        if path.suffix == ".parquet":
            answer, rows = "answer_number", read_rows(path, ("question", "answer_number"))
        else:
            answer, rows = "answer", read_delimited(path, "\t", header=("question", "answer"))
        for row in rows:
            serial += 1
            yield Problem(
                f"mgsm-{serial:03d}",
                row.text("question"),
                gold_number(str(row.values[answer]), row.place),
                place=row.place,
            )
