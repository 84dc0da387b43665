"""Answers are read from any text in any digits, by the field's rule with its known failures and by
the strict rule without them.
"""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.evaluation.answers import (
    field_answer,
    is_correct,
    join_groups,
    strict_answer,
    to_number,
    western_digits,
)

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
    # fractions
    ("The answer is 3/4", 4, 0.75),
    ("-3/4", 4, -0.75),
    ("3/0", 0, None),
    ("\\frac{3}{4}", 4, 0.75),
    ("$-\\dfrac{1}{-2}$", -2, 0.5),
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
    ("3,4", 34, 4),
    ("1,2345", 12345, 2345),
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


@given(number=st.integers(10**3, 10**15), zero=st.sampled_from(["0", "०", "٠", "๐"]))
def test_joining_digit_groups_undoes_grouping(number, zero):
    for grouped in (
        f"{number:,}",
        f"{number:,}".replace(",", "\u202f"),
        f"{number:,}".replace(",", "٬"),
    ):
        text = "".join(
            native(int(letter), zero) if letter.isdigit() else letter for letter in grouped
        )
        assert join_groups(western_digits(text)) == str(number)


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
    ],
)
def test_an_answer_is_correct_within_a_thousandth(answer, gold, correct):
    assert is_correct(answer, gold) is correct
