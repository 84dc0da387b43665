"""One spelling of a word, whichever door it comes in by: corpus, published vectors, dictionaries,
word lists and questions are all cleaned here.

Unicode's NFC leaves apart many spellings of one word: Malayalam chillus in two encodings, letters
in presentation forms, curly and straight apostrophes. Words that differ in those alone never meet.
What is folded, by whom it concerns:

- all: native digits, white space, controls, apostrophes, hyphens, invisible characters, full-width
  letters, ligatures and letters in presentation forms (`_Characters`);
- a script: sequences that look like one letter (`SEQUENCES`), vowel and stress marks that everyday
  text leaves out (`MARKS`), joiners where they carry no meaning;
- a language: letters that it writes for one another (`LETTERS`, `SEQUENCES`).

Left as they are: Cyrillic and Latin look-alikes, the place of Vietnamese tone marks, Arabic alef
with and without hamza, the nukta itself, Zawgyi text, plain letters for Hausa's hooked ones.
"""

import functools
import unicodedata
from collections.abc import Callable, Mapping

from lingualift.text.scripts import lower_case
from lingualift.text.spellings import LETTERS, MARKS, REORDERED, SEQUENCES

ZWNJ, ZWJ, ZERO_WIDTH_SPACE = "\u200c", "\u200d", 0x200B
# A zero-width space ends a word where words are written without spaces; elsewhere it allows a line
# to break inside a word.
UNSPACED = frozenset(("Khmr", "Laoo", "Mymr", "Thai", "Tibt", "Jpan", "Hans", "Hant", "Hani"))
# Joiners choose between letter forms beside the sign that takes a consonant's vowel away.
VIRAMAS = {
    "Deva": "\u094d", "Beng": "\u09cd", "Guru": "\u0a4d", "Gujr": "\u0acd", "Orya": "\u0b4d",
    "Taml": "\u0bcd", "Telu": "\u0c4d", "Knda": "\u0ccd", "Mlym": "\u0d4d", "Sinh": "\u0dca",
}  # fmt: skip
_APOSTROPHES = frozenset((0x2019, 0x02BC, 0xFF07, 0x1FBD, 0x1FBF))
# Quotation marks and accents that stand for an apostrophe between two letters, in scripts that have
# apostrophes (in Korean or Telugu text they are quotation marks that lack their space).
_APOSTROPHIC = frozenset(("Latn", "Cyrl", "Grek", "Armn", "Hebr"))
_INNER_APOSTROPHES = "\u2018\u201b\u02b9\u02bb\u2032\u00b4`\ua78c\u055a\u05f3"
_HYPHENS = frozenset((0x2010, 0x2011, 0xFE63, 0xFF0D))
_BLANKS = frozenset((0x2800, 0x3164, 0xFFA0))  # letters and symbols without ink
_INVISIBLE = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10))
) | frozenset(range(0xE0100, 0xE01F0))
# Compatibility letters that are the same letters in another dress; of those that Unicode calls
# <compat> some are letters of their own (the Thai sara am), so these are listed.
_DRESSED = ("<wide>", "<narrow>", "<font>", "<isolated>", "<initial>", "<medial>", "<final>")
_RADICALS = range(0x2F00, 0x2FD6)  # of Chinese characters, which some programs write for them
_LIGATURES = frozenset(
    "ĲĳĿŀŉſǄǅǆǇǈǉǊǋǌǱǲǳﬀﬁﬂﬃﬄﬅﬆﬓﬔﬕﬖﬗໜໝ"
)  # fmt: skip


class _Characters(dict[int, int | str | None]):
    """What becomes of each code point (a table for `str.translate`, filled as characters are met).

    Native digits become 0-9, white space and controls a space, apostrophes and hyphens those on the
    keyboard; letters in another dress become plain, invisible characters but joiners, private and
    unassigned ones go. `replaced` comes before all of these.
    """

    def __init__(self, replaced: Mapping[int, int | str | None]) -> None:
        super().__init__(replaced)

    def __missing__(self, code: int) -> int | str | None:
        value = self[code] = _replacement(code)
        return value


