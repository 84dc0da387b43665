"""Accuracy by language family and script, low-resource languages (Figure 8; Tables 20 and 21)."""

from lingualift.figures.base import Drawing, LeftOut
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.dots import Dot, dots_caption, leading, measured_dot, own_rows_chart
from lingualift.paper.measured import not_run, present
from lingualift.paper.published import facts
from lingualift.tables.scopes import PAPERS

KINDS = {"language family": ("table-20", "paper family"), "script": ("table-21", "paper script")}
"""Where the paper prints the groups of a panel, in which order, and their level in our table."""


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A row a group of the paper's, a colour a system; a panel families, one scripts."""
    slot = inputs.slots[artifact.benchmarks[0]]
    shown = [system for row in inputs.rows if (system := present(row, slot)) is not None]
    dots = [
        dot
        for kind, (table, level) in KINDS.items()
        for group in dict.fromkeys(fact["group"] for fact in facts(table))
        for system in shown
        for dot in _dots(inputs, kind, level, group, system)
    ]
    if not dots:
        return LeftOut(
            "Families and scripts are left out: no low-resource language of the paper's groups was"
            " asked."
        )
    note = f"{slot.benchmark}, the paper's groups. " + " ".join(not_run(inputs.rows, [slot]))
    best = max(dots, key=lambda dot: dot.accuracy)
    title = leading([dot for dot in dots if dot.series == best.series], best.series)
    return Drawing(own_rows_chart(dots), title, dots_caption(dots, note))


def _dots(inputs: PaperInputs, kind: str, level: str, group: str, system: str) -> list[Dot]:
    """A system's mean over the asked languages of a group, which stand in the scope's name."""
    return [
        measured_dot(kind, group, inputs.systems[system].title, row)
        for row in inputs.groups
        if (row["origin"], row["seed"], row["level"]) == ("measured", None, level)
        and row["system"] == system
        and row["scope"].startswith(f"{PAPERS}{group} (")
    ]
