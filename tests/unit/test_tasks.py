"""Task data: generated problems are right, varied and new; near duplicates are found; loaders name
what is malformed.
"""

import csv
import json
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lingualift.errors import LinguaLiftError
from lingualift.tasks.everyday import MEN, WOMEN, plural
from lingualift.tasks.loaders import TASK_SCHEMA, load_sources, load_task
from lingualift.tasks.near_duplicates import (
    THRESHOLD,
    masked,
    nearest_training,
    require_no_near_duplicates,
)
from lingualift.tasks.templates import TEMPLATES
from lingualift.tasks.word_problems import PROBLEM_SCHEMA, generate, operations

NUMBER_WORDS = re.compile(
    r"\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|first|second|third|half|twice|once|double|dozen|pair|single)s?\b",
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
    return generate(4000, 5)


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
    assert len(operations()) == len(counts) >= 17
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
    again = generate(4000, 5)
    assert again.equals(problems) and again.schema.equals(PROBLEM_SCHEMA)
    assert generate(100, 5).equals(problems.slice(0, 100))
    assert generate(100, 6)["question"].to_pylist() != problems["question"].to_pylist()[:100]
    assert generate(0, 1).num_rows == 0
    with pytest.raises(LinguaLiftError, match="count must not be negative"):
        generate(-1, 1)


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
        generate(6000, seed)["question"].to_pylist(),
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


def write_lines(path, *items) -> str:
    path.write_text(
        "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items),
        encoding="utf-8",
    )
    return str(path)


def choices(*texts: str, labels: str = "ABCDE") -> list[dict[str, str]]:
    return [{"label": label, "text": text} for label, text in zip(labels, texts, strict=False)]


def test_gsm8k_loses_its_calculator_marks(tmp_path):
    path = write_lines(
        tmp_path / "train.jsonl",
        {"question": "How much?", "answer": "It is 2*600=<<2*600=1200>>1200.\n#### 1,200"},
    )
    table = load_task("gsm8k", [path])
    assert table.schema.equals(TASK_SCHEMA)
    assert table.to_pylist() == [
        {
            "id": "train-1",
            "language": "en",
            "question": "How much?",
            "response": "It is 2*600=1200.\nThe answer is: 1200",
            "answer": "1200",
        }
    ]


def test_metamath_and_openmath(tmp_path):
    (tmp_path / "meta.json").write_text(
        json.dumps(
            [{"type": "GSM_Rephrased", "query": "Q", "response": "Because.\nThe answer is: 72"}]
        )
    )
    assert load_task("metamath", [tmp_path / "meta.json"]).to_pylist()[0] == {
        "id": "meta-1",
        "language": "en",
        "question": "Q",
        "response": "Because.\nThe answer is: 72",
        "answer": "72",
    }
    pq.write_table(
        pa.table(
            {
                "problem": ["P"] * 3,
                "generated_solution": ["\\boxed{3}"] * 3,
                "expected_answer": ["3"] * 3,
                "problem_source": ["x"] * 3,
            }
        ),
        tmp_path / "o.parquet",
    )
    table = load_task("openmath", [tmp_path / "o.parquet"], limit=2)
    assert table.num_rows == 2 and table["answer"].to_pylist() == ["3", "3"]
    pq.write_table(pa.table({"problem": ["P"]}), tmp_path / "short.parquet")
    with pytest.raises(
        LinguaLiftError, match=r"short\.parquet: column 'generated_solution' is missing"
    ):
        load_task("openmath", [tmp_path / "short.parquet"])


def test_multinli_leaves_out_pairs_without_a_label(tmp_path):
    pair = {
        "sentence1": "A man sleeps.",
        "sentence2": "He rests.",
        "gold_label": "entailment",
        "pairID": "1e",
    }
    table = load_task(
        "multinli", [write_lines(tmp_path / "m.jsonl", pair, {**pair, "gold_label": "-"})]
    )
    question = "Premise: A man sleeps.\nHypothesis: He rests.\nLabel:"
    assert table.to_pylist() == [
        {
            "id": "1e",
            "language": "en",
            "question": question,
            "response": "entailment",
            "answer": "entailment",
        }
    ]
    hub = pa.table(
        {
            "premise": ["A man sleeps."] * 3,
            "hypothesis": ["He rests."] * 3,
            "label": [0, -1, 2],
            "pairID": ["1e", "x", "2c"],
        }
    )
    pq.write_table(hub, tmp_path / "m.parquet")
    both = load_task("multinli", [tmp_path / "m.parquet"])
    assert both.slice(0, 1).equals(table) and both["answer"].to_pylist() == [
        "entailment",
        "contradiction",
    ]
    pq.write_table(hub.slice(2).set_column(2, "label", pa.array([7])), tmp_path / "bad.parquet")
    with pytest.raises(
        LinguaLiftError, match=r"bad\.parquet, line 1: unknown label '7'; expected 0, 1 or 2"
    ):
        load_task("multinli", [tmp_path / "bad.parquet"])


@pytest.mark.parametrize("kind", ["commonsenseqa", "xcsqa", "openbookqa", "arc", "qasc"])
def test_multiple_choice_is_lettered_in_order(tmp_path, kind):
    item = {
        "id": "x",
        "question": {
            "stem": "Where is it?",
            "choices": choices("here", "there", "nowhere", labels="123"),
        },
        "answerKey": "2",
    }
    table = load_task(kind, [write_lines(tmp_path / "c.jsonl", item)])
    question = "Where is it?\nOptions:A. here\tB. there\tC. nowhere\nAnswer:"
    assert table.to_pylist() == [
        {"id": "x", "language": "en", "question": question, "response": "B", "answer": "B"}
    ]
    lists = {"text": ["here", "there", "nowhere"], "label": ["1", "2", "3"]}
    stem = "question_stem" if kind == "openbookqa" else "question"
    pq.write_table(
        pa.Table.from_pylist(
            [{"id": "x", stem: "Where is it?", "choices": lists, "answerKey": "2"}]
        ),
        tmp_path / "c.parquet",
    )
    assert load_task(kind, [tmp_path / "c.parquet"]).equals(table)


GOOD = {
    "gsm8k": {"question": "Q", "answer": "x\n#### 1"},
    "multinli": {"sentence1": "a", "sentence2": "b", "gold_label": "neutral"},
    "arc": {"id": "x", "question": {"stem": "s", "choices": choices("a", "b")}, "answerKey": "A"},
}


@pytest.mark.parametrize(
    ("kind", "bad", "message"),
    [
        ("gsm8k", "{", r"line 2: not JSON"),
        ("gsm8k", [1], r"line 2: expected a JSON object"),
        ("gsm8k", {"question": "Q"}, r"line 2: 'answer' is missing"),
        (
            "gsm8k",
            {"question": "Q", "answer": "no mark"},
            r"line 2: 'answer' does not end with '#### N'",
        ),
        (
            "gsm8k",
            {"question": "Q", "answer": "#### many"},
            r"line 2: 'answer' does not end with '#### N'",
        ),
        (
            "multinli",
            {"sentence1": "a", "sentence2": "b", "gold_label": "neutrl"},
            r"line 2: unknown label 'neutrl'; did you mean 'neutral'",
        ),
        ("arc", {"question": "flat", "answerKey": "A"}, r"line 2: 'question' is not an object"),
        (
            "arc",
            {"question": {"stem": "s", "choices": choices("a")}, "answerKey": "A"},
            r"line 2: 'choices' needs 2 to 26",
        ),
        (
            "arc",
            {"question": {"stem": "s", "choices": choices("a", "b")}, "answerKey": "C"},
            r"line 2: answerKey 'C' is not exactly one",
        ),
    ],
)
def test_a_malformed_row_is_named_by_file_and_line(tmp_path, kind, bad, message):
    path = write_lines(tmp_path / "bad.jsonl", GOOD[kind], bad)
    with pytest.raises(LinguaLiftError, match=r"bad\.jsonl, " + message):
        load_task(kind, [path])


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path):
    (tmp_path / "w.jsonl").write_bytes(
        b"\xef\xbb\xbf" + json.dumps(GOOD["gsm8k"]).encode() + b"\r\n\r\n"
    )
    assert load_task("gsm8k", [tmp_path / "w.jsonl"])["answer"].to_pylist() == ["1"]


