"""Whether an answer calculates with its question's numbers."""

import pytest

from dev.first_equations import share

QUESTION = "Maria has 12 apples and buys 1,234 more. How many?"


@pytest.mark.parametrize(
    "answer, right",
    [
        ("12+1234=1246", False),  # the question's "1,234" reads as 1 and 234
        ("12+234=246", True),
        ("1+234=235. 235*99=1", True),  # the first equation alone
        ("12+13=25", False),
        ("12+1.5=13.5", False),
        ("12+234", False),
        ("", False),
    ],
)
def test_an_answer_counts_where_its_first_equation_has_the_questions_numbers_alone(
    answer: str, right: bool
) -> None:
    assert share([answer], [QUESTION]) == (100 if right else 0)


def test_the_share_is_over_all_answers() -> None:
    assert share(["12+234=246", "no"], [QUESTION, QUESTION]) == 50
