"""Benchmark files are read in their published forms, and what is wrong with one is said in a line
that names file and row.
"""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.benchmarks import mmwp
from lingualift.benchmarks.base import gold_number
from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.evaluation.answers import field_choice, matches, strict_choice
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.pinning import told_with_revision
from lingualift.retrieve.sources import load_sources

ROOT = Path(__file__).parents[2]
TABLE = load_languages(ROOT / "config" / "languages.tsv")
SOURCES = load_sources(ROOT / "config" / "sources.yaml")


def mgsm(folder: Path, rows: list[str], ends: str = "\n", start: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "mgsm_sw.tsv").write_bytes((start + "".join(row + ends for row in rows)).encode())
    return folder


ROWS = [f"Swali la {serial}?\t{serial}" for serial in range(1, 251)]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_states_what_it_is_and_its_sources_are_registered(name):
    stated = BENCHMARKS[name].BENCHMARK
    assert (
        stated.name == name and stated.title and stated.licence and stated.metric and stated.counts
    )
    assert len(set(stated.languages)) == len(stated.languages) and set(stated.languages) <= set(
        TABLE
    )
    assert (stated.answer == "choice") == bool(stated.choices)
    for key in stated.sources:
        assert key in SOURCES
    for language in stated.languages:
        assert getattr(TABLE[language], stated.code), language
        if stated.sources and SOURCES[stated.sources[0]].by_language:
            assert SOURCES[stated.sources[0]].holds(TABLE[language]), (name, language)


@pytest.mark.parametrize(
    ("ends", "start"), [("\n", ""), ("\r\n", ""), ("\n", "\ufeff"), ("\r\n", "\ufeff")]
)
def test_windows_line_ends_and_byte_order_marks_change_nothing(tmp_path, ends, start):
    problems = load("mgsm", "sw", "test", [mgsm(tmp_path, ROWS, ends, start)])
    assert [(p.question, p.answer) for p in problems] == [tuple(row.split("\t")) for row in ROWS]
    assert problems[0].id == "mgsm-001" and problems[-1].id == "mgsm-250"


@pytest.mark.parametrize(
    ("place", "row", "message"),
    [
        (6, "Swali bila jibu?", "mgsm_sw.tsv, line 7: 1 cells, expected 2"),
        (6, "Swali?\t7\t8", "mgsm_sw.tsv, line 7: 3 cells, expected 2"),
        (6, "Swali?\tsaba", "mgsm_sw.tsv, line 7: gold answer 'saba' is not a number"),
        (6, "Swali?\t", "mgsm_sw.tsv, line 7: gold answer '' is not a number"),
        (6, "Swali?\t" + "9" * 5000, "mgsm_sw.tsv, line 7: gold answer '99999"),
        (6, "Swali\0?\t7", "mgsm_sw.tsv, line 7: holds a NUL byte"),
        (6, "Swali?\t3/0", "mgsm_sw.tsv, line 7: gold answer '3/0' is not a number"),
        (6, "\t7", "mgsm_sw.tsv, line 7: 'question' is missing or not a text"),
        (
            6,
            "",
            (
                "mgsm_sw.tsv: mgsm has 249 problems in 'sw' (test), expected 250: take the file"
                " again; a part on purpose"
            ),
        ),
    ],
)
def test_a_malformed_row_is_named(tmp_path, place, row, message):
    rows = [*ROWS[:place], row, *ROWS[place + 1 :]]
    with pytest.raises(LinguaLiftError) as error:
        load("mgsm", "sw", "test", [mgsm(tmp_path, rows)])
    assert message in str(error.value) and "\n" not in str(error.value)


def test_an_excerpt_is_read_only_where_it_is_declared_one(tmp_path):
    folder = mgsm(tmp_path, ROWS[:20])
    with pytest.raises(LinguaLiftError, match=r"mgsm has 20 problems in 'sw'"):
        load("mgsm", "sw", "test", [folder])
    assert len(load("mgsm", "sw", "test", [folder], excerpt=True)) == 20
    with pytest.raises(
        LinguaLiftError,
        match=r"mgsm has 251 problems in 'sw' \(test\), expected 250: take the file again$",
    ):
        load("mgsm", "sw", "test", [mgsm(tmp_path, [*ROWS, ROWS[0]])], excerpt=True)
    with pytest.raises(LinguaLiftError, match=r"mgsm has 0 problems in 'sw'"):
        load("mgsm", "sw", "test", [mgsm(tmp_path, [])], excerpt=True)


