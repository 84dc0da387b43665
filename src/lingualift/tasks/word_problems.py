"""English-only word problems for the default run's task training, generated from templates with a
seed.

One- and two-step problems of everyday content with their worked answers. People, wording and
situations are other than the embedded benchmark's (`tests/near_duplicates.py` proves it). The k-th
problem depends on the seed and the problems before it only, so a smaller set is a prefix of a
larger one.
"""

import random
import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

import pyarrow as pa

from lingualift.messages import LinguaLiftError
from lingualift.tasks import everyday
from lingualift.tasks.templates import TEMPLATES, Pool, Template

T = TypeVar("T")

PROBLEM_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("response", pa.string(), nullable=False),
        pa.field("answer", pa.int64(), nullable=False),
        pa.field("operation", pa.string(), nullable=False),
        pa.field("template", pa.string(), nullable=False),
    ]
)

# Sentences without any bearing on the answer; `{N}` only where the problem has people.
_ASIDES = (
    "It is a sunny morning.",
    "The sky is blue today.",
    "The streets are crowded.",
    "It rained during the night.",
    "A cat sleeps in the corner.",
    "The weather is warm and dry.",
    "Everybody is in a good mood.",
    "The radio plays old songs.",
    "Outside it is already dark.",
    "The wind is strong.",
    "Lunch will be ready soon.",
    "The holidays have begun.",
    "Somewhere a bell is ringing.",
    "The air smells of bread.",
    "Snow covers the roofs.",
)
_PERSONAL_ASIDES = (
    "{N} likes to sing.",
    "{N} lives near the river.",
    "{N} is wearing a {colour} coat.",
    "{N} got up early.",
    "{N} is a friendly neighbour.",
    "{N} speaks slowly and clearly.",
    "{N} loves the sea.",
    "{N} wants to become a doctor.",
    "{N} is tired but happy.",
    "{N} has a small dog.",
)

# Pronouns, references and numbers: a question with any of them makes no sense before the facts.
_NEEDS_FACTS = re.compile(
    r"\{(he|his|him|a|b|c)\}|\b(that|it|they|their|them|there|such|both|these|others?)\b"
)

_PERSON = re.compile(r"\{[NMK]\}")

_TABLE = (2, 12)  # factors, divisors and quotients stay within the multiplication tables
_PLAIN = (2, 60)
_LARGEST_ANSWER = 144


