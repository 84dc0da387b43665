"""mmwp-mini: this project's own parallel set of everyday word problems in the 48 languages of MMWP.

It is not MMWP: the problems were written for this project, machine-translated by a large language model and checked by
`tests/unit/test_mmwp_mini.py`; no native speaker has post-edited them yet. `test` has 80 problems, `dev` 24 for choosing settings.
In test-071 to test-080, ar bn gu hi kn mr ne th write native digits; ml ta te, where these are rare today, and all the rest write 0-9.
"""

from functools import cache
from importlib.resources import files

from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.errors import LinguaLiftError, nearest

GROUPS = {
    "low": ("af", "ar", "be", "bn", "eu", "gu", "ha", "hi", "hy", "is", "kn", "lb", "mk", "ml", "mr", "ne", "sk", "sw", "ta", "te", "th"),
    "medium": ("bg", "ca", "cs", "da", "fi", "hr", "hu", "id", "ko", "nb", "pl", "pt", "ro", "sl", "sr", "uk", "vi"),
    "high": ("de", "en", "es", "fr", "it", "ja", "nl", "ru", "sv", "zh"),
}
BENCHMARK = Benchmark(
    name="mmwp-mini",
    title="mmwp-mini (this project's own set, not MMWP)",
    groups=GROUPS,
    prompt="maths",
    metric="accuracy",
    licence="CC0-1.0",
    note="machine-translated by a large language model, checked automatically, not post-edited by native speakers",
)
SPLITS = ("test", "dev")


@cache
def _rows(name: str) -> dict[str, tuple[str, ...]]:
    path = files(__package__) / f"{name}.tsv"
    if not path.is_file():
        known = [entry.name[:-4] for entry in files(__package__).iterdir() if entry.name.endswith(".tsv") and entry.name != "key.tsv"]
        raise LinguaLiftError(f"mmwp-mini has no language '{name}'; {nearest(name, known)}")
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = {}
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) != len(lines[0].split("\t")):
            raise LinguaLiftError(f"mmwp-mini {name}.tsv, line {number}: {len(cells)} columns, expected {len(lines[0].split(chr(9)))}")
        rows[cells[0]] = tuple(cells[1:])
    return rows


def load(language: str, split: str = "test") -> list[Problem]:
    """The problems of one language and split (`test` or `dev`), in the order of the key."""
    if split not in SPLITS:
        raise LinguaLiftError(f"mmwp-mini has no split '{split}'; {nearest(split, SPLITS)}")
    questions = _rows(language)
    return [
        Problem(id=identifier, question=questions[identifier][0], answer=answer, operation=operation)
        for identifier, (own_split, operation, answer) in _rows("key").items()
        if own_split == split
    ]