AGAIN = "; `lingualift pin CONFIG mgsm-hub=REVISION` takes another revision of it"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("mgsm_sw.tsv", "Swali?\t7\n", r"mgsm has 1 problems in 'sw' .*evaluation.excerpts"),
        ("mgsm_sw.tsv", "", r"mgsm has 0 problems in 'sw' .*"),
        ("mgsm_sw.tsv", "Swali?\t7\t8\n", r"mgsm_sw.tsv, line 1: 3 cells, expected 2 .*"),
        ("mgsm_te.tsv", "Q?\t7\n", r"no file for language 'sw' .* or take the source again"),
        ("sw/test-0.parquet", None, r"column 'answer_number' is missing; columns are question"),
    ],
)
def test_a_file_of_another_revision_of_a_hubs_repository_is_told_with_the_command_that_helps(
    tmp_path, file, content, message
):
    folder = tmp_path / "mgsm-hub"
    (folder / file).parent.mkdir(parents=True)
    if content is None:
        pq.write_table(pa.table({"question": ["Swali?"]}), folder / file)
    else:
        (folder / file).write_text(content)
    for kind, ending in (("local", ""), ("hub", AGAIN)):
        (folder / "MANIFEST.json").write_text(json.dumps({"kind": kind}))
        with pytest.raises(LinguaLiftError, match=message + re.escape(ending) + "$"):
            load("mgsm", "sw", "test", [folder])


def test_of_several_sources_the_one_with_the_wrong_file_is_pinned_anew(tmp_path):
    folders = []
    for key in ("xnli", "xnli-hub"):
        folders.append((key, tmp_path / key))
        (tmp_path / key).mkdir()
        (tmp_path / key / "MANIFEST.json").write_text('{"kind": "hub"}')
    for line, ending in (
        (f"{tmp_path}/xnli-hub/en.tsv, line 1: wrong", "xnli-hub=REVISION"),
        (f"{tmp_path}/xnli: no file", "xnli=REVISION"),
    ):
        with pytest.raises(LinguaLiftError) as caught, told_with_revision(folders):
            raise LinguaLiftError(line)
        assert str(caught.value) == (
            f"{line}; `lingualift pin CONFIG {ending}` takes another revision of it"
        )
    with pytest.raises(LinguaLiftError, match=r"^of neither$"), told_with_revision(folders):
        raise LinguaLiftError("of neither")


def test_a_missing_language_file_says_what_was_looked_for(tmp_path):
    with pytest.raises(
        LinguaLiftError, match=r"no file for language 'te' \(looked for \*\*/mgsm_te.tsv"
    ):
        load("mgsm", "te", "test", [mgsm(tmp_path, ROWS)])


@pytest.mark.parametrize(
    ("name", "language", "split", "message"),
    [
        ("mgms", "sw", "test", "unknown benchmark 'mgms'; did you mean 'mgsm'?"),
        ("mgsm", "swa", "test", "mgsm has no language 'swa'; it has bn, "),
        ("mgsm", "sw", "dev", "mgsm has no split 'dev'; known: test"),
        ("xcsqa", "hin", "test", "xcsqa has no language 'hin'; it has "),
    ],
)
def test_unknown_names_suggest_the_nearest(name, language, split, message):
    with pytest.raises(LinguaLiftError) as error:
        load(name, language, split)
    assert message in str(error.value)


def test_text_that_is_not_utf8_is_an_error_with_its_place(tmp_path):
    (tmp_path / "mgsm_sw.tsv").write_bytes(b"Swali?\t7\nSwal\xff\t8\n")
    with pytest.raises(LinguaLiftError, match=r"mgsm_sw.tsv, line \d+: not UTF-8"):
        load("mgsm", "sw", "test", [tmp_path])