def _replacement(code: int) -> int | str | None:
    character = chr(code)
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category in ("Cc", "Zs", "Zl", "Zp") or code in _BLANKS:
        return " "
    if code in _APOSTROPHES:
        return "'"
    if code in _HYPHENS:
        return "-"
    if code in _INVISIBLE:
        return None
    if category in ("Cf", "Cs", "Co", "Cn") and character not in (ZWNJ, ZWJ):
        return None
    if category.startswith("L"):
        return _undressed(character)
    if code in _RADICALS:
        return unicodedata.normalize("NFKC", character)
    return code


def _undressed(letter: str) -> str:
    if letter in _LIGATURES:
        return unicodedata.normalize("NFKC", letter)
    kind, *codes = unicodedata.decomposition(letter).split() or [""]
    return "".join(chr(int(code, 16)) for code in codes) if kind in _DRESSED else letter


def clean_line(line: str, script: str, language: str = "xx") -> str:
    """A line in one spelling: NFC, digits 0-9, one kind of apostrophe, no invisible characters, and
    the folds of `script` (ISO 15924) and `language` (a code); runs of white space to one space.
    """
    fold = _fold(script, language)
    while (cleaned := fold(line)) != line:  # one fold may make room for another
        line = cleaned
    return line


def is_utf8(text: str) -> bool:
    """Whether no byte of a foreign file or name is left in a text as a lone surrogate."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


@functools.lru_cache(1 << 16)
def clean_word(word: str, script: str, language: str = "xx") -> str:
    """A word cleaned as a line is, in lower case as the language writes it."""
    return lower_case(clean_line(word, script, language), language)


def clean_frequencies(
    words: Mapping[str, float], script: str, language: str = "xx"
) -> dict[str, float]:
    """A word list with its words cleaned; the frequencies of one word's spellings are added."""
    cleaned: dict[str, float] = {}
    for word, frequency in words.items():
        word = clean_word(word, script, language)
        cleaned[word] = cleaned.get(word, 0.0) + frequency
    return cleaned


@functools.cache
def _fold(script: str, language: str) -> Callable[[str], str]:
    """One pass of cleaning; the patterns are made once a script and language."""
    import regex

    script = {"Aran": "Arab"}.get(script, script)
    letters = LETTERS.get(language, {})
    characters = _Characters(
        {ZERO_WIDTH_SPACE: " " if script in UNSPACED else None} | MARKS.get(script, {})
    )
    written = SEQUENCES.get(script, {}) | SEQUENCES.get(language, {})
    longest_first = sorted(written, key=len, reverse=True)
    in_sequence = regex.compile("|".join(map(regex.escape, longest_first))) if written else None
    reordered = [regex.compile(pattern, flags=regex.V1) for pattern in REORDERED.get(script, ())]
    inner = regex.compile(rf"(?<=[\p{{L}}\p{{M}}])[{_INNER_APOSTROPHES}](?=\p{{L}})")
    apostrophic = script in _APOSTROPHIC
    joiner = regex.compile(_joiner_pattern(script))

    def fold(line: str) -> str:
        line = unicodedata.normalize("NFC", line).translate(characters)
        if apostrophic:
            line = inner.sub("'", line)
        for pattern in reordered:
            line = pattern.sub(r"\2\1", line)
        if in_sequence is not None:
            line = in_sequence.sub(lambda match: written[match[0]], line)
        if ZWNJ in line or ZWJ in line:
            line = joiner.sub(lambda match: match.groupdict().get("meant") or "", line)
        return " ".join(unicodedata.normalize("NFC", line.translate(letters)).split())

    return fold


def _joiner_pattern(script: str) -> str:
    """Joiners in a row; the group `meant` holds the one that stays, where it carries meaning."""
    several = f"[{ZWNJ}{ZWJ}]"
    meant = []
    if virama := VIRAMAS.get(script):
        meant = [
            rf"(?<={virama})(?P<meant>{several}){several}*(?=\p{{L}})",
            rf"(?<=\p{{L}})(?P<meant>{several}){several}*(?={virama})",
        ]
    elif script == "Arab":  # the non-joiner parts the pieces of a Persian or Urdu word
        meant = [rf"(?<=\p{{L}})(?P<meant>{ZWNJ}){several}*(?=\p{{L}})"]
    return "|".join([*meant, f"{several}+"])
