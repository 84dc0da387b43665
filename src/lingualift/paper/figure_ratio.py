"""Accuracy and retrieval by the share of words that is code-switched, beside parallel data (Figure
4).
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

from lingualift.figures.base import Drawing, LeftOut
from lingualift.figures.style import (
    COLOURS,
    INTERVAL,
    counted,
    in_panels,
    legend,
    one_decimal,
    values,
)
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.dots import SERIES, spanned
from lingualift.paper.measured import Slot, not_run, present

WIDTH, HEIGHT = 240, 190  # pixels of a panel
PARALLEL = "parallel data"
RatioPoint = dict[str, Any]


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A line a resource level over the ratio, a dashed one for parallel data; the spread of seeds
    as a broad bar.
    """
    slots = [*inputs.slots.values(), *([inputs.retrieval] if inputs.retrieval else [])]
    points = [point for slot in slots for point in _points(slot, inputs)]
    if not any(point["ratio"] is not None for point in points):
        return LeftOut("Code-switch ratios are left out: none of their systems was measured.")
    note = " ".join(not_run(inputs.rows, list(inputs.slots.values())))
    ratios = sorted({point["ratio"] for point in points if point["ratio"] is not None})
    caption = (
        f"n = {spanned([point['n'] for point in points])} problems a point;"
        f" {counted(len(ratios), 'ratio')}. Lines: 95 % bootstrap intervals. Broad bars: one"
        f" standard deviation of seeds. Dashed: stage 1 on parallel data. {note}"
    )
    return Drawing(_chart(points), _finding(points), caption.strip())


def _points(slot: Slot, inputs: PaperInputs) -> list[RatioPoint]:
    measured_points = []
    panel = slot.benchmark + (" (retrieval)" if slot.name == "retrieval" else "")
    for row in inputs.rows:
        system = present(row, slot)
        if system is None:
            continue
        levels = {name: slot.level(system, name) for name in SERIES}
        for name, measured in levels.items():
            if measured is not None:
                ratio = None if row.category == PARALLEL else inputs.systems[system].ratio
                measured_points.append(_point(panel, SERIES[name], ratio, measured))
    return measured_points


def _point(panel: str, series: str, ratio: float | None, row: Mapping[str, Any]) -> RatioPoint:
    spread = row["seed_deviation"] or 0.0
    return {
        "panel": panel,
        "series": series,
        "ratio": ratio,
        "accuracy": row["accuracy"],
        "low": row["low"],
        "high": row["high"],
        "n": row["n"],
        "seeds_low": row["accuracy"] - spread,
        "seeds_high": row["accuracy"] + spread,
    }


def _chart(points: list[RatioPoint]) -> alt.TopLevelMixin:
    series = [name for name in SERIES.values() if any(p["series"] == name for p in points)]
    colours = list(COLOURS[: len(series)])
    base = alt.Chart().encode(
        color=alt.Color("series:N", scale=alt.Scale(domain=series, range=colours), legend=legend())
    )
    x = alt.X("ratio:Q", title="share of words replaced", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("accuracy:Q", title="accuracy, %", scale=alt.Scale(domainMin=0, nice=True))
    switched = base.transform_filter("isValid(datum.ratio)")
    tooltip = [
        alt.Tooltip("ratio:Q"),
        alt.Tooltip("series:N"),
        alt.Tooltip("accuracy:Q", format=".1f"),
    ]
    layers = [
        switched.mark_rule(strokeWidth=6, opacity=0.3).encode(
            x=x, y=alt.Y("seeds_low:Q"), y2="seeds_high:Q"
        ),
        switched.mark_rule(strokeWidth=INTERVAL).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"),
        switched.mark_line().encode(x=x, y=y),
        switched.mark_point(filled=True, size=46, opacity=1).encode(x=x, y=y, tooltip=tooltip),
        base.transform_filter("!isValid(datum.ratio)")
        .mark_rule(strokeDash=[5, 3], strokeWidth=INTERVAL)
        .encode(y=y, tooltip=tooltip),
    ]
    panels = list(dict.fromkeys(point["panel"] for point in points))
    layered = alt.layer(*layers, data=values(points)).properties(width=WIDTH, height=HEIGHT)
    return in_panels(layered, panels, alt.Header(labelLimit=WIDTH))


def _finding(points: list[RatioPoint]) -> str:
    first = [p for p in points if p["panel"] == points[0]["panel"]]
    series = "all languages" if any(p["series"] == "all languages" for p in first) else ""
    chosen = [p for p in first if not series or p["series"] == series]
    switched = sorted((p for p in chosen if p["ratio"] is not None), key=lambda p: p["ratio"])
    parallel = [p for p in chosen if p["ratio"] is None]
    if not switched:
        return "Parallel data in stage 1"
    best = max(switched, key=lambda p: p["accuracy"])
    text = (
        f"{points[0]['panel']}: {one_decimal(best['accuracy'])} % at"
        f" {100 * best['ratio']:.0f} % of the words replaced"
    )
    if parallel:
        text += f", {one_decimal(parallel[0]['accuracy'])} % with parallel data"
    return text
