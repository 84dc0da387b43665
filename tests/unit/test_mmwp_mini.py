"""mmwp-mini: the same problems in every language, in its own script and words, with answers that
follow from the numbers.
"""

from itertools import permutations
from pathlib import Path

import pytest
import yaml

from dev.mmwp_mini.parallel import mistakes, numbers
from dev.mmwp_mini.tables import load_wording
from lingualift.benchmarks.mmwp_mini import (
    BENCHMARK,
    GROUPS,
    NAMES,
    NATIVE_DIGITS,
    NATIVE_ITEMS,
)
from lingualift.benchmarks.registry import load
from lingualift.config import load_config
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.tasks.word_problems import generate_problems
from tests.near_duplicates import THRESHOLD, nearest_training, require_no_near_duplicates

ROOT = Path(__file__).parents[2]
TABLE = load_languages(ROOT / "config" / "languages.tsv")
SPLITS = tuple(BENCHMARK.counts)
LANGUAGES = BENCHMARK.languages


def problems(language: str) -> dict[str, str]:
    return {
        problem.id: problem.question
        for split in SPLITS
        for problem in load(BENCHMARK.name, language, split)
    }


ENGLISH = problems("en")


def reachable(operation: str, values: tuple[int, ...]) -> bool | int | None:
    """The value of the operations applied in turn to the first two and then each further value, or
    None where a step fails.
    """
    x, *rest = values
    for step, y in zip(operation.split(), rest, strict=True):
        if step == "sub":
            x = abs(x - y)  # 20 - 3 * 2: the running value may be the one taken away
        elif step == "div":
            if y == 0 or x % y:
                return None
            x //= y
        else:
            x = x + y if step == "add" else x * y
    return x


def test_the_benchmark_has_the_48_languages_and_levels_of_the_table():
    assert len(BENCHMARK.languages) == len(set(BENCHMARK.languages)) == 48
    assert {language: TABLE[language].level for language in BENCHMARK.languages} == {
        language: BENCHMARK.group(language) for language in BENCHMARK.languages
    }
    assert set(GROUPS) == {"low", "medium", "high"}


@pytest.mark.parametrize("split", SPLITS)
def test_answers_follow_from_the_operation_and_the_numbers_of_the_english_problem(split):
    for problem in load(BENCHMARK.name, "en", split):
        values, steps = numbers(problem.question), problem.operation.split()
        assert set(steps) <= {"add", "sub", "mul", "div"} and len(steps) in (1, 2)
        right = [
            chosen
            for chosen in permutations(values, len(steps) + 1)
            if reachable(problem.operation, chosen) == int(problem.answer)
        ]
        assert right, problem
        # every number takes part, but for a number in words
        assert any(sorted(values) == sorted(chosen) for chosen in right), problem
        assert int(problem.answer) > 0 and int(problem.answer) not in values, problem


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_parallel_to_english(language):
    native = NATIVE_ITEMS if language in NATIVE_DIGITS else ()
    wording = load_wording(language)
    assert mistakes(problems(language), ENGLISH, TABLE[language], native, NAMES, wording) == []
    for split in SPLITS:
        assert [(p.id, p.answer, p.operation) for p in load(BENCHMARK.name, language, split)] == [
            (p.id, p.answer, p.operation) for p in load(BENCHMARK.name, "en", split)
        ]


@pytest.mark.parametrize("language", sorted(NATIVE_DIGITS))
def test_the_native_subset_has_native_digits(language):
    for identifier in NATIVE_ITEMS:
        question = problems(language)[identifier]
        assert {letter for letter in question if letter.isdecimal()} <= set(
            TABLE[language].digits
        ), (identifier, question)


@pytest.mark.parametrize(
    ("identifier", "question", "mistake"),
    [
        ("dev-001", None, "ids differ from English: dev-001"),
        (
            "dev-001",
            "Nina hat 11 Kerzen und kauft noch 16 Kerzen dazu. Wie viele Kerzen hat sie jetzt?",
            "dev-001: numbers [11, 16], in",
        ),
        (
            "dev-001",
            "Nina hat 11 Kerzen und kauft noch ١٥ Kerzen dazu. Wie viele Kerzen hat sie jetzt?",
            "dev-001: digits other than",
        ),
        (
            "dev-001",
            "Nina hat 11 свечей und kauft noch 15 Kerzen dazu. Wie viele Kerzen hat sie jetzt?",
            "dev-001: letters outside the",
        ),
        (
            "dev-001",
            "Nina hat 11 candles and buys 15 more Kerzen. Wie viele Kerzen hat sie jetzt?",
            "dev-001: English left over",
        ),
        ("dev-001", "Nina hat 11 Kerzen, dazu 15.", "dev-001: 0."),
        (
            "dev-001",
            "Nina hat 11 Kerzen und kauft noch 15  Kerzen dazu. Wie viele Kerzen hat sie jetzt?",
            "dev-001: not tidy text",
        ),
        (
            "dev-001",
            "Nina hat 11 Kerzen und kauft noch 15 Kerzen fu\u0308r sich. Wie viele hat sie?",
            "dev-001: not tidy text",
        ),
        (
            "dev-002",
            "Nina hat 11 Kerzen und kauft noch 15 Kerzen dazu. Wie viele Kerzen hat sie jetzt?",
            "dev-002: the same as dev-001",
        ),
    ],
)
def test_the_check_finds_a_planted_mistake(identifier, question, mistake):
    questions = {**problems("de"), identifier: question}
    if question is None:
        del questions[identifier]
    found = mistakes(questions, ENGLISH, TABLE["de"], (), NAMES)
    assert any(line.startswith(mistake) for line in found), found


def test_dev_and_test_are_different_problems():
    dev, test = load(BENCHMARK.name, "en", "dev"), load(BENCHMARK.name, "en", "test")
    assert (len(dev), len(test)) == (104, 80) and not {p.id for p in dev} & {p.id for p in test}
    require_no_near_duplicates(
        [p.id for p in test], [p.question for p in test], [p.question for p in dev]
    )


def test_no_problem_in_any_language_is_a_near_duplicate_of_the_default_runs_training_problems():
    config = load_config(
        yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    )
    generated = [task for task in config.tasks.values() if "word-problems" in task.sources]
    assert generated
    for task in generated:
        training = generate_problems(task.examples, task.seed)["question"].to_pylist()
        items = [
            (f"{language} {identifier}", question)
            for language in LANGUAGES
            for identifier, question in problems(language).items()
        ]
        nearest = require_no_near_duplicates(
            [name for name, _ in items], [question for _, question in items], training
        )
        assert nearest.similarity.max() < THRESHOLD
        planted = nearest_training([training[-1]], training)
        assert planted.similarity[0] == pytest.approx(1)  # the check does find one


def test_an_unknown_language_or_split_suggests_the_nearest():
    with pytest.raises(LinguaLiftError, match="mmwp-mini has no language 'swa'; it has af, "):
        load(BENCHMARK.name, "swa", "test")
    with pytest.raises(LinguaLiftError, match="mmwp-mini has no split 'tset'; did you mean 'test'"):
        load(BENCHMARK.name, "en", "tset")