def generate_problems(count: int, seed: int) -> pa.Table:
    """`count` distinct problems (`PROBLEM_SCHEMA`), alternately of one and two steps, each half
    balanced over its operations.

    `response` is the worked solution on one line, e.g. '12+9=21. 21-4=17', whose last number is the
    answer. Raises LinguaLiftError for a negative count or one beyond what the templates can tell
    apart.
    """
    if count < 0:
        raise LinguaLiftError(f"word problems: count must not be negative, got {count}")
    stream = _stream(seed)
    rows = [next(stream) for _ in range(count)]
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    ids = [f"wp-{number:06d}" for number in range(1, count + 1)]
    arrays = [
        pa.array(values, field.type)
        for values, field in zip([ids, ["en"] * count, *columns], PROBLEM_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=PROBLEM_SCHEMA)


def _stream(seed: int) -> Iterator[tuple[str, str, int, str, str]]:
    """An endless sequence of distinct (question, response, answer, operation, template name)."""
    rng = random.Random(f"word-problems-{seed}")
    by_operation: dict[str, list[Template]] = {}
    for template in TEMPLATES:
        by_operation.setdefault(template.operation, []).append(template)
    rounds = {
        steps: _rounds(
            rng,
            [
                _rounds(rng, templates)
                for operation, templates in by_operation.items()
                if len(operation.split()) == steps
            ],
        )
        for steps in (1, 2)
    }
    seen: set[str] = set()
    steps = 2
    while True:
        steps = 3 - steps
        template = next(next(rounds[steps]))
        for _ in range(200):
            question, response, answer = _problem(rng, template)
            if question not in seen:
                break
        else:
            raise LinguaLiftError(
                f"word problems: template '{template.name}' has run out after {len(seen)} problems;"
                " ask for fewer"
            )
        seen.add(question)
        yield question, response, answer, template.operation, template.name


def _rounds(rng: random.Random, choices: list[T]) -> Iterator[T]:
    """All choices again and again, each time in a new order."""
    while True:
        yield from rng.sample(choices, len(choices))


def _problem(rng: random.Random, template: Template) -> tuple[str, str, int]:
    numbers, response, answer = _arithmetic(rng, template)
    values = {
        **_people(rng),
        **_fill(rng, template.slots),
        **{name: str(number) for name, number in numbers.items()},
    }
    values["money"] = rng.choice(everyday.CURRENCY)
    facts = rng.choice(template.facts)
    # nobody is asked about who was not told of
    questions = [
        text
        for text in template.questions
        if set(_PERSON.findall(text)) <= set(_PERSON.findall(facts))
    ]
    question = rng.choice(questions)
    draw = rng.random()
    if draw < 0.1:
        openers = [question for question in questions if not _NEEDS_FACTS.search(question)]
        if openers:
            return _finish(f"{rng.choice(openers)} {facts}", values), response, answer
    elif draw < 0.2:
        personal = facts.startswith("{N}")
        aside = rng.choice(_ASIDES + _PERSONAL_ASIDES * 2 if personal else _ASIDES)
        values.setdefault("colour", rng.choice(everyday.COLOUR))
        facts = f"{aside} {facts}" if personal or rng.random() < 0.5 else f"{facts} {aside}"
    return _finish(f"{facts} {question}", values), response, answer


def _arithmetic(rng: random.Random, template: Template) -> tuple[dict[str, int], str, int]:
    """Numbers that the template's steps turn into positive integers, with the worked solution."""
    tables = {
        name for step in template.steps if step.split()[1] in "*/" for name in step.split()[::2]
    }
    used = sorted({name for step in template.steps for name in step.split()[::2]} - {"x"})
    while True:
        numbers = {
            name: rng.randint(*template.ranges.get(name, _TABLE if name in tables else _PLAIN))
            for name in used
        }
        first, sign, second = template.steps[0].split()
        if sign == "/":  # a dividend is made from its quotient, or hardly any draw would divide
            numbers[first] = numbers[second] * rng.randint(*_TABLE)
        if template.operation == "div mul" and numbers["b"] == numbers["c"]:
            continue  # the answer would stand in the question
        solution = _solve(template.steps, numbers)
        if solution is not None:
            return numbers, " ".join(solution[0]).rstrip("."), solution[1]


def _solve(steps: tuple[str, ...], numbers: dict[str, int]) -> tuple[list[str], int] | None:
    """The worked lines and the result, or None where a step leaves the positive integers or the
    intended size.
    """
    lines, x = [], 0
    for step in steps:
        left, sign, right = step.split()
        a, b = (x if name == "x" else numbers[name] for name in (left, right))
        if sign == "/":
            if a % b or not 2 <= a // b <= 30:
                return None
            result = a // b
        elif sign == "*":
            if "x" in (left, right) and max(a, b) > 12 and a * b > 99:
                return None
            result = a * b
        else:
            result = a + b if sign == "+" else a - b
            if sign == "+" and result > 99:
                return None
        if not 2 <= result <= _LARGEST_ANSWER:
            return None
        lines.append(f"{a}{sign}{b}={result}.")
        x = result
    return lines, x


def _people(rng: random.Random) -> dict[str, str]:
    woman = rng.random() < 0.5
    name = rng.choice(everyday.WOMEN if woman else everyday.MEN)
    others = rng.sample([other for other in everyday.WOMEN + everyday.MEN if other != name], 2)
    pronouns = ("she", "her", "her") if woman else ("he", "his", "him")
    return {
        "N": name,
        "M": others[0],
        "K": others[1],
        **dict(zip(("he", "his", "him"), pronouns, strict=True)),
    }


def _fill(rng: random.Random, slots: Mapping[str, Pool]) -> dict[str, str]:
    """Words for a template's slots, no word twice, with '<slot>s' as the plural of each."""
    values: dict[str, str] = {}
    for key, pool in slots.items():
        names = key.split(",")
        while True:
            choice = rng.choice(pool)
            words = (choice,) if isinstance(choice, str) else choice
            if not set(words) & set(values.values()):
                break
        values.update(zip(names, words, strict=True))
    return {**{f"{name}s": everyday.plural(word) for name, word in values.items()}, **values}


def _finish(text: str, values: dict[str, str]) -> str:
    """Put the words in; then 'a' or 'an', and a capital at the start of every sentence."""
    text = re.sub(r"\{(\w+)\}", lambda slot: values[slot[1]], text)
    text = re.sub(r"\b([Aa]) (?=[aeio]|u[mn](?!i))", r"\1n ", text)
    return re.sub(
        r"(^|[.?!:] )([a-z])",
        lambda start: start[1] + (start[2] if start[1].startswith(":") else start[2].upper()),
        text,
    )
