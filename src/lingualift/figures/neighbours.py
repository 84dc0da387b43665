"""A lexicon's nearest translation of a few fixed words, in every language's script (the paper's
Table 4 lists such examples).
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

import altair as alt

from lingualift.figures.base import Drawing, FigureInputs, LeftOut, Row
from lingualift.figures.fonts import font_of
from lingualift.figures.style import FONT, INK, counted, listed, values

WORDS = ("water", "house", "mother", "book", "three", "good", "day")
"""Everyday words that any vocabulary holds; the same for every language and run."""
CELL, ROW = 88, 27  # pixels
LETTERS = 12  # of a word in a cell; those of most scripts are wider than Latin ones by half
NARROW = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
MUTUAL, ONE_WAY = "#cfe3f1", "#f4f4f4"
BOTH, ALONE = "nearest in both directions", "nearest from English alone"


def draw(inputs: FigureInputs) -> Drawing | LeftOut:
    """A row a language, a column a word; the cell's colour says whether the translation's own
    nearest English word is the word.
    """
    rows = neighbour_rows(inputs)
    if not rows:
        return LeftOut(
            "Neighbours are left out: no lexicon of this run holds any of " + ", ".join(WORDS) + "."
        )
    order = list(dict.fromkeys(row["language"] for row in rows))
    words = [word for word in WORDS if any(row["word"] == word for row in rows)]
    base = alt.Chart(values(rows)).encode(
        x=alt.X(
            "word:N",
            sort=words,
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelFontSize=12),
        ),
        y=alt.Y("language:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip("language:N"),
            alt.Tooltip("word:N"),
            alt.Tooltip("all:N", title="translations"),
            alt.Tooltip("csls:Q", format=".2f", title="score of the first"),
            alt.Tooltip("direction:N", title="the first is"),
        ],
    )
    fill = alt.Color(
        "direction:N",
        scale=alt.Scale(domain=[BOTH, ALONE], range=[MUTUAL, ONE_WAY]),
        legend=alt.Legend(orient="top", title=None, symbolType="square"),
    )
    chart = (
        base.mark_rect(stroke="white", strokeWidth=3, cornerRadius=4).encode(color=fill)
        + _words(base, rows)
    ).properties(
        width=alt.Step(CELL),
        height=alt.Step(ROW),
        usermeta={"fixed": True},  # the report must not narrow cells that hold words
    )
    return Drawing(chart, finding(rows), _caption(rows))


def _words(base: alt.Chart, rows: Sequence[Row]) -> Any:
    """The translations, a layer a script in a font that holds it."""
    fonts = sorted({row["font"] for row in rows})
    return alt.layer(
        *(
            base.transform_filter(alt.datum.font == font)
            .mark_text(fontSize=12, color=INK, font=font)
            .encode(text="shown:N")
            for font in fonts
        )
    )


def shortened(word: str) -> str:
    """A word as a cell shows it. Cut by counting: measured by the machine's fonts, as Vega does it,
    the same word would be whole on one machine and cut on another.
    """
    room = LETTERS + 0.5
    for index, letter in enumerate(word):
        if unicodedata.category(letter) != "Mn":
            room -= 1 if unicodedata.name(letter, "").startswith(NARROW) else 1.5
        if room < 0:
            end = index - 1
            while unicodedata.category(word[end]) == "Mn":  # it belongs to the letter before
                end -= 1
            return word[:end].rstrip() + "…"
    return word


def neighbour_rows(inputs: FigureInputs) -> list[dict[str, Any]]:
    """One row a language and word: the nearest translation, and all of them in order."""
    verdicts = {row["language"]: row["verdict"] for row in inputs.lexicon_table}
    rows = []
    for code, lexicon in inputs.lexicons.items():
        name = inputs.names.get(code, code)
        for word in WORDS:
            translations = _translations(lexicon, word)
            if translations:
                first = translations[0]
                rows.append(
                    {
                        "language": name + " †" * (verdicts.get(code) == "collapsed"),
                        "word": word,
                        "target": first["target"],
                        "shown": shortened(first["target"]),
                        "all": ", ".join(row["target"] for row in translations),
                        "csls": first["csls"],
                        "font": font_of(first["target"], FONT),
                        "mutual": first["mutual"],
                        "direction": BOTH if first["mutual"] else ALONE,
                    }
                )
    return rows


def _translations(lexicon: Sequence[Row], word: str) -> list[Row]:
    return sorted((row for row in lexicon if row["source"] == word), key=lambda row: row["rank"])


def finding(rows: Sequence[Row]) -> str:
    """How many of the translations are nearest in both directions, and where fewest are."""
    mutual = sum(row["mutual"] for row in rows)
    text = f"{mutual} of {counted(len(rows), 'translation')} are nearest in both directions"
    by_language: dict[str, list[bool]] = {}
    for row in rows:
        by_language.setdefault(row["language"].removesuffix(" †"), []).append(row["mutual"])
    shares = {name: sum(marks) / len(marks) for name, marks in by_language.items()}
    low = min(shares.values())
    if len(shares) > 1 and low < max(shares.values()):
        fewest = [name for name, share in shares.items() if share == low]
        text += f", fewest in {listed(fewest[:3])}" + " and others" * (len(fewest) > 3)
    return text


def _caption(rows: Sequence[Row]) -> str:
    text = (
        f"The nearest translation of {len(WORDS)} fixed words;"
        f" n = {counted(len(rows), 'translation')}. That a pair is mutual is evidence, no proof."
    )
    collapsed = any(row["language"].endswith("†") for row in rows)
    return text + " †: the lexicon collapsed and is not used." * collapsed
