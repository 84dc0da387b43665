"""mmwp-mini: this project's own parallel set of everyday word problems in the 48 languages of MMWP.

It is not MMWP: the problems were written for this project and translated by a large language model,
sentence by sentence and not from one another, read by a second one and checked by programs
(`dev/mmwp_mini`); no native speaker has read or post-edited them. docs/mmwp-mini.md is the data
card. One or two steps of addition, subtraction, multiplication and division with fixed small
integers, the answer an integer that is not among them.

`test` has 80 problems (test-081 to test-160), `dev` 104 for choosing settings. dev-025 to dev-104
were the test problems of the project's first version (test-001 to test-080); they became
development problems when a setting of the default run had been chosen after a look at outputs on
them, and the present test problems were written afterwards, without a look at any output. In
test-151 to test-160 and dev-095 to dev-104, ar bn gu hi kn mr ne th write native digits; ml ta te,
where these are rare today, and all the rest write 0-9.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.benchmarks.packaged import packaged_problems

GROUPS = {
    "low": tuple("af ar be bn eu gu ha hi hy is kn lb mk ml mr ne sk sw ta te th".split()),
    "medium": tuple("bg ca cs da fi hr hu id ko nb pl pt ro sl sr uk vi".split()),
    "high": tuple("de en es fr it ja nl ru sv zh".split()),
}
VERSION = "1.1"
"""Of all problems; raised with any change of one, so that tables of two versions are told apart."""
BENCHMARK = Benchmark(
    name="mmwp-mini",
    title="mmwp-mini (this project's own set, not MMWP)",
    groups=GROUPS,
    prompt="maths",
    metric="accuracy",
    licence="CC0-1.0",
    counts={"test": (80,), "dev": (104,)},
    parallel=True,
    version=VERSION,
    note=(
        "machine-translated by a large language model, checked by programs, not read by native"
        " speakers"
    ),
)
NATIVE_DIGITS = frozenset(("ar", "bn", "gu", "hi", "kn", "mr", "ne", "th"))
NATIVE_ITEMS = frozenset(
    [f"test-{number:03d}" for number in range(151, 161)]
    + [f"dev-{number:03d}" for number in range(95, 105)]
)
NAMES = frozenset(
    ("maria", "anna", "david", "sara", "omar", "lina", "peter", "tom", "nina", "rosa", "ali")
)
"""The people of the problems, in English; no training problem that this project generates names
them.
"""


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The problems of one language and split (`test` or `dev`), in the order of the key; they are
    part of this package.
    """
    yield from packaged_problems(BENCHMARK.name, __name__, language, split, "operation")
