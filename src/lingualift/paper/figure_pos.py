"""Accuracy by the parts of speech that are replaced (Figure 6)."""

from lingualift.figures.base import Drawing, LeftOut
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.dots import dots_caption, dots_chart, leading, level_dots
from lingualift.paper.measured import not_run, present


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A row a preset, in the paper's three kinds; all parts of speech last."""
    dots = [
        dot
        for slot in inputs.slots.values()
        for row in inputs.rows
        if (system := present(row, slot)) is not None
        for dot in level_dots(slot, system, row.system)
    ]
    if not dots:
        return LeftOut("Parts of speech are left out: none of their systems was measured.")
    note = " ".join(not_run(inputs.rows, list(inputs.slots.values())))
    title = leading(dots, "Words replaced by part of speech")
    return Drawing(dots_chart(dots), title, dots_caption(dots, note))
