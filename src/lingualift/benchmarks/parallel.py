"""What a program can check of one translated word problem beside its English original: numbers,
script, length, English that was left. Whether it is idiomatic takes a native reader.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator

from lingualift.evaluation.numerals import western_digits
from lingualift.text.scripts import letters_pattern, script_pattern

# Characters in relation to English: of the whole set, and of any one problem. Scripts of syllable
# or word signs are shorter.
LENGTHS = {
    "Latn": (0.85, 1.25, 0.5, 1.85),
    "Hang": (0.5, 0.75, 0.3, 1.0),
    "Jpan": (0.4, 0.65, 0.25, 0.85),
    "Hans": (0.25, 0.45, 0.2, 0.55),
}
OTHER_LENGTHS = (0.75, 1.4, 0.5, 2.0)
WESTERN = "0123456789"
_WORD = re.compile(r"[^\W\d_]+")


def numbers(text: str) -> list[int]:
    """The whole numbers of a text in their order, whatever digits they are written in."""
    return [int(number) for number in re.findall(r"\d+", western_digits(text))]


def text_mistakes(question: str, script: str, digits: str = WESTERN) -> Iterator[str]:
    """What is wrong with a text as one of a script, with these digits."""
    untidy = unicodedata.normalize("NFC", question) != question or question != " ".join(
        question.split()
    )
    if untidy or any(
        unicodedata.category(letter) in ("Cc", "Co", "Cn", "Cs") or letter == "\ufffd"
        for letter in question
    ):
        yield "not tidy text (Unicode form NFC, single blanks, no control characters)"
    if not {letter for letter in question if letter.isdecimal()} <= set(digits):
        yield f"digits other than {digits}"
    letters, expected = letters_pattern().findall(question), script_pattern(script)
    if foreign := [letter for letter in letters if not expected.match(letter)]:
        yield f"letters outside the script {script}: {''.join(foreign[:10])}"
    if not letters:
        yield "holds no letters"


def number_mistakes(question: str, source: str) -> Iterator[str]:
    """Whether a text has other numbers than the English `source`, in whatever order."""
    if sorted(numbers(question)) != sorted(numbers(source)):
        yield f"numbers {numbers(question)}, in English {numbers(source)}"


def length_mistakes(question: str, source: str, script: str) -> Iterator[str]:
    """Whether a text is much shorter or longer than translations of the English `source` are."""
    _, _, shortest, longest = LENGTHS.get(script, OTHER_LENGTHS)
    if not shortest <= len(question) / len(source) <= longest:
        yield f"{len(question) / len(source):.2f} times as long as in English"


def english_left(question: str, source: str, names: Collection[str]) -> str:
    """Three English words in a row, or the words of a sentence that shares more than a third of its
    words with the English one.
    """
    words, english = _WORD.findall(question.lower()), _WORD.findall(source.lower())
    runs = set(zip(english, english[1:], english[2:], strict=False)) & set(
        zip(words, words[1:], words[2:], strict=False)
    )
    common = [word for word in words if word in set(english) - set(names)]
    return (
        " ".join(min(runs)) if runs else ", ".join(common) if len(common) > len(words) / 3 else ""
    )
