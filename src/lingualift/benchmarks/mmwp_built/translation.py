"""Drafts of mmwp-built: English problems translated sentence by sentence, checked, and translated
back.

A sentence whose numbers come out different is translated once more with stand-ins, whole numbers of
two digits, in place of its numbers. What still differs, and whatever else a program can notice, is
a flag for annotators.
"""

import calendar
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.parallel import (
    english_left,
    length_mistakes,
    number_mistakes,
    numbers,
    text_mistakes,
)
from lingualift.languages import Language
from lingualift.text.sentences import split_sentences

DRAFT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("english", pa.string(), nullable=False),
        pa.field("translation", pa.string(), nullable=False),
        pa.field("back_translation", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
    ]
)
Translate = Callable[[Sequence[str]], list[str]]
"""An engine: sentences in, their translations out, in order."""

UNSPACED = ("Jpan", "Hans")  # scripts without a blank between sentences
_NUMERAL = re.compile(r"\d+(?:[.,:/]\d+)*")
_CAPITALISED = re.compile(r"(?<![^\W\d_])[A-Z][a-z]+(?![^\W\d_])")
_LOWER = re.compile(r"(?<![^\W\d_])[a-z]+(?![^\W\d_])")
# Capitalised in English, but translated.
_TRANSLATED = {
    *("mr", "mrs", "ms", "dr", "christmas", "halloween", "easter"),
    *("english", "american", "americans", "australians", "chinese", "french", "indian"),
    *(name.lower() for name in (*calendar.day_name, *calendar.month_name)),
}


@dataclass(frozen=True)
class Draft:
    """An engine's translation of a problem and what came back into English."""

    translation: str
    back_translation: str


def drafts(
    questions: Sequence[str], language: Language, forth: Translate, back: Translate
) -> list[Draft]:
    """A draft of each English question; `forth` translates into the language, `back` into
    English.
    """
    split = [split_sentences(question, "en") for question in questions]
    known = _translations(split, lambda distinct: _with_numbers(distinct, forth))
    joint = "" if language.script in UNSPACED else " "
    made = [joint.join(known[sentence] for sentence in texts) for texts in split]
    returned = [split_sentences(text, language.code) for text in made]
    english = _translations(returned, back)
    return [
        Draft(text, " ".join(english[sentence] for sentence in texts))
        for text, texts in zip(made, returned, strict=True)
    ]


def draft_rows(
    problems: Sequence[Problem],
    made: Sequence[Draft],
    language: Language,
    engine: str,
    bound: float,
) -> list[dict[str, Any]]:
    """The drafts of problems as rows of `DRAFT_SCHEMA`, with their flags; `engine` says what made
    them.
    """
    names = proper_names(problem.question for problem in problems)
    return [
        {
            "id": problem.id,
            "english": problem.question,
            "translation": draft.translation,
            "back_translation": draft.back_translation,
            "engine": engine,
            "flags": [
                *flags(problem.question, draft.translation, language, names),
                *distance_flag(problem.question, draft.back_translation, bound),
            ],
        }
        for problem, draft in zip(problems, made, strict=True)
    ]


def _translations(split: Iterable[Sequence[str]], translate: Translate) -> dict[str, str]:
    """The translation of each distinct sentence."""
    distinct = sorted(set(chain.from_iterable(split)))
    return dict(zip(distinct, map(tidy_text, translate(distinct)), strict=True))


def _with_numbers(texts: Sequence[str], translate: Translate) -> list[str]:
    """Translations of sentences; those with other numbers are made again with stand-ins, and kept
    where that helps.
    """
    made = dict(zip(texts, translate(texts), strict=True))
    changed = [text for text in texts if not same_numbers(text, made[text])]
    if changed:
        masked = [mask(text) for text in changed]
        again = translate([text for text, _ in masked])
        for text, (_, numerals), translated in zip(changed, masked, again, strict=True):
            restored = restore(translated, numerals)
            if same_numbers(text, restored):
                made[text] = restored
    return [made[text] for text in texts]


def same_numbers(english: str, translation: str) -> bool:
    """Whether two texts hold the same numbers, in whatever order and digits."""
    return Counter(numbers(english)) == Counter(numbers(translation))


def mask(text: str) -> tuple[str, dict[int, str]]:
    """A text with a stand-in for each of its numerals but 1 (whose noun stays singular), and what
    each stands for.
    """
    free = iter(number for number in range(12, 100) if number not in numbers(text))
    stands: dict[int, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        number = None if match[0] == "1" else next(free, None)
        if number is None:
            return match[0]
        stands[number] = match[0]
        return str(number)

    return _NUMERAL.sub(stand_in, text), stands


def restore(text: str, stands: dict[int, str]) -> str:
    """A masked text's translation with its numerals."""
    return re.sub(r"\d+", lambda match: stands.get(int(match[0]), match[0]), text)


def tidy_text(text: str) -> str:
    """A text in Unicode form NFC with single blanks, digits 0-9 and no control characters."""
    letters = (
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
        for letter in unicodedata.normalize("NFC", text)
        if letter.isspace() or unicodedata.category(letter) != "Cc"
    )
    return " ".join("".join(letters).split())


def proper_names(questions: Iterable[str]) -> frozenset[str]:
    """The people and places of English problems, in lower case: words that stand capitalised inside
    a sentence and never in small letters.
    """
    inside: set[str] = set()
    small: set[str] = set()
    for question in questions:
        small |= set(_LOWER.findall(question))
        for sentence in split_sentences(question, "en"):
            words = [match for match in _CAPITALISED.finditer(sentence) if match.start()]
            inside |= {match[0].lower() for match in words}
    return frozenset(inside - small - _TRANSLATED)


def flags(english: str, question: str, language: Language, names: Collection[str]) -> Iterator[str]:
    """What a program notices in a translated question, each as a few words."""
    yield from number_mistakes(question, english)
    yield from text_mistakes(question, language.script)
    yield from length_mistakes(question, english, language.script)
    if left := english_left(question, english, names):
        yield f"English left over: {left}"
    if language.script == "Latn":
        yield from _lost_names(english, question, names)


def _lost_names(english: str, question: str, names: Collection[str]) -> Iterator[str]:
    """Names of the English that a text in the same script lacks; an ending may differ."""
    text = question.lower()
    lost = [
        name
        for name in dict.fromkeys(_CAPITALISED.findall(english))
        if name.lower() in names and name.lower()[: max(3, len(name) - 2)] not in text
    ]
    if lost:
        yield f"names of the English missing: {', '.join(lost)}"


def distance_flag(english: str, back_translation: str, bound: float) -> Iterator[str]:
    """A flag where the back-translation's chrF against the English, in %, is below a bound."""
    from sacrebleu.metrics import CHRF

    score = CHRF().sentence_score(back_translation, [english]).score
    if score < bound:
        yield f"back-translation chrF {score:.0f}, below {bound:g}"
