"""MGSM-Rev2 (Peter et al. 2025): MGSM with its translation errors corrected, by the field's finding
that they made up most of the gap between languages.

Checked against its card and other people's copies: one file a language in MGSM's own form, question
TAB answer without a header, 250 rows; CC BY-SA 4.0 where MGSM is CC BY 4.0. The file names are
MGSM's, so the two need folders of their own. Groups as in MGSM.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lingualift.benchmarks import mgsm
from lingualift.benchmarks.base import Problem

BENCHMARK = replace(
    mgsm.BENCHMARK,
    name="mgsm-rev2",
    title="MGSM-Rev2",
    licence="CC-BY-SA-4.0",
    citation="Peter et al. 2025, arXiv 2511.05162",
    sources=("mgsm-rev2",),
)


def read(folders: Sequence[Path], language: str, code: str, split: str) -> Iterator[Problem]:
    """Problems as MGSM's are read, under names of their own."""
    for problem in mgsm.read(folders, language, code, split):
        yield replace(problem, id=problem.id.replace("mgsm-", "mgsm-rev2-", 1))
