"""ISO 15924 script codes as patterns over Unicode's Script property (UAX 24)."""

import functools
import re
from typing import Any

from lingualift.messages import LinguaLiftError, nearest

# Writing systems that mix several Unicode scripts; every other code is its own Unicode script.
COMPOSITE_SCRIPTS = {
    "Jpan": ("Hani", "Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Hans": ("Hani",),
    "Hant": ("Hani",),
    "Aran": ("Arab",),
    "Hang": ("Hang",),
}
DOTTED_I = frozenset(("tr", "az"))
"""Languages whose capital of i is İ, and of ı is I."""
KNOWN_SCRIPTS = (
    "Arab",
    "Armn",
    "Beng",
    "Cyrl",
    "Deva",
    "Ethi",
    "Geor",
    "Grek",
    "Gujr",
    "Guru",
    "Hebr",
    "Khmr",
    "Knda",
    "Laoo",
    "Latn",
    "Mlym",
    "Mymr",
    "Orya",
    "Sinh",
    "Taml",
    "Telu",
    "Thai",
    "Tibt",
)


def _classes(script: str) -> str:
    import regex

    parts = COMPOSITE_SCRIPTS.get(script, (script,))
    try:
        for part in parts:
            regex.compile(rf"\p{{Script={part}}}")
    except regex.error as error:
        raise LinguaLiftError(
            f"'{script}' is not an ISO 15924 script code;"
            f" {nearest(script, (*COMPOSITE_SCRIPTS, *KNOWN_SCRIPTS))}"
        ) from error
    return "".join(rf"\p{{Script={part}}}" for part in parts)


@functools.cache
def script_pattern(script: str) -> Any:
    """A pattern for one letter or mark of a script (a `regex` pattern); an unknown code is an
    error.
    """
    import regex

    return regex.compile(rf"[[{_classes(script)}]&&[\p{{L}}\p{{M}}]]", flags=regex.V1)


@functools.cache
def letters_pattern() -> Any:
    """A pattern for one letter or mark of any one script (marks that all scripts share are left
    out).
    """
    import regex

    return regex.compile(r"[[\p{L}\p{M}]--[\p{Script=Inherited}\p{Script=Common}]]", flags=regex.V1)


@functools.cache
def _word_pattern(script: str) -> Any:
    import regex

    # An apostrophe, hyphen or Catalan's middle dot may stand inside a word; joiners and inherited
    # marks anywhere after its first letter.
    letter = rf"[[{_classes(script)}]&&[\p{{L}}\p{{M}}]]"
    later = rf"[[{_classes(script)}\p{{Script=Inherited}}ー]&&[\p{{L}}\p{{M}}]\u200c\u200d]"
    return regex.compile(rf"{letter}{later}*(?:['’ʼ·-]{later}+)*", flags=regex.V1)


def is_script(word: str, script: str) -> bool:
    """Whether `word` is made of letters and marks of `script` alone (apostrophe, hyphen, middle dot
    and joiners inside allowed).
    """
    return bool(re.sub(r"\s", "", word) == word and _word_pattern(script).fullmatch(word))


def lower_case(text: str, language: str) -> str:
    """`text` in lower case as the language writes it: Turkish and Azeri have a dotless ı beside the
    dotted i, Armenian writes և for what its capitals ԵՒ become.
    """
    if language in DOTTED_I:
        text = text.replace("İ", "i").replace("I", "ı")
    lower = text.lower()
    return lower.replace("եւ", "և") if language == "hy" else lower
