"""mmwp-built: the English of `mmwp-english` translated into the 48 languages of MMWP by this
workflow (section 4, appendix B), with an engine of the user's choice and, where annotators have
returned sheets, post-edited by them.

It is not MMWP, whose problems the authors drew and translated themselves. English problems are the
sources' own; a problem of another language is its post-edit, else the engine's translation.
`translation` makes the drafts, `sheets` carries them to annotators and back, `build` puts the
benchmark together and counts what a data card says.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from lingualift.artifacts import read_parquet
from lingualift.benchmarks.base import Benchmark, Problem
from lingualift.benchmarks.mmwp import ENGLISH
from lingualift.benchmarks.mmwp_mini import GROUPS

BENCHMARK = Benchmark(
    name="mmwp-built",
    title=(
        "mmwp-built (English of ASDiv and MAWPS, machine-translated here; not the authors' MMWP)"
    ),
    groups=GROUPS,
    prompt=ENGLISH.prompt,
    metric=ENGLISH.metric,
    licence=ENGLISH.licence,
    note="machine-translated by this workflow; the data cards say how and by whom post-edited",
    citation=ENGLISH.citation,
    counts=ENGLISH.counts,
    sources=ENGLISH.sources,
    together=True,
    parallel=True,
    built=True,
)
BUILT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("english", pa.string(), nullable=False),
        pa.field("translation", pa.string(), nullable=False),
        pa.field("back_translation", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        pa.field("post_edited", pa.bool_(), nullable=False),
    ]
)
"""A problem of one language: `question` is what systems are asked. The back-translation is of the
engine's translation, the flags are about `question`. In English the last five say nothing.
"""


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """The problems that the workflow has built in one language."""
    path = folders[0] / f"{language}.parquet"
    for number, row in enumerate(read_parquet(path, BUILT_SCHEMA).to_pylist(), 1):
        yield Problem(row["id"], row["question"], row["answer"], place=f"{path}, row {number}")