def test_the_hubs_parquet_and_the_published_tsv_of_mgsm_hold_the_same(tmp_path):
    (tmp_path / "sw").mkdir()
    table = {
        "question": [row.split("\t")[0] for row in ROWS],
        "answer_number": [int(row.split("\t")[1]) for row in ROWS],
    }
    pq.write_table(pa.table(table), tmp_path / "sw" / "test-00000-of-00001.parquet")
    assert load("mgsm", "sw", "test", [tmp_path]) == load(
        "mgsm", "sw", "test", [mgsm(tmp_path / "tsv", ROWS)]
    )
    pq.write_table(pa.table({"question": ["x"]}), tmp_path / "sw" / "test-00000-of-00001.parquet")
    (tmp_path / "tsv" / "mgsm_sw.tsv").unlink()
    with pytest.raises(
        LinguaLiftError, match=r"column 'answer_number' is missing; columns are question"
    ):
        load("mgsm", "sw", "test", [tmp_path])


PAIRS = [
    (
        f"Premise {serial}.",
        f"Hypothesis, {serial}",
        ("entailment", "neutral", "contradiction")[serial % 3],
    )
    for serial in range(5010)
]


def xnli_parquet(path):
    labels = ["entailment", "neutral", "contradiction"]
    columns = {
        "premise": [p for p, _, _ in PAIRS],
        "hypothesis": [h for _, h, _ in PAIRS],
        "label": [labels.index(x) for *_, x in PAIRS],
    }
    pq.write_table(pa.table(columns), path)


def xnli_hub(folder):
    (folder / "ur").mkdir()
    xnli_parquet(folder / "ur" / "test-00000-of-00001.parquet")


def xnli_official(folder):
    header = "language\tgold_label\tsentence1\tsentence2\tpromptID\n"
    rows = "".join(
        f"{code}\t{label}\t{p}\t{h}\t1\n" for code in ("ar", "ur") for p, h, label in PAIRS
    )
    (folder / "xnli.test.tsv").write_text(header + rows, encoding="utf-8")


def xnli_three_columns(folder):
    (folder / "xnli.test.ur.xglue.tsv").write_text(
        "".join("\t".join(pair) + "\n" for pair in PAIRS), encoding="utf-8"
    )


@pytest.mark.parametrize("write", [xnli_hub, xnli_official, xnli_three_columns])
def test_every_published_form_of_xnli_gives_the_same_problems(tmp_path, write):
    write(tmp_path)
    problems = load("xnli", "ur", "test", [tmp_path])
    assert len(problems) == 5010
    assert problems[1].question == "Premise: Premise 1.\nHypothesis: Hypothesis, 1\nLabel:"
    assert (problems[1].answer, problems[1].choices) == (
        "neutral",
        ("entailment", "neutral", "contradiction"),
    )
    assert [p.answer for p in problems] == [label for *_, label in PAIRS]


def test_an_unknown_label_is_named(tmp_path):
    (tmp_path / "xnli.test.ur.tsv").write_text("a\tb\tneutrall\n", encoding="utf-8")
    with pytest.raises(
        LinguaLiftError,
        match=r"xnli.test.ur.tsv, line 1: unknown label 'neutrall'; did you mean 'neutral'",
    ):
        load("xnli", "ur", "test", [tmp_path])


def question(serial: int, key: str = "B") -> dict:
    choices = [{"label": letter, "text": f"{letter.lower()}{serial}"} for letter in "ABCDE"]
    return {
        "id": f"q{serial}",
        "lang": "sw",
        "question": {"stem": f"Nini {serial}?", "choices": choices},
        "answerKey": key,
    }


