"""The report as one HTML file without any address outside itself."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from lingualift.figures.typefaces import Typeface, carried, scripts_without_font
from lingualift.figures.write import VEGA_LITE
from lingualift.report.content import Report

# Vega compiles expressions with `new Function`, which a policy forbids; its interpreter, which
# vega-embed brings along, does without. Styles are inline because Vega's tooltips set them.
BUNDLE = "window.vegaEmbed = vegaEmbed;"  # what the page's own script calls
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:;"
    " font-src data:"
)

AROUND = ("policy", "style", "fonts", "scripts_without_font", "bundle", "script")
"""What of a page says nothing itself."""


def embedded_json(value: Any) -> Markup:
    """A value as JSON that can stand inside a script element: no text in it can end the element or
    open a comment.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for character, escape in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(character, escape)
    return Markup(text)


def policy(scripts: list[str]) -> str:
    """The content security policy that runs these scripts alone, by their hashes."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    hashes = (f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return POLICY.format(scripts=" ".join(hashes))


def render(report: Report, typefaces: Sequence[Typeface] = ()) -> str:
    """The whole page, with those of the fonts whose letters it shows; the same report gives the
    same bytes.
    """
    folder = files("lingualift.report")
    bundle = vl_convert.javascript_bundle(BUNDLE, VEGA_LITE)
    script = (folder / "page.js").read_text(encoding="utf-8")
    style = (folder / "page.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((folder / "page.html").read_text(encoding="utf-8"))
    data = embedded_json(
        {
            "answers": report.answers,
            "figures": {figure.name: figure.spec for figure in report.figures},
        }
    )
    said = template.render(report=report, data=data, **dict.fromkeys(AROUND, ""))
    return template.render(
        report=report,
        data=data,
        policy=policy([bundle, script]),
        style=Markup(style),
        fonts=Markup(carried(said, typefaces)),
        scripts_without_font=scripts_without_font(said, typefaces),
        bundle=Markup(bundle),
        script=Markup(script),
    )
