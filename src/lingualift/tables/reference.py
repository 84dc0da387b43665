"""The paper's own figures (`config/reference/*.csv`, facts of arXiv 2412.12499), to stand beside
ours and be checked against themselves.

A row is one accuracy: the table it stands in, base model, the system as printed there, the title of
the system here that is the same experiment (empty where there is none), and a language or `low`,
`medium`, `high`, `average`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lingualift.data.rows import read_delimited
from lingualift.messages import LinguaLiftError

COLUMNS = ("table", "base_model", "system", "title", "language", "accuracy")
TOLERANCE = 0.1  # per-language figures are rounded to one decimal place, and so are averages


@dataclass
class Published:
    """One system's figures in per cent, by language or group; `tables` says where the paper prints
    them.
    """

    title: str
    base_model: str
    tables: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def conflicts(self, groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:
        """Groups (and `average`) whose printed figure is not the mean of the printed languages:
        {group: (printed, mean)}.

        A group of which a language is not printed cannot be checked and is left out.
        """
        members = {name: list(languages) for name, languages in groups.items() if name}
        members["average"] = [language for languages in members.values() for language in languages]
        conflicting = {}
        for name, languages in members.items():
            printed = [self.figures[language] for language in languages if language in self.figures]
            if name in self.figures and printed and len(printed) == len(languages):
                mean = sum(printed) / len(printed)
                if abs(mean - self.figures[name]) > TOLERANCE + 1e-9:
                    conflicting[name] = (self.figures[name], mean)
        return conflicting


def read_reference(path: str | Path, by: str = "title") -> list[Published]:
    """The systems of one file: by `title`, joined over the tables that print them, or by `table`
    one for each printed row.
    """
    systems: dict[tuple[str, ...], Published] = {}
    for entry in read_delimited(path, ",", COLUMNS):
        row = entry.values
        if by == "title" and not row["title"]:
            continue
        key = (
            (row["title"], row["base_model"])
            if by == "title"
            else (row["table"], row["system"], row["base_model"])
        )
        published = systems.setdefault(
            key, Published(row["title"] or row["system"], row["base_model"])
        )
        if row["table"] not in published.tables:
            published.tables.append(row["table"])
        try:
            published.figures.setdefault(row["language"], float(row["accuracy"]))
        except ValueError:
            raise LinguaLiftError(
                f"{entry.place}: accuracy '{row['accuracy']}' is not a number"
            ) from None
    return list(systems.values())
