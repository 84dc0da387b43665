"""MGSM (Shi et al. 2023): 250 problems of GSM8K's test set, translated by people into ten
languages.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, number
from lingualift.benchmarks.files import find, records, tab_separated, text

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
)
PATTERNS = ("**/mgsm_{code}.tsv", "**/{code}/test*.parquet")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems of the published TSV (question, answer) or of the hub's Parquet (`question`,
    `answer_number`).
    """
    serial = 0
    for path in find(folders[0], PATTERNS, language, code):
        if path.suffix == ".parquet":
            found = (
                (place, item["question"], str(item["answer_number"]))
                for place, item in records(path, ["question", "answer_number"])
            )
        else:
            found = (
                (place, question, answer) for place, (question, answer) in tab_separated(path, 2)
            )
        for place, question, answer in found:
            serial += 1
            yield Problem(
                f"mgsm-{serial:03d}",
                text(question, "question", place),
                number(answer, place),
                place=place,
            )
