"""Answers are read from any text in any digits, by the field's rule with its known failures and by
the strict rule without them.
"""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.benchmarks.base import gold_number
from lingualift.evaluation.answers import field_answer, is_correct, strict_answer, to_number

ZEROS = [chr(code) for code in range(sys.maxunicode) if unicodedata.decimal(chr(code), None) == 0]


def native(number: int, zero: str) -> str:
    return "".join(
        chr(ord(zero) + int(digit)) if digit.isdigit() else digit for digit in str(number)
    )


# text, the field's reading, the strict reading (as numbers; None: no number)
READINGS = [
    # plain and worked answers
    ("17", 17, 17),
    ("The answer is 17.", 17, 17),
    ("12 + 9 = 21. 21 - 4 = 17. The answer is 17.", 17, 17),
    ("12 + 9 = 21. 21 - 4 = 17.", 17, 17),
    ("The answer is 12 + 5 = 17.", 17, 17),
    ("The answer is 24 - 10 =", 10, 10),
    ("Answer: 17\n\nQuestion: Tom has 3 cats.", 3, 17),
    ("#### 17", 17, 17),
    ("The answer is 17. I am 100 percent sure.", 100, 17),
    ("The answer is 5. Wait. The answer is: $17$", 17, 17),
    ("She pays 17.50 dollars.", 17.5, 17.5),
    ("It costs .5", 5, 0.5),
    ("24 / 6 =", 6, 6),
    # text without numbers
    ("", None, None),
    ("...", None, None),
    ("-", None, None),
    ("I do not know", None, None),
    ("ثلاثة وعشرون", None, None),
    ("二十三", None, None),
    ("The answer is \\boxed{}", None, None),
    # signs
    ("The temperature is -5 degrees", -5, -5),
    ("10-4", -4, 4),
    ("(3)-4", -4, 4),
    ("10 -4", -4, 4),
    ("x = -4", -4, -4),
    ("温度は\u22125度です", 5, -5),
    ("คำตอบคือ-5", -5, -5),
    ("\uff0d\uff15", 5, -5),
    ("\u20135", 5, -5),
    ("3\u20135", 5, 5),
    ("7 \u2212 9 = \u22122", 2, -2),
    ("The answer is 2 - 6 = - 4.", 4, -4),
    ("= - 4", 4, -4),
    ("-$5", 5, -5),
    ("\u2212€ 5", 5, -5),
    ("\\boxed{- 5}", 5, -5),
    # fractions
    ("The answer is 3/4", 4, 0.75),
    ("-3/4", 4, -0.75),
    ("3/0", 0, None),
    ("\\boxed{3\\frac{1}{2}}", 2, 3.5),
    ("-3\\tfrac12", 12, -3.5),
    ("3½", 3, 3.5),
    ("-¾", None, -0.75),
    ("3 1/2", 2, 3.5),
    ("3 and 1/2", 2, 3.5),
    ("2.5 1/2", 2, 0.5),
    ("2／３", 3, 2 / 3),
    ("\\frac{3}{4}", 4, 0.75),
    ("$-\\dfrac{1}{-2}$", -2, 0.5),
    ("\\frac{7.5}{2}", 2, 3.75),
    ("\\frac{1{,}000}{2}", 2, 500),
    ("\\frac{5}{0.5}", 0.5, 10),
    ("3/4.", 4, 0.75),
    # boxes
    ("So \\boxed{17} after 3 steps", 3, 17),
    ("\\boxed{3} then \\boxed{17 \\text{ km}} in 2 h", 2, 17),
    ("\\boxed{\\frac{34}{2}} = 3", 3, 17),
    ("\\boxed{x = 17}, 3", 3, 17),
    ("\\boxed{none} but 17", 17, 17),
    # units
    ("17 km", 17, 17),
    ("$17", 17, 17),
    ("17€", 17, 17),
    ("17%", 17, 17),
    ("The garden has 17 m2", 2, 17),
    ("17 cm^3", 3, 17),
    ("17 m²", 17, 17),
    # separators
    ("1,234 dollars", 1234, 1234),
    ("12,34,567", 1234567, 1234567),
    ("1\u202f234\u202f567", 567, 1234567),
    ("1\u00a0234", 234, 1234),
    ("15, 16, 17", 17, 17),
    ("3,4", 34, 3.4),
    ("1,2345", 12345, 1.2345),
    ("15,16,17", 151617, 17),
    ("9{,}500", 500, 9500),
    ("9\\,500", 500, 9500),
    ("1.000.000", 0, 1000000),
    ("1.234,50 €", 1.2345, 1234.5),
    ("1.234", 1.234, 1.234),
    ("0,125", 125, 0.125),
    ("1,00,000", 100000, 100000),
    ("1'234'567.5", 567.5, 1234567.5),
    ("1’234", 234, 1234),
    ("12 345 крон", 345, 12345),
    ("1\u2009234,5", 2345, 1234.5),
    ("10,\\!080", 80, 10080),
    ("9\\thinspace 500", 500, 9500),
    ("1_234_567", 567, 1234567),
    ("1\u2003234", 234, 1234),
    ("1\u2008234\u2008567", 567, 1234567),
    ("x_1 = 17", 17, 17),
    ("៥\u200b២", 2, 2),
    # invisible marks of direction and of no break
    ("-\u200e5", 5, -5),
    ("\u200f−\u2066١٧\u2069", 17, -17),
    ("1,\u200e234", 234, 1234),
    ("12\u206034", 34, 1234),
    ("=\u20155", 5, -5),
    # dates
    ("17 am 12.05.2020", 2020, 17),
    ("17 on 2020-05-12", -12, 17),
    ("17 on 5/12/2020", 2020, 17),
    # powers of ten
    ("1.5 \\times 10^{3}", 3, 1500),
    ("2 × 10^6", 6, 2e6),
    ("2×10⁶", 10, 2e6),
    ("2 · 10⁻³", 10, 0.002),
    ("5 m², 10 m³", 10, 10),
    # deep and long
    ("1/" + "9" * 5000, float("inf"), 0),
    ("9" * 5000 + " 1/2", 2, 0.5),
    # huge numbers
    ("9" * 400, float("inf"), float("inf")),
    ("1/" + "9" * 400, float("inf"), 0),
    ("1" + ",000" * 8, 1e24, 1e24),
    # other scripts: Python's \d, and so the field's rule, knows native digits, but not native
    # separators
    ("मारिया के पास १७ सेब हैं।", 17, 17),
    ("কৃষকের ১,২৩,৪৫৬টি আলু", 123456, 123456),
    ("సమాధానం ౧౭.", 17, 17),
    ("คำตอบคือ๑๗ลูก", 17, 17),
    ("الجواب ١٧ تفاحة", 17, 17),
    ("الجواب ١٬٢٣٤٫٥", 5, 1234.5),
    ("جواب ۱۷ ہے", 17, 17),
    ("જવાબ ૧૭ છે", 17, 17),
    ("ಉತ್ತರ ೧೭", 17, 17),
    ("ഉത്തരം ൧൭", 17, 17),
    ("விடை ௧௭", 17, 17),
    ("答案是１７个", 17, 17),
    ("정답은 17개", 17, 17),
    ("Ответ: 17 яблок", 17, 17),
    ("पत्ता −१७", 17, -17),
    ("\\boxed{१७} या १८", 18, 17),
]