def test_json_lines_and_parquet_of_xcsqa_hold_the_same(tmp_path):
    items = [question(serial, "ABCDE"[serial % 5]) for serial in range(1000)]
    lines, hub = tmp_path / "lines" / "X-CSQA" / "sw", tmp_path / "hub" / "X-CSQA-sw"
    lines.mkdir(parents=True)
    hub.mkdir(parents=True)
    (lines / "dev.jsonl").write_text(
        "".join(json.dumps(item) + "\n" for item in items), encoding="utf-8"
    )
    columns = [
        {
            **item,
            "question": {
                "stem": item["question"]["stem"],
                "choices": {
                    k: [c[k] for c in item["question"]["choices"]] for k in ("label", "text")
                },
            },
        }
        for item in items
    ]
    pq.write_table(pa.Table.from_pylist(columns), hub / "validation-00000-of-00001.parquet")
    problems = load("xcsqa", "sw", "test", [tmp_path / "lines"])
    assert problems == load("xcsqa", "sw", "test", [tmp_path / "hub"])
    assert (
        problems[3].question == "Nini 3?\nOptions:A. a3\tB. b3\tC. c3\tD. d3\tE. e3\nAnswer:"
        and problems[3].answer == "D"
    )


def msvamp_json(path):
    rows = [
        {
            "query": f"Q{n}",
            "equation": "+ number0 number1",
            "response": f"{n}.0",
            "m_query": f"問題 {n}",
        }
        for n in range(1000)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def xcsqa_parquet(path):
    items = [question(serial) for serial in range(1000)]
    choices = {"label": list("ABCDE"), "text": list("vwxyz")}
    pq.write_table(
        pa.Table.from_pylist(
            [{**item, "question": {"stem": "何", "choices": choices}} for item in items]
        ),
        path,
    )


@pytest.mark.parametrize(
    ("name", "key", "language", "held", "others", "write", "count"),
    [
        (
            "mgsm",
            "mgsm-hub",
            "sw",
            "mgsm_sw.tsv",
            ["README.md", "mgsm.py"],
            lambda path: mgsm(path.parent, ROWS),
            250,
        ),
        ("msvamp", "msvamp-hub", "ja", "test_Japanese.json", ["README.md"], msvamp_json, 1000),
        (
            "xnli",
            "xnli-hub",
            "ur",
            "ur/test-00000-of-00001.parquet",
            ["README.md", "all_languages/test-00000-of-00001.parquet"],
            xnli_parquet,
            5010,
        ),
        (
            "xcsqa",
            "xcsr",
            "ja",
            "X-CSQA-jap/validation-00000-of-00001.parquet",
            [
                "X-CSQA-jap/test-00000-of-00001.parquet",
                "X-CODAH-jap/validation-00000-of-00001.parquet",
            ],
            xcsqa_parquet,
            1000,
        ),
    ],
)
def test_a_hub_repository_is_fetched_in_part_and_read_in_its_layout(
    tmp_path, name, key, language, held, others, write, count
):
    """The layouts that docs/data.md lists: what the project reads is fetched, the rest is not."""
    source = SOURCES[key].model_copy(update={"revision": SOURCES[key].revision or "0" * 40})
    folder = tmp_path / "mirror" / "hub" / (source.repository or "")
    for other in [held, *others]:
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        (folder / other).write_bytes(b"never read")
    write(folder / held)
    retrieve(source, tmp_path / "out", tmp_path / "downloads", tmp_path / "mirror", offline=True)
    fetched = {
        path.relative_to(tmp_path / "out").as_posix()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert fetched - {"MANIFEST.json"} == {held}
    code = getattr(TABLE[language], BENCHMARKS[name].BENCHMARK.code)
    assert len(load(name, language, "test", [tmp_path / "out"], code)) == count


def test_items_are_taken_from_a_checked_whole(tmp_path):
    with pytest.raises(
        LinguaLiftError, match="line 200: gold answer"
    ):  # the rest is checked all the same
        load(
            "mgsm", "sw", "test", [mgsm(tmp_path, [*ROWS[:199], "Swali?\tx", *ROWS[200:]])], items=3
        )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"answerKey": ""}, "answerKey '' is not exactly one of the labels A, B, C, D, E"),
        ({"answerKey": "F"}, "answerKey 'F' is not exactly one"),
        ({"question": {"stem": "x", "choices": []}}, "'question' needs 5 choices"),
        ({"question": None}, "'question' is missing"),
        ({"id": " "}, "'id' is missing or not a text"),
    ],
)
def test_a_malformed_multiple_choice_question_is_named(tmp_path, broken, message):
    folder = tmp_path / "X-CSQA" / "sw"
    folder.mkdir(parents=True)
    (folder / "dev.jsonl").write_text(
        json.dumps(question(1)) + "\n" + json.dumps({**question(2), **broken}) + "\n",
        encoding="utf-8",
    )
    with pytest.raises(LinguaLiftError) as error:
        load("xcsqa", "sw", "test", [tmp_path])
    assert "dev.jsonl, line 2: " + message in str(error.value)


