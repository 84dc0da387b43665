"""How good translated problems are: BLEU, chrF and TER (Table 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from lingualift.paper import SLOTS
from lingualift.paper.base import Artifact, PaperInputs, Table
from lingualift.paper.measured import beside

FIGURES = {"BLEU": "bleu", "chrF": "chrf", "TER": "ter"}


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """A row a benchmark and language, and the mean over the languages of each benchmark; the
    paper's mean of MMWP stands beside the one that is most like it.

    The paper translates MMWP into a language and back; ours are translations into English.
    """
    header = ["benchmark", "language", "engine", "n"]
    header += [cell for name in FIGURES for cell in beside(name)]
    printed = inputs.facts[0]
    benchmarks = list(dict.fromkeys(row["benchmark"] for row in inputs.translation))
    alike = next((name for name in SLOTS["mmwp"] if name in benchmarks), None)
    rows: list[list[str]] = []
    for benchmark in benchmarks:
        scored = [row for row in inputs.translation if row["benchmark"] == benchmark]
        for row in scored:
            line = [benchmark, row["language"], row.get("engine", ""), str(row["n"])]
            rows.append([*line, *_cells(row, None)])
        mean = {key: sum(row[key] for row in scored) / len(scored) for key in FIGURES.values()}
        paper = printed if benchmark == alike else None
        rows.append([benchmark, "Average", "", "", *_cells(mean, paper)])
    if alike is None:
        rows.append(["mmwp", "Average", "", "", *_cells(None, printed)])
    measured = len(FIGURES) * sum(bool(row[4]) for row in rows)
    missing = ["MMWP was not translated."] if alike is None else []
    return Table(header, rows, measured, missing)


def _cells(ours: Mapping[str, Any] | None, paper: Mapping[str, str] | None) -> Sequence[str]:
    cells = []
    for name, key in FIGURES.items():
        figure = "" if paper is None else paper[name]
        gap = f"{ours[key] - float(figure):+.2f}" if ours is not None and figure else ""
        cells += ["" if ours is None else f"{ours[key]:.2f}", figure, gap]
    return cells
