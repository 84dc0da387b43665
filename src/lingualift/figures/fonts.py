"""Which letters a PNG can show on this machine, and which font a text asks for.

SVG files and the report keep their text: it is drawn where they are opened, with the fonts that
they carry (`typefaces`) and those of the machine there. A PNG is drawn here. A letter without a
font would become an empty box, so it is found out beforehand, by drawing it beside a character that
no font holds.
"""

import functools
import re
import unicodedata

HELD = ("Latin", "Greek", "Cyrillic", "Unknown")  # by the font that vl-convert brings along
CJK = {
    "CJK": "Noto Sans CJK SC, Noto Sans SC",
    "Hiragana": "Noto Sans CJK JP, Noto Sans JP",
    "Katakana": "Noto Sans CJK JP, Noto Sans JP",
    "Hangul": "Noto Sans CJK KR, Noto Sans KR",
}
VIRAMA = 9  # the canonical combining class of signs that join consonants
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


def undrawable(text: str, font: str) -> str:
    """The letters of a text that a PNG cannot show, sorted: no font of this machine holds them, or
    they are of a script whose signs vl-convert 1.9 misplaces.

    It loses the width of all but the first glyph of a cluster, so that letters cover one another
    where a vowel sign takes room or a virama joins consonants: in most scripts of India.
    """
    joined = {
        script_name(letter)
        for letter in set(text)
        if unicodedata.category(letter) == "Mc" or unicodedata.combining(letter) == VIRAMA
    }
    return "".join(
        sorted(
            letter
            for letter in set(text)
            if not drawable(letter, font)
            or (unicodedata.category(letter)[0] == "L" and script_name(letter) in joined)
        )
    )


def script_name(letter: str) -> str:
    """The script of a letter by the first word of its Unicode name, such as Devanagari or CJK."""
    name = unicodedata.name(letter, "unknown").split()[0]
    return name if name == "CJK" else name.capitalize()


def font_of(text: str, default: str) -> str:
    """The stack of fonts for a text by its first letter: the script's Noto Sans, then `default`.

    A browser looks for another font letter by letter; what draws PNG files takes the first that
    exists for the whole text, and spaces any other badly.
    """
    letter = next((letter for letter in text if letter.isalpha()), "A")
    name = script_name(letter)
    family = CJK.get(name, f"Noto Sans {name}")
    return default if name in HELD else f"{family}, {default}"


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
