"""What guessing earns, worked out exactly from the problems: no model, no sampling.

Word problems: two different numbers of the question are drawn and one of + - x / applied to them,
the larger number first; every pair and operation is equally likely. That is what a system can do
which copies digits but understands nothing. Multiple choice: one of the choices; retrieval: one of
the sentences.
"""

from collections.abc import Sequence
from itertools import combinations

from lingualift.benchmarks.base import Problem
from lingualift.evaluation.answers import is_correct, to_number
from lingualift.evaluation.numerals import numbers_in, plain_notation

TITLES = {
    "number": "Chance (two numbers of the question, any operation)",
    "choice": "Chance (any choice)",
    "neighbour": "Chance (any sentence)",
}


def guess_share(question: str, gold: str) -> float:
    """Probability in [0, 1] that a guess of two numbers and an operation is the gold answer (0 with
    fewer than two numbers).
    """
    values = map(to_number, numbers_in(plain_notation(question)))
    numbers = [value for value in values if value is not None]
    pairs = [(max(pair), min(pair)) for pair in combinations(numbers, 2)]
    if not pairs:
        return 0.0
    right = sum(
        is_correct(repr(value), gold)
        for larger, smaller in pairs
        for value in (
            larger + smaller,
            larger - smaller,
            larger * smaller,
            larger / smaller if smaller else float("nan"),
        )
    )
    return right / (4 * len(pairs))


def chance(problems: Sequence[Problem], kind: str) -> float:
    """Expected accuracy in [0, 1] over all problems; `kind` is the benchmark's kind of answer."""
    if kind == "neighbour":
        return 1 / len(problems)
    if kind == "choice":
        return sum(1 / len(problem.choices) for problem in problems) / len(problems)
    return sum(guess_share(problem.question, problem.answer) for problem in problems) / len(
        problems
    )
