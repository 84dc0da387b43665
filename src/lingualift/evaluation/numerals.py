"""Numbers in text, in every style that a supported language writes, as plain numerals.

| read | as |
|---|---|
| `1,234.5`, `1.234,5`, `1 234,5`, `1'234`, `1_234`, `12,34,567`, `10,\\!080`, `١٬٢٣٤` | groups |
| `12,5`, `0,125`, `1,2345` | a decimal comma: no group of three digits can end so |
| `1.000.000`, `1.234` | groups twice or more, else a decimal point, as English has it |
| `3/4`, `\\frac{3}{4}`, `½`, `3 1/2`, `3½` | fractions, mixed ones as improper (`7/2`) |
| `−5`, `–5`, `－５`, `-$5`, `= - 5` | a minus sign, in every form that stands before a digit |
| `3-5`, `10 -4`, `(3)-4`, `cm-5` | a range, a subtraction, a hyphen: no sign |
| `1.5 × 10^3`, `2 × 10⁻³`, `1.5e3` | powers of ten |
| `12.05.2020`, `2020-05-12`, `5/12/2020` | dates: no numbers |

A number in one comma and three digits (`1,234`) is a group, never a decimal fraction.
"""

import re
import unicodedata
from typing import Any

import regex

_MINUS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\u02d7\ufe63\uff0d\u2796"), "-")
_CHARACTERS = {
    **_MINUS,
    **{0x066B: ".", 0x066C: ",", 0xFF0E: ".", 0xFF0C: ",", 0xFF0B: "+", 0xFF1D: "=", 0xFF05: "%"},
    **dict.fromkeys((0x2044, 0x2215, 0xFF0F), "/"),
    0x2015: "\u2014",
    0x200B: "\u200b",  # parts words, unlike other invisible characters
}
_APOSTROPHES = "'\u2019\u2018\u02bc\u02b9\u2032\u00b4`\uff07"
_TERM = r"(?:\{\s*(-?\d(?:[\d.,]*\d)?)\s*\}|(\d))"
_FRACTION = re.compile(rf"\\[dtc]?frac\s*{_TERM}\s*{_TERM}")
_RAISED = re.compile(r"(?<=[×x*·]10)[⁻⁺]?[⁰¹²³⁴-⁹]+|(?<=[×x*·] 10)[⁻⁺]?[⁰¹²³⁴-⁹]+")  # 2 × 10⁶
_LATEX = (
    (re.compile(r"\\!"), ""),  # 10,\!080
    (re.compile(r"(?<=\d)\{([.,])\}(?=\d)"), r"\1"),  # 9{,}500
    (re.compile(r"(?<=\d)(?:\\(?:[,;: ]|(?:thin)?space\s)|~)(?=\d)"), " "),  # 9\,500
    (re.compile(r"\\([$%])"), r"\1"),
    (re.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"),
)
_DATE = re.compile(
    r"(?<![\d.,/-])(?:\d{1,2}\.\s?\d{1,2}\.\s?(?:\d\d)?\d\d|\d{1,2}/\d{1,2}/(?:\d\d)?\d\d"
    r"|\d{4}([-/.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01]))(?![\d/-]|[.,]\d)"
)
_EXPONENT = re.compile(r"(?<=m)\^?\{?[23]\}?(?!\d)")  # of a square or cubic unit
_LONG_MINUS = re.compile(r"((?:^|[=({:$])\s*)\u2014\s*(?=\.?\d)")
_SPACED_MINUS = re.compile(r"([=({]\s*)-\s+(?=\.?\d)")

# After a digit, a letter or a bracket a minus is an operator or a hyphen.
_SIGN = r"(?:(?<![\da-zA-Z)\]%])(?<![\d)\]%]\s)-)?"
_GROUPS = "|".join(
    rf"[1-9]\d{{0,2}}(?:{separator}\d{{3}}){count}(?:{decimal}\d+)?(?![.,']?\d)"
    for separator, count, decimal in (
        (",", "+", r"\."),
        (r"\.", "{2,}", ","),
        (" ", "+", "[.,]"),
        ("'", "+", "[.,]"),
        ("_", "+", r"\."),
    )
)
_NUMBER = regex.compile(
    rf"(?P<sign>{_SIGN})(?:(?<=-)[A-Z]{{0,3}}\p{{Sc}}\s?)?"
    rf"(?P<number>(?<!\d[.,'])(?:{_GROUPS}"
    r"|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?(?![.,]?\d)"  # Indian
    r"|[1-9]\d{0,2}(?:\.\d{3})+,\d+(?![.,]?\d)"  # 1.234,5
    r"|\d+[.,]\d+(?![.,]?\d))|(?<![\d.,])\.\d+|\d+)"
    r"(?P<mixed>(?:\s(?:(?:and|&)\s)?(?=\d+/[1-9])\d+)?)(?P<over>(?:/-?\d+(?:\.\d+)?(?![.,]?\d))?)"
    r"(?P<power>(?:[eE](?=[+-]?\d)|\s?[×x*·]\s?10\^)?)(?P<exponent>(?:(?<=[eE^])\{?[+-]?\d+\}?)?)"
)


class _Plain(dict[int, str]):
    """What becomes of each code point (a table for `str.translate`, filled as they are met)."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        category = unicodedata.category(letter)
        plain = {"Nd": str(unicodedata.decimal(letter, "")), "Zs": " ", "Cf": ""}
        return self.setdefault(code, plain.get(category, letter))


_PLAIN = _Plain(_CHARACTERS)


def western_digits(text: str) -> str:
    """The text with every script's decimal digits written 0-9, Arabic and full-width separators `.`
    and `,`, minus signs as hyphens, each kind of space as a blank, and no marks of direction.
    """
    return text.translate(_PLAIN)


def plain_notation(text: str) -> str:
    """The text with digits 0-9 and no notation of LaTeX or typography inside a number; dates and
    the exponents of units go.
    """
    text = "".join(map(_vulgar, western_digits(text)))
    text = _RAISED.sub(
        lambda power: "^" + unicodedata.normalize("NFKC", power[0]).translate(_MINUS), text
    )
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    text = re.sub(rf"(?<=\d)[{_APOSTROPHES}](?=\d)", "'", text)
    text = _FRACTION.sub(r" \1\2/\3\4", text)
    text = re.sub(r"(?<=-)\s(?=\d+/)", "", text)
    text = _SPACED_MINUS.sub(r"\1-", _LONG_MINUS.sub(r"\1-", text))
    return _EXPONENT.sub("", _DATE.sub(" ", text))


def _vulgar(letter: str) -> str:
    """` 1/2` for `½`; any other letter as it is."""
    kind, _, digits = unicodedata.decomposition(letter).partition(" ")
    if kind != "<fraction>":
        return letter
    return " " + "".join(chr(int(code, 16)) for code in digits.split()).replace("\u2044", "/")


def numbers_in(text: str) -> list[str]:
    """The numbers of a text in `plain_notation`, each as a plain numeral: `-1234.5`, `3/4`,
    `1.5e3`.
    """
    return [_numeral(match) for match in _NUMBER.finditer(text)]


def whole_number(text: str) -> str | None:
    """The plain numeral of a text that is one number and nothing else; None for any other."""
    match = _NUMBER.fullmatch(plain_notation(text).strip())
    return None if match is None else _numeral(match)


def _numeral(match: Any) -> str:
    number = re.sub("[ '_]", "", match["number"])
    if re.fullmatch(r"[1-9]\d{0,2}((\.\d{3})+,\d+|(\.\d{3}){2,})", number):
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[1-9]\d{0,2}(,\d{2,3})*,\d{3}(\.\d+)?", number):
        number = number.replace(",", "")
    else:
        number = number.replace(",", ".")
    over = match["over"]
    if match["mixed"]:
        numerator = re.sub(r"\D", "", match["mixed"])
        whole = int(number) * int(over[1:]) if _small(number, over) else 0
        number = str(whole + int(numerator)) if _small(numerator) else numerator
    exponent = match["exponent"].strip("{}")
    return match["sign"] + number + over + (f"e{exponent}" if exponent else "")


def _small(*digits: str) -> bool:
    """Whether these are whole numbers that Python converts (it refuses more than 4,300 digits)."""
    return all(re.fullmatch(r"/?\d{1,300}", number) for number in digits)
