"""Reading the answer out of a generated text, and marking it.

`field` is the rule that the field reports: the last number of the text, correct within 1e-3. Its known failures: in `10-4` it reads
-4, of `3/4` it sees the 4, of `cm2` the 2; digit groups are joined at ASCII commas alone and decimal commas too. `strict` reads
`\\boxed{}`, a stated "answer is", fractions, signs, digit groups and every script's digits. Both are stored beside each prediction;
tables report `field`.
"""

import re
import unicodedata

TOLERANCE = 1e-3
_FIELD_NUMBER = re.compile(r"-?\d+\.?\d*")
# A minus sign after a digit or letter is an operator or a hyphen; a fraction has no blanks, or `12 / 3 =` cut short would be one.
_NUMBER = re.compile(r"(?:(?<![\da-zA-Z)])(?<![\d)]\s)-)?\d*\.?\d+(?:/-?\d+)?")
_STATED = re.compile(r"answer is|answer:|####", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(-?\d+)\}")
_EXPONENT = re.compile(r"(?<=m)\^?[23](?!\d)")  # of a square or cubic unit
_GROUP = re.compile(r"(?<=\d)[,\u00a0\u202f](?=(?:\d{2,3}[,\u00a0\u202f])*\d{3}(?!\d))")


def western_digits(text: str) -> str:
    """The text with every script's decimal digits written 0-9, Arabic separators `.` and `,`, and minus signs as hyphens."""
    text = "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    return text.translate({0x066B: ".", 0x066C: ",", 0x2212: "-", 0xFF0D: "-"})


def join_groups(text: str) -> str:
    """Digit groups joined: `1,234,567`, the Indian `12,34,567` and groups parted by no-break spaces become `1234567`."""
    return _GROUP.sub("", text)


def field_answer(text: str) -> str | None:
    """The last number of the text without its commas, or None (the rule of MetaMath's and MAmmoTH's evaluation)."""
    numbers = _FIELD_NUMBER.findall(text.replace(",", ""))
    return numbers[-1] if numbers else None


def strict_answer(text: str) -> str | None:
    """The answer that the text states: the last number in the last box, else the first after the last "answer is" (and after the last
    `=` of that sentence), else the last number of the text; None without a number."""
    text = _EXPONENT.sub("", _FRACTION.sub(r"\1/\2", join_groups(western_digits(text))))
    boxed = _BOXED.findall(text)
    if boxed and (numbers := _NUMBER.findall(boxed[-1])):
        return numbers[-1]
    *before, stated = _STATED.split(text)
    sentence = re.split(r"\n|\.\s", stated.lstrip(), maxsplit=1)[0]
    if before and (number := _NUMBER.search(sentence.split("=")[-1])):
        return number[0]
    numbers = _NUMBER.findall(text)
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
    """Whether the extracted answer equals the gold number within 1e-3."""
    value, target = to_number(answer), to_number(join_groups(western_digits(gold)))
    return value is not None and target is not None and abs(value - target) < TOLERANCE
