"""Corpora: raw lines cleaned, filtered by script and language, tokenised, written.

Appendix A.1 needs a corpus per language. The lexicon engine is sensitive to what is in it: leftover
English lines in a non-English corpus break unsupervised alignment, so lines whose letters are
mostly of another script, and English lines in Latin-script corpora, are dropped here. A corpus file
holds one sentence per line, tokens joined by one space, cased, NFC. Everything streams: a corpus of
any size needs memory for a sample and a sentence.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lingualift.artifacts import atomic_path
from lingualift.errors import LinguaLiftError
from lingualift.text.english import EnglishLines
from lingualift.text.readers import read_plain
from lingualift.text.scripts import letters_pattern, script_pattern

SAMPLE = 50_000  # lines that the models of English and the corpus are fitted to
SCRIPT_SHARE = 0.5  # of a line's letters


@dataclass
class Counts:
    """What became of the lines with letters in them; `lines` is their number."""

    lines: int = 0
    other_script: int = 0
    english: int = 0
    kept: int = 0


class _Characters(dict[int, int | str | None]):
    """What becomes of each code point (a table for `str.translate`, filled as characters are met).

    Native digits become 0-9, white space and controls a space, apostrophes the one on the keyboard;
    invisible format characters (all but joiners), private and unassigned ones go, and so do
    `dropped`.
    """

    JOINERS = (0x200C, 0x200D)  # part of the spelling in Indic scripts, Persian and Sinhala
    APOSTROPHES = (
        0x2019,
        0x02BC,
        0xFF07,
    )  # written for one another in Ukrainian, Swahili, French; a closing quote ends up at an edge

    def __init__(self, replaced: Mapping[int, int | None]) -> None:
        super().__init__(replaced)

    def __missing__(self, code: int) -> int | str | None:
        character = chr(code)
        category = unicodedata.category(character)
        value: int | str | None = code
        if category == "Nd":
            value = str(unicodedata.digit(character))
        elif category in ("Cc", "Zs", "Zl", "Zp"):
            value = " "
        elif code in self.APOSTROPHES:
            value = "'"
        elif category in ("Cf", "Cs", "Co", "Cn") and code not in self.JOINERS:
            value = None
        self[code] = value
        return value


# Arabic vowel marks, Quranic annotation signs and the elongation stroke: written in scripture, left
# out in everyday text, so that a vocalised corpus would share no word with any other; alef wasla is
# the plain alef. Armenian marks of stress, exclamation and question stand inside the word that they
# belong to.
_ARABIC_MARKS = (
    *range(0x0610, 0x061B),
    0x0640,
    *range(0x064B, 0x0653),
    0x0670,
    *range(0x06D6, 0x06EE),
)
_CHARACTERS = {
    "Arab": _Characters({code: None for code in _ARABIC_MARKS} | {0x0671: 0x0627}),
    "Armn": _Characters(dict.fromkeys((0x055B, 0x055C, 0x055E))),
}
_OTHERS = _Characters({})


def clean_line(line: str, script: str) -> str:
    """NFC, digits 0-9, one kind of apostrophe, no invisible characters (see `_Characters`), runs of
    white space to one space.
    """
    line = unicodedata.normalize("NFC", line).translate(_CHARACTERS.get(script, _OTHERS))
    return " ".join(unicodedata.normalize("NFC", line).split())


def clean_lines(
    lines: Iterable[str],
    *,
    language: str,
    script: str,
    source: str,
    english: Mapping[str, float] | None = None,
    limit: int | None = None,
    counts: Counts | None = None,
) -> Iterator[str]:
    """The lines that are text of `language`, cleaned; the first `limit` of them.

    Dropped: lines without letters; lines of whose letters less than half are of `script` (ISO
    15924); English lines of other Latin-script languages (`english`: relative frequencies of
    English words). `counts` is filled on the way. `source` is named in errors, which come at the
    end: nothing left at all, one line only, or most lines in another script.
    """
    counts = Counts() if counts is None else counts
    stream = _in_script(lines, script, counts)
    foreign: EnglishLines | None = None
    if script == "Latn" and language != "en":
        sample = list(islice(stream, SAMPLE))
        foreign = EnglishLines(sample, english or {})
        stream = _chain(sample, stream)
    for line in stream:
        if foreign is not None and line in foreign:
            counts.english += 1
            continue
        counts.kept += 1
        yield line
        if counts.kept == limit:
            break
    if not counts.lines:
        raise LinguaLiftError(
            f"{source}: empty corpus: no line holds a letter; give a text file of language"
            f" '{language}'"
        )
    if counts.other_script * 2 > counts.lines:
        raise LinguaLiftError(
            f"{source}: {counts.other_script} of {counts.lines} lines are not in the script"
            f" {script} of language '{language}'; wrong file or script?"
        )
    if counts.kept < 2 and counts.kept != limit:
        raise LinguaLiftError(
            f"{source}: {counts.kept} usable line(s) of {counts.lines} ({counts.english} in"
            " English); a corpus needs two at least (one sentence per line)"
        )


def _chain(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    first.clear()
    yield from rest


def _in_script(lines: Iterable[str], script: str, counts: Counts) -> Iterator[str]:
    in_script, letters = script_pattern(script), letters_pattern()
    for line in lines:
        line = clean_line(line, script)
        total = len(letters.findall(line))
        if not total:
            continue
        counts.lines += 1
        if len(in_script.findall(line)) < SCRIPT_SHARE * total:
            counts.other_script += 1
        else:
            yield line


def write_corpus(path: str | Path, sentences: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Write one sentence per line, tokens joined by one space, atomically; the numbers of sentences
    and tokens.
    """
    count = tokens = 0
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as handle,
    ):
        for sentence in sentences:
            handle.write(" ".join(sentence) + "\n")
            count += 1
            tokens += len(sentence)
    return count, tokens


def read_corpus(path: str | Path) -> Iterator[list[str]]:
    """The sentences that `write_corpus` wrote, as token lists; a missing or empty file is an error."""
    empty = True
    for line in read_plain(path):
        if tokens := line.split():
            empty = False
            yield tokens
    if empty:
        raise LinguaLiftError(f"{path}: empty corpus; delete it and run again")
