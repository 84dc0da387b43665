"""MSVAMP (Chen et al. 2023): SVAMP's 1,000 one- and two-step problems, machine-translated into nine
languages and checked.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find, gold_number
from lingualift.data.rows import read_rows

BENCHMARK = Benchmark(
    name="msvamp",
    title="MSVAMP",
    groups={"low": ("bn", "sw", "th"), "high": ("de", "en", "es", "fr", "ja", "ru", "zh")},
    prompt="maths",
    metric="accuracy",
    licence="MIT",
    citation="Chen et al. 2023, arXiv 2310.20246",
    counts={"test": (1000,)},
    sources=("msvamp", "msvamp-hub"),
    parallel=True,
    code="name",
)
PATTERNS = ("**/test_{code}.json", "**/{language}/test*.parquet", "**/{code}/test*.parquet")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems of JSON lines or Parquet: `m_query` is the translated question, `response` the
    number as a float.
    """
    serial = 0
    for path in find(BENCHMARK, folders[0], PATTERNS, language, code):
        for row in read_rows(path, ("m_query", "response")):
            serial += 1
            yield Problem(
                f"msvamp-{serial:04d}",
                row.text("m_query"),
                gold_number(str(row.values["response"]), row.place),
                place=row.place,
            )
