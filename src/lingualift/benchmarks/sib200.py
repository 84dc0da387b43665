"""SIB-200 (Adelani et al. 2024) as parallel text: Flores-200 sentences with their English, one id
the same sentence in every language.

Its topics are not asked. The sentences measure retrieval as Tatoeba's do, also in languages that
Tatoeba lacks (gu, ha, kn, lb, ne). The paper's Figure 5 takes such sentences from Flores-101.
Groups as in MMWP; English is what all others are compared with.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lingualift.benchmarks.base import Benchmark, Problem, find_one
from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.data.rows import Row, read_delimited
from lingualift.messages import LinguaLiftError

COLUMNS = ("index_id", "category", "text")
ENGLISH = "eng_Latn"
BENCHMARK = Benchmark(
    name="sib200",
    title="SIB-200 sentences, retrieval",
    groups={
        **{level: tuple(code for code in codes if code != "en") for level, codes in GROUPS.items()},
        "": ("tr", "ur", "el"),
    },
    prompt=None,
    metric="top-1 retrieval accuracy, both directions",
    licence="CC-BY-SA-4.0",
    note="topics are left out; never to be trained on",
    citation="Adelani et al. 2024, EACL",
    answer="neighbour",
    counts={"test": (204,)},
    sources=("sib200",),
    code="nllb",
    parallel=True,
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Sentences in the order of the language's file; the answer of a sentence is its own number."""
    path = find_one(BENCHMARK, folders[0], f"**/{{code}}/{split}.tsv", language, code)
    beside = find_one(BENCHMARK, folders[0], f"**/{ENGLISH}/{split}.tsv", language, code)
    english = {row.text("index_id"): row for row in read_delimited(beside, "\t", COLUMNS)}
    for number, row in enumerate(read_delimited(path, "\t", COLUMNS), 1):
        identifier = row.text("index_id")
        yield Problem(
            f"sib200-{identifier}",
            row.text("text"),
            str(number),
            translation=_translation(row, english.get(identifier), beside),
            place=row.place,
        )


def _translation(row: Row, english: Row | None, beside: Path) -> str:
    if english is None:
        raise LinguaLiftError(
            f"{row.place}: sentence {row.values['index_id']} is not in {beside}; take both files"
            " from the same release"
        )
    return english.text("text")