@pytest.mark.parametrize(("text", "field", "strict"), READINGS)
def test_hard_texts_are_read_as_each_rule_says(text, field, strict):
    assert to_number(field_answer(text)) == field
    assert to_number(strict_answer(text)) == strict


@given(st.text())
def test_any_text_is_read_without_an_error_and_gives_a_number_or_nothing(text):
    for answer in (field_answer(text), strict_answer(text)):
        assert answer is None or "/" in answer or to_number(answer) is not None
        assert is_correct(answer, text) in (True, False)


@given(st.text(alphabet="0123456789.,-−/\\boxedfrac{}=# answeri:\u00a0٫٬१๗m^"))
def test_any_arithmetic_litter_is_read_without_an_error(text):
    for answer in (field_answer(text), strict_answer(text)):
        assert answer is None or "/" in answer or to_number(answer) is not None
        is_correct(answer, text)


@given(
    number=st.integers(-(10**12), 10**12),
    zero=st.sampled_from(ZEROS),
    frame=st.sampled_from(["{}", "= {}.", "उत्तर {} है", "คือ{}ลูก", "\\boxed{{{}}} 3"]),
)
def test_an_integer_in_any_decimal_digits_is_read_back_by_the_strict_rule(number, zero, frame):
    answer = strict_answer(frame.format(native(number, zero)))
    assert to_number(answer) == number
    assert is_correct(answer, str(number)) and is_correct(answer, native(number, zero))
    assert not is_correct(answer, str(number + 1))


