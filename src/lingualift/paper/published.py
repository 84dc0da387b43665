"""The paper's own figures as it prints them, digit for digit, and which system of ours stands for
each of its rows.

Accuracies by benchmark are `config/reference/*.csv`; what these lack is `facts/*.csv` in this
package (both are facts of arXiv 2412.12499).
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from lingualift.data.rows import read_delimited

Published = Mapping[tuple[str, str, str], Mapping[str, str]]
"""{(table, benchmark, system as printed): {language or group: figure as printed}}."""
COLUMNS = ("table", "system", "language", "accuracy")


@dataclass(frozen=True)
class PaperRow:
    """A system of a printed table or figure (`artifact`): its heading, its printed name, and the
    systems of ours that are the same experiment, the first configured one counts.

    `origin` is `paper`, or `here` for a system of ours that the paper prints nothing of.
    """

    artifact: str
    category: str
    system: str
    systems: tuple[str, ...]
    origin: str


def facts(name: str) -> list[dict[str, str]]:
    """The rows of one of this package's files of printed figures."""
    path = files("lingualift.paper").joinpath(f"facts/{name}.csv")
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def paper_rows(artifacts: Sequence[str]) -> list[PaperRow]:
    """The systems of printed tables or figures such as `Table 14`, in the paper's order."""
    return [
        PaperRow(
            row["artifact"],
            row["category"],
            row["system"],
            tuple(row["systems"].split("|")),
            row["origin"],
        )
        for name in artifacts
        for row in facts("rows")
        if row["artifact"] == name
    ]


def read_published(paths: Iterable[str | Path]) -> Published:
    """The accuracies of `config/reference/*.csv`, a file a benchmark, as they are printed."""
    published: dict[tuple[str, str, str], dict[str, str]] = {}
    for path in map(Path, paths):
        for entry in read_delimited(path, ",", COLUMNS):
            row = entry.values
            key = (row["table"], path.stem, row["system"])
            published.setdefault(key, {})[row["language"]] = row["accuracy"]
    return published
