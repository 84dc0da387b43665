"""The tables that the checks of mmwp-mini read, and how a listed word is looked for in a text.

A cell `forms` or `words` holds several entries separated by `|`.

- `names.tsv`: a name's one spelling in a language, with the inflected forms that are allowed
- `calendar.tsv`: the forms of a month or weekday
- `numbers.tsv`: the words that may stand for a number (digits may always)
- `carriers.tsv`: the words that carry a limit, a part, a comparison or a `one` in a problem; all
  must stand there, in this order. A reader of the language confirms them by reading.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import regex

from lingualift.data.rows import read_delimited
from lingualift.messages import LinguaLiftError

FOLDER = Path(__file__).parent / "tables"
COLUMNS = {
    "names": ("language", "name", "forms"),
    "calendar": ("language", "word", "forms"),
    "numbers": ("language", "number", "forms"),
    "carriers": ("item", "language", "kind", "words"),
}
UNSPACED = frozenset(("ja", "ko", "th", "zh"))
"""Languages that write particles or the next word without a blank: a form is part of a word."""
WORD = regex.compile(r"[\p{L}\p{M}\u200c\u200d]+")


@dataclass(frozen=True)
class Wording:
    """The table rows of one language: forms by English name, calendar word and number; carriers'
    kinds and words by item.
    """

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    calendar: dict[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: dict[int, tuple[str, ...]] = field(default_factory=dict)
    carriers: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


@cache
def read_rows(name: str, folder: Path = FOLDER) -> tuple[tuple[str, ...], ...]:
    """The rows of a table without its header.

    Raises LinguaLiftError where header or row is not as `COLUMNS` has it, or a row occurs twice.
    """
    path = folder / f"{name}.tsv"
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in read_delimited(path, "\t", COLUMNS[name]):
        cells = tuple(row.text(column) for column in COLUMNS[name])
        if cells[:2] in rows:
            raise LinguaLiftError(f"{row.place}: {' '.join(cells[:2])} stands there twice")
        rows[cells[:2]] = cells
    return tuple(rows.values())


def load_wording(language: str) -> Wording:
    """The rows of one language in all tables."""

    def forms(name: str) -> dict[str, tuple[str, ...]]:
        return {
            key: tuple(cell.split("|")) for row, key, cell in read_rows(name) if row == language
        }

    return Wording(
        names=forms("names"),
        calendar=forms("calendar"),
        numbers={int(number): words for number, words in forms("numbers").items()},
        carriers={
            item: (kind, tuple(words.split("|")))
            for item, row, kind, words in read_rows("carriers")
            if row == language
        },
    )


def holds(text: str, form: str, language: str) -> bool:
    """Does a form stand in a text: as a whole word, in any case of its letters, or as part of one
    where the language writes no blanks?
    """
    if language in UNSPACED:
        return form in text
    pattern = (
        rf"(?<![\p{{L}}\p{{M}}\p{{N}}]){regex.escape(form)}(?![\p{{L}}\p{{M}}\p{{N}}\u200c\u200d])"
    )
    return regex.search(pattern, text, regex.IGNORECASE) is not None
