"""mmwp-mini-hard: forty harder word problems in the languages of mmwp-mini, for models that answer
nearly all of that set.

Each problem is of one of eight kinds, five of each (`KINDS`), and some are of a second kind too: a
number that is not needed, events told in reverse order, an unknown start, a comparison whose
subject is known and whose reference is asked for, three steps, units to convert, clock times, and
number words in place of digits. `key.tsv` states each solution as an arithmetic expression over
the numbers of the problem and the constants 60, 100 and 1000.

`test` has 30 problems, `dev` 10 for choosing settings; both hold every kind. Written and translated
as mmwp-mini was, and with its people. Digits are 0-9 in every language, clock times are written
with 24 hours and a colon, and what is a number word in English is one in every language.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.benchmarks.mmwp_mini import BENCHMARK as MMWP_MINI
from lingualift.benchmarks.packaged import packaged_problems

VERSION = "1.0"
KINDS = (
    "distractor",
    "reversed",
    "unknown-start",
    "comparison",
    "three-steps",
    "units",
    "clock",
    "number-words",
)
BENCHMARK = Benchmark(
    name="mmwp-mini-hard",
    title="mmwp-mini-hard (this project's own set, not MMWP)",
    groups=MMWP_MINI.groups,
    prompt=MMWP_MINI.prompt,
    metric=MMWP_MINI.metric,
    licence=MMWP_MINI.licence,
    counts={"test": (30,), "dev": (10,)},
    parallel=True,
    version=VERSION,
    note=MMWP_MINI.note,
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The problems of one language and split (`test` or `dev`), in the order of the key; a
    problem's `operation` is its kinds, the main one first, separated by blanks.
    """
    yield from packaged_problems(BENCHMARK.name, __name__, language, split, "kind")
