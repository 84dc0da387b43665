"""A table as CSV, a page of examples as HTML, and what says of each how far it came: its record."""

import csv
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from lingualift.artifacts import write_json, write_text
from lingualift.figures.base import LeftOut
from lingualift.figures.typefaces import Typeface, carried
from lingualift.paper.base import Page, Table


def write_table(table: Table, title: str, path: str | Path, record: str | Path) -> None:
    """Write a table, and its record: cells that the run measured, and what was not run."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([table.header, *table.rows])
    write_text(path, text.getvalue())
    content = {"title": title, "measured": table.measured, "missing": list(table.missing)}
    write_json(record, content)


def write_page(
    page: Page | LeftOut,
    title: str,
    path: str | Path,
    record: str | Path,
    typefaces: Sequence[Typeface] = (),
) -> None:
    """Write a page that opens offline, with the fonts of its letters, and its record. Answers are
    text in it, never markup.
    """
    if isinstance(page, LeftOut):
        page = Page(title, page.reason, [])
    write_text(path, rendered(page, typefaces))
    content: dict[str, Any] = {"title": page.title, "measured": len(page.blocks), "missing": []}
    write_json(record, content)


def rendered(page: Page, typefaces: Sequence[Typeface] = ()) -> str:
    """The HTML of a page, every text escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("lingualift.paper").joinpath("page.html").read_text(encoding="utf-8")
    template = environment.from_string(source)
    said = template.render(page=page, fonts="")
    return template.render(page=page, fonts=Markup(carried(said, typefaces)))
