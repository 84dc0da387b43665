"""mmwp-mini-hard: the same harder problems in every language, with answers that follow from the
stated solutions.
"""

import ast
import operator
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from dev.mmwp_mini.parallel import mistakes, numbers
from lingualift.benchmarks import mmwp_mini
from lingualift.benchmarks.mmwp_mini_hard import BENCHMARK, KINDS
from lingualift.benchmarks.packaged import packaged_problems, packaged_table
from lingualift.benchmarks.registry import load
from lingualift.config import load_config
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.plan import plan
from lingualift.plan.systems import load_systems
from lingualift.retrieve.sources import load_sources
from lingualift.tasks.word_problems import generate_problems
from tests.near_duplicates import THRESHOLD, nearest_training, require_no_near_duplicates

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
TABLE = load_languages(ROOT / "config" / "languages.tsv")
PACKAGE = "lingualift.benchmarks.mmwp_mini_hard"
SPLITS = tuple(BENCHMARK.counts)
LANGUAGES = BENCHMARK.languages
KEY = packaged_table(BENCHMARK.name, PACKAGE, "key")
UNITS = {60, 100, 1000}  # minutes of an hour, centimetres of a metre, grams of a kilogram
WORDS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
}
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def problems(language: str) -> dict[str, str]:
    return {
        problem.id: problem.question
        for split in SPLITS
        for problem in load(BENCHMARK.name, language, split)
    }


ENGLISH = problems("en")


def stated_numbers(question: str) -> list[int]:
    """The numbers of an English problem, in digits or in words."""
    words = re.findall("[a-z]+", question.lower())
    return numbers(question) + [WORDS[word] for word in words if word in WORDS]


