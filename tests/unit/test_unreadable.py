"""Problems that nobody can read: their words mean nothing, their numbers and solutions are those of
readable ones.
"""

import re

from lingualift.tasks import unreadable, word_problems


def test_numbers_and_solutions_are_those_of_readable_problems_and_no_word_is_left() -> None:
    readable = word_problems.generate_problems(120, 3).to_pylist()
    obscured = unreadable.generate_problems(120, 3).to_pylist()
    scripts = set()
    for plain, problem in zip(readable, obscured, strict=True):
        for name in ("response", "answer", "operation", "template", "language"):
            assert problem[name] == plain[name]
        assert re.findall(r"\d+", problem["question"]) == re.findall(r"\d+", plain["question"])
        words = re.findall(r"[^\W\d_]{4,}", plain["question"])
        assert words and not any(word in problem["question"] for word in words)
        first = re.search(r"[^\W\d_]", problem["question"])
        assert first is not None
        scripts.add(
            next(low for low, high in unreadable.BLOCKS if low <= ord(first.group()) <= high)
        )
    assert len(scripts) > 10  # half in Latin letters, half in 17 others


def test_a_word_keeps_its_letters_within_a_problem() -> None:
    for plain, problem in zip(
        word_problems.generate_problems(40, 1).to_pylist(),
        unreadable.generate_problems(40, 1).to_pylist(),
        strict=True,
    ):
        words = unreadable.LETTERS.findall(plain["question"])
        letters = unreadable.LETTERS.findall(problem["question"])
        assert len(set(zip(words, letters, strict=True))) == len(set(words))


def test_a_smaller_set_is_a_prefix_of_a_larger_one() -> None:
    larger = unreadable.generate_problems(30, 5).to_pylist()
    assert unreadable.generate_problems(12, 5).to_pylist() == larger[:12]
    assert unreadable.generate_problems(12, 6).to_pylist() != larger[:12]