def test_two_problems_with_one_id_are_an_error(tmp_path):
    folder = tmp_path / "X-CSQA" / "sw"
    folder.mkdir(parents=True)
    (folder / "dev.jsonl").write_text((json.dumps(question(1)) + "\n") * 2, encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"line 2: id 'q1' stands at .*line 1 already"):
        load("xcsqa", "sw", "test", [tmp_path])


def test_retrieval_files_must_be_parallel(tmp_path):
    (tmp_path / "tatoeba.tel-eng.tel").write_text("x\n" * 120, encoding="utf-8")
    (tmp_path / "tatoeba.tel-eng.eng").write_text(
        "".join(f"y{n}\n" for n in range(120)), encoding="utf-8"
    )
    problems = load("tatoeba", "te", "test", [tmp_path], "tel")
    assert [(p.answer, p.translation) for p in problems[:2]] == [("1", "y0"), ("2", "y1")]
    (tmp_path / "tatoeba.tel-eng.eng").write_text("y\n" * 119, encoding="utf-8")
    with pytest.raises(
        LinguaLiftError, match=r"tatoeba.tel-eng.tel: 120 lines, but tatoeba.tel-eng.eng has 119"
    ):
        load("tatoeba", "te", "test", [tmp_path], "tel")


def test_a_carriage_return_in_a_sentence_and_a_missing_last_line_end_shift_no_pair(tmp_path):
    sides = (["x\ry", *"x" * 119], [f"y{number}" for number in range(120)])
    for name, side, end in (("tel", sides[0], ""), ("eng", sides[1], "\n")):
        content = "\n".join(side) + end
        (tmp_path / f"tatoeba.tel-eng.{name}").write_text(content, encoding="utf-8", newline="")
    problems = load("tatoeba", "te", "test", [tmp_path], "tel")
    assert (problems[0].question, problems[-1].translation) == ("x\ry", "y119")


@pytest.mark.parametrize(
    ("name", "language", "code", "held", "expected"),
    [
        (
            "tatoeba",
            "sw",
            "swa",
            ["tatoeba.swh-eng.swh", "tatoeba.swh-eng.eng"],
            "row 'sw', column 'tatoeba': {} holds no 'swa'; did you mean 'swh'?",
        ),
        (
            "gsm-symbolic",
            "sw",
            "swh",
            ["x/data/templates/swa/symbolic/0000.toml"],
            "row 'sw', column 'gsm_symbolic': {} holds no 'swh'; did you mean 'swa'?",
        ),
        (
            "msvamp",
            "sw",
            "Swahili",
            ["test_Thai.json", "._test_Swahili.json"],
            "{}: no file for language 'sw' (looked for **/test_Swahili.json",
        ),
    ],
)
def test_a_wrong_code_names_row_column_and_the_nearest_code_of_the_source(
    tmp_path, name, language, code, held, expected
):
    for file in held:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("x", encoding="utf-8")
    with pytest.raises(LinguaLiftError) as caught:
        load(name, language, "test", [tmp_path], code)
    assert expected.format(tmp_path) in str(caught.value)


