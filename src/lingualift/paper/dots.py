"""What the paper's figures of accuracies share: a condition a row, a point and an interval a
series, the spread of seeds as a broad bar, the paper's own figure hollow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import altair as alt

from lingualift.figures.style import (
    CLEAR,
    COLOURS,
    INTERVAL,
    SYMBOLS,
    counted,
    legend,
    one_decimal,
    values,
)
from lingualift.paper.measured import Slot

WIDTH, ROW = 250, 13  # pixels: a panel's width, a series' height
LEVEL_NAMES = {"low": "low-resource", "medium": "medium", "high": "high-resource"}
SERIES = {**LEVEL_NAMES, "average": "all languages"}
OURS, PAPER = "this run", "the paper"
HOLLOW = "M0,-1.2L1.2,0L0,1.2L-1.2,0ZM0,-0.7L-0.7,0L0,0.7L0.7,0Z"
"""A diamond with a hole: a legend fills its symbols, so an unfilled mark would be full there."""


@dataclass(frozen=True)
class Dot:
    """An accuracy in per cent: of a condition (row), in a series (colour) of a panel.

    `low` and `high` bound its 95 % interval, `seeds_low` and `seeds_high` are one standard
    deviation of its seeds away; None where there is none.
    """

    panel: str
    condition: str
    series: str
    accuracy: float
    low: float | None = None
    high: float | None = None
    seeds_low: float | None = None
    seeds_high: float | None = None
    n: int | None = None
    source: str = OURS


def measured_dot(panel: str, condition: str, series: str, row: Mapping[str, Any]) -> Dot:
    """The dot of a row of a result table."""
    accuracy, spread = row["accuracy"], row["seed_deviation"]
    return Dot(
        panel,
        condition,
        series,
        accuracy,
        row["low"],
        row["high"],
        None if spread is None else accuracy - spread,
        None if spread is None else accuracy + spread,
        row["n"],
    )


def level_dots(slot: Slot, system: str, condition: str) -> list[Dot]:
    """A system's averages by resource level, and of all languages where there is more than one
    level.
    """
    measured = {name: row for name in SERIES if (row := slot.level(system, name)) is not None}
    if len(measured) == 2:  # one level and the average say the same
        measured.pop("average", None)
    return [
        measured_dot(slot.benchmark, condition, SERIES[name], row) for name, row in measured.items()
    ]


def dots_chart(dots: Sequence[Dot]) -> alt.TopLevelMixin:
    """One panel a benchmark, side by side, with the same conditions."""
    panels = alt.Column(
        "panel:N", sort=_in_order(dots, "panel"), title=None, header=alt.Header(labelLimit=300)
    )
    return _layers(dots, dots).facet(column=panels)


def own_rows_chart(dots: Sequence[Dot]) -> alt.TopLevelMixin:
    """The same where panels have different conditions: each names its own."""
    panels = [
        _layers(dots, [dot for dot in dots if dot.panel == name]).properties(
            title=alt.Title(name, fontSize=11, frame="group", anchor="middle", offset=10)
        )
        for name in _in_order(dots, "panel")
    ]
    return alt.hconcat(*panels, spacing=24).resolve_scale(x="shared")


def _layers(every: Sequence[Dot], dots: Sequence[Dot]) -> alt.LayerChart:
    """The marks of `dots`, coloured and ordered as `every` dot of the figure needs it."""
    series = _in_order(every, "series")
    colours = [COLOURS[number % len(COLOURS)] for number in range(len(series))]
    base = alt.Chart().encode(
        y=alt.Y(
            "condition:N",
            sort=_in_order(dots, "condition"),
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelLimit=300, labelPadding=CLEAR),
        ),
        yOffset=alt.YOffset("series:N", sort=series, scale=alt.Scale(domain=series)),
        color=alt.Color("series:N", scale=alt.Scale(domain=series, range=colours), legend=legend()),
        tooltip=[
            alt.Tooltip("panel:N", title="benchmark"),
            alt.Tooltip("condition:N"),
            alt.Tooltip("series:N", title="of"),
            alt.Tooltip("source:N"),
            alt.Tooltip("accuracy:Q", format=".1f"),
            alt.Tooltip("low:Q", format=".1f", title="95 % from"),
            alt.Tooltip("high:Q", format=".1f", title="to"),
            alt.Tooltip("n:Q", title="problems"),
        ],
    )
    x = alt.X("accuracy:Q", title="accuracy, %", scale=alt.Scale(domainMin=0, nice=True))
    spread = base.mark_rule(strokeWidth=6, opacity=0.3).encode(x="seeds_low:Q", x2="seeds_high:Q")
    interval = base.mark_rule(strokeWidth=INTERVAL).encode(x="low:Q", x2="high:Q")
    shape = alt.Shape(
        "source:N",
        scale=alt.Scale(domain=[OURS, PAPER], range=[SYMBOLS[0], HOLLOW]),
        legend=legend() if any(dot.source == PAPER for dot in every) else None,
    )
    points = base.mark_point(filled=True, size=50, opacity=1).encode(x=x, shape=shape)
    marks = [spread, interval, points]
    layered = alt.LayerChart(layer=marks, data=values([asdict(dot) for dot in dots]))
    return layered.properties(
        width=WIDTH, height=alt.Step(ROW * max(1, len(series)) + 8, **{"for": "position"})
    )


def _in_order(dots: Iterable[Dot], name: str) -> list[str]:
    """The distinct values of a field: of series in the order of levels, else as they come."""
    names = list(dict.fromkeys(getattr(dot, name) for dot in dots))
    order = list(SERIES.values())
    return (
        sorted(names, key=order.index) if name == "series" and set(names) <= set(order) else names
    )


def apart(higher: Dot, lower: Dot) -> bool:
    """Whether both have an interval, and these do not overlap."""
    return higher.low is not None and lower.high is not None and higher.low > lower.high


def leading(dots: Sequence[Dot], subject: str) -> str:
    """What the first panel says of all languages: which condition is highest, and whether the next
    one's interval overlaps.
    """
    ours = [dot for dot in dots if dot.source == OURS and dot.panel == dots[0].panel]
    whole = [dot for dot in ours if dot.series == SERIES["average"]]
    first = whole or [dot for dot in ours if dot.series == ours[0].series]
    ranked = sorted(first, key=lambda dot: -dot.accuracy)
    best = ranked[0]
    reached = f"{subject}: {best.condition} reaches {one_decimal(best.accuracy)} %"
    if len(ranked) < 2:
        return reached
    second = ranked[1]
    relation = "above" if apart(best, second) else "not clearly above"
    return f"{reached}, {relation} {second.condition} ({one_decimal(second.accuracy)} %)"


def spanned(counts: Sequence[int]) -> str:
    """'80' where all are the same, '80 to 400' where they differ."""
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def dots_caption(dots: Sequence[Dot], note: str = "") -> str:
    """What points, lines and bars are, and how many problems are behind them."""
    ours = [dot for dot in dots if dot.source == OURS]
    counts = [dot.n for dot in ours if dot.n is not None]
    text = f"n = {spanned(counts)} problems a point; " if counts else ""
    text += f"{counted(len({dot.condition for dot in ours}), 'condition')}."
    text += " Lines: 95 % bootstrap intervals."
    if any(dot.seeds_low is not None for dot in ours):
        text += " Broad bars: one standard deviation of seeds."
    if any(dot.source == PAPER for dot in dots):
        text += " Hollow: the paper's figures, of its own models and data."
    return f"{text} {note}".strip()
