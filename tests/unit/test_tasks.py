"""Generated task data: problems are right, varied and new; near duplicates are found."""

import csv
import re
from collections import Counter
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lingualift.messages import LinguaLiftError
from lingualift.tasks.everyday import MEN, WOMEN, plural
from lingualift.tasks.templates import TEMPLATES
from lingualift.tasks.word_problems import PROBLEM_SCHEMA, generate_problems
from tests.near_duplicates import (
    THRESHOLD,
    masked,
    nearest_training,
    require_no_near_duplicates,
)

NUMBER_WORDS = re.compile(
    r"\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred"
    r"|first|second|third|half|twice|once|double|dozen|pair|single)s?\b",
    re.I,
)
TEST_NAMES = {
    "Maria",
    "Anna",
    "David",
    "Sara",
    "Omar",
    "Lina",
    "Peter",
    "Tom",
    "Nina",
    "Rosa",
    "Ali",
}


@pytest.fixture(scope="module")
def problems() -> pa.Table:
    return generate_problems(4000, 5)


def benchmark() -> list[dict[str, str]]:
    text = files("lingualift.benchmarks").joinpath("mmwp_mini/en.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_worked_solutions_are_right_and_use_the_numbers_of_the_question(problems):
    operation_of = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
    for row in problems.to_pylist():
        steps = row["response"].split(". ")
        used, done, previous = Counter(), [], None
        for step in steps:
            a, sign, b, result = re.fullmatch(r"(\d+)([-+*/])(\d+)=(\d+)", step).groups()
            assert {
                "+": int(a) + int(b),
                "-": int(a) - int(b),
                "*": int(a) * int(b),
                "/": int(a) / int(b),
            }[sign] == int(result)
            used.update([a, b])
            if previous is not None:
                assert previous in (a, b)
                used[previous] -= 1
            done.append(operation_of[sign])
            previous = result
        assert " ".join(done) == row["operation"]
        assert int(previous) == row["answer"] > 0
        assert not +used - Counter(re.findall(r"\d+", row["question"])), row


def test_numbers_are_digits_and_nothing_is_left_unfilled(problems):
    for question in problems["question"].to_pylist():
        assert not NUMBER_WORDS.search(question), question
        assert not re.search(r"[{}]|  | [.?]|\b[Aa] [aeio]|\.\.", question), question
        assert re.fullmatch(r"[A-Z0-9].*[.?]", question), question
        assert all(
            part[0].isupper() or part[0].isdigit() for part in re.split(r"(?<=[.?]) ", question)
        ), question


def test_every_telling_of_a_template_has_a_question_about_people_it_names():
    person = re.compile(r"\{[NMK]\}")
    for template in TEMPLATES:
        for facts in template.facts:
            assert any(
                set(person.findall(question)) <= set(person.findall(facts))
                for question in template.questions
            ), (
                template.name,
                facts,
            )


def test_templates_text_has_no_number_words():
    for template in TEMPLATES:
        for text in (*template.facts, *template.questions):
            assert not NUMBER_WORDS.search(re.sub(r"\{\w+\}", "", text)), (template.name, text)


def test_problems_are_distinct_balanced_and_small(problems):
    assert len(set(problems["question"].to_pylist())) == problems.num_rows
    counts = Counter(problems["operation"].to_pylist())
    one = [count for operation, count in counts.items() if " " not in operation]
    two = [count for operation, count in counts.items() if " " in operation]
    assert sum(one) == sum(two) == 2000
    assert max(one) - min(one) <= 1 and max(two) - min(two) <= 1
    assert {template.operation for template in TEMPLATES} == set(counts) and len(counts) >= 17
    assert len(TEMPLATES) >= 60 and {t.name for t in TEMPLATES} == set(
        problems["template"].to_pylist()
    )
    answers = problems["answer"].to_numpy()
    assert answers.min() >= 2 and (answers < 100).mean() > 0.95


def test_vocabulary_is_wide_and_people_are_not_those_of_the_benchmark(problems):
    names = set(WOMEN) | set(MEN)
    assert not names & TEST_NAMES and not set(WOMEN) & set(MEN) and len(names) > 150
    words = {
        word
        for question in problems["question"].to_pylist()
        for word in re.findall(r"\b[a-z]{4,}\b", question)
    }
    assert len(words) >= 600
    assert not TEST_NAMES & {
        word
        for question in problems["question"].to_pylist()
        for word in re.findall(r"\w+", question)
    }


def test_a_fifth_of_the_problems_start_with_the_question_or_carry_an_irrelevant_clause(problems):
    first = sum("?" in question[:-1] for question in problems["question"].to_pylist())
    assert 0.04 < first / problems.num_rows < 0.15


def test_a_seed_fixes_the_bytes_and_a_smaller_set_is_a_prefix(problems):
    again = generate_problems(4000, 5)
    assert again.equals(problems) and again.schema.equals(PROBLEM_SCHEMA)
    assert generate_problems(100, 5).equals(problems.slice(0, 100))
    assert (
        generate_problems(100, 6)["question"].to_pylist() != problems["question"].to_pylist()[:100]
    )
    assert generate_problems(0, 1).num_rows == 0
    with pytest.raises(LinguaLiftError, match="count must not be negative"):
        generate_problems(-1, 1)


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("box", "boxes"),
        ("cherry", "cherries"),
        ("toy", "toys"),
        ("piece of furniture", "pieces of furniture"),
        ("sheep", "sheep"),
        ("tea bag", "tea bags"),
        ("grandchild", "grandchildren"),
        ("potato", "potatoes"),
        ("photo", "photos"),
        ("brush", "brushes"),
        ("knife", "knives"),
    ],
)
def test_plurals(one, many):
    assert plural(one) == many


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_benchmark_problem_is_a_near_duplicate_of_a_training_problem(seed):
    rows = benchmark()
    assert len(rows) > 100
    result = require_no_near_duplicates(
        [row["id"] for row in rows],
        [row["question"] for row in rows],
        generate_problems(6000, seed)["question"].to_pylist(),
    )
    assert result.similarity.max() < THRESHOLD - 0.05


