"""Task data as published: every form is read into one schema, and what is malformed is named."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import FORMS, Example
from lingualift.tasks.loaders import READERS, TASK_SCHEMA, load_task_data


def read(form: str, *paths) -> list[Example]:
    return [example for path in paths for example in FORMS[form](Path(path))]


def load(folders, kind, languages, names=None, limit=None) -> pa.Table:
    return load_task_data(folders, kind, languages, names or {}, limit)


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
    assert read("gsm8k", path) == [
        Example("train-1", "How much?", "It is 2*600=1200.\nThe answer is: 1200", "1200")
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [("१२", "12"), ("−5", "-5"), ("１,２００", "1200"), ("1.000.000", "1000000"), ("12,5", "12.5")],
)
def test_an_answer_of_gsm8k_is_read_as_gold_numbers_are(tmp_path, written, value):
    path = write_lines(tmp_path / "train.jsonl", {"question": "Q", "answer": f"R\n#### {written}"})
    assert read("gsm8k", path)[0].answer == value


def test_metamath_and_openmath(tmp_path):
    (tmp_path / "meta.json").write_text(
        json.dumps(
            [{"type": "GSM_Rephrased", "query": "Q", "response": "Because.\nThe answer is: 72"}]
        )
    )
    assert read("metamath", tmp_path / "meta.json") == [
        Example("meta-1", "Q", "Because.\nThe answer is: 72", "72")
    ]
    response = "The answer is near.\nThe answer is: \\begin{pmatrix}\n1 \\\\\n2\n\\end{pmatrix}"
    (tmp_path / "meta.json").write_text(json.dumps([{"query": "Q", "response": response}]))
    (example,) = read("metamath", tmp_path / "meta.json")
    assert example.response == response
    assert example.answer == "\\begin{pmatrix}\n1 \\\\\n2\n\\end{pmatrix}"  # several lines
    pq.write_table(
        pa.table(
            {
                "problem": ["P"] * 3,
                "generated_solution": ["\\boxed{3}"] * 3,
                "expected_answer": ["3"] * 3,
                "problem_source": ["x"] * 3,
            }
        ),
        tmp_path / "train_1M-0.parquet",
    )
    table = load([("openmathinstruct-2", None, tmp_path)], "maths", None, limit=2)
    assert table.schema.equals(TASK_SCHEMA) and table["answer"].to_pylist() == ["3", "3"]
    pq.write_table(pa.table({"problem": ["P"]}), tmp_path / "short.parquet")
    with pytest.raises(
        LinguaLiftError, match=r"short\.parquet: column 'generated_solution' is missing"
    ):
        read("openmath", tmp_path / "short.parquet")


def test_pairs_without_a_label_are_left_out_and_labels_are_names_or_numbers(tmp_path):
    pair = {
        "sentence1": "A man sleeps.",
        "sentence2": "He rests.",
        "gold_label": "entailment",
        "pairID": "1e",
    }
    path = write_lines(tmp_path / "m.jsonl", pair, {**pair, "gold_label": "-"})
    question = "Premise: A man sleeps.\nHypothesis: He rests.\nLabel:"
    expected = [Example("1e", question, "entailment", "entailment")]
    assert read("nli", path) == expected
    hub = pa.table(
        {
            "premise": ["A man sleeps."] * 3,
            "hypothesis": ["He rests."] * 3,
            "label": [0, -1, 2],
            "pairID": ["1e", "x", "2c"],
        }
    )
    pq.write_table(hub, tmp_path / "m.parquet")
    (tmp_path / "m.csv").write_text(
        "premise,hypothesis,label,pairID\n"
        "A man sleeps.,He rests.,0,1e\na,b,-1,x\nA man sleeps.,He rests.,contradiction,2c\n"
    )
    for name in ("m.parquet", "m.csv"):
        first, second = read("nli", tmp_path / name)
        assert [first] == expected and (second.id, second.answer) == ("2c", "contradiction")
    pq.write_table(hub.slice(2).set_column(2, "label", pa.array([7])), tmp_path / "bad.parquet")
    with pytest.raises(
        LinguaLiftError, match=r"bad\.parquet, row 1: unknown label '7'; expected 0, 1 or 2"
    ):
        read("nli", tmp_path / "bad.parquet")


@pytest.mark.parametrize("stem", ["question_stem", "question"])
def test_multiple_choice_is_lettered_in_order(tmp_path, stem):
    item = {
        "id": "x",
        "question": {
            "stem": "Where is it?",
            "choices": choices("here", "there", "nowhere", labels="123"),
        },
        "answerKey": "2",
    }
    examples = read("multiple-choice", write_lines(tmp_path / "c.jsonl", item))
    question = "Where is it?\nOptions:A. here\tB. there\tC. nowhere\nAnswer:"
    assert examples == [Example("x", question, "B", "B")]
    lists = {"text": ["here", "there", "nowhere"], "label": ["1", "2", "3"]}
    pq.write_table(
        pa.Table.from_pylist(
            [{"id": "x", stem: "Where is it?", "choices": lists, "answerKey": "2"}]
        ),
        tmp_path / "c.parquet",
    )
    assert read("multiple-choice", tmp_path / "c.parquet") == examples


GOOD = {
    "gsm8k": {"question": "Q", "answer": "x\n#### 1"},
    "nli": {"sentence1": "a", "sentence2": "b", "gold_label": "neutral"},
    "multiple-choice": {
        "id": "x",
        "question": {"stem": "s", "choices": choices("a", "b")},
        "answerKey": "A",
    },
}


@pytest.mark.parametrize(
    ("form", "bad", "message"),
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
            "nli",
            {"sentence1": "a", "sentence2": "b", "gold_label": "neutrl"},
            r"line 2: unknown label 'neutrl'; did you mean 'neutral'",
        ),
        (
            "multiple-choice",
            {"question": "flat", "answerKey": "A"},
            r"line 2: 'question' is not an object",
        ),
        (
            "multiple-choice",
            {"question": {"stem": "s", "choices": choices("a")}, "answerKey": "A"},
            r"line 2: 'choices' needs 2 to 26",
        ),
        (
            "multiple-choice",
            {"question": {"stem": "s", "choices": choices("a", "b")}, "answerKey": "C"},
            r"line 2: answerKey 'C' is not exactly one",
        ),
    ],
)
def test_a_malformed_row_is_named_by_file_and_line(tmp_path, form, bad, message):
    path = write_lines(tmp_path / "bad.jsonl", GOOD[form], bad)
    with pytest.raises(LinguaLiftError, match=r"bad\.jsonl, " + message):
        read(form, path)


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path):
    (tmp_path / "w.jsonl").write_bytes(
        b"\xef\xbb\xbf" + json.dumps(GOOD["gsm8k"]).encode() + b"\r\n\r\n"
    )
    assert [example.answer for example in read("gsm8k", tmp_path / "w.jsonl")] == ["1"]


def test_missing_empty_and_unknown_data_are_clear_errors(tmp_path):
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(LinguaLiftError, match=r"from gsm8k: holds nothing in 'en'"):
        load([("gsm8k", None, tmp_path)], "maths", None)
    with pytest.raises(LinguaLiftError, match="cannot be read"):
        read("gsm8k", tmp_path / "absent.jsonl")
    with pytest.raises(LinguaLiftError, match="did you mean 'gsm8k'"):
        load([("gsm8", None, tmp_path)], "maths", None)
    with pytest.raises(LinguaLiftError, match=r"no file matches \*\*/train\.jsonl; delete"):
        load([("gsm8k", None, tmp_path / "absent")], "maths", None)


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
    rows = load(folders, "maths", ["en", "de"], limit=2).to_pylist()
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
    assert set(load(folders, "maths", ["de"])["language"].to_pylist()) == {
        "de"
    }  # English solves, and is no example itself
    with pytest.raises(
        LinguaLiftError,
        match=r"'gsm8kinstruct' holds questions alone; list the source of their English solutions",
    ):
        load(folders[1:], "maths", ["de"])


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
    table = load(
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
        LinguaLiftError, match=r"train\.sw: 1 lines, but train\.en has 2; the two must be parallel"
    ):
        load([("parallel-text", "sw", folder)], "translation", ["sw"])
    with pytest.raises(
        LinguaLiftError,
        match=r"expected one train\.de with train\.en beside it, found train\.en, train\.sw",
    ):
        load([("parallel-text", "de", folder)], "translation", ["de"])


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
    rows = load([("gsm8kinstruct-hub", None, tmp_path)], "maths", ["sw"], names).to_pylist()
    assert [(row["language"], row["question"], row["response"], row["answer"]) for row in rows] == [
        ("sw", "Ngapi?", "Jibu ni 1,200.", "1200")
    ]
    with pytest.raises(
        LinguaLiftError, match=r"gsm8kinstruct-hub: holds nothing in 'de'; leave it out"
    ):
        load([("gsm8kinstruct-hub", None, tmp_path)], "maths", ["sw", "de"], names)


def test_a_source_with_a_folder_a_language_is_read_for_those_wanted(tmp_path):
    for language in ("en", "ar", "fr"):
        (tmp_path / language).mkdir()
        pq.write_table(
            pa.table({"premise": [language] * 4, "hypothesis": ["b"] * 4, "label": [0, 1, 2, 0]}),
            tmp_path / language / "train-0.parquet",
        )
    table = load([("xnli-hub", None, tmp_path)], "nli", ["ar", "en"], limit=3)
    assert table["language"].to_pylist() == ["ar"] * 3 + ["en"] * 3
    with pytest.raises(
        LinguaLiftError,
        match=r"no file matches sw/train-\*\.parquet; it holds ar, en, fr: leave 'sw' out",
    ):
        load([("xnli-hub", None, tmp_path)], "nli", ["sw"])


def test_a_carriage_return_inside_a_sentence_and_a_missing_last_line_end_shift_no_pair(tmp_path):
    (tmp_path / "train.sw").write_bytes("moja\rmoja\r\nmbili\u2028\ntatu\x85".encode())
    (tmp_path / "train.en").write_bytes(b"one\ntwo\nthree\n")
    table = load([("parallel-text", "sw", tmp_path)], "translation", ["sw"])
    assert table["question"].to_pylist() == ["moja\rmoja", "mbili", "tatu"]
    assert table["response"].to_pylist() == ["one", "two", "three"]


def test_a_cell_of_a_tsv_file_may_begin_with_a_quotation_mark(tmp_path):
    rows = ['"No\tb\tneutral', "c\td\tneutral", 'e"\tf\tneutral']
    (tmp_path / "train.tsv").write_text("\n".join(["premise\thypothesis\tlabel", *rows]) + "\n")
    questions = [example.question for example in read("nli", tmp_path / "train.tsv")]
    assert questions == [
        f"Premise: {premise}\nHypothesis: {hypothesis}\nLabel:"
        for premise, hypothesis in (('"No', "b"), ("c", "d"), ('e"', "f"))
    ]


@pytest.mark.parametrize("key", [key for key in READERS if READERS[key].pattern])
def test_hidden_files_beside_data_are_passed_over(tmp_path, key):
    reader = READERS[key]
    name = reader.pattern.replace("**/", "").replace("{code}", "en").replace("*", "x")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(f"._{path.name}").write_bytes(b"\0\5\26\7")
    with pytest.raises(LinguaLiftError, match="no file matches"):
        load([(key, None, tmp_path)], reader.kinds[0], None)


def test_a_file_of_another_revision_of_the_hub_is_told_with_the_command_that_helps(tmp_path):
    folder = tmp_path / "opus-100-de/de-en"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"pair": ["x"]}), folder / "train-0.parquet")
    (folder.parent / "MANIFEST.json").write_text('{"kind": "hub"}')
    with pytest.raises(LinguaLiftError, match=r"'translation'.*`lingualift pin CONFIG opus-100=R"):
        load([("opus-100", "de", folder.parent)], "translation", ["de"])
