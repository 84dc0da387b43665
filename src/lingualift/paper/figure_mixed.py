"""Multilingual task data in stage 1, beside English task data alone (Figure 10)."""

from lingualift.figures.base import Drawing, LeftOut
from lingualift.figures.style import one_decimal
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.dots import Dot, apart, dots_caption, measured_dot, own_rows_chart
from lingualift.paper.measured import LEVELS, Slot, not_run, present
from lingualift.paper.published import PaperRow

BOTH = 2


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A row a language and average, a colour a setting."""
    dots = [
        dot for slot in inputs.slots.values() for row in inputs.rows for dot in _dots(slot, row)
    ]
    if not dots:
        return LeftOut("Mixed supervision is left out: none of its systems was measured.")
    note = " ".join(not_run(inputs.rows, list(inputs.slots.values())))
    order = {name: place for place, name in enumerate(reversed(LEVELS.values()))}
    dots.sort(key=lambda dot: order.get(dot.condition, len(order)))  # averages above languages
    return Drawing(own_rows_chart(dots), _finding(dots), dots_caption(dots, note))


def _dots(slot: Slot, row: PaperRow) -> list[Dot]:
    system = present(row, slot)
    if system is None:
        return []
    dots = [
        measured_dot(slot.benchmark, code, row.system, measured)
        for code in slot.languages
        if (measured := slot.row(system, code)) is not None
    ]
    averages = [
        measured_dot(slot.benchmark, LEVELS[name], row.system, measured)
        for name in LEVELS
        if (measured := slot.level(system, name)) is not None
    ]
    return dots + averages


def _finding(dots: list[Dot]) -> str:
    first = [dot for dot in dots if dot.panel == dots[0].panel and dot.condition == "Avg."]
    if len(first) < BOTH:
        return f"Mixed supervision: {first[0].series} reaches {one_decimal(first[0].accuracy)} %"
    alone, mixed = first[0], first[1]
    gain = mixed.accuracy - alone.accuracy
    more = "above" if gain >= 0 else "below"
    overlap = not (apart(mixed, alone) or apart(alone, mixed))
    return (
        f"Mixed supervision averages {one_decimal(mixed.accuracy)} %,"
        f" {one_decimal(abs(gain))} points {more} English tasks alone"
        f"{'; the intervals overlap' if overlap else ''}"
    )
