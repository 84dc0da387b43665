"""Generated chains of arithmetic."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingualift.messages import LinguaLiftError
from lingualift.tasks import arithmetic
from lingualift.tasks.arithmetic import NAMES


@given(st.integers(1, 40), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_every_step_is_right_and_follows_from_the_question(count: int, seed: int) -> None:
    for row in arithmetic.generate_problems(count, seed).to_pylist():
        first, *rest = row["question"].split(" ")
        x, steps = eval(first), [first]  # digits and one sign alone: checked below
        assert re.fullmatch(r"\d+[-+*/]\d+", first) and all(
            re.fullmatch(r"[-+*/]\d+", step) for step in rest
        )
        lines = row["response"].split(". ")
        assert lines[0] == f"{first}={int(x)}"
        for step, line in zip(rest, lines[1:], strict=True):
            result = eval(f"{int(x)}{step}")
            assert result == int(result) >= 2 and line == f"{int(x)}{step}={int(result)}"
            x, steps = result, [*steps, step]
        assert row["answer"] == x and row["operation"].split(" ") == [
            NAMES[re.sub(r"\d", "", step)] for step in steps
        ]
        assert len(steps) <= 4 and x <= 144


def test_a_smaller_set_is_a_prefix_and_a_seed_decides() -> None:
    assert (
        arithmetic.generate_problems(20, 3).slice(0, 7).equals(arithmetic.generate_problems(7, 3))
    )
    assert not arithmetic.generate_problems(7, 3).equals(arithmetic.generate_problems(7, 4))


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(LinguaLiftError, match="must not be negative"):
        arithmetic.generate_problems(-1, 1)
