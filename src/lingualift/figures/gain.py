"""What the two figures of gains share: points of gain over a baseline by language, and how closely
they follow another measure of the language.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from scipy.stats import spearmanr

from lingualift.figures.base import Drawing, FigureInputs
from lingualift.figures.style import (
    COLOURS,
    INTERVAL,
    QUIET,
    counted,
    in_panels,
    rank_correlation,
    values,
)

WIDTH, HEIGHT = 250, 190  # pixels of a panel
MOST_LABELS, OUTERMOST = 20, 4  # beyond 20 names cover one another: lowest and highest 4 alone
LINE = 44  # letters of a panel's title: a longer one would be cut, and breaks at its minus
FEWEST = 5  # languages: below that a rank correlation says nothing
Measure = Mapping[tuple[str, str], float]
"""{(system, language): value} of what gains are held against."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rho over `n` languages with its 95 % interval (Bonett and Wright 2000) and p."""

    rho: float
    low: float
    high: float
    p: float
    n: int


def correlation_over_languages(pairs: Sequence[tuple[float, float]]) -> Correlation | None:
    """Spearman's correlation of pairs; None with fewer than five, or where one side is constant."""
    if len(pairs) < FEWEST or any(len(set(side)) == 1 for side in zip(*pairs, strict=True)):
        return None
    spearman = spearmanr(*zip(*pairs, strict=True))
    rho = float(spearman.statistic)
    if abs(rho) > 1 - 1e-9:
        return Correlation(rho, rho, rho, float(spearman.pvalue), len(pairs))
    deviation = 1.96 * math.sqrt((1 + rho**2 / 2) / (len(pairs) - 3))
    middle = math.atanh(rho)
    low, high = math.tanh(middle - deviation), math.tanh(middle + deviation)
    return Correlation(rho, low, high, float(spearman.pvalue), len(pairs))


def gain_points(inputs: FigureInputs, measure: Measure) -> list[dict[str, Any]]:
    """One point a panel (system minus baseline) and language: gain with its interval, and the
    measure. Panels with the table's own reference come first.
    """
    rows: list[dict[str, Any]] = []
    for table in (inputs.table, inputs.ablation):
        shown = [row for row in table if row["origin"] == "measured" and row["seed"] is None]
        baseline = next((row["title"] for row in shown if row["difference"] is None), None)
        for row in shown:
            value = measure.get((row["system"], row["scope"]))
            if row["difference"] is None or value is None or row["scope"] not in inputs.names:
                continue
            rows.append(
                {
                    "panel": f"{row['title']} − {baseline}",
                    "system": row["title"],
                    "baseline": baseline,
                    "code": row["scope"],
                    "language": inputs.names[row["scope"]],
                    "gain": row["difference"],
                    "low": row["difference_low"],
                    "high": row["difference_high"],
                    "measure": value,
                    "n": row["n"],
                }
            )
    return rows


def chart(rows: Sequence[dict[str, Any]], title: str) -> alt.TopLevelMixin:
    """A panel a system and baseline; `title` is the x axis. A point is hollow where its row says
    `hollow`.
    """
    base = alt.Chart()
    tooltip = [
        alt.Tooltip("language:N"),
        alt.Tooltip("panel:N", title="gain of"),
        alt.Tooltip("gain:Q", format="+.1f", title="points"),
        alt.Tooltip("low:Q", format="+.1f", title="95 % from"),
        alt.Tooltip("high:Q", format="+.1f", title="to"),
        alt.Tooltip("measure:Q", format=".2f", title=title),
    ]
    x = alt.X("measure:Q", title=title, scale=alt.Scale(zero=False, nice=True, padding=14))
    zero = base.mark_rule(color="#8a8a8a", strokeDash=[3, 3]).encode(y=alt.datum(0))
    interval = base.mark_rule(strokeWidth=INTERVAL, opacity=0.55, color=COLOURS[0]).encode(
        x=x, y=alt.Y("low:Q"), y2="high:Q"
    )
    point = base.mark_point(size=52, strokeWidth=1.6, opacity=1, color=COLOURS[0]).encode(
        x=x,
        y=alt.Y("gain:Q", title="gain, points"),
        fill=alt.condition("datum.hollow", alt.value("white"), alt.value(COLOURS[0])),
        tooltip=tooltip,
    )
    name = (
        base.transform_filter("datum.labelled")
        .mark_text(align="left", dx=6, dy=-7, fontSize=10, color=QUIET)
        .encode(x=x, y=alt.Y("gain:Q"), text="code:N")
    )
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    data = [{**row, "labelled": row["code"] in _labelled(rows, row["panel"])} for row in rows]
    layered = alt.layer(zero, interval, point, name, data=values(data))
    return in_panels(layered.properties(width=WIDTH, height=HEIGHT), panels, _header())


def _labelled(rows: Sequence[dict[str, Any]], panel: str) -> set[str]:
    """The languages of a panel whose names stand beside their points: all, or the outermost."""
    shown = sorted((row for row in rows if row["panel"] == panel), key=lambda row: row["gain"])
    if len(shown) > MOST_LABELS:
        shown = [*shown[:OUTERMOST], *shown[-OUTERMOST:]]
    return {row["code"] for row in shown}


def _header() -> alt.Header:
    """Names too long for a line break at their minus, and a system's at a word where it must."""
    at_minus = "replace(datum.label, ' − ', ' −|')"
    at_word = f"replace({at_minus}, regexp('([^|]{{30,{LINE}}}) (?!−)', 'g'), '$1|')"
    return alt.Header(
        labelOrient="top",
        labelAnchor="start",
        labelLimit=WIDTH + 40,
        labelExpr=f"length(datum.label) > {LINE} ? split({at_word}, '|') : datum.label",
    )


def finding(rows: Sequence[dict[str, Any]], better: str, what: str) -> str:
    """What the first panel says; `better` names languages high in the measure `what`."""
    first = [row for row in rows if row["panel"] == rows[0]["panel"]]
    gain = f"{first[0]['system']} over {first[0]['baseline']}"
    spearman = correlation_over_languages([(r["measure"], r["gain"]) for r in first])
    if spearman is None:
        above = sum(row["low"] > 0 for row in first)
        return f"{gain}: a gain beyond chance in {above} of {len(first)} languages"
    state = rank_correlation(spearman.rho, spearman.low, spearman.high)
    if spearman.low <= 0 <= spearman.high:
        return f"{what} does not clearly decide the gain of {gain} ({state})"
    more = "more" if spearman.rho > 0 else "less"
    return f"{better} gain {more} from {gain} ({state})"


def caption(rows: Sequence[dict[str, Any]], note: str) -> str:
    """Which languages, how many answers, what lines and hollow points are."""
    languages = len({row["code"] for row in rows})
    answers = sorted({row["n"] for row in rows})
    asked = f"{answers[0]}" if len(answers) == 1 else f"{answers[0]} to {answers[-1]}"
    rank = "; the correlation's is Bonett and Wright's, over languages" * (languages >= FEWEST)
    return (
        f"n = {counted(languages, 'language')} with {asked} problems each. Lines: 95 % paired"
        f" bootstrap intervals{rank}. {note}"
    ).strip()


def drawing(rows: list[dict[str, Any]], axis: str, better: str, what: str, note: str) -> Drawing:
    """The whole figure from its points."""
    return Drawing(chart(rows, axis), finding(rows, better, what), caption(rows, note))
