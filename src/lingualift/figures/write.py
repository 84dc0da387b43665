"""A drawing as files: SVG and PNG with title and caption, and JSON for the report."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vl_convert

from lingualift.artifacts import atomic_path, write_json, write_text
from lingualift.figures.base import Drawing, LeftOut
from lingualift.figures.fonts import replace_undrawable, script_name, undrawable
from lingualift.figures.style import CONFIG, FONT, QUIET, wrapped
from lingualift.figures.typefaces import Typeface, drawn_texts, outlined, with_fonts

VEGA_LITE = "6.4"  # the version that altair 6.3 writes
# Letters a line. At 100 a caption was cut in a browser that knows DejaVu Sans alone, a fifth wider.
TITLE_WIDTH, CAPTION_WIDTH = 66, 88
# Pixels. The right is wider: a browser without Arial may set the caption in a wider font.
PADDING = {"left": 12, "top": 12, "bottom": 12, "right": 48}
PNG_SCALE = 2.0  # pixels of the PNG for one of the SVG

logger = logging.getLogger("lingualift")


def spec(drawing: Drawing) -> dict[str, Any]:
    """The chart as Vega-Lite in the project's style, without title: the report sets its own."""
    chart = drawing.chart.to_dict()
    return {**chart, "config": CONFIG}


def titled(drawing: Drawing) -> dict[str, Any]:
    """The chart as Vega-Lite with its title and, below it, the caption."""
    return {
        **spec(drawing),
        "padding": PADDING,
        "title": {
            "text": wrapped(drawing.title, TITLE_WIDTH),
            "subtitle": wrapped(drawing.caption, CAPTION_WIDTH),
        },
    }


def sentence(reason: str) -> dict[str, Any]:
    """A figure that holds nothing but the reason why it is left out."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
        "config": CONFIG,
        "padding": 12,
        "width": 520,
        "height": 40,
        "data": {"values": [{"text": wrapped(reason, 80)}]},
        "mark": {"type": "text", "align": "left", "fontSize": 12, "color": QUIET},
        "encoding": {"text": {"field": "text"}, "x": {"value": 0}, "y": {"value": 10}},
    }


def write_figure(
    drawing: Drawing | LeftOut,
    svg: str | Path,
    png: str | Path,
    record: str | Path,
    typefaces: Sequence[Typeface] = (),
) -> None:
    """Write a drawing as SVG, PNG and `record` (JSON: `title`, `caption` and `spec`, or
    `left_out`).

    The same drawing gives the same SVG on every machine; it carries those of the `typefaces` whose
    letters it shows, and they draw the PNG. Letters that the PNG cannot show all the same
    (`fonts.undrawable`) are replaced by their script's name in brackets, and the log says so.
    """
    if isinstance(drawing, LeftOut):
        logger.info("left out: %s", drawing.reason)
        full: dict[str, Any] = sentence(drawing.reason)
        content: dict[str, Any] = {"left_out": drawing.reason}
    else:
        full = titled(drawing)
        content = {"title": drawing.title, "caption": drawing.caption, "spec": spec(drawing)}
    drawn: str = vl_convert.vegalite_to_svg(full, vl_version=VEGA_LITE)
    write_text(svg, with_fonts(drawn, typefaces))
    picture = outlined(drawn, typefaces)
    missing = undrawable(drawn_texts(picture), FONT)
    if missing:
        scripts = sorted({script_name(letter) for letter in missing})
        logger.warning(
            "%s: %s cannot be drawn here and is named instead; use the SVG (docs/figures.md)",
            png,
            ", ".join(scripts),
        )
        picture = replace_undrawable(picture, missing)
    with atomic_path(png) as path:
        path.write_bytes(vl_convert.svg_to_png(picture, scale=PNG_SCALE))
    write_json(record, content)
