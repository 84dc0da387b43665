"""SIB-200 (Adelani et al. 2024): the topic of a sentence of Flores-200, one of seven, in languages
that people have translated it into. One id is the same sentence in every language.

Two benchmarks come from its files. `sib200` asks for the topic: its English training part is task
data of kind `topic`. `sib200-sentences` asks nothing: the sentences with their English measure
retrieval as Tatoeba's do, also in languages that Tatoeba lacks (gu, ha, kn, lb, ne), and are the
paper's Figure 5 in place of Flores-101. Groups as in MMWP.

Checked against the repository's files at 593cea8: `CODE/{train,dev,test}.tsv`, Flores' codes,
columns index_id, category, text.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

from lingualift.benchmarks.base import Benchmark, Problem, find_one
from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.data.rows import NumberedRow, read_delimited
from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import TOPIC_COLUMNS, TOPICS, topic

ENGLISH = "eng_Latn"
OTHERS = ("tr", "ur", "el")
LICENCE, CITATION = "CC-BY-SA-4.0", "Adelani et al. 2024, EACL"
BENCHMARK = Benchmark(
    name="sib200",
    title="SIB-200, topics",
    groups={**GROUPS, "": OTHERS},
    prompt="topic",
    metric="accuracy",
    licence=LICENCE,
    note="sentences of Flores-200; train on the English training part alone",
    citation=CITATION,
    answer="choice",
    choices=TOPICS,
    counts={"test": (204,), "dev": (99,)},
    sources=("sib200-topics",),
    code="nllb",
    parallel=True,
)
SENTENCES = Benchmark(
    name="sib200-sentences",
    title="SIB-200 sentences, retrieval",
    groups={
        **{level: tuple(code for code in codes if code != "en") for level, codes in GROUPS.items()},
        "": OTHERS,
    },
    prompt=None,
    metric="top-1 retrieval accuracy, both directions",
    licence=LICENCE,
    note="topics are left out; never to be trained on",
    citation=CITATION,
    answer="neighbour",
    counts={"test": (204,)},
    sources=("sib200",),
    code="nllb",
    parallel=True,
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Sentences in the order of the language's file; the answer is the topic's word."""
    for row in _rows(BENCHMARK, folders[0], language, code, split):
        label = topic(row.values["category"], row.place)
        yield Problem(_id(row), row.text("text"), label, choices=TOPICS, place=row.place)


def read_sentences(
    folders: Sequence[Path], language: str, code: str, split: str
) -> Iterator[Problem]:
    """Sentences in the order of the language's file; the answer of a sentence is its own number."""
    beside = find_one(SENTENCES, folders[0], f"**/{ENGLISH}/{split}.tsv", language, code)
    english = {row.text("index_id"): row for row in read_delimited(beside, "\t", TOPIC_COLUMNS)}
    for number, row in enumerate(_rows(SENTENCES, folders[0], language, code, split), 1):
        translation = _translation(row, english.get(row.text("index_id")), beside)
        yield Problem(
            _id(row), row.text("text"), str(number), translation=translation, place=row.place
        )


def _rows(
    benchmark: Benchmark, folder: Path, language: str, code: str, split: str
) -> Iterator[NumberedRow]:
    path = find_one(benchmark, folder, f"**/{{code}}/{split}.tsv", language, code)
    return read_delimited(path, "\t", TOPIC_COLUMNS)


def _id(row: NumberedRow) -> str:
    return f"sib200-{row.text('index_id')}"


def _translation(row: NumberedRow, english: NumberedRow | None, beside: Path) -> str:
    if english is None:
        raise LinguaLiftError(
            f"{row.place}: sentence {row.values['index_id']} is not in {beside}; take both files"
            " from the same release"
        )
    return english.text("text")


TOPIC = SimpleNamespace(BENCHMARK=BENCHMARK, read=read)
RETRIEVAL = SimpleNamespace(BENCHMARK=SENTENCES, read=read_sentences)
