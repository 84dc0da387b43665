"""mmwp-mini: the same problems in every language, in its own script and words, with answers that follow from the numbers."""

import re
import unicodedata
from itertools import permutations
from pathlib import Path

import pytest
import yaml

from lingualift.benchmarks.mmwp_mini import BENCHMARK, GROUPS, SPLITS, load
from lingualift.config import load as load_config
from lingualift.errors import LinguaLiftError
from lingualift.evaluation.answers import western_digits
from lingualift.languages import load_languages
from lingualift.tasks.near_duplicates import THRESHOLD, nearest_training, require_no_near_duplicates
from lingualift.tasks.word_problems import generate
from lingualift.text.scripts import letters_pattern, script_pattern

ROOT = Path(__file__).parents[2]
TABLE = load_languages(ROOT / "config" / "languages.tsv")
LANGUAGES = BENCHMARK.languages
NATIVE_DIGITS = {"ar", "bn", "gu", "hi", "kn", "mr", "ne", "th"}
NATIVE_ITEMS = {f"test-{number:03d}" for number in range(71, 81)}
# Characters in relation to English: of the whole set, and of any one item. Scripts that write syllables or words in one sign are shorter.
LENGTHS = {
    "Latn": (0.85, 1.25, 0.55, 1.85),
    "Hang": (0.5, 0.75, 0.3, 1.0),
    "Jpan": (0.4, 0.65, 0.25, 0.85),
    "Hans": (0.25, 0.45, 0.2, 0.55),
}
OTHER_LENGTHS = (0.75, 1.4, 0.5, 2.0)
NAMES = {"maria", "anna", "david", "sara", "omar", "lina", "peter", "tom", "nina", "rosa", "ali"}


def problems(language: str) -> dict[str, str]:
    return {problem.id: problem.question for split in SPLITS for problem in load(language, split)}


ENGLISH = problems("en")


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", western_digits(text))]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())


def trigrams(tokens: list[str]) -> set[tuple[str, ...]]:
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False))


def reachable(operation: str, values: tuple[int, ...]) -> bool | int | None:
    """The value of the operations applied in turn to the first two and then each further value, or None where a step fails."""
    (x, *rest) = values
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
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 48
    assert {language: TABLE[language].level for language in LANGUAGES} == {language: BENCHMARK.group(language) for language in LANGUAGES}
    assert set(GROUPS) == {"low", "medium", "high"}


@pytest.mark.parametrize("split", SPLITS)
def test_answers_follow_from_the_operation_and_the_numbers_of_the_english_problem(split):
    for problem in load("en", split):
        values, steps = numbers(problem.question), problem.operation.split()
        assert set(steps) <= {"add", "sub", "mul", "div"} and len(steps) in (1, 2)
        right = [chosen for chosen in permutations(values, len(steps) + 1) if reachable(problem.operation, chosen) == int(problem.answer)]
        assert right, problem
        # every number takes part, but for the 1 of `1 bag`
        assert any(sorted(values) == sorted([*chosen, *[1] * (len(values) - len(chosen))]) for chosen in right), problem
        assert int(problem.answer) > 0 and int(problem.answer) not in values, problem


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_problems_with_the_same_numbers(language):
    questions = problems(language)
    assert list(questions) == list(ENGLISH) and len(questions) == 104
    for identifier, question in questions.items():
        assert sorted(numbers(question)) == sorted(numbers(ENGLISH[identifier])), (identifier, question)
    for split in SPLITS:
        assert [(p.id, p.answer, p.operation) for p in load(language, split)] == [(p.id, p.answer, p.operation) for p in load("en", split)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_native_digits_stand_in_the_ten_problems_meant_for_them(language):
    for identifier, question in problems(language).items():
        digits = TABLE[language].digits if language in NATIVE_DIGITS and identifier in NATIVE_ITEMS else "0123456789"
        assert {letter for letter in question if letter.isdecimal()} <= set(digits), (identifier, question)


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_tidy_unicode_without_repetitions(language):
    questions = list(problems(language).values())
    assert len({re.sub(r"\s", "", question) for question in questions}) == len(questions)
    for question in questions:
        assert unicodedata.normalize("NFC", question) == question
        assert question == " ".join(question.split()) and len(question) > 10
        assert not any(unicodedata.category(letter) in ("Cc", "Co", "Cn", "Cs") or letter == "\ufffd" for letter in question), question


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_written_in_the_languages_script(language):
    expected, any_letter = script_pattern(TABLE[language].script), letters_pattern()
    for identifier, question in problems(language).items():
        letters = any_letter.findall(question)
        foreign = [letter for letter in letters if not expected.match(letter)]
        assert letters and not foreign, (identifier, foreign)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_english_is_left_over(language):
    for identifier, question in problems(language).items():
        english, own = words(ENGLISH[identifier]), words(question)
        assert not trigrams(english) & trigrams(own), (identifier, question)
        common = [word for word in own if word in set(english) - NAMES]
        assert len(common) <= len(own) / 3, (identifier, common)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lengths_are_in_proportion_to_the_english_problems(language):
    low, high, lowest, highest = LENGTHS.get(TABLE[language].script, OTHER_LENGTHS)
    questions = problems(language)
    assert low <= sum(map(len, questions.values())) / sum(map(len, ENGLISH.values())) <= high
    for identifier, question in questions.items():
        assert lowest <= len(question) / len(ENGLISH[identifier]) <= highest, (identifier, question)


def test_dev_and_test_are_different_problems():
    dev, test = load("en", "dev"), load("en", "test")
    assert (len(dev), len(test)) == (24, 80) and not {p.id for p in dev} & {p.id for p in test}
    require_no_near_duplicates([p.id for p in test], [p.question for p in test], [p.question for p in dev])


def test_no_problem_in_any_language_is_a_near_duplicate_of_the_default_runs_training_problems():
    config = load_config(yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8")))
    generated = [task for task in config.tasks.values() if "word-problems" in task.sources]
    assert generated
    for task in generated:
        training = generate(task.examples, task.seed)["question"].to_pylist()
        items = [(f"{language} {identifier}", question) for language in LANGUAGES for identifier, question in problems(language).items()]
        nearest = require_no_near_duplicates([name for name, _ in items], [question for _, question in items], training)
        assert nearest.similarity.max() < THRESHOLD
        planted = nearest_training([training[-1]], training)
        assert planted.similarity[0] == pytest.approx(1)  # the check does find one


def test_an_unknown_language_or_split_suggests_the_nearest():
    with pytest.raises(LinguaLiftError, match="mmwp-mini has no language 'swa'; did you mean 'sw'"):
        load("swa")
    with pytest.raises(LinguaLiftError, match="mmwp-mini has no split 'tset'; did you mean 'test'"):
        load("en", "tset")
