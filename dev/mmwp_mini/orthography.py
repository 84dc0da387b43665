"""Rules of one language's spelling that a translator forgets.

Luxembourgish drops a final n of inflections and function words unless the next word begins with a
vowel, d, h, n, t or z, or the sentence pauses (the Eifeler Regel). Nepali joins र to य and ह in
verbs with a zero-width joiner (गर्‍यो).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise

import regex

from dev.mmwp_mini.tables import WORD
from lingualift.evaluation.numerals import western_digits

KEEPS_N = tuple("aeiouäëéêöüydhntz")
# What a number's first sound is, by its first spoken part: units come before tens.
_NUMBER_WORDS = (
    "null een zwee dräi véier fënnef sechs siwen aacht néng zéng eelef zwielef dräizéng".split()
) + "véierzéng fofzéng siechzéng siwwenzéng uechtzéng nonzéng".split()
_TENS = "zwanzeg drësseg véierzeg fofzeg sechzeg siwwenzeg achtzeg nonzeg".split()
# An unstressed ending: a syllable goes before it.
_ENDING = re.compile(r"[aeiouäëéêöüy].*[^aeiouäëéêöüy]en$|[aiouyäëéêöü]en$|eën$")
# Their n belongs to the stem: loans with a stressed ending, and nouns of one syllable.
STEM_N = frozenset("camion ballon citroun won zon bain kann wann mann been zänn lännen".split())
LOANS_IN_E = ("musée", "equipe")
# Words in -e that have no n to lose.
_ALWAYS_E = frozenset("se ze déi dëse seng meng deng keng eng all säi mäi däi gréisste".split())
# n-words whose short form is not the word without n.
_SHORT = {
    "sinn": "si", "ginn": "gi", "stinn": "sti", "schonn": "scho", "dunn": "du", "gesinn": "gesi",
    "hunn": "hu", "kënnen": "kënne", "ann": "an",
}  # fmt: skip
# Function words with a final n that comes and goes; both forms are checked.
_FUNCTION = {
    "a": "an", "vu": "vun", "e": "en", "ee": "een", "zesumme": "zesummen",
    "viru": "virun", "jidderee": "jiddereen", "hinne": "hinnen", "ware": "waren", "scho": "schonn",
    "sti": "stinn", "gi": "ginn", "de": "den", "hie": "hien", "hu": "hunn", "u": "un",
    "dovu": "dovun", "dee": "deen",
}  # fmt: skip

_REPH = "कार्य सूर्य आचार्य पर्याप्त मर्यादा आर्य धैर्य सौन्दर्य आश्चर्य पर्यटक".split()
_PLAIN_R = regex.compile(r"र\u094d(?=[यह])")


def luxembourgish_n(text: str, droppable: frozenset[str]) -> list[str]:
    """Words whose final n is kept or dropped against the rule.

    `droppable` are the words of the set, in lower case and with n, that also occur without it
    (`droppable_words`).
    """
    tokens = list(re.finditer(r"[^\W\d_]+|\d+|[^\w\s]", text))
    lines = []
    for token, after in pairwise(tokens):
        word = token[0].lower()
        following = after[0]
        if following in "'’":  # d'Sara: the article's d is the next sound
            continue
        if not (following[0].isalpha() or following[0].isdecimal()):
            continue
        keeps = _first_sound(following).startswith(KEEPS_N)
        if keeps and (full := _full_form(token[0])):
            lines.append(f"'{token[0]} {following}': {full} keeps its n here")
        if not keeps and (word in droppable or _ENDING.search(word)) and word not in STEM_N:
            lines.append(f"'{token[0]} {following}': the n is dropped here")
    return lines


def droppable_words(texts: Sequence[str]) -> frozenset[str]:
    """The words in n whose form without it occurs in the texts as well, and the function words."""
    words = {word.lower() for text in texts for word in re.findall(r"[^\W\d_]+", text)}
    both = {word for word in words if word.endswith("n") and _short(word) in words}
    return frozenset((both | set(_FUNCTION.values()) | set(_SHORT)) - STEM_N)


def _short(word: str) -> str:
    return _SHORT.get(word, word[:-1])


def _full_form(written: str) -> str:
    """The word with the n that it has lost, or an empty string where it has lost none.

    A final -e is one of -en: Luxembourgish words do not end in -e otherwise, but for a few. `si`
    and `du` may be whole (she, you) or short for `sinn` and `dunn`; they are not looked at.
    """
    word = written.lower()
    if word in _ALWAYS_E or word.endswith(LOANS_IN_E):
        return ""
    if word in _FUNCTION:
        return _FUNCTION[word]
    lost = len(word) > 3 and word.endswith(("e", "ë")) and not word.endswith("ee")
    return f"{written}n" if lost else ""


def _first_sound(word: str) -> str:
    if not word[0].isdecimal():
        return word.lower()
    number = int(western_digits(word))
    if number < 20:
        return _NUMBER_WORDS[number]
    if number < 100:
        return _NUMBER_WORDS[number % 10] if number % 10 else _TENS[number // 10 - 2]
    return "honnert"


def nepali_joiner(text: str) -> list[str]:
    """Words with र् before य or ह and no zero-width joiner, but for those that are written so."""
    return [
        f"'{word}': र्‍ with a zero-width joiner (U+200D) before य and ह"
        for word in WORD.findall(text)
        if _PLAIN_R.search(word) and not any(stem in word for stem in _REPH)
    ]


def spelling_mistakes(questions: Mapping[str, str], language: str) -> list[str]:
    """The mistakes of one language's own rules, each as one line; none where it has no rule."""
    checks: dict[str, Callable[[str], list[str]]] = {
        "lb": partial(luxembourgish_n, droppable=droppable_words(list(questions.values()))),
        "ne": nepali_joiner,
    }
    if not (check := checks.get(language)):
        return []
    return [f"{key}: {line}" for key, text in questions.items() for line in check(text)]
