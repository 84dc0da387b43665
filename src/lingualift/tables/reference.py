"""The paper's own figures (`config/reference/*.csv`, facts of arXiv 2412.12499), to stand beside
ours and be checked against themselves.

A row is one accuracy: the table it stands in, base model, the system as printed there, the title of
the system here that is the same experiment (empty where there is none), and a language or `low`,
`medium`, `high`, `average`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lingualift.data.rows import read_delimited
from lingualift.messages import LinguaLiftError

COLUMNS = ("table", "base_model", "system", "title", "language", "accuracy")
ROUNDED = 0.06  # tables print the same average with one decimal place or two
TOLERANCE = 0.1  # per-language figures are rounded to one decimal place, and so are averages


@dataclass
class PublishedSystem:
    """One system's figures in per cent, by language or group; `tables` says where the paper prints
    them, `names` what it calls the system there.

    `again`: an earlier table prints other figures of the same system. `copied` names the system
    whose row the paper prints a second time as this one's.
    """

    title: str
    base_model: str
    tables: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    again: bool = False
    copied: str = ""

    @property
    def label(self) -> str:
        """What a row of these figures is called beside measured ones."""
        where = f"; {self.tables[0]}" if self.again else ""
        return f"{self.title} (paper, {self.base_model}{where})"

    @property
    def origin(self) -> str:
        """Where the paper prints them, and under which other names."""
        others = [name for name in self.names if name != self.title]
        return f"printed in {', '.join(self.tables)}" + (
            f" as {', '.join(others)}" if others else ""
        )

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


def read_reference(path: str | Path, by: str = "title") -> list[PublishedSystem]:
    """The systems of one file: by `title`, joined over the tables that print the same figures, or
    by `table` one for each printed row.
    """
    rows = _printed_rows(path)
    if by == "table":
        return [replace(row, title=row.title or row.names[0]) for row in rows]
    joined: list[PublishedSystem] = []
    for row in filter(lambda row: row.title, rows):
        same = [known for known in joined if _same_system(known, row)]
        agreeing = [known for known in same if _agree(known.figures, row.figures)]
        if not agreeing:
            joined.append(replace(row, again=bool(same)))
            continue
        known = agreeing[0]
        known.tables += row.tables
        known.names += [name for name in row.names if name not in known.names]
        known.figures = row.figures | known.figures
    for system in joined:
        system.copied = _copied_from(system, joined)
    return joined


def _printed_rows(path: str | Path) -> list[PublishedSystem]:
    """Every printed row; its title is empty where no system here is the same experiment."""
    printed: dict[tuple[str, ...], PublishedSystem] = {}
    for entry in read_delimited(path, ",", COLUMNS):
        row = entry.values
        key = (row["table"], row["system"], row["base_model"])
        if key not in printed:
            printed[key] = PublishedSystem(
                row["title"], row["base_model"], [row["table"]], {}, [row["system"]]
            )
        try:
            printed[key].figures.setdefault(row["language"], float(row["accuracy"]))
        except ValueError:
            raise LinguaLiftError(
                f"{entry.place}: accuracy '{row['accuracy']}' is not a number"
            ) from None
    return list(printed.values())


def _same_system(one: PublishedSystem, other: PublishedSystem) -> bool:
    return (one.title, one.base_model) == (other.title, other.base_model)


def _agree(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether what both print is the same but for rounding."""
    return all(abs(one[name] - other[name]) <= ROUNDED for name in one.keys() & other.keys())


def _copied_from(row: PublishedSystem, others: Sequence[PublishedSystem]) -> str:
    """The system whose figures, confirmed by a second table, the only table of `row` repeats."""
    for other in others:
        shared = row.figures.keys() & other.figures.keys()
        repeated = all(row.figures[name] == other.figures[name] for name in shared)
        if (
            other is not row
            and len(row.tables) == 1
            and row.tables[0] in other.tables[:1]
            and len(other.tables) > 1
            and len(shared) == len(row.figures) > 2
            and repeated
        ):
            return other.title
    return ""
