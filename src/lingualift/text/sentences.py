"""Where sentences end, in any script, and pieces of a text that a library can take.

Rules, no model: a mark that ends sentences and nothing else (`। 。 ؟ ។ ።`) ends one wherever it
stands; `.`, `!`, `?` and `…` do before white space and no small letter; a full stop does not after
a single letter, a common abbreviation, or a number where the language writes ordinals so. Thai has
no such mark, so a Thai text is one sentence.
"""

import functools
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

# Languages that write "3rd" as "3.": German, for one, would lose "am 3. Mai" as a sentence end.
ORDINAL_STOP = frozenset(
    ("bs", "cs", "da", "de", "et", "eu", "fi", "hr", "hu", "is", "lb", "lv", "nb", "nn", "no", "sk",
     "sl", "sr", "tr")
)  # fmt: skip
_ABBREVIATIONS = """
abs approx av bl bl.a bzw ca dr dra etc evtl f.eks fig fr hr itd itp jnr jr kl max min mlle mme mr
mrs ms no npr nr prof sr sra srta st std str t.ex tel tlf tzv ud uds ul usw vgl vs
г гр коп млн напр руб св стр т тыс ул
"""
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
_LOOSE = ".!?…"  # in these scripts' other uses: decimals, abbreviations, names
_ALSO = {"el": ";", "hy": ":"}  # the Greek question mark; a full stop as it is typed in Armenian
_NO_END = "\u104a"  # Myanmar's comma, which Unicode counts among the ends of sentences


@functools.cache
def _end_pattern(language: str) -> Any:
    import regex

    loose = _LOOSE + _ALSO.get(language, "")
    closing = r"(?:\p{Pe}|\p{Pf}|[\"'])"
    certain = rf"[\p{{STerm}}--[{_LOOSE}{_NO_END}]]"
    return regex.compile(
        rf"(?P<mark>{certain})(?:\p{{STerm}}|[{_LOOSE}])*(?P<closed>{closing}*)(?P<space>\s*)"
        rf"|(?P<loose>[{loose}]+)(?:{closing}|\p{{Pi}}|\s»)*(?=\s|$)\s*",
        flags=regex.V1,
    )


def sentence_ends(text: str, language: str = "xx") -> Iterator[int]:
    """The places in `text` where a sentence has ended, white space after it included; the end of
    the text is the last.
    """
    start = 0
    for match in _end_pattern(language).finditer(text):
        if match.end() < len(text) and _ends(text, start, match, language):
            yield match.end()
            start = match.end()
    if text:
        yield len(text)


def _ends(text: str, start: int, match: Any, language: str) -> bool:
    """Whether a sentence that began at `start` ends with a match before the end of the text."""
    if match["mark"]:  # "何個？」と" goes on
        return not match["closed"] or bool(match["space"])
    if text[match.end()].islower():
        return False
    if match["loose"] != ".":
        return True
    words = text[start : match.start()].split()
    word = words[-1].lower().lstrip("(\"'„“«»‚‘") if words else ""
    if word.isdecimal():
        return not (language in ORDINAL_STOP and len(word) <= 2)
    return word not in ABBREVIATIONS and not (len(word.rpartition(".")[2]) == 1 and word.isalpha())


def split_sentences(text: str, language: str = "xx") -> list[str]:
    """The sentences of a text without the white space between them."""
    return [part for part in map(str.strip, _parts(text, language)) if part]


def _parts(text: str, language: str) -> Iterator[str]:
    start = 0
    for end in sentence_ends(text, language):
        yield text[start:end]
        start = end


def pieces(text: str, longest: int) -> list[str]:
    """A text in pieces of at most `longest` characters that give it again when joined: cut at the
    last sentence end that fits, else at the last white space, else before a letter.
    """
    if len(text) <= longest:
        return [text]
    ends = list(sentence_ends(text))
    cut: list[str] = []
    start = 0
    while len(text) - start > longest:
        last = bisect_right(ends, start + longest) - 1
        end = ends[last] if last >= 0 and ends[last] > start else _break(text, start, longest)
        cut.append(text[start:end])
        start = end
    return [*cut, text[start:]]


def _break(text: str, start: int, longest: int) -> int:
    """Where to cut a sentence that is longer than `longest` from `start` on."""
    limit = start + longest
    for end in range(limit, start, -1):
        if text[end - 1].isspace():
            return end
    for end in range(limit, start, -1):
        if unicodedata.category(text[end])[0] not in "MC":  # a mark or joiner of the letter before
            return end
    return limit
