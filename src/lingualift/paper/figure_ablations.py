"""Stages and trained modules left out (Figure 3; Tables 14 to 17 hold its numbers)."""

from lingualift.figures.base import Drawing, LeftOut
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.dots import PAPER, SERIES, Dot, dots_caption, dots_chart, leading, level_dots
from lingualift.paper.measured import not_run, present

PRINTED = {"mgsm": ("Table 14", "Table 16"), "msvamp": ("Table 15", "Table 17")}
"""Where the paper prints the numbers of a benchmark, under the same names of systems."""


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A row a system, by resource level; the paper's averages hollow."""
    dots: list[Dot] = []
    for slot in inputs.slots.values():
        panel_dots: list[Dot] = []
        for row in {row.system: row for row in inputs.rows}.values():
            system = present(row, slot)
            if system is not None:
                panel_dots += level_dots(slot, system, row.system)
        shown = {(dot.condition, dot.series) for dot in panel_dots}
        for table in PRINTED.get(slot.name, ()):
            for row in inputs.rows:
                figures = inputs.published.get((table, slot.name, row.system), {})
                panel_dots += [
                    Dot(slot.benchmark, row.system, series, float(figures[level]), source=PAPER)
                    for level, series in SERIES.items()
                    if level in figures and (row.system, series) in shown
                ]
        dots += dict.fromkeys(panel_dots)
    if not dots:
        return LeftOut("Stages and modules are left out: none of their systems was measured.")
    note = " ".join(not_run(inputs.rows, list(inputs.slots.values())))
    title = leading(dots, "Stages and modules")
    return Drawing(dots_chart(dots), title, dots_caption(dots, note))
