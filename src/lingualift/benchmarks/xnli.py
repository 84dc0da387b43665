"""XNLI (Conneau et al. 2018): 5,010 sentence pairs in 15 languages; does the first entail,
contradict, or leave open the second?
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find
from lingualift.data.rows import NumberedRow, lines, read_delimited, read_rows
from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import NLI_LABELS, nli_label, nli_question

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
_THREE = ("sentence1", "sentence2", "gold_label")  # of a file without a header


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
    for path in find(BENCHMARK, folders[0], patterns, language, code):
        for row in _rows(path, code):
            serial += 1
            official = "gold_label" in row.values
            label = nli_label(row.values["gold_label" if official else "label"], row.place)
            if label is None:
                raise LinguaLiftError(f"{row.place}: the pair has no agreed label")
            sentences = ("sentence1", "sentence2") if official else ("premise", "hypothesis")
            question = nli_question(*map(row.text, sentences))
            yield Problem(
                f"xnli-{serial:04d}", question, label, choices=NLI_LABELS, place=row.place
            )


def _rows(path: Path, code: str) -> Iterator[NumberedRow]:
    if path.suffix == ".parquet":
        yield from read_rows(path, ("premise", "hypothesis", "label"))
        return
    separator = "," if path.suffix == ".csv" else "\t"
    first = next((line for _, line in lines(path)), "")
    if first.split(separator)[0] != "language":
        yield from read_delimited(path, separator, header=_THREE)
        return
    for row in read_delimited(path, separator, _COLUMNS):
        if row.values["language"] == code:
            yield row
