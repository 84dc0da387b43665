"""Reading the answer out of a generated text, and marking it.

`field` is the rule that the field reports: the last number of the text, correct within 1e-3. Its
known failures: in `10-4` it reads -4, of `3/4` it sees the 4, of `cm2` the 2; digit groups are
joined at ASCII commas alone and decimal commas too. `strict` reads `\\boxed{}`, a stated "answer
is", and a number in any style that a supported language writes (`evaluation.numerals`). Both are
stored beside each prediction; tables report `field`. Gold answers are read as strict ones are.
Multiple choice is read by `field_choice` and `strict_choice` in the same way.
"""

import re
from collections.abc import Sequence

from lingualift.evaluation.numerals import numbers_in, plain_notation

TOLERANCE = 1e-3
_FIELD_NUMBER = re.compile(r"-?\d+\.?\d*")
_STATED = re.compile(r"answer is|answer:|####", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")


def field_answer(text: str) -> str | None:
    """The last number of the text without its commas, or None (the rule of MetaMath's and MAmmoTH's
    evaluation).
    """
    numbers = _FIELD_NUMBER.findall(text.replace(",", ""))
    return numbers[-1] if numbers else None


def strict_answer(text: str) -> str | None:
    """The answer that the text states: the last number in the last box, else the first after the
    last "answer is" (and after the last `=` of that sentence), else the last number of the text;
    None without a number.
    """
    text = plain_notation(text)
    boxed = _BOXED.findall(text)
    if boxed and (numbers := numbers_in(boxed[-1])):
        return numbers[-1]
    *before, stated = _STATED.split(text)
    sentence = re.split(r"\n|\.\s", stated.lstrip(), maxsplit=1)[0]
    *_, result = re.split(r"(?==)", sentence)  # with its `=`, after which a minus is a sign
    if before and (numbers := numbers_in(result)):
        return numbers[0]
    numbers = numbers_in(text)
    return numbers[-1] if numbers else None


def to_number(answer: str | None) -> float | None:
    """The value of an extracted answer, or None when it is not a number."""
    if answer is None:
        return None
    numerator, slash, denominator = answer.partition("/")
    try:
        return float(numerator) / (float(denominator) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        return None


def is_correct(answer: str | None, gold: str) -> bool:
    """Whether the extracted answer equals the gold number within 1e-3; both are read by the strict
    rule.
    """
    if answer is None:
        return False
    value, target = (to_number(strict_answer(text)) for text in (answer, gold))
    return value is not None and target is not None and abs(value - target) < TOLERANCE


def field_choice(text: str, choices: Sequence[str]) -> str | None:
    """The choice that the text begins with, else the first one named in it as a word, or None (case
    matters for letters alone).

    Known failures: the `A` of `A bird` counts as choice A, and a denied choice (`not entailment`)
    as that choice.
    """
    named = _named(text, choices)
    return named[0] if named else None


def strict_choice(text: str, choices: Sequence[str]) -> str | None:
    """The one choice that the text states: in its last box, after its last "answer is", or else as
    its first word followed by nothing or by punctuation; None where none or several are stated.
    """
    boxed = _BOXED.findall(text)
    *before, stated = _STATED.split(text)
    if boxed or before:
        named = set(
            _named(
                re.split(r"\n|\.\s", (boxed[-1] if boxed else stated).strip(), maxsplit=1)[0],
                choices,
            )
        )
        return named.pop() if len(named) == 1 else None
    first = re.match(r"[\s(\[\"'*]*(\w+)(?=[)\]\"'*.,:;]|\s*$|\s*\n)", text)
    return _canonical(first[1], choices) if first else None


def _named(text: str, choices: Sequence[str]) -> list[str]:
    words = (_canonical(word, choices) for word in re.findall(r"\w+", text))
    return [word for word in words if word is not None]


def _canonical(word: str, choices: Sequence[str]) -> str | None:
    """The choice that a word is; longer ones in any case, single letters as they are."""
    return next(
        (
            choice
            for choice in choices
            if word == choice or (len(choice) > 1 and word.lower() == choice.lower())
        ),
        None,
    )


def stated_answers(kind: str, choices: Sequence[str], text: str) -> tuple[str | None, str | None]:
    """What an output states by the field's and by the strict rule; `kind` as a benchmark's
    `answer`: number, choice or neighbour.
    """
    if kind == "choice":
        return field_choice(text, choices), strict_choice(text, choices)
    if kind == "neighbour":
        return text, text
    return field_answer(text), strict_answer(text)


def matches(kind: str, answer: str | None, gold: str) -> bool:
    """Whether an answer is the gold one: within 1e-3 for numbers, the same text for choices and
    neighbours.
    """
    return is_correct(answer, gold) if kind == "number" else answer == gold
