"""Parallel sentences of all languages as points, space by space (Figure 5)."""

from collections.abc import Sequence

import altair as alt

from lingualift.figures.base import Drawing, LeftOut, Row
from lingualift.figures.style import COLOURS, SYMBOLS, counted, legend, values
from lingualift.paper.base import Artifact, PaperInputs

SIZE = 250  # pixels of a panel
MOST_COLOURS = 7  # languages: with more, their resource level is coloured
ENGLISH = "English"


def make(artifact: Artifact, inputs: PaperInputs) -> Drawing | LeftOut:
    """A panel a space, a point a sentence; English stands on top."""
    if not inputs.sentences:
        return LeftOut("Parallel sentences are left out: no language has any.")
    names = {code: inputs.languages[code].name for code in _codes(inputs.sentences)}
    levels = {
        code: ENGLISH if code == "en" else f"{inputs.languages[code].level or 'other'}-resource"
        for code in names
    }
    kinds = names if len(names) <= MOST_COLOURS else levels
    rows = [
        {
            "space": row["space"],
            "x": row["x"],
            "y": row["y"],
            "series": kinds[row["language"]],
            "language": names[row["language"]],
            "id": row["id"],
        }
        for row in sorted(inputs.sentences, key=lambda row: row["language"] == "en")
    ]
    series = sorted({row["series"] for row in rows}, key=lambda name: (name != ENGLISH, name))
    colours = ["#000000", *COLOURS[: len(series) - 1]]
    shapes = list(SYMBOLS[: len(series)])
    spaces = list(dict.fromkeys(row["space"] for row in inputs.sentences))
    axis = alt.Axis(labels=False, ticks=False, title=None, grid=False, domain=False)
    chart = (
        alt.Chart(values(rows))
        .mark_point(filled=True, size=18, opacity=0.7)
        .encode(
            x=alt.X("x:Q", axis=axis),
            y=alt.Y("y:Q", axis=axis),
            color=alt.Color(
                "series:N", scale=alt.Scale(domain=series, range=colours), legend=legend()
            ),
            shape=alt.Shape(
                "series:N", scale=alt.Scale(domain=series, range=shapes), legend=legend()
            ),
            tooltip=[alt.Tooltip("language:N"), alt.Tooltip("id:N")],
        )
        .properties(width=SIZE, height=SIZE)
        .facet(facet=alt.Facet("space:N", sort=spaces, title=None), columns=2)
        .resolve_scale(x="independent", y="independent")
    )
    caption = _caption(inputs.sentences, spaces)
    return Drawing(chart, _finding(inputs.sentences, spaces), caption)


def _codes(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["language"] for row in rows))


def shares(rows: Sequence[Row]) -> dict[str, float]:
    """Per cent of the sentences whose nearest English one is their translation, by space."""
    by_space: dict[str, list[bool]] = {}
    for row in rows:
        if row["retrieved"] is not None:
            by_space.setdefault(row["space"], []).append(row["retrieved"])
    return {space: 100 * sum(marks) / len(marks) for space, marks in by_space.items()}


def _finding(rows: Sequence[Row], spaces: Sequence[str]) -> str:
    """How often a sentence is nearest to its English in the space where that is most often so, and
    in the encoder.
    """
    measured = shares(rows)
    if not measured:
        return "Parallel sentences in English alone"
    best = max(measured, key=lambda space: measured[space])
    text = f"The nearest English sentence is the translation for {measured[best]:.0f} % ({best})"
    first = next(space for space in spaces if space in measured)
    return text if first == best else f"{text}, {measured[first]:.0f} % ({first})"


def _caption(rows: Sequence[Row], spaces: Sequence[str]) -> str:
    sentences, languages = len({row["id"] for row in rows}), len(_codes(rows))
    measured = shares(rows)
    by_space = "; ".join(
        f"{space} {measured[space]:.0f} %" for space in spaces if space in measured
    )
    return (
        f"t-SNE of mean states; n = {counted(sentences, 'sentence')} of {rows[0]['benchmark']} in"
        f" {counted(languages, 'language')}, the same in each. The nearest English by cosine is"
        f" the translation: {by_space}. Distances between clusters of a t-SNE say little. No"
        " interval: each model is trained once."
    )
