"""Accuracy by language and system with its interval, languages ordered by resource level."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from lingualift.figures.base import Drawing, FigureInputs, LeftOut, Row
from lingualift.figures.style import (
    CLEAR,
    INTERVAL,
    LEVELS,
    colour,
    counted,
    one_decimal,
    symbol,
    values,
)

WIDTH, ROW, GAP = 400, 9, 7  # pixels: the plot's width, a system's height, between languages
AVERAGES = {"Avg.": "all languages", "Aligned": "aligned languages"}


def draw(inputs: FigureInputs) -> Drawing | LeftOut:
    """A panel for the averages and one a resource level; a point and a line a system."""
    measured = [row for row in inputs.table if row["origin"] == "measured" and row["seed"] is None]
    if not measured:
        return LeftOut("Accuracy by language is left out: the result table holds no measured row.")
    chance = {row["scope"]: row["accuracy"] for row in inputs.table if row["origin"] == "chance"}
    systems = list(dict.fromkeys(row["title"] for row in measured))
    rows = [
        {
            "panel": _panel(row),
            "language": _label(row, inputs),
            "system": row["title"],
            "accuracy": row["accuracy"],
            "low": row["low"],
            "high": row["high"],
            "n": row["n"],
            "chance": chance.get(row["scope"]),
        }
        for row in measured
        if row["scope"] in AVERAGES or row["scope"] in inputs.names
    ]
    order = list(dict.fromkeys(row["language"] for row in sorted(rows, key=_order)))
    panels = [name for name in ("average", *LEVELS.values(), "other") if name in _panels(rows)]
    charts = [
        _panel_chart(
            [row for row in rows if row["panel"] == name], systems, order, name == panels[-1]
        ).properties(title=alt.Title(name, fontSize=11, offset=4, frame="group"))
        for name in panels
    ]
    chart = alt.vconcat(*charts, spacing=10).resolve_scale(x="shared")
    return Drawing(chart, finding(inputs.table), _caption(measured, inputs, bool(chance)))


def _accuracy(axis: bool) -> alt.X:
    """The shared scale; its ticks and title stand below one panel, its grid in all."""
    shown = (
        alt.Axis(title="accuracy, %")
        if axis
        else (alt.Axis(labels=False, ticks=False, domain=False, title=""))
    )
    return alt.X("accuracy:Q", axis=shown, scale=alt.Scale(domainMin=0, nice=True))


def _panel_chart(
    rows: Sequence[dict[str, Any]], systems: list[str], order: list[str], last: bool
) -> Any:
    """One panel: a language a row, in it a line and a point a system, and a mark at chance. The
    axis stands below the last one.
    """
    offset = alt.YOffset("system:N", sort=systems, scale=alt.Scale(paddingOuter=GAP / 2 / ROW))
    base = alt.Chart().encode(
        y=alt.Y(
            "language:N",
            sort=order,
            title=None,
            axis=alt.Axis(ticks=False, grid=False, labelPadding=CLEAR),
            scale=alt.Scale(padding=0),
        ),
        tooltip=[
            alt.Tooltip("language:N"),
            alt.Tooltip("system:N"),
            alt.Tooltip("accuracy:Q", format=".1f", title="accuracy %"),
            alt.Tooltip("low:Q", format=".1f", title="95 % from"),
            alt.Tooltip("high:Q", format=".1f", title="to"),
            alt.Tooltip("n:Q", title="problems"),
        ],
    )
    guess = (
        base.transform_filter("isValid(datum.chance)")
        .mark_tick(color="#b0b0b0", thickness=2, bandSize=ROW + 1)
        .encode(x=alt.X("chance:Q"), yOffset=offset)
    )
    interval = base.mark_rule(strokeWidth=INTERVAL).encode(
        x=alt.X("low:Q"), x2="high:Q", yOffset=offset, color=colour(systems)
    )
    point = base.mark_point(filled=True, size=46, opacity=1).encode(
        x=_accuracy(axis=last),
        yOffset=offset,
        color=colour(systems),
        shape=symbol(systems),
    )
    return alt.layer(guess, interval, point, data=values(rows)).properties(
        width=WIDTH,
        height=alt.Step(ROW),
    )


def _panel(row: Row) -> str:
    return "average" if row["scope"] in AVERAGES else LEVELS.get(row["level"], "other")


def _panels(rows: Sequence[Row]) -> set[str]:
    return {row["panel"] for row in rows}


def _label(row: Row, inputs: FigureInputs) -> str:
    return AVERAGES.get(row["scope"]) or inputs.names[row["scope"]]


def _order(row: Row) -> tuple[int, str]:
    panels = ["average", *LEVELS.values(), "other"]
    return panels.index(row["panel"]), "" if row["panel"] == "average" else row["language"]


def finding(table: Sequence[Row]) -> str:
    """What the averages say: who is ahead and whether the interval of the difference excludes 0."""
    averages = [
        row
        for row in table
        if row["scope"] == "Avg." and row["origin"] == "measured" and row["seed"] is None
    ]
    if not averages:
        return "Accuracy by language and system"
    best = max(averages, key=lambda row: row["accuracy"])
    chance = next(
        (row["accuracy"] for row in table if (row["origin"], row["scope"]) == ("chance", "Avg.")),
        None,
    )
    tail = ""
    if chance is not None and best["high"] is not None and best["low"] <= chance:
        tail = f", not more than guessing ({one_decimal(chance)} %)"
    reached = f"{best['title']} answers {one_decimal(best['accuracy'])} % on average{tail}"
    others = [row for row in averages if row is not best]
    if not others:
        return reached
    reference = next((row for row in averages if row["difference"] is None), None)
    compared = next((row for row in averages if row["difference"] is not None), None)
    if reference is None or compared is None:
        second = max(others, key=lambda row: row["accuracy"])
        return f"{reached}; next is {second['title']} with {one_decimal(second['accuracy'])} %"
    if best is not reference:
        return f"{reached}, {_points(best, reference['title'])}"
    second = max(others, key=lambda row: row["accuracy"])
    return f"{reached}; {second['title']} is {_points(second, 'it')}"


def _points(row: Row, other: str) -> str:
    """The difference of a system to the reference in words."""
    size = one_decimal(abs(row["difference"]))
    bounds = f"{one_decimal(row['difference_low'])} to {one_decimal(row['difference_high'])}"
    if row["difference_low"] <= 0 <= row["difference_high"]:
        return f"not measurably ({bounds}) different from {other}"
    return f"{size} points ({bounds}) {'above' if row['difference'] > 0 else 'below'} {other}"


def _caption(measured: Sequence[Row], inputs: FigureInputs, chance: bool) -> str:
    languages = [row for row in measured if row["scope"] in inputs.names]
    asked = sorted({row["n"] for row in languages})
    seeds = max(len(row["seeds"].split(",")) for row in measured)
    problems = f"{min(asked)}" if len(asked) == 1 else f"{min(asked)} to {max(asked)}"
    text = (
        f"{measured[0]['benchmark']}; n = {problems} problems a language,"
        f" {counted(seeds, 'seed')}. Lines: 95 % bootstrap intervals over problems"
        f"{' and seeds' if seeds > 1 else ''}."
    )
    return text + (" Grey: expected of a guess." if chance else "")