STYLES = {
    "English": (",", "."),
    "German": (".", ","),
    "French": ("\u202f", ","),
    "Swedish": (" ", ","),
    "Swiss": ("’", "."),
    "Arabic": ("٬", "٫"),
    "LaTeX": ("{,}", "."),
    "full width": ("，", "．"),
    "thin space": ("\u2009", "."),
    "no groups": ("", "."),
    "no groups, comma": ("", ","),
}


def written(number: int, decimals: str, style: str, zero: str) -> str:
    """A number in a style's digit groups and decimal separator, in the digits from `zero` on."""
    group, point = STYLES[style]
    whole = f"{number:,}".replace(",", group)
    text = whole + (point + decimals if decimals else "")
    return "".join(chr(ord(zero) + int(sign)) if sign in "0123456789" else sign for sign in text)


@given(
    number=st.integers(0, 10**13),
    decimals=st.sampled_from(["", "5", "25", "0625"]),
    style=st.sampled_from(sorted(STYLES)),
    zero=st.sampled_from(["0", "०", "٠", "๐", "０"]),
    sign=st.sampled_from(["", "-", "−", "–", "－"]),
    frame=st.sampled_from(
        ["{}", "= {}", "The answer is {}.", "\\boxed{{{}}}", "${}$", "{} €", "{}%"]
    ),
)
def test_a_number_in_any_supported_style_reads_back_as_answer_and_as_gold(
    number, decimals, style, zero, sign, frame
):
    # one group after a point is decimals in English and a group in German: the point wins
    if style == "German" and not decimals and number < 10**6:
        return
    value = float(f"{'-' if sign else ''}{number}.{decimals or 0}")
    text = sign + written(number, decimals, style, zero)
    assert to_number(strict_answer(frame.format(text))) == value
    assert is_correct(strict_answer(frame.format(text)), text)
    assert to_number(gold_number(text, "row 1")) == value


@given(number=st.integers(10**5, 10**13), sign=st.sampled_from(["", "-"]))
def test_indian_digit_groups_read_back(number, sign):
    head, tail = divmod(number, 1000)
    pairs = f"{head:0{(len(str(head)) + 1) // 2 * 2}d}"
    groups = [pairs[start : start + 2] for start in range(0, len(pairs), 2)]
    text = sign + ",".join([str(int(groups[0])), *groups[1:], f"{tail:03d}"])
    assert to_number(strict_answer(text)) == to_number(gold_number(text, "row 1"))
    assert to_number(strict_answer(text)) == (-number if sign else number)


@given(st.integers(0, 99), st.integers(1, 9), st.integers(2, 9), st.booleans())
def test_a_mixed_fraction_reads_back_in_text_and_latex(whole, over, under, negative):
    value = (whole + over / under) * (-1 if negative else 1)
    sign = "-" if negative else ""
    for text in (f"{sign}{whole} {over}/{under}", f"{sign}{whole}\\frac{{{over}}}{{{under}}}"):
        assert to_number(strict_answer(text)) == pytest.approx(value)
        assert is_correct(str(value), text)


@pytest.mark.parametrize(
    ("answer", "gold", "correct"),
    [
        ("17", "17", True),
        ("17.0009", "17", True),
        ("17.0011", "17", False),
        ("16.9991", "17", True),
        ("16.9989", "17", False),
        ("17.", "17", True),
        ("1234", "1,234", True),
        ("17", "१७", True),
        ("-17", "\u221217", True),
        ("0.75", "3/4", True),
        ("3/4", "0.75", True),
        ("3/0", "0", False),
        ("9" * 400, "9" * 400, False),
        (None, "17", False),
        ("17", "seventeen", False),
        ("17", "", False),
        ("12.5", "12,5", True),
        ("1000000", "1.000.000", True),
        ("-5", "–5", True),
        ("3.5", "3 1/2", True),
    ],
)
def test_an_answer_is_correct_within_a_thousandth(answer, gold, correct):
    assert is_correct(answer, gold) is correct
