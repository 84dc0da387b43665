"""A row of the language table proposed for a new language: what installed libraries know of its
code, and what a text in it shows.

Codes are those of BCP 47 and ISO 639-3 (`langcodes`), scripts those of ISO 15924, translation codes
FLORES-200's. Nothing is downloaded.
"""

import importlib.util
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.languages import COLUMNS, LanguageTable
from lingualift.messages import LinguaLiftError
from lingualift.text.corpora import SAMPLE, Counts, clean_lines
from lingualift.text.readers import read_plain
from lingualift.text.scripts import KNOWN_SCRIPTS, letters_pattern, script_pattern
from lingualift.text.segmenters import tokenize
from lingualift.text.vocabulary import wordfreq_list

NEEDED = ("name", "native", "family")  # of a row, which no library here knows
BY_HAND = ("fasttext_wiki", "fasttext_crawl", "cldr", "common_words", "holy_quran", "gsm_symbolic")
RARE = 3  # occurrences below which a word gets no vector (`fasttext.min_count`)


@dataclass(frozen=True)
class CorpusCheck:
    """What is left of a text: lines, and words that occur often enough for a vector."""

    counts: Counts
    tokens: int
    words: int
    frequent: int


@dataclass(frozen=True)
class Proposal:
    """A row by column ('' where nothing is known), and the corpus."""

    row: dict[str, str]
    corpus: CorpusCheck

    @property
    def missing(self) -> list[str]:
        """Columns without which the row is refused."""
        return [column for column in NEEDED if not self.row[column]]

    @property
    def line(self) -> str:
        """The row as the table has it; '?' stands where a cell must be filled."""
        cells = {**self.row, **{column: "?" for column in self.missing}}
        return "\t".join(cells[column] for column in COLUMNS)

    @property
    def benchmarks(self) -> list[str]:
        """The benchmarks that have the language."""
        code = self.row["code"]
        return [name for name in BENCHMARKS if code in BENCHMARKS[name].BENCHMARK.languages]


def propose(
    code: str, corpus: Path, languages: LanguageTable, stated: Mapping[str, str]
) -> Proposal:
    """A row for the language `code` from its text; `stated` cells come first. A code that the table
    has already, under which column it may be, and one that is no language's are errors.
    """
    import langcodes

    if not re.fullmatch("[a-z]{2,3}", code):
        raise LinguaLiftError(f"'{code[:20]}' is not a code of two or three letters a-z")
    if not langcodes.tag_is_valid(code):
        raise LinguaLiftError(f"'{code}' is no language's code (BCP 47)")
    tag = langcodes.Language.get(code)
    iso = stated.get("iso639_3") or tag.to_alpha3()
    for language in languages.values():
        if code == language.code or iso == language.iso639_3:
            raise LinguaLiftError(
                f"'{code}': languages.tsv has this language already, as '{language.code}'"
                f" ({language.name}); a code stands once"
            )
    script = stated.get("script") or script_of(
        islice(read_plain(corpus), SAMPLE), tag.maximize().script or ""
    )
    row = dict.fromkeys(COLUMNS, "") | {"code": code, "iso639_3": iso, "script": script}
    row |= {"zero": native_zero(islice(read_plain(corpus), SAMPLE))} | _libraries(code, iso, script)
    row |= stated
    return Proposal(row, check_corpus(corpus, row))


def script_of(lines: Iterable[str], likely: str) -> str:
    """The script of most letters of a text: the language's `likely` one where most letters are of
    it (mixed scripts such as Jpan have no other), else the most frequent.
    """
    letters = "".join(letters_pattern().findall("".join(lines)))
    if not letters:
        raise LinguaLiftError("the text holds no letter")
    counts = {
        script: len(script_pattern(script).findall(letters))
        for script in filter(None, (likely, *KNOWN_SCRIPTS))
    }
    if counts.get(likely, 0) * 2 > len(letters):
        return likely
    script, count = max(counts.items(), key=lambda entry: entry[1])
    if not count:
        raise LinguaLiftError("the script of the text is not known here; say --script")
    return script


def native_zero(lines: Iterable[str]) -> str:
    """The code point of the digit zero of the most frequent digits but 0-9, or ''."""
    digits = Counter(
        ord(letter) - unicodedata.digit(letter)
        for line in lines
        for letter in line
        if not letter.isascii() and unicodedata.category(letter) == "Nd"
    )
    return f"U+{digits.most_common(1)[0][0]:04X}" if digits else ""


def _libraries(code: str, iso: str, script: str) -> dict[str, str]:
    """The cells that spaCy, wordfreq and Transformers know."""
    import wordfreq
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    flores = f"{iso}_{script}"
    return {
        "name": LANGUAGES.get(code, "").title(),
        "spacy": code if importlib.util.find_spec(f"spacy.lang.{code}") else "",
        "wordfreq": code if code in wordfreq.available_languages() else "",
        "nllb": flores if flores in FAIRSEQ_LANGUAGE_CODES else "",
    }


def check_corpus(path: Path, row: Mapping[str, str]) -> CorpusCheck:
    """What the workflow keeps of a text; one that it would refuse is an error here, too."""
    counts, words, tokens = Counts(), Counter[str](), 0
    lines = clean_lines(
        read_plain(path),
        language=row["code"],
        script=row["script"],
        source=str(path),
        english=wordfreq_list("en", 100_000),
        counts=counts,
    )
    for sentence in tokenize(lines, row["spacy"] or "xx"):
        tokens += len(sentence)
        words.update(token.lower() for token in sentence if token[:1].isalpha())
    return CorpusCheck(counts, tokens, len(words), sum(n >= RARE for n in words.values()))
