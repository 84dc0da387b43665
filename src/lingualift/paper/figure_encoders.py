"""Accuracy on inference by encoder: sizes of mT5, and kinds of encoders (Figure 9)."""

from lingualift.figures.base import Drawing, LeftOut
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.dots import dots_caption, dots_chart, leading, level_dots
from lingualift.paper.measured import not_run, present


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A row an encoder, named by its key in config/sources.yaml."""
    slot = inputs.slots[artifact.benchmarks[0]]
    dots = [
        dot
        for row in inputs.rows
        if (system := present(row, slot)) is not None
        for dot in level_dots(slot, system, inputs.systems[system].encoder or row.system)
    ]
    if not dots:
        return LeftOut("Encoders are left out: none of their systems was measured.")
    note = " ".join(not_run(inputs.rows, [slot]))
    return Drawing(dots_chart(dots), leading(dots, "Encoders"), dots_caption(dots, note))
