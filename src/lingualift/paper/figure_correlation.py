"""Accuracy against sentence retrieval, a point a system and language (Figure 7; Table 19 holds the
correlations).
"""

from dataclasses import asdict

import altair as alt

from lingualift.figures.base import Drawing, LeftOut
from lingualift.figures.style import (
    COLOURS,
    SYMBOLS,
    counted,
    in_panels,
    legend,
    rank_correlation,
    values,
)
from lingualift.paper.base import Artifact, PaperInputs
from lingualift.paper.correlations import correlation, retrieval_points
from lingualift.paper.dots import LEVEL_NAMES

WIDTH, HEIGHT = 250, 210  # pixels of a panel


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A panel a test set, a colour and symbol a resource level."""
    assert inputs.retrieval is not None
    retrieval = inputs.retrieval
    by_slot = {slot.benchmark: retrieval_points(slot, retrieval) for slot in inputs.slots.values()}
    rows = [
        {**asdict(point), "panel": panel, "level": LEVEL_NAMES.get(point.level, "other")}
        | {"title": inputs.systems[point.system].title}
        for panel, joined in by_slot.items()
        for point in joined
    ]
    if not rows:
        return LeftOut(
            "Retrieval and accuracy are left out: no language is both asked and retrieved."
        )
    levels = [*dict.fromkeys([*LEVEL_NAMES.values(), "other"])]
    present = [name for name in levels if any(row["level"] == name for row in rows)]
    chart = (
        alt.Chart(values(rows))
        .mark_point(filled=True, size=44, opacity=0.75)
        .encode(
            x=alt.X("retrieval:Q", title=f"{retrieval.benchmark} retrieval, %"),
            y=alt.Y("accuracy:Q", title="accuracy, %"),
            color=alt.Color(
                "level:N",
                scale=alt.Scale(domain=present, range=list(COLOURS[: len(present)])),
                legend=legend(),
            ),
            shape=alt.Shape(
                "level:N",
                scale=alt.Scale(domain=present, range=list(SYMBOLS[: len(present)])),
                legend=legend(),
            ),
            tooltip=[
                alt.Tooltip("title:N", title="system"),
                alt.Tooltip("language:N"),
                alt.Tooltip("retrieval:Q", format=".1f"),
                alt.Tooltip("accuracy:Q", format=".1f"),
            ],
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    first = next(iter(by_slot))
    caption = (
        f"n = {counted(len(rows), 'point')}, each a system in a language;"
        f" {counted(len({row['language'] for row in rows}), 'language')}. The correlation's"
        " interval draws languages and systems anew."
    )
    panels = in_panels(chart, list(by_slot), alt.Header())
    return Drawing(panels, _finding(first, by_slot), caption)


def _finding(first: str, by_slot: dict) -> str:
    rank = correlation(by_slot[first])
    if rank is None:
        return f"{first}: too few different points for a rank correlation with retrieval"
    state = rank_correlation(rank.rho, rank.low, rank.high)
    if rank.low <= 0 <= rank.high:
        return f"{first}: retrieval does not clearly tell accuracy ({state})"
    how = "better" if rank.rho > 0 else "worse"
    return f"{first}: {how} retrieval goes with higher accuracy ({state})"
