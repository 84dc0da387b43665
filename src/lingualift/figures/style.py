"""How figures look: colours, symbols, type, and marks of intervals."""

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt

from lingualift.tables.decimals import to_one_decimal

# Liberation Sans comes with vl-convert and has Arial's widths, so a layout depends on no machine's
# fonts. The others hold the scripts that it lacks (`fonts`).
FONT = "Liberation Sans, Arial, Noto Sans, DejaVu Sans, sans-serif"
# Okabe and Ito's palette without its yellow, which vanishes on white; with a symbol each, so that
# systems stay apart in grey, too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right")
INK, QUIET, GRID = "#222222", "#5f5f5f", "#e6e6e6"
INTERVAL = 1.6  # width of an interval's line in pixels
CLEAR = 8  # pixels from a row's name to its axis: a point at 0 % reaches 4 to the left of it
LEVELS = {"low": "low-resource", "medium": "medium", "high": "high-resource"}

CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 11,
        "titleColor": QUIET,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": "#b5b5b5",
        "tickColor": "#b5b5b5",
        "labelLimit": 220,
        "labelSeparation": 6,
    },
    "header": {
        "labelColor": INK,
        "labelFontSize": 11,
        "labelFontWeight": "bold",
        "titleFontSize": 0,
        "labelLimit": 320,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 320,
        "symbolSize": 70,
        "symbolStrokeWidth": 1.5,
        "titleFontSize": 0,
        "titlePadding": 0,
    },
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": 15,
        "fontWeight": "bold",
        "lineHeight": 19,
        "subtitleColor": QUIET,
        "subtitleFontSize": 11,
        "subtitleLineHeight": 15,
        "subtitlePadding": 5,
        "offset": 14,
    },
}


def colour(names: Sequence[str]) -> alt.Color:
    """The colour of a system, in the order of `names` (the field `system`)."""
    scale = alt.Scale(
        domain=list(names), range=[COLOURS[index % len(COLOURS)] for index in range(len(names))]
    )
    return alt.Color("system:N", scale=scale, legend=legend())


def symbol(names: Sequence[str]) -> alt.Shape:
    """The symbol of a system; with the colour it tells up to 49 systems apart."""
    turn = len(COLOURS)
    indices = [(index + index // turn) % len(SYMBOLS) for index in range(len(names))]
    scale = alt.Scale(domain=list(names), range=[SYMBOLS[index] for index in indices])
    return alt.Shape("system:N", scale=scale, legend=legend())


def legend() -> alt.Legend:
    """One column above the chart: names of systems are long."""
    return alt.Legend(orient="top", direction="vertical", columns=1, title=None, symbolOpacity=1)


def in_panels(
    chart: alt.Chart | alt.LayerChart | alt.FacetChart, panels: Sequence[str], header: alt.Header
) -> alt.TopLevelMixin:
    """A chart once a panel (the field `panel`), two side by side. Each has its own x axis: a shared
    one would stand at the bottom of its column, below an empty cell where the number is odd.
    """
    facet = alt.Facet("panel:N", sort=list(panels), title=None, header=header)
    faceted = chart.facet(facet=facet, columns=2, spacing=22)
    return faceted.resolve_axis(x="independent")


def values(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Rows as the data of a chart, in their order, with numbers rounded to what a reader sees."""
    return alt.InlineData(
        values=[
            {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in row.items()
            }
            for row in rows
        ]
    )


def wrapped(text: str, width: int) -> list[str]:
    """A title or caption in lines of at most `width` letters; a number keeps its per cent sign."""
    return textwrap.wrap(text.replace(" %", "\u00a0%"), width, break_long_words=False)


def one_decimal(value: float) -> str:
    """A number as captions state it: one decimal, a true minus sign."""
    return to_one_decimal(value).replace("-", "−")


def rank_correlation(rho: float, low: float, high: float) -> str:
    """A rank correlation with its interval as findings state it, with true minus signs."""
    return f"rank correlation {rho:.2f}, {low:.2f} to {high:.2f}".replace("-", "−")


def listed(items: Sequence[str]) -> str:
    """Words as a list in a sentence: 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def counted(count: int, singular: str) -> str:
    """'1 language', '3 languages'."""
    return f"{count:,} {singular}{'' if count == 1 else 's'}"
