"""Is a translated set of word problems parallel to its English one? What a program can check of a
translation, language by language.

It finds lost or repeated problems, changed numbers, text left in English or in a wrong script, and
sentences that were cut or padded. It cannot tell whether a sentence is idiomatic: that takes a
native reader.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from dev.mmwp_mini.tables import WORD, Wording, holds
from lingualift.benchmarks.parallel import (
    LENGTHS,
    OTHER_LENGTHS,
    WESTERN,
    english_left,
    length_mistakes,
    numbers,
    text_mistakes,
)
from lingualift.languages import Language
from lingualift.text.cleaning import ZWJ, ZWNJ

# `one bag`, but not `one of the children`
_ONE = re.compile(r"\bone\b(?! of)", re.IGNORECASE)


def counts_one(english: str) -> bool:
    """Does an English problem count with the word `one`, as in `one bag of flour`?"""
    return _ONE.search(english) is not None


def mistakes(
    questions: Mapping[str, str],
    english: Mapping[str, str],
    language: Language,
    native: Collection[str] = (),
    names: Collection[str] = (),
    wording: Wording | None = None,
) -> list[str]:
    """What is wrong with one language's problems (by id), each as one line; an empty list when
    nothing is.

    `native` are the ids whose numbers stand in the language's own digits (all others have 0-9),
    `names` words that may be as in English (lower case). `wording` allows words in place of digits
    and digits in calendar words.
    """
    lines = list(_order_mistakes(questions, english))
    texts: dict[str, str] = {}
    for identifier, question in questions.items():
        if identifier not in english:
            continue
        source = english[identifier]
        digits = language.digits if identifier in native and language.digits else WESTERN
        mistakes = [
            *text_mistakes(question, language.script, digits),
            *_invisible_mistakes(question),
            *_number_mistakes(question, source, language.code, wording or Wording()),
            *length_mistakes(question, source, language.script),
        ]
        if language.code != "en" and (left := english_left(question, source, names)):
            mistakes.append(f"English left over: {left}")
        key = re.sub(r"\s", "", question)
        if key in texts:
            mistakes.append(f"the same as {texts[key]}")
        texts.setdefault(key, identifier)
        lines += [f"{identifier}: {line}" for line in mistakes]
    return [*lines, *_set_length_mistakes(questions, english, language.script)]


def _invisible_mistakes(question: str) -> Iterator[str]:
    """Marks of direction, zero-width spaces and the like; joiners are letters of Indic scripts."""
    marks = [
        f"U+{ord(letter):04X}"
        for letter in question
        if unicodedata.category(letter) == "Cf" and letter not in (ZWNJ, ZWJ)
    ]
    if marks:
        yield f"invisible characters: {', '.join(marks)}"


def _order_mistakes(questions: Mapping[str, str], english: Mapping[str, str]) -> Iterator[str]:
    if list(questions) != list(english):
        apart = set(questions) ^ set(english)
        yield (
            f"ids differ from English: {', '.join(sorted(apart)[:5])}"
            if apart
            else "ids stand in another order than in English"
        )


def _number_mistakes(question: str, source: str, code: str, wording: Wording) -> Iterator[str]:
    """Digits must agree with the English digits, but for what the tables allow: a digit inside a
    calendar word, and a word for a number of `numbers.tsv`. The `one` of the English must be there
    as word or digit.
    """
    text = question
    for word, forms in wording.calendar.items():
        if word in WORD.findall(source):
            for form in forms:
                text = text.replace(form, " ") if numbers(form) else text
    written, expected = Counter(numbers(text)), Counter(numbers(source))
    if counts_one(source):
        if written[1] > expected[1]:
            expected[1] += 1
        elif wording.numbers and not _in_words(text, 1, code, wording):
            yield "no word for the number 1 of the English"
    missing = [
        number
        for number in (expected - written).elements()
        if not _in_words(text, number, code, wording)
    ]
    if missing or written - expected:
        yield f"numbers {numbers(question)}, in English {numbers(source)}"


def _in_words(text: str, number: int, code: str, wording: Wording) -> bool:
    return any(holds(text, form, code) for form in wording.numbers.get(number, ()))


def _set_length_mistakes(
    questions: Mapping[str, str], english: Mapping[str, str], script: str
) -> Iterator[str]:
    lowest, highest, _, _ = LENGTHS.get(script, OTHER_LENGTHS)
    shared = [identifier for identifier in questions if identifier in english]
    ratio = sum(len(questions[name]) for name in shared) / max(
        1, sum(len(english[name]) for name in shared)
    )
    if shared and not lowest <= ratio <= highest:
        yield f"the set is {ratio:.2f} times as long as in English, expected {lowest} to {highest}"
