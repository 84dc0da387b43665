"""Global-MMLU-Lite (Singh et al. 2025): 400 of MMLU's questions with four answers, half of them
tied to a culture, translated or post-edited by people.

Checked against the listing of CohereLabs/Global-MMLU-Lite and code that reads it:
`CODE/test-00000-of-00001.parquet` (and dev), two-letter codes, columns sample_id, question,
option_a to option_d, answer (a letter). Asked as commonsense questions are. bn, hi, my, sw and yo
are the group `low`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, choice_problem, find
from lingualift.data.rows import read_rows

LETTERS = ("A", "B", "C", "D")
BENCHMARK = Benchmark(
    name="global-mmlu-lite",
    title="Global-MMLU-Lite",
    groups={
        "low": ("bn", "hi", "my", "sw", "yo"),
        "high": ("ar", "de", "en", "es", "fr", "id", "it", "ja", "ko", "pt", "zh"),
    },
    prompt="commonsense",
    metric="accuracy",
    licence="Apache-2.0",
    citation="Singh et al. 2025, ACL",
    answer="choice",
    choices=LETTERS,
    counts={"test": (400,)},
    sources=("global-mmlu-lite",),
    parallel=True,
)
_OPTIONS = ("option_a", "option_b", "option_c", "option_d")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Questions of the hub's Parquet."""
    for path in find(BENCHMARK, folders[0], ("**/{code}/test*.parquet",), language, code):
        for row in read_rows(path, ("sample_id", "question", *_OPTIONS, "answer")):
            yield choice_problem(
                f"global-mmlu-{row.text('sample_id')}",
                row.text("question"),
                [row.text(name) for name in _OPTIONS],
                row.text("answer"),
                row.place,
            )
