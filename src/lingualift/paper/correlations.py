"""Spearman's correlation of sentence retrieval with accuracy, by test set and resource level (Table
19; Figure 7 draws its points).

A point is a system in a language, as the paper's must be: MGSM has four low-resource languages, of
which no correlation of 0.733 can be had alone. Points of one language are not independent, so the
interval draws languages and systems anew (a bootstrap of both).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from lingualift.paper.base import Artifact, PaperInputs, Table
from lingualift.paper.measured import LEVELS, Slot

FEWEST = 5  # points: below that a rank correlation says nothing
RESAMPLES = 2000
NAMES = {"mgsm": "MGSM", "msvamp": "MSVAMP", "mmwp": "MMWP"}


@dataclass(frozen=True)
class Point:
    """A system in a language: retrieval and accuracy in per cent."""

    system: str
    language: str
    level: str
    retrieval: float
    accuracy: float


@dataclass(frozen=True)
class Rank:
    """Spearman's rho of `n` points with its 95 % interval, and p as of independent points."""

    rho: float
    low: float
    high: float
    p: float
    n: int


def retrieval_points(slot: Slot, retrieval: Slot) -> list[Point]:
    """Every system and language that both tables measured."""
    level = {code: name for name, codes in slot.groups.items() for code in codes}
    joined = []
    for system in slot.systems:
        for code in slot.languages:
            ours, other = slot.row(system, code), retrieval.row(system, code)
            if ours is not None and other is not None:
                joined.append(Point(system, code, level[code], other["accuracy"], ours["accuracy"]))
    return joined


def correlation(of: Sequence[Point], seed: int = 0) -> Rank | None:
    """Spearman's correlation; None with fewer than five points, or where one side is constant."""
    pairs = np.array([(point.retrieval, point.accuracy) for point in of])
    if len(of) < FEWEST or any(len(set(side)) == 1 for side in pairs.T):
        return None
    result = spearmanr(pairs[:, 0], pairs[:, 1])
    systems = sorted({point.system for point in of})
    languages = sorted({point.language for point in of})
    grid = np.full((len(systems), len(languages)), -1)
    for index, point in enumerate(of):
        grid[systems.index(point.system), languages.index(point.language)] = index
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = generator.integers(0, len(systems), len(systems))
        columns = generator.integers(0, len(languages), len(languages))
        chosen = grid[np.ix_(rows, columns)].ravel()
        sample = pairs[chosen[chosen >= 0]]
        if len(sample) > 2 and all(len(np.unique(side)) > 1 for side in sample.T):
            drawn.append(float(spearmanr(sample[:, 0], sample[:, 1]).statistic))
    low, high = (float(bound) for bound in np.percentile(drawn, [2.5, 97.5]))
    return Rank(float(result.statistic), low, high, float(result.pvalue), len(of))


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """A row a test set and resource level."""
    header = ["test set", "level", "rho", "rho (paper)", "rho (difference)"]
    header += ["95 % low", "95 % high", "p", "points", "systems", "languages"]
    printed = {(fact["benchmark"], fact["level"]): fact["rho"] for fact in inputs.facts}
    rows, missing, measured = [], [], 0
    assert inputs.retrieval is not None
    for name in artifact.benchmarks:
        slot = inputs.slots.get(name)
        every = [] if slot is None else retrieval_points(slot, inputs.retrieval)
        for level in [*dict.fromkeys(level for _, level in printed), "average"]:
            of = [point for point in every if level in (point.level, "average")]
            rank, paper = correlation(of), printed.get((name, level), "")
            if not paper and rank is None:
                continue
            rows.append([NAMES[name], LEVELS[level], *_cells(rank, paper, of)])
            measured += rank is not None
            if paper and rank is None:
                missing.append(
                    f"{NAMES[name]} {LEVELS[level]}: {len(of)} points that differ, where five are"
                    " needed."
                )
    return Table(header, rows, measured, missing)


def _cells(rank: Rank | None, paper: str, of: Sequence[Point]) -> list[str]:
    counts = [len(of), len({p.system for p in of}), len({p.language for p in of})]
    shown = [str(count) for count in counts]
    if rank is None:
        return ["", paper, "", "", "", "", *shown]
    gap = f"{rank.rho - float(paper.rstrip('*')):+.3f}" if paper else ""
    bounds = [f"{bound:.3f}" for bound in (rank.low, rank.high)]
    return [f"{rank.rho:.3f}", paper, gap, *bounds, f"{rank.p:.2g}", *shown]
