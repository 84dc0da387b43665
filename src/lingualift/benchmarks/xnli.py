"""XNLI (Conneau et al. 2018): 5,010 sentence pairs in 15 languages; does the first entail,
contradict, or leave open the second?
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.benchmarks.files import find, lines, records, tab_separated, text, with_header
from lingualift.errors import LinguaLiftError, nearest
from lingualift.tasks.loaders import NLI_LABELS, nli_question

BENCHMARK = Benchmark(
    name="xnli",
    title="XNLI",
    groups={
        "low": ("ar", "bg", "sw", "th", "tr", "ur", "el", "hi"),
        "high": ("zh", "ru", "vi", "de", "fr", "es", "en"),
    },
    prompt="nli",
    metric="accuracy",
    licence="CC-BY-NC-4.0",
    citation="Conneau et al. 2018, EMNLP",
    answer="choice",
    choices=NLI_LABELS,
    counts={"test": (5010,), "dev": (2490,)},
    sources=("xnli-hub", "xnli"),
    parallel=True,
)
_COLUMNS = ("language", "gold_label", "sentence1", "sentence2")


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Pairs of the hub's Parquet (`premise`, `hypothesis`, `label` 0 to 2), of the official table
    of all languages, or of three columns.
    """
    shard = {"test": "test", "dev": "validation"}[split]
    patterns = (
        f"**/{{code}}/{shard}*.parquet",
        f"**/xnli.{split}.{{code}}.*",
        f"**/xnli.{split}.tsv",
    )
    serial = 0
    for path in find(folders[0], patterns, language, code):
        for place, premise, hypothesis, label in _pairs(path, code):
            serial += 1
            if label not in NLI_LABELS:
                raise LinguaLiftError(
                    f"{place}: unknown label '{label[:40]}'; {nearest(label, NLI_LABELS)}"
                )
            question = nli_question(
                text(premise, "premise", place), text(hypothesis, "hypothesis", place)
            )
            yield Problem(f"xnli-{serial:04d}", question, label, choices=NLI_LABELS, place=place)


def _pairs(path: Path, code: str) -> Iterator[tuple[str, str, str, str]]:
    if path.suffix == ".parquet":
        for place, item in records(path, ["premise", "hypothesis", "label"]):
            label = item["label"]
            known = isinstance(label, int) and 0 <= label < len(NLI_LABELS)
            yield (
                place,
                item["premise"],
                item["hypothesis"],
                NLI_LABELS[label] if known else str(label),
            )
        return
    separator = "," if path.suffix == ".csv" else "\t"
    first = next((line for _, line in lines(path)), "")
    if first.split(separator)[0] == "language":
        for place, row in with_header(path, separator, _COLUMNS):
            if row["language"] == code:
                yield place, row["sentence1"], row["sentence2"], row["gold_label"]
    else:
        for place, (premise, hypothesis, label) in tab_separated(path, 3):
            yield place, premise, hypothesis, label