def test_gsm_symbolic_leaves_out_what_its_makers_mark_as_faulty(tmp_path):
    folder = tmp_path / "data" / "templates" / "tha" / "symbolic"
    folder.mkdir(parents=True)
    for serial in range(95):
        body = f'question = "Q {serial}"\nanswer = """\nSo <<1+1=2>>2.\n#### {serial},5\n"""\n' + (
            "ignore = true\n" if serial < 10 else ""
        )
        (folder / f"{serial:04d}.toml").write_text(body, encoding="utf-8")
    problems = load("gsm-symbolic", "th", "test", [tmp_path], "tha")
    assert len(problems) == 85 and (problems[0].id, problems[0].answer) == (
        "gsm-symbolic-0010",
        "10.5",
    )
    (folder / "0050.toml").write_text('question = "Q"\nanswer = "two"\n', encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"0050.toml: 'answer' does not end with '#### N'"):
        load("gsm-symbolic", "th", "test", [tmp_path], "tha")


def test_official_mmwp_files_are_read_with_either_published_count(tmp_path):
    for count in (800, 811):
        (tmp_path / "mmwp_sw.tsv").write_text(
            "".join(f"Swali {n}?\t{n}\n" for n in range(count)), encoding="utf-8"
        )
        assert len(load("mmwp", "sw", "test", [tmp_path])) == count
    (tmp_path / "mmwp_sw.tsv").write_text(
        "".join(f"Swali {n}?\t{n}\n" for n in range(805)), encoding="utf-8"
    )
    with pytest.raises(
        LinguaLiftError, match=r"mmwp has 805 problems in 'sw' .test., expected 800 or 811"
    ):
        load("mmwp", "sw", "test", [tmp_path])


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("7+2=9", 1),
        ("10-(3+2)=5", 2),
        ("x=56*9", 1),
        ("X=(3.0*(9.0-7.0))", 2),
        ("x=-5+3", 1),
        ("4 (m/s)*2=8", 1),
        ("2+2+2=6", 2),
        ("", 0),
    ],
)
def test_the_steps_of_a_formula_are_its_operations(formula, expected):
    assert mmwp.steps(formula) == expected


def test_mmwps_english_is_drawn_with_a_seed_first_and_filtered_afterwards():
    candidates = [
        mmwp.Candidate(f"id-{n}", f"Text {n % 60}?", "3 (km)" if n % 7 else "Yes", n % 3, "")
        for n in range(300)
    ]
    drawn = mmwp.draw_candidates(candidates, 40, seed=1)
    assert len(drawn) == 40 and {candidate.steps for candidate in drawn} == {2}
    assert drawn == mmwp.draw_candidates(
        candidates[::-1], 40, seed=1
    )  # whatever the order of the file
    assert set(drawn) != set(mmwp.draw_candidates(candidates, 40, seed=2))
    seen, kept = set(), []
    for candidate in drawn:
        if candidate.answer != "Yes" and candidate.question not in seen:
            kept.append(candidate.id)
        seen.add(candidate.question)
    selected = list(mmwp.numeric_and_distinct(drawn))
    assert [problem.id for problem in selected] == kept and 0 < len(kept) < 40
    assert {problem.answer for problem in selected} == {"3"}
    (alone,) = mmwp.numeric_and_distinct(
        [mmwp.Candidate(name, text, "1", 2, "") for name, text in (("a", "A b?"), ("b", "a  B."))]
    )
    assert alone.id == "a"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234", "1234"),
        ("18.0", "18"),
        ("299/5", "299/5"),
        ("-57/2", "-57/2"),
        ("82,3", "82.3"),
        ("१७", "17"),
        (" 5 ", "5"),
        ("0.75", "0.75"),
    ],
)
def test_gold_numbers_are_read_in_every_published_spelling(written, value):
    assert gold_number(written, "here") == value


@given(st.integers(-(10**9), 10**9))
def test_any_whole_gold_number_survives_reading(value):
    assert (
        gold_number(str(value), "here")
        == gold_number(f"{value:,}", "here")
        == gold_number(f"{value}.0", "here")
        == str(value)
    )


LABELS, LETTERS = ("entailment", "neutral", "contradiction"), ("A", "B", "C", "D", "E")


