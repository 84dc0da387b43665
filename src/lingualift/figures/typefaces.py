"""Fonts that pages and figures carry, so that they show every script wherever they are opened.

A package of Noto Sans holds the letters of one script, in regular weight, in two forms: WOFF2,
which goes into pages and SVG files as it is, and WOFF, from which the letters of a PNG are drawn.
"""

import base64
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import uharfbuzz

from lingualift.artifacts import read_json
from lingualift.figures.fonts import HELD, script_name
from lingualift.retrieve.fetch import verified
from lingualift.text.scripts import letters_pattern

SVG = "{http://www.w3.org/2000/svg}"
ELLIPSIS = "…"  # what Vega ends a text with that it cuts
THIRDS = (0.12, 0.45, 0.78)  # of an ellipsis, where its dots stand
ANCHORS = {"start": 0.0, "middle": -0.5, "end": -1.0}  # where a text begins, in its own width


@dataclass(frozen=True)
class Typeface:
    """A font of one script; `woff` and `woff2` are the same letters in two forms, `ranges` their
    code points as style sheets write them.
    """

    family: str
    ranges: str
    woff: bytes
    woff2: bytes

    @cached_property
    def font(self) -> uharfbuzz.Font:
        """What shapes its letters, in units of the design."""
        tables = woff_tables(self.woff)
        face = uharfbuzz.Face.create_for_tables(lambda _, tag, __: tables.get(tag), None)
        return uharfbuzz.Font(face)

    def holds(self, letter: str) -> bool:
        """Whether it has a glyph for a letter."""
        return self.font.get_nominal_glyph(ord(letter)) is not None


def read_typeface(manifest: str | Path) -> Typeface:
    """The font of a retrieved package, after checking every file of it."""
    package = verified(manifest) / "package"
    (woff2,) = package.glob("files/*.woff2")
    about = read_json(package / "metadata.json")
    subset = woff2.name.removeprefix(f"{about['id']}-").removesuffix("-400-normal.woff2")
    return Typeface(
        family=about["family"],
        ranges=read_json(package / "unicode.json")[subset],
        woff=woff2.with_suffix(".woff").read_bytes(),
        woff2=woff2.read_bytes(),
    )


def woff_tables(woff: bytes) -> dict[str, bytes]:
    """The tables of a WOFF file by tag (WOFF File Format 1.0, sections 3 to 5)."""
    (count,) = struct.unpack_from(">H", woff, 12)
    tables = {}
    for number in range(count):
        tag, start, packed, length, _ = struct.unpack_from(">4sIIII", woff, 44 + 20 * number)
        data = woff[start : start + packed]
        tables[tag.decode()] = data if packed == length else zlib.decompress(data)
    return tables


def foreign_letters(text: str) -> list[str]:
    """The letters of scripts for which a reader's machine may have no font, sorted."""
    letters = set(letters_pattern().findall(text))
    return sorted(letter for letter in letters if script_name(letter) not in HELD)


def carried(text: str, typefaces: Sequence[Typeface]) -> str:
    """The style sheet that embeds the fonts of a text's scripts, and names them all in the variable
    `--carried` (none: empty). It asks for no address.
    """
    letters = foreign_letters(text)
    used = [face for face in typefaces if any(map(face.holds, letters))]
    if not used:
        return ""
    rules = [
        f'@font-face{{font-family:"{face.family}";src:url(data:font/woff2;base64,'
        f'{base64.b64encode(face.woff2).decode()}) format("woff2");unicode-range:{face.ranges}}}'
        for face in used
    ]
    names = ",".join(f'"{face.family}"' for face in used)
    return "\n".join([*rules, f":root{{--carried:{names}}}"])


def scripts_without_font(text: str, typefaces: Sequence[Typeface]) -> list[str]:
    """The scripts of a text that no carried font holds, sorted."""
    letters = foreign_letters(text)
    bare = [letter for letter in letters if not any(face.holds(letter) for face in typefaces)]
    return sorted({script_name(letter) for letter in bare})


def drawn_texts(svg: str) -> str:
    """What an SVG file says, without the descriptions that it gives to screen readers."""
    return " ".join(ElementTree.fromstring(svg).itertext())


def with_fonts(svg: str, typefaces: Sequence[Typeface]) -> str:
    """An SVG file that carries the fonts of its texts."""
    style = carried(drawn_texts(svg), typefaces)
    return svg.replace(">", f"><style>{style}</style>", 1) if style else svg


# ---------------------------------------------------------------- letters as outlines


def outlined(svg: str, typefaces: Sequence[Typeface]) -> str:
    """An SVG file whose texts in the scripts of these fonts are outlines instead.

    What draws PNG files (resvg before 0.48, inside vl-convert 1.9) loses the width of all but the
    widest glyph of a cluster: in most scripts of India letters cover one another. HarfBuzz places
    them here.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter(f"{SVG}text"):
        text = element.text or ""
        word, letters = text.removesuffix(ELLIPSIS), foreign_letters(text)
        face = next((face for face in typefaces if letters and all(map(face.holds, word))), None)
        if face is not None:
            _outline(element, text, face)
    ElementTree.register_namespace("", SVG.strip("{}"))
    return ElementTree.tostring(root, encoding="unicode")


def _outline(element: ElementTree.Element, text: str, face: Typeface) -> None:
    """Make a text element a path, at the same place, in the same size and colour."""
    path, width = outline(text, face)
    scale = float(element.attrib["font-size"].removesuffix("px")) / face.font.face.upem
    left = ANCHORS[element.get("text-anchor", "start")] * width * scale
    element.tag, element.text = f"{SVG}path", None
    element.set("d", path)
    place = f"translate({left:.3f},0) scale({scale:.6f},{-scale:.6f})"
    element.set("transform", f"{element.get('transform', '')} {place}".strip())


def outline(text: str, face: Typeface) -> tuple[str, float]:
    """The outlines of a text as SVG path data, y upwards, and its width, in units of the design.

    The three dots of a text that is cut are drawn as squares: these fonts do not hold them.
    """
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text.removesuffix(ELLIPSIS))
    buffer.guess_segment_properties()
    uharfbuzz.shape(face.font, buffer)
    dots = face.font.face.upem if text.endswith(ELLIPSIS) else 0
    leftwards = buffer.direction == "rtl"
    commands: list[str] = []
    right = float(dots if leftwards else 0)
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        origin = (right + place.x_offset, place.y_offset)
        face.font.draw_glyph(glyph.codepoint, _DRAWING, (commands, *origin))
        right += place.x_advance
    if dots:
        start, side = 0 if leftwards else right, dots / 10
        commands += [f"M{start + dots * place} 0h{side}v{side}h{-side}Z" for place in THIRDS]
    return " ".join(commands), right + (0 if leftwards else dots)


def _command(name: str) -> Callable[..., None]:
    """What adds one command of a path, its points moved to where the glyph lies."""

    def add(*arguments: Any) -> None:
        *numbers, (commands, left, up) = arguments
        moved = [value + (left, up)[place % 2] for place, value in enumerate(numbers)]
        commands.append(name + " ".join(f"{value:.2f}" for value in moved))

    return add


_DRAWING = uharfbuzz.DrawFuncs()
_DRAWING.set_move_to_func(_command("M"))
_DRAWING.set_line_to_func(_command("L"))
_DRAWING.set_quadratic_to_func(_command("Q"))
_DRAWING.set_cubic_to_func(_command("C"))
_DRAWING.set_close_path_func(_command("Z"))
