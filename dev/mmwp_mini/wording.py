"""Do the words that a translation must not lose stand in it? Names in their one spelling, months
and weekdays, and the listed words that carry a limit, a part, a comparison or a `one`.
"""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from dev.mmwp_mini.tables import UNSPACED, WORD, Wording, holds

SIMILAR = 0.75
"""Two words are taken for spellings of one name from this share of common letters on. At 0.7 three
ordinary words of the set are reported (Basque `Sarrera`, ticket, for Sara); at 0.75 none."""


def wording_mistakes(
    questions: Mapping[str, str], english: Mapping[str, str], language: str, wording: Wording
) -> list[str]:
    """What the tables miss in one language's problems (by id), each as one line."""
    lines: list[str] = []
    for identifier, question in questions.items():
        source = english.get(identifier, "")
        mistakes = [
            *_name_mistakes(question, source, language, wording),
            *_calendar_mistakes(question, source, language, wording),
            *_carrier_mistakes(question, identifier, wording),
        ]
        lines += [f"{identifier}: {line}" for line in mistakes]
    return [*lines, *_variant_mistakes(questions, english, language, wording)]


def _name_mistakes(question: str, source: str, language: str, wording: Wording) -> Iterator[str]:
    for name, forms in wording.names.items():
        if _has_word(source, name) and not any(_stands(question, form, language) for form in forms):
            yield f"the name {name} is none of {', '.join(forms)} (names.tsv)"


def _variant_mistakes(
    questions: Mapping[str, str], english: Mapping[str, str], language: str, wording: Wording
) -> Iterator[str]:
    """Words of problems with a name that look like it, are no listed form, and occur in no problem
    without it: another spelling beside the right one.
    """
    words = {identifier: set(WORD.findall(text)) for identifier, text in questions.items()}
    for name, forms in wording.names.items():
        with_name = [key for key in questions if _has_word(english.get(key, ""), name)]
        elsewhere = set().union(*(words[key] for key in questions if key not in set(with_name)))
        others = {form for key, row in wording.names.items() if key != name for form in row}
        for identifier in with_name:
            for word in sorted(words[identifier] - elsewhere - others - set(forms)):
                if language in UNSPACED and word.startswith(forms):
                    continue
                if any(_similar(word, form) for form in forms):
                    yield f"{identifier}: {word} looks like the name {name}, not in names.tsv"


def _calendar_mistakes(
    question: str, source: str, language: str, wording: Wording
) -> Iterator[str]:
    for word, forms in wording.calendar.items():
        if _has_word(source, word) and not any(holds(question, form, language) for form in forms):
            yield f"{word} is none of {', '.join(forms)} (calendar.tsv)"


def _carrier_mistakes(question: str, identifier: str, wording: Wording) -> Iterator[str]:
    kind, words = wording.carriers.get(identifier, ("", ()))
    start = 0
    for word in words:
        position = question.find(word, start)
        if position < 0:
            yield f"the {kind} '{word}' is missing (carriers.tsv)"
            return
        start = position + len(word)


def _has_word(english: str, word: str) -> bool:
    """Case counts: `May` is a month, `may` is not."""
    return word in WORD.findall(english)


def _stands(question: str, form: str, language: str) -> bool:
    return holds(question, form, language) and form in question


def _similar(word: str, form: str) -> bool:
    return word[0] == form[0] and SequenceMatcher(None, word, form).ratio() >= SIMILAR