@pytest.mark.parametrize(
    ("choices", "text", "field", "strict"),
    [
        (LABELS, "entailment", "entailment", "entailment"),
        (LABELS, " Neutral.\nPremise: ...", "neutral", "neutral"),
        (LABELS, "contradiction\nHypothesis: entailment", "contradiction", "contradiction"),
        (LABELS, "The label is neutral", "neutral", None),
        (LABELS, "The answer is neutral.", "neutral", "neutral"),
        (LABELS, "not entailment but neutral", "entailment", None),
        (LABELS, "The answer is entailment or neutral", "entailment", None),
        (LABELS, "neutrality", None, None),
        (LABELS, "", None, None),
        (LETTERS, "B", "B", "B"),
        (LETTERS, "(C) the market", "C", "C"),
        (LETTERS, "B. bank", "B", "B"),
        (LETTERS, "A bird is an animal", "A", None),
        (LETTERS, "The answer is D.", "D", "D"),
        (LETTERS, "so \\boxed{E}", "E", "E"),
        (LETTERS, "b", None, None),
        (LETTERS, "उत्तर: C", "C", None),
        (LETTERS, "Answer: C", "C", "C"),
    ],
)
def test_choices_are_read_as_each_rule_says(choices, text, field, strict):
    assert field_choice(text, choices) == field
    assert strict_choice(text, choices) == strict
    assert matches("choice", field, "B") == (field == "B")


@given(st.text(), st.sampled_from([LABELS, LETTERS]))
def test_any_text_gives_one_of_the_choices_or_none(text, choices):
    assert field_choice(text, choices) in (*choices, None)
    assert strict_choice(text, choices) in (*choices, None)


def test_neighbours_are_the_highest_cosines_by_brute_force(monkeypatch):
    from lingualift.evaluation import retrieval
    from lingualift.evaluation.retrieval import neighbours

    random = np.random.default_rng(1)
    queries, candidates = (
        random.normal(size=(37, 8)),
        random.normal(size=(29, 8)) * random.uniform(0.1, 50, (29, 1)),
    )
    expected = [
        max(
            range(29),
            key=lambda j: (
                float(q @ candidates[j]) / np.linalg.norm(q) / np.linalg.norm(candidates[j])
            ),
        )
        for q in queries
    ]
    monkeypatch.setattr(retrieval, "BLOCK", 5)
    assert neighbours(queries, candidates).tolist() == expected
    with pytest.raises(LinguaLiftError, match=r"empty or infinite representation"):
        neighbours(queries, np.zeros((3, 8)))


def test_items_are_problems_spread_over_the_benchmark_and_the_same_in_every_language():
    whole, chosen = load("mmwp-mini", "en", "test"), load("mmwp-mini", "en", "test", items=24)
    places = [whole.index(problem) for problem in chosen]
    assert (
        len(chosen) == 24 and places == sorted(set(places)) and places[0] == 0 and places[-1] > 70
    )
    assert [problem.id for problem in load("mmwp-mini", "sw", "test", items=24)] == [
        problem.id for problem in chosen
    ]
    assert load("mmwp-mini", "en", "test", items=1000) == whole


def test_sib200_pairs_sentences_with_their_english_by_id(tmp_path: Path) -> None:
    for code, ids in (("swh_Latn", range(204)), ("eng_Latn", reversed(range(204)))):
        rows = [f"{n}\ttravel\t{code} {n}\n" for n in ids]
        path = tmp_path / code / "test.tsv"
        path.parent.mkdir()
        path.write_text("index_id\tcategory\ttext\n" + "".join(rows), encoding="utf-8")
    problems = load("sib200-sentences", "sw", "test", [tmp_path], "swh_Latn")
    first = problems[3]
    assert (first.id, first.question, first.translation) == ("sib200-3", "swh_Latn 3", "eng_Latn 3")
    (tmp_path / "eng_Latn/test.tsv").write_text("index_id\tcategory\ttext\n0\tx\ty\n")
    with pytest.raises(LinguaLiftError, match=r"test.tsv, line 3: sentence 1 is not in .*eng_Latn"):
        load("sib200-sentences", "sw", "test", [tmp_path], "swh_Latn")
