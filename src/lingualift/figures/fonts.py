"""Which letters this machine's fonts hold, as far as PNG files are concerned.

SVG files and the report keep their text: whoever opens them draws it with fonts of their own. A
PNG is drawn here. A letter without a font would be drawn as an empty box, so it is found out
beforehand, by drawing it beside a character that no font holds.
"""

import functools
import re
import unicodedata

UNASSIGNED = "\U000f1234"  # private use: no font holds it


@functools.cache
def _drawn(letter: str, font: str) -> bytes:
    import vl_convert

    text = f'<text x="4" y="18" font-size="14" font-family="{font}">{letter}</text>'
    return vl_convert.svg_to_png(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="32" height="24">{text}</svg>'
    )


def drawable(letter: str, font: str) -> bool:
    """Whether a font of this machine holds a letter, whichever of the stack `font` or beyond it."""
    if letter < "\u0180" or unicodedata.category(letter)[0] not in "LMNS":
        return True  # Latin is held by the font that vl-convert brings along
    if unicodedata.category(letter)[0] == "M":
        return True  # a combining sign is drawn with its letter
    return _drawn(letter, font) != _drawn(UNASSIGNED, font)


def without_font(text: str, font: str) -> str:
    """The letters of a text that no font of this machine holds, sorted."""
    return "".join(sorted(letter for letter in set(text) if not drawable(letter, font)))


def script_name(letter: str) -> str:
    """The script of a letter by the first word of its Unicode name, such as Devanagari."""
    return unicodedata.name(letter, "unknown").split()[0].capitalize()


def replace_undrawable(text: str, missing: str) -> str:
    """The text with each run of `missing` letters (and the signs on them) named by its script."""
    if not missing:
        return text

    def named(run: re.Match[str]) -> str:
        return f"[{script_name(run[0][0])}]"

    letters = re.escape(missing)
    marks = "".join(sorted({c for c in text if unicodedata.category(c)[0] == "M"}))
    more = f"[{letters}{re.escape(marks)}\u200c\u200d]" if marks else f"[{letters}\u200c\u200d]"
    return re.sub(f"[{letters}]{more}*", named, text)