def test_a_changed_name_and_number_is_still_a_duplicate_and_is_named():
    training = [
        "The sun is hot.",
        "Kofi buys 3 red kites in the shop. How many kites does he have?",
    ]
    tests = [
        "Lan buys 41 red kites in the shop. How many kites does he have?",
        "Something else entirely happens here.",
    ]
    result = nearest_training(tests, training)
    assert result.similarity[0] == pytest.approx(1.0) and result.train_index[0] == 1
    assert result.similarity[1] < 0.3
    with pytest.raises(
        LinguaLiftError,
        match=r"1 test problem\(s\) .* worst t1 and training problem 2 \(similarity 1\.00",
    ):
        require_no_near_duplicates(["t1", "t2"], tests, training)


def test_masking_hides_numbers_and_names_but_not_sentence_openers():
    assert (
        masked("Kofi's 12 boats and 1,200.5 kites! How many boats are in Lima?")
        == "@ # boats and # kites how many boats are in @"
    )
    assert masked("Boats are slow. Boats sink.", {"boats"}) == "boats are slow boats sink"


@given(
    st.lists(st.text("ab c1A.", max_size=25), min_size=1, max_size=6),
    st.lists(st.text("ab c1A.", max_size=25), max_size=9),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_similarity_is_the_cosine_of_the_five_gram_sets(tests, training):
    lower = {
        word
        for text in [*tests, *training]
        for word in re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*", text)
        if word[0].islower()
    }

    def grams(text: str) -> set[str]:
        text = f" {masked(text, lower)} "
        return {text[i : i + 5] for i in range(len(text) - 4)}

    result = nearest_training(tests, training)
    for test, similarity, index in zip(tests, result.similarity, result.train_index, strict=True):
        a = grams(test)
        scores = [
            len(a & b) / np.sqrt(len(a) * len(b)) if a and b else 0.0 for b in map(grams, training)
        ]
        # the words seen in lower case may make a test's mask differ from the training side's: only
        # then is the score lower
        if not any(letter.isupper() for text in [*tests, *training] for letter in text):
            assert similarity == pytest.approx(max(scores, default=0.0), abs=1e-6)
            assert index == (-1 if not similarity else int(np.argmax(np.round(scores, 9))))