def evaluate(node: ast.expr) -> float:
    """The value of an expression of whole numbers and the four operations."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    assert isinstance(node, ast.BinOp), ast.dump(node)
    return OPERATIONS[type(node.op)](evaluate(node.left), evaluate(node.right))


def test_the_evaluator_follows_precedence_and_refuses_all_but_arithmetic():
    assert evaluate(ast.parse("(8*12-20)/4", mode="eval").body) == 19
    for text in ("__import__('os')", "2**8", "-x", "'2'+'3'", "True+1"):
        with pytest.raises((AssertionError, KeyError)):
            evaluate(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("identifier", KEY)
def test_an_answer_follows_from_its_solution_and_is_not_a_number_of_the_problem(identifier):
    row, stated = KEY[identifier], stated_numbers(ENGLISH[identifier])
    value = evaluate(ast.parse(row["solution"], mode="eval").body)
    assert value == int(row["answer"]) > 0
    assert int(row["answer"]) not in stated


@pytest.mark.parametrize("identifier", KEY)
def test_a_solution_uses_every_number_of_its_problem_but_for_distracting_ones(identifier):
    kinds = KEY[identifier]["kind"].split()
    used, stated = set(numbers(KEY[identifier]["solution"])), stated_numbers(ENGLISH[identifier])
    converts = {"clock", "units"} & set(kinds)
    assert used - set(stated) <= (UNITS if converts else set()), kinds
    assert bool(used & UNITS - set(stated)) == bool(converts), kinds
    assert bool(set(stated) - used) == ("distractor" in kinds), kinds


@pytest.mark.parametrize("identifier", KEY)
def test_the_form_of_a_problem_fits_its_kinds(identifier):
    kinds, question = KEY[identifier]["kind"].split(), ENGLISH[identifier]
    assert set(kinds) <= set(KINDS) and len(set(kinds)) == len(kinds)
    assert bool(re.search(r"\d:\d\d\b", question)) == ("clock" in kinds)
    assert (not numbers(question)) == ("number-words" in kinds)
    operations = re.findall(r"[-+*/]", KEY[identifier]["solution"])
    if "three-steps" in kinds:
        assert len(operations) >= 3
    assert bool(re.search(r"\b(some)\b|\bthinks of\b", question)) == ("unknown-start" in kinds)


def test_each_kind_has_five_problems_of_its_own_and_both_splits_hold_every_kind():
    main = [row["kind"].split()[0] for row in KEY.values()]
    assert Counter(main) == dict.fromkeys(KINDS, 5)
    for split in SPLITS:
        chosen = [row["kind"] for row in KEY.values() if row["split"] == split]
        assert {kinds.split()[0] for kinds in chosen} == set(KINDS)
        assert len(chosen) in BENCHMARK.counts[split]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_parallel_to_english(language):
    assert mistakes(problems(language), ENGLISH, TABLE[language], (), mmwp_mini.NAMES) == []
    for split in SPLITS:
        assert [
            (problem.id, problem.answer, problem.operation)
            for problem in load(BENCHMARK.name, language, split)
        ] == [
            (identifier, row["answer"], row["kind"])
            for identifier, row in KEY.items()
            if row["split"] == split
        ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_clock_times_are_the_same_in_every_language(language):
    for identifier, question in problems(language).items():
        assert Counter(re.findall(r"\d+:\d\d", question)) == Counter(
            re.findall(r"\d+:\d\d", ENGLISH[identifier])
        ), (identifier, question)


def test_the_people_are_those_of_mmwp_mini():
    capitalised = {
        word.lower()
        for question in ENGLISH.values()
        for word in re.findall(r"(?<=[a-z,] )[A-Z]\w+", question)
    } - {"monday", "tuesday", "saturday", "sunday"}
    assert capitalised and capitalised <= mmwp_mini.NAMES


def test_no_problem_is_a_near_duplicate_of_another_or_of_mmwp_mini():
    """In English alone: the measure masks capitalised words, which in German or Luxembourgish are
    all the nouns, and the translations say the same.
    """
    easier = [problem.question for split in SPLITS for problem in load("mmwp-mini", "en", split)]
    nearest = nearest_training(list(ENGLISH.values()), easier)
    assert nearest.similarity.max() < THRESHOLD
    for identifier, question in ENGLISH.items():
        others = [other for name, other in ENGLISH.items() if name != identifier]
        assert nearest_training([question], others).similarity.max() < THRESHOLD, identifier


def test_no_problem_is_a_near_duplicate_of_the_default_runs_training_problems():
    tasks = [task for task in load_config(CONFIG).tasks.values() if "word-problems" in task.sources]
    assert tasks
    for task in tasks:
        training = generate_problems(task.examples, task.seed)["question"].to_pylist()
        require_no_near_duplicates(list(ENGLISH), list(ENGLISH.values()), training)
        planted = nearest_training([training[-1]], training)
        assert planted.similarity[0] == pytest.approx(1)  # the check does find one


def test_a_run_can_ask_it_under_a_table_of_its_own():
    configuration = {**CONFIG, "benchmarks": {"hard": BENCHMARK.name}}
    planned = plan(
        load_config(configuration),
        TABLE,
        load_sources(ROOT / "config" / "sources.yaml"),
        load_systems(ROOT / "config" / "systems"),
    )
    assert set(planned.languages_of(BENCHMARK.name)) == set(CONFIG["languages"]["evaluation"])
    assert set(planned.runs_on(BENCHMARK.name)) >= {"mono-sft-unreadable", "lingualift"}


def test_a_missing_file_or_problem_and_a_line_of_wrong_width_are_named(tmp_path, monkeypatch):
    package = tmp_path / "planted_problems"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "key.tsv").write_text("id\tsplit\tanswer\tkind\na\ttest\t5\tclock\n")
    (package / "sw.tsv").write_text("id\tquestion\nb\tNgapi?\n")
    (package / "de.tsv").write_text("id\tquestion\na\tWie\tviele?\n")
    (package / "it.tsv").write_text("id\tquestion\na\tQuanti?\na\tQuante?\n")
    monkeypatch.syspath_prepend(tmp_path)
    for language, message in [
        ("fr", "planted: fr.tsv is missing from the installed package; install it again"),
        ("sw", "planted sw.tsv: 1 of 1 test problems are missing, first a"),
        ("de", f"{package / 'de.tsv'}, line 2: 3 cells, expected 2 (separated by tabs)"),
        ("it", f"{package / 'it.tsv'}, line 3: id 'a' stands there twice"),
    ]:
        with pytest.raises(LinguaLiftError, match=re.escape(message)):
            list(packaged_problems("planted", "planted_problems", language, "test", "kind"))


def test_an_unknown_language_suggests_the_nearest():
    with pytest.raises(LinguaLiftError, match="mmwp-mini-hard has no language 'swa'; it has af"):
        load(BENCHMARK.name, "swa", "test")
