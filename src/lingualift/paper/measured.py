"""What a run measured, by what it stands for in the paper, and cells that set it beside a printed
figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import stdev
from typing import Any

from lingualift.paper.published import PaperRow
from lingualift.tables.decimals import to_one_decimal

LEVELS = {"low": "LR.", "medium": "MR.", "high": "HR.", "average": "Avg."}
"""The paper's averages by the names of groups."""


@dataclass(frozen=True)
class Mean:
    """An accuracy in per cent over the languages `over`; `complete` says that none of those that
    the paper averages is missing. `deviation` is the standard deviation over seeds, where there are
    several.
    """

    accuracy: float
    over: tuple[str, ...]
    complete: bool
    deviation: float | None


@dataclass(frozen=True)
class Slot:
    """A result table (`tables.results.TIDY_SCHEMA`) as one of the paper's benchmarks: `groups` are
    its languages by resource level, `benchmark` is what really was asked.
    """

    name: str
    benchmark: str
    groups: Mapping[str, Sequence[str]]
    rows: Sequence[Mapping[str, Any]]

    @cached_property
    def _by_key(self) -> dict[tuple[str, int | None, str], Mapping[str, Any]]:
        return {
            (row["system"], row["seed"], row["scope"]): row
            for row in self.rows
            if row["origin"] == "measured"
        }

    @property
    def languages(self) -> list[str]:
        """The benchmark's languages that were asked, by group."""
        return [code for group in self.groups.values() for code in group if self._asked(code)]

    def _asked(self, code: str) -> bool:
        return any(scope == code for _, _, scope in self._by_key)

    @property
    def systems(self) -> list[str]:
        """The systems that were asked, in the table's order."""
        return list(dict.fromkeys(system for system, _, _ in self._by_key))

    def seeds(self, system: str) -> list[int]:
        """The seeds of a system."""
        seeds = {seed for name, seed, _ in self._by_key if name == system and seed is not None}
        return sorted(seeds)

    def row(self, system: str, language: str) -> Mapping[str, Any] | None:
        """A system's row of one language, its seeds averaged."""
        return self._by_key.get((system, None, language))

    def mean(self, system: str, languages: Sequence[str]) -> Mean | None:
        """The unweighted mean over those of the languages that were asked (None: none was)."""
        over = [code for code in languages if self.row(system, code) is not None]
        if not over:
            return None
        by_seed = [
            sum(self._by_key[system, seed, code]["accuracy"] for code in over) / len(over)
            for seed in self.seeds(system)
        ]
        accuracy = sum(self._by_key[system, None, code]["accuracy"] for code in over) / len(over)
        deviation = stdev(by_seed) if len(by_seed) > 1 else None
        return Mean(accuracy, tuple(over), len(over) == len(languages), deviation)

    def level(self, system: str, name: str) -> Mapping[str, Any] | None:
        """A system's row of a resource level, or of all languages (`average`), with its interval
        and the spread of its seeds.
        """
        scope = "Avg." if name == "average" else name.capitalize()
        return self._by_key.get((system, None, scope))

    def group(self, name: str, within: Sequence[str] | None = None) -> list[str]:
        """The languages of a resource level, or of all (`average`); of those in `within` alone."""
        levels = [level for level in self.groups if level]
        chosen = levels if name == "average" else [name]
        members = [code for level in chosen for code in self.groups.get(level, ())]
        return [code for code in members if within is None or code in within]


def present(row: PaperRow, slot: Slot) -> str | None:
    """The system of ours that stands for a printed row in a slot."""
    return next((name for name in row.systems if name in slot.systems), None)


def number(value: float) -> str:
    """One decimal, as the paper prints accuracies."""
    return to_one_decimal(value)


def difference(ours: float, printed: str) -> str:
    """Ours minus the printed figure in points, with its sign."""
    return to_one_decimal(ours - float(printed), "+")


def cells(ours: Mean | None, printed: str | None) -> list[str]:
    """Three cells: ours, the paper's as printed, and the difference; the last is empty where ours
    averages other languages than the paper.
    """
    return [
        "" if ours is None else number(ours.accuracy),
        printed or "",
        difference(ours.accuracy, printed) if ours and printed and ours.complete else "",
    ]


def beside(name: str) -> list[str]:
    """The headers of these cells."""
    return [name, f"{name} (paper)", f"{name} (difference)"]


def not_run(rows: Sequence[PaperRow], slots: Sequence[Slot]) -> list[str]:
    """What says that printed rows were not run: a sentence naming them, or nothing."""
    absent = [
        row.system
        for row in rows
        if row.origin == "paper" and not any(present(row, slot) for slot in slots)
    ]
    return [f"Not run: {', '.join(dict.fromkeys(absent))}."] if absent else []


def partial(means: Sequence[tuple[str, Mean | None]]) -> list[str]:
    """A sentence on averages that cover a part of the paper's languages."""
    incomplete = {
        label: mean.over for label, mean in means if mean is not None and not mean.complete
    }
    parts = [f"{label} over {', '.join(over)}" for label, over in incomplete.items()]
    return [f"Averages of a part of the paper's languages: {'; '.join(parts)}."] if parts else []
