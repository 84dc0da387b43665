"""Reading the answer out of a generated text, and marking it.

`field` is the rule that the field reports (last number in the text, correct within 1e-3); `strict` also reads `\\boxed{}`,
fractions, native digits and a stated "answer is", and does not take an operator for a minus sign. Both are stored beside each
prediction; tables report `field`.
"""

import re
import unicodedata
from fractions import Fraction

TOLERANCE = 1e-3
_FIELD_NUMBER = re.compile(r"-?\d+\.?\d*")
_STRICT_NUMBER = re.compile(r"(?<![\w.)])(?:(?<!\d)[-\u2212](?=\d))?\d+(?:\.\d+)?(?:\s*/\s*\d+)?|\d+(?:\.\d+)?(?:/\d+)?")
_STATED = re.compile(r"(?:answer is|answer:|####)\s*[^\d\-\u2212\n]{0,12}([-\u2212]?\d[\d.,]*(?:/\d+)?)", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")
_FRACTION = re.compile(r"\\d?frac\{(-?\d+)\}\{(-?\d+)\}")


def western_digits(text: str) -> str:
    """The text with every script's decimal digits written 0-9, and Arabic separators written `.` and `,`."""
    text = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() and letter > "9" else letter for letter in text)
    return text.replace("\u066b", ".").replace("\u066c", ",")


def join_groups(text: str) -> str:
    """Digit groups joined: `1,234,567` becomes `1234567`."""
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def field_answer(text: str) -> str | None:
    """The last number of the text after joining digit groups, or None (the rule of MetaMath's and MAmmoTH's evaluation)."""
    numbers = _FIELD_NUMBER.findall(text.replace(",", ""))
    return numbers[-1] if numbers else None


def strict_answer(text: str) -> str | None:
    """The answer that the text states: in a box, after "the answer is", else the last number; fractions and native digits are read."""
    text = join_groups(western_digits(text)).replace("\u2212", "-")
    boxed = _BOXED.findall(text)
    if boxed:
        text = boxed[-1]
    text = _FRACTION.sub(r"\1/\2", text)
    stated = _STATED.findall(text)
    if stated:
        return stated[-1].rstrip(".,")
    numbers = _STRICT_NUMBER.findall(text)
    return re.sub(r"\s", "", numbers[-1]) if numbers else None


def to_number(answer: str | None) -> float | None:
    """The value of an extracted answer, or None when it is not a number."""
    if answer is None:
        return None
    try:
        return float(Fraction(answer)) if "/" in answer else float(answer)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def is_correct(answer: str | None, gold: str) -> bool:
    """Whether the extracted answer equals the gold number within 1e-3."""
    value, target = to_number(answer), to_number(join_groups(western_digits(gold)))
    return value is not None and target is not None and abs(value - target) < TOLERANCE
