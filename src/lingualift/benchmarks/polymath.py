"""PolyMath (Wang et al. 2025), its low level: 125 school problems, the same in 18 languages.

Checked against the listing of Qwen/PolyMath, its README and code that reads it:
`CODE/low.parquet`, two-letter codes, columns id, question, answer. The low level has numeric
answers; the other levels do not all, and are not read. Groups as in MGSM, with languages that MGSM
lacks by MMWP's levels; ms has none.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find_one, gold_number
from lingualift.data.rows import read_rows

BENCHMARK = Benchmark(
    name="polymath-low",
    title="PolyMath, low level",
    groups={
        "low": ("ar", "bn", "sw", "te", "th"),
        "medium": ("id", "ko", "pt", "vi"),
        "high": ("de", "en", "es", "fr", "it", "ja", "ru", "zh"),
        "": ("ms",),
    },
    prompt="maths",
    metric="accuracy",
    licence="Apache-2.0",
    citation="Wang et al. 2025, NeurIPS",
    counts={"test": (125,)},
    sources=("polymath",),
    parallel=True,
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems of the hub's Parquet; an id names the level, the language and the number, of which
    the number is the same in every language.
    """
    path = find_one(BENCHMARK, folders[0], "**/{code}/low.parquet", language, code)
    for serial, row in enumerate(read_rows(path, ("id", "question", "answer")), 1):
        answer = row.text("answer").strip("$").replace("{,}", ",").replace("\\", "")
        yield Problem(
            f"polymath-low-{serial:03d}",
            row.text("question"),
            gold_number(answer, row.place),
            place=row.place,
        )
