"""Plain arithmetic, generated with a seed: what a very small LLM must know before word problems can
tell anything about language.

A chain of one to four steps is read from left to right: '42-24 +7' is answered '42-24=18. 18+7=25',
in the form of the worked answers of `word_problems`. SmolLM2-135M adds two-digit numbers right in a
third and subtracts them in a tenth of all cases (docs/log.md).
"""

import random

import pyarrow as pa

from lingualift.messages import LinguaLiftError
from lingualift.tasks.word_problems import PROBLEM_SCHEMA

NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
_SIGNS = "++---*/"  # subtraction is the hardest
_STEPS = (1, 1, 2, 2, 2, 3, 4)
_SUM, _PRODUCT = (
    99,
    144,
)  # largest results; factors, divisors and quotients stay within the multiplication tables


def generate_problems(count: int, seed: int) -> pa.Table:
    """`count` chains (`PROBLEM_SCHEMA`; a smaller set is a prefix of a larger one); raises
    LinguaLiftError for a negative count.
    """
    if count < 0:
        raise LinguaLiftError(f"arithmetic: count must not be negative, got {count}")
    rng = random.Random(f"arithmetic-{seed}")
    rows = []
    for number in range(1, count + 1):
        question, response, answer, operation = _chain(rng)
        rows.append(
            {
                "id": f"ar-{number:06d}",
                "language": "en",
                "question": question,
                "response": response,
                "answer": answer,
            }
            | {"operation": operation, "template": "chain"}
        )
    return pa.Table.from_pylist(rows, schema=PROBLEM_SCHEMA)


def _chain(rng: random.Random) -> tuple[str, str, int, str]:
    steps = rng.choice(_STEPS)
    sign, left, right, x = _first(rng)
    question, lines, names = f"{left}{sign}{right}", [f"{left}{sign}{right}={x}"], [NAMES[sign]]
    while len(lines) < steps:
        sign = rng.choice(_SIGNS)
        right = rng.randint(2, 60 if sign in "+-" else 12)
        result = _apply(x, sign, right)
        if result is None:
            continue
        question += f" {sign}{right}"
        lines.append(f"{x}{sign}{right}={result}")
        names.append(NAMES[sign])
        x = result
    return question, ". ".join(lines), x, " ".join(names)


def _first(rng: random.Random) -> tuple[str, int, int, int]:
    sign = rng.choice(_SIGNS)
    if sign == "+":
        left = rng.randint(2, 90)
        right = rng.randint(2, max(2, _SUM - left))
        return sign, left, right, left + right
    if sign == "-":
        left = rng.randint(5, 99)
        right = rng.randint(2, left - 2)
        return sign, left, right, left - right
    left, right = rng.randint(2, 12), rng.randint(2, 12)
    return ("*", left, right, left * right) if sign == "*" else ("/", left * right, left, right)


def _apply(x: int, sign: str, right: int) -> int | None:
    """A further step's result; None where it leaves the whole numbers or the intended size."""
    if sign == "/":
        return x // right if x % right == 0 and x // right >= 2 else None
    if sign == "*":
        return x * right if x * right <= (_PRODUCT if x <= 12 else _SUM) else None
    result = x + right if sign == "+" else x - right
    return result if 2 <= result <= _SUM else None