def test_missing_empty_and_unknown_data_are_clear_errors(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(LinguaLiftError, match=r"empty\.jsonl: holds no gsm8k examples"):
        load_task("gsm8k", [tmp_path / "empty.jsonl"])
    with pytest.raises(LinguaLiftError, match="cannot be read"):
        load_task("gsm8k", [tmp_path / "absent.jsonl"])
    with pytest.raises(LinguaLiftError, match="did you mean 'gsm8k'"):
        load_task("gsm8", [tmp_path / "empty.jsonl"])
    (tmp_path / "latin.jsonl").write_bytes(b'{"question": "\xe9"}\n')
    with pytest.raises(LinguaLiftError, match="not UTF-8"):
        load_task("gsm8k", [tmp_path / "latin.jsonl"])


def parallel(folder: Path, language: str, pairs: list[tuple[str, str]]) -> Path:
    """A folder of line-parallel text, as its source is retrieved."""
    inside = folder / f"{language}-en"
    inside.mkdir(parents=True)
    for name, lines in (
        (f"train.{language}", [ours for ours, _ in pairs]),
        ("train.en", [english for _, english in pairs]),
    ):
        (inside / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


ENGLISH = [
    {"question": f"How many are {n} and {n}?", "answer": f"Twice {n}.\n#### {2 * n}"}
    for n in range(1, 6)
]


def test_translated_questions_get_the_solutions_of_their_english_originals(tmp_path):
    (tmp_path / "gsm8k").mkdir()
    write_lines(tmp_path / "gsm8k" / "train.jsonl", *ENGLISH)
    german = [
        ("Wie viel ist 3 und 3?", "How many are 3 and 3 ?"),
        ("Fremd", "Not in GSM8K"),
        ("Wie viel ist 1 und 1?", "How many are 1 and 1?"),
    ]
    folders = [
        ("gsm8k", None, tmp_path / "gsm8k"),
        ("gsm8kinstruct", "de", parallel(tmp_path / "de", "de", german)),
    ]
    rows = load_sources(folders, "maths", ["en", "de"], limit=2).to_pylist()
    assert [(row["id"], row["language"], row["answer"]) for row in rows] == [
        ("gsm8k-train-1", "en", "2"),
        ("gsm8k-train-2", "en", "4"),
        ("gsm8kinstruct-de-1", "de", "6"),
        ("gsm8kinstruct-de-3", "de", "2"),
    ]
    assert (
        rows[2]["question"] == "Wie viel ist 3 und 3?"
        and rows[2]["response"] == "Twice 3.\nThe answer is: 6"
    )
    assert set(load_sources(folders, "maths", ["de"])["language"].to_pylist()) == {
        "de"
    }  # English solves, and is no example itself
    with pytest.raises(
        LinguaLiftError,
        match=r"'gsm8kinstruct' holds questions alone; list the source of their English solutions",
    ):
        load_sources(folders[1:], "maths", ["de"])


def test_parallel_text_is_read_into_english_from_lines_and_from_the_hub(tmp_path):
    lines = parallel(
        tmp_path / "sw", "sw", [("Habari", "Hello"), ("", "lost"), (" Kitabu ", "Book")]
    )
    opus = tmp_path / "opus" / "af-en"
    opus.mkdir(parents=True)
    pq.write_table(
        pa.Table.from_pylist([{"translation": {"af": "Boek", "en": "Book"}}]),
        opus / "train-00000-of-00001.parquet",
    )
    table = load_sources(
        [("gsm8kinstruct", "sw", lines), ("opus-100", "af", tmp_path / "opus")],
        "translation",
        ["sw", "af"],
    )
    assert table.schema.equals(TASK_SCHEMA)
    read = [
        tuple(row[name] for name in ("language", "question", "response", "answer"))
        for row in table.to_pylist()
    ]
    assert read == [
        ("sw", "Habari", "Hello", ""),
        ("sw", "Kitabu", "Book", ""),
        ("af", "Boek", "Book", ""),
    ]


def test_parallel_text_that_is_not_parallel_is_named(tmp_path):
    folder = parallel(tmp_path / "sw", "sw", [("a", "b")])
    (folder / "sw-en" / "train.en").write_text("b\nc\n")
    with pytest.raises(
        LinguaLiftError, match=r"train\.sw: 1 lines, but 2 in English; the two must be parallel"
    ):
        load_sources([("parallel-text", "sw", folder)], "translation", ["sw"])
    with pytest.raises(LinguaLiftError, match=r"expected one train\.de with train\.en beside it"):
        load_sources([("parallel-text", "de", folder)], "translation", ["de"])


def test_the_published_multilingual_set_names_its_languages_in_its_prompts(tmp_path):
    form = "### Instruction:\n{}\n\n### Response:"
    prompt = (
        "Below is an instruction. Write a response that completes the request in {}. Please answer"
        " in {}.\n\n" + form
    )
    items = [
        {
            "prompt": prompt.format("Swahili", "Swahili", "Ngapi?"),
            "chosen": "Jibu ni 1,200.",
            "reject": "x",
        },
        {"prompt": prompt.format("Thai", "Thai", "?"), "chosen": "3", "reject": "x"},
    ]
    (tmp_path / "data.json").write_text(json.dumps(items), encoding="utf-8")
    names = {"sw": "Swahili", "th": "Thai"}
    rows = load_sources([("gsm8kinstruct-hub", None, tmp_path)], "maths", ["sw"], names).to_pylist()
    assert [(row["language"], row["question"], row["response"], row["answer"]) for row in rows] == [
        ("sw", "Ngapi?", "Jibu ni 1,200.", "1200")
    ]
    with pytest.raises(
        LinguaLiftError, match=r"gsm8kinstruct-hub: holds nothing in 'de'; leave it out"
    ):
        load_sources([("gsm8kinstruct-hub", None, tmp_path)], "maths", ["sw", "de"], names)


def test_a_source_with_a_folder_a_language_is_read_for_those_wanted(tmp_path):
    for language in ("en", "ar", "fr"):
        (tmp_path / language).mkdir()
        pq.write_table(
            pa.table({"premise": [language] * 4, "hypothesis": ["b"] * 4, "label": [0, 1, 2, 0]}),
            tmp_path / language / "train-0.parquet",
        )
    table = load_sources([("xnli-hub", None, tmp_path)], "nli", ["ar", "en"], limit=3)
    assert table["language"].to_pylist() == ["ar"] * 3 + ["en"] * 3
    with pytest.raises(LinguaLiftError, match=r"no file matches sw/train-\*\.parquet"):
        load_sources([("xnli-hub", None, tmp_path)], "nli", ["sw"])
