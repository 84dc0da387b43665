"""mmwp-built: numbers survive translation or are flagged, sheets come back as they went or are
refused in one line, post-edits win and are counted.
"""

import random
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sacrebleu import sentence_chrf

from lingualift.artifacts import write_parquet
from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.mmwp_built import BENCHMARK, BUILT_SCHEMA, sheets
from lingualift.benchmarks.mmwp_built.build import (
    QUALITY_SCHEMA,
    built_quality,
    built_rows,
    card,
    draft_sheet,
    english_rows,
    made_by,
    post_edited_rows,
    readable,
)
from lingualift.benchmarks.mmwp_built.sheets import SheetRow, read_sheet, returned
from lingualift.benchmarks.mmwp_built.translation import (
    DRAFT_SCHEMA,
    Draft,
    distance_flag,
    draft_rows,
    drafts,
    flags,
    mask,
    proper_names,
    restore,
    tidy_text,
)
from lingualift.benchmarks.registry import load
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.tables.scopes import scopes

LANGUAGES = load_languages(Path(__file__).parents[2] / "config" / "languages.tsv")
SPANISH = LANGUAGES["es"]
ENGLISH = {
    "a-1": "Sally has 12 apples. She gives away 5 of them. How many apples are left?",
    "a-2": "A pen costs $1.50. How much do 4 pens cost?",
    "a-3": "There are 30 children in 6 rows. How many are in a row?",
}
SPANISH_TEXT = {
    "a-1": "Sally tiene 12 manzanas. Regala 5 de ellas. ¿Cuántas manzanas quedan?",
    "a-2": "Una pluma cuesta $1.50. ¿Cuánto cuestan 4 plumas?",
    "a-3": "Hay 30 niños en 6 filas. ¿Cuántos hay en una fila?",
}
PROBLEMS = [Problem(name, text, "7") for name, text in ENGLISH.items()]


def sheet_rows(**changes: str) -> list[SheetRow]:
    """The rows of a sheet; `changes` are post-edits by id, with `_` for `-`."""
    return [
        SheetRow(
            name,
            ENGLISH[name],
            SPANISH_TEXT[name],
            ENGLISH[name],
            "",
            "apertium",
            post_edit=changes.get(name.replace("-", "_"), ""),
        )
        for name in ENGLISH
    ]


def written(path: Path, rows: list[SheetRow]) -> Path:
    if path.suffix == ".tsv":
        sheets.write_tsv_sheet(path, rows)
    else:
        sheets.write_xlsx_sheet(path, rows, "Spanish")
    return path


def refusal(*paths: Path) -> str:
    with pytest.raises(LinguaLiftError) as caught:
        returned(paths, ENGLISH, SPANISH)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# ---------------------------------------------------------------- drafts


def test_problems_are_translated_sentence_by_sentence_each_distinct_one_once_and_back():
    asked: list[list[str]] = []

    def forth(texts):
        asked.append(list(texts))
        return [f"<{text}>" for text in texts]

    made = drafts(
        ["Ann has 3. How many?", "Bob has 4. How many?"],
        SPANISH,
        forth,
        lambda texts: [text.strip("<>") for text in texts],
    )
    assert asked == [["Ann has 3.", "Bob has 4.", "How many?"]]
    assert made[1].translation == "<Bob has 4.> <How many?>"
    assert drafts(["A 1. B 2."], LANGUAGES["ja"], lambda t: ["一1。", "二2。"], list) == [
        Draft("一1。二2。", "一1。 二2。")
    ]


def test_a_sentence_whose_numbers_change_is_translated_again_with_stand_ins():
    def careless(texts):  # knows no decimals, and writes Devanagari digits
        return [
            text.replace("1.50", "1 50 0").translate(str.maketrans("45", "४५")) for text in texts
        ]

    (made,) = drafts(["A pen costs $1.50, 4 cost $6."], SPANISH, careless, list)
    assert made.translation == "A pen costs $1.50, 4 cost $6."
    (lost,) = drafts(["A pen costs $7."], SPANISH, lambda texts: ["cuesta"] * len(texts), list)
    assert lost.translation == "cuesta"
    assert "numbers [], in English [7]" in [*flags("A pen costs $7.", "cuesta", SPANISH, ())]


@given(
    st.lists(st.sampled_from(["1", "12", "13", "0.75", "1,234", "4:12", "99"]), max_size=6),
    st.randoms(),
)
def test_stand_ins_are_given_back_in_any_order(numerals, rng):
    text = " x ".join(numerals)
    masked, stands = mask(text)
    words = masked.split(" x ")
    rng.shuffle(words)
    back = restore(" x ".join(words), stands).split(" x ")
    assert Counter(back) == Counter(text.split(" x "))


def test_flags_say_what_a_program_notices():
    names = proper_names(["Then Sally and Rose left.", "A rose. On Monday Mr. Hilt left."])
    assert names == {"sally", "hilt"}  # `rose` occurs in small letters, Monday is translated
    english = ENGLISH["a-1"]
    assert [*flags(english, SPANISH_TEXT["a-1"], SPANISH, names)] == []
    assert [*flags(english, SPANISH_TEXT["a-1"].replace("Sally", "Ella"), SPANISH, names)] == [
        "names of the English missing: Sally"
    ]
    assert "letters outside the script Latn: Салли" in flags(english, "Салли 12 5.", SPANISH, names)
    assert any("English left over" in flag for flag in flags(english, english, SPANISH, names))
    assert any("times as long" in flag for flag in flags(english, "12, 5?", SPANISH, names))


def test_a_back_translation_is_flagged_below_the_bound_of_its_chrf():
    score = sentence_chrf("A dog sleeps.", ["The dog is asleep."]).score
    assert [*distance_flag("The dog is asleep.", "A dog sleeps.", score - 0.1)] == []
    (flag,) = distance_flag("The dog is asleep.", "A dog sleeps.", score + 0.1)
    assert flag.startswith(f"back-translation chrF {score:.0f}")


@given(st.text())
def test_tidy_text_is_tidy_for_good_and_has_western_digits(text):
    once = tidy_text(text)
    assert tidy_text(once) == once
    assert not any(letter.isdecimal() and not letter.isascii() for letter in once)


# ---------------------------------------------------------------- sheets


@pytest.mark.parametrize("suffix", sheets.SUFFIXES)
def test_a_sheet_comes_back_as_it_went_in_the_order_of_the_english(tmp_path, suffix):
    rows = sheet_rows(a_1="Sally tenía 12 manzanas y regala 5. ¿Cuántas le quedan?")
    path = written(tmp_path / f"es{suffix}", rows[::-1])
    assert list(read_sheet(path, ENGLISH, SPANISH).values()) == rows


def test_the_same_rows_give_the_same_workbook_and_no_cell_of_it_is_a_formula(tmp_path):
    rows = sheet_rows()
    rows[0] = SheetRow("a-1", ENGLISH["a-1"], "=2+3", "-1", "@x", "3/4")
    one, other = (written(tmp_path / name, rows).read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert one == other
    cells = [cell for row in load_workbook(tmp_path / "a.xlsx").active for cell in row]
    assert {cell.data_type for cell in cells if cell.value is not None} <= {"s", "inlineStr"}


@pytest.mark.parametrize("suffix", sheets.SUFFIXES)
@pytest.mark.parametrize(
    ("cell", "old", "new", "message"),
    [
        ("id", "a-2", "a-9", "line 3: 'a-9' is no id of mmwp-built"),
        ("id", "a-2", "a-1", "line 3: the English text of a-1 is not that of the problem"),
        ("English", ENGLISH["a-2"], "A pen costs $2.", "line 3: the English text of a-2 is not"),
        ("translation", SPANISH_TEXT["a-2"], "Otra 4", "the translation of a-2 was changed"),
        ("post-edit", "", "Una pluma cuesta $1.50. ¿Y 5?", "of a-2: numbers [1, 50, 5], in"),
        ("post-edit", "", "Ручка $1.50, 4?", "of a-2: letters outside the script Latn"),
        ("post-edit", "", "Una  pluma $1.50, 4?", "of a-2: not tidy text"),
        ("post-edit", "", "=Una pluma $1.50, 4?", "'=Una pluma $1.50, 4?' is a formula that"),
        ("post-edit", "", "#NAME?", "column 'post-edit': '#NAME?' is a formula that"),
    ],
)
def test_a_changed_cell_is_refused_in_one_line(tmp_path, suffix, cell, old, new, message):
    path = written(tmp_path / f"es{suffix}", sheet_rows())
    if suffix == ".tsv":
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n")]
        assert lines[2][sheets.COLUMNS.index(cell)] == old
        lines[2][sheets.COLUMNS.index(cell)] = new
        path.write_text("\n".join("\t".join(line) for line in lines), encoding="utf-8")
    else:
        book = load_workbook(path)
        at = book.active.cell(3, sheets.COLUMNS.index(cell) + 1)
        assert (at.value or "") == old
        at.value = new
        book.save(path)
    assert message in refusal(path) and str(path) in refusal(path)


@pytest.mark.parametrize("suffix", sheets.SUFFIXES)
def test_missing_and_repeated_rows_and_columns_are_refused(tmp_path, suffix):
    path = tmp_path / f"es{suffix}"
    rows = sheet_rows()
    assert "1 of 3 problems are missing, first a-2" in refusal(written(path, [rows[0], rows[2]]))
    assert "line 5: id 'a-1' stands in an earlier line" in refusal(written(path, [*rows, rows[0]]))
    if suffix == ".tsv":
        path.write_text("id\tEnglish\na-1\tx\n", encoding="utf-8")
    else:
        book = load_workbook(written(path, rows))
        book.active.delete_cols(3)
        book.save(path)
    assert "column 'translation' is missing" in refusal(path)


def test_a_number_that_a_spreadsheet_made_of_a_text_is_refused(tmp_path):
    path = written(tmp_path / "es.xlsx", sheet_rows())
    book = load_workbook(path)
    book.active.cell(2, sheets.COLUMNS.index("post-edit") + 1).value = 17
    book.save(path)
    assert "column 'post-edit': a spreadsheet made a int of a text (17)" in refusal(path)


def test_a_file_that_is_no_workbook_is_refused_however_it_is_damaged(tmp_path):
    path = tmp_path / "es.xlsx"
    path.write_text("id\tEnglish\n")
    assert "not an XLSX workbook" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    assert "not an XLSX workbook" in refusal(path)
    whole = written(path, sheet_rows()).read_bytes()
    rng = random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 20)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])])
        try:
            returned([path], ENGLISH, SPANISH)
        except LinguaLiftError as error:
            assert len(str(error).splitlines()) == 1


def test_of_two_sheets_the_edited_one_is_read_and_two_edited_ones_are_refused(tmp_path):
    edited = "Sally tiene 12 y regala 5. ¿Cuántas manzanas le quedan?"
    tsv = written(tmp_path / "es.tsv", sheet_rows())
    xlsx = written(tmp_path / "es.xlsx", sheet_rows(a_1=edited))
    assert returned([tsv, xlsx], ENGLISH, SPANISH)["a-1"].post_edit == edited
    written(tsv, sheet_rows(a_1=edited))
    assert "es.tsv: es.xlsx beside it holds post-edits, too" in refusal(tsv, xlsx)
    written(tsv, sheet_rows())
    written(xlsx, sheet_rows())
    assert not any(row.post_edit for row in returned([tsv, xlsx], ENGLISH, SPANISH).values())


# ---------------------------------------------------------------- the benchmark


def test_a_post_edit_wins_and_is_counted_and_its_flags_are_its_own():
    edited = "Sally tiene 12 manzanas y regala 5. ¿Cuántas le quedan?"
    sheet = {row.id: row for row in sheet_rows(a_1=edited)}
    rows = built_rows(PROBLEMS, sheet, SPANISH, bound=100)
    assert [row["question"] for row in rows] == [edited, SPANISH_TEXT["a-2"], SPANISH_TEXT["a-3"]]
    assert [row["post_edited"] for row in rows] == [True, False, False]
    assert made_by(rows) == {
        "engines": {"apertium": 3},
        "problems": 3,
        "post_edited": 1,
        "flagged": 0,
    }
    text = card(rows, SPANISH, ["es.tsv"], 50, "abc")
    assert "post-edited: 1 problems (33.3 %)" in text and "engine of 3 problems: apertium" in text
    assert "not the authors' MMWP" in text
    unchanged = {row.id: row for row in sheet_rows(a_1=SPANISH_TEXT["a-1"])}
    assert not built_rows(PROBLEMS, unchanged, SPANISH, 50)[0]["post_edited"]


def test_a_sheet_translated_by_hand_needs_no_engine(tmp_path):
    by_hand = [
        SheetRow(name, ENGLISH[name], "", "", "", "", SPANISH_TEXT[name]) for name in ENGLISH
    ]
    path = written(tmp_path / "es.tsv", by_hand)
    path.write_text(path.read_text().replace(sheets.short_checksum(""), ""), encoding="utf-8")
    rows = built_rows(PROBLEMS, returned([path], ENGLISH, SPANISH), SPANISH, 50)
    assert [row["question"] for row in rows] == list(SPANISH_TEXT.values())
    assert made_by(rows)["engines"] == {"no engine": 3} and made_by(rows)["post_edited"] == 3
    written(path, [*by_hand[:2], SheetRow("a-3", ENGLISH["a-3"], "", "", "", "")])
    assert "a-3 has neither a translation nor a post-edit" in refusal(path)


def test_drafts_become_sheets_and_sheets_problems(tmp_path):
    made = [Draft(SPANISH_TEXT[name], "x") for name in ENGLISH]
    drafted = draft_rows(PROBLEMS, made, SPANISH, "engine 1", 50)
    assert all("back-translation" in row["flags"][-1] for row in drafted)
    table = pa.Table.from_pylist(drafted, schema=DRAFT_SCHEMA)
    path = written(tmp_path / "es.tsv", list(draft_sheet(table).values()))
    assert "back-translation chrF 0, below 50" in path.read_text(encoding="utf-8")
    direct, returned_rows = (
        built_rows(PROBLEMS, sheet, SPANISH, 50)
        for sheet in (draft_sheet(table), read_sheet(path, ENGLISH, SPANISH))
    )
    assert direct == returned_rows


def test_the_benchmark_reads_what_was_built_and_checks_its_number(tmp_path):
    rows = english_rows([Problem(f"a-{n}", f"Question {n}?", str(n)) for n in range(700)])
    table = pa.Table.from_pylist(rows, schema=BUILT_SCHEMA)
    write_parquet(tmp_path / "en.parquet", table, BUILT_SCHEMA)
    problems = load("mmwp-built", "en", "test", [tmp_path])
    assert len(problems) == 700 and problems[5].answer == "5"
    write_parquet(tmp_path / "en.parquet", table.slice(0, 9), BUILT_SCHEMA)
    with pytest.raises(LinguaLiftError, match="mmwp-built has 9 problems in 'en'"):
        load("mmwp-built", "en", "test", [tmp_path])
    assert made_by(rows)["engines"] == {}
    assert "not translated" in card(rows, LANGUAGES["en"], [], 50, "abc")
    assert len(BENCHMARK.languages) == 48 and "not the authors' MMWP" in BENCHMARK.title


def test_result_tables_have_a_line_of_the_shares_that_were_post_edited():
    columns = scopes(["en", "es", "ca"], BENCHMARK.groups, [])
    rows = post_edited_rows(columns, {"en": 0.0, "es": 0.5, "ca": 0.1}).to_pylist()
    assert {row["scope"]: round(row["accuracy"], 9) for row in rows} == {
        "es": 50,
        "ca": 10,
        "Medium": 10,
        "High": 50,  # English is not translated
        "Avg.": 30,
    }
    assert {row["origin"] for row in rows} == {"built"}


def test_the_quality_table_has_a_row_a_language_and_means_over_what_is_known():
    sheet = {row.id: row for row in sheet_rows(a_1="Sally tiene 12, da 5. ¿Cuántas quedan?")}
    rows = built_rows(PROBLEMS, sheet, SPANISH, 50)
    by_hand = [{**row, "back_translation": "", "engine": ""} for row in rows]
    table = pa.Table.from_pylist(
        [built_quality(rows, "es"), built_quality(by_hand, "ca")], schema=QUALITY_SCHEMA
    )
    header, spanish, catalan, average = readable(table)
    assert dict(zip(header, spanish, strict=True)) == {
        "benchmark": "mmwp-built",
        "language": "es",
        "engine": "apertium",
        "n": "3",
        "flagged %": "0.0",
        "post-edited %": "33.3",
        "BLEU": "100.0",
        "chrF": "100.0",
        "TER": "0.0",
    }
    assert catalan[2] == "no engine" and catalan[-3:] == ["", "", ""]
    assert average[1] == "Avg." and average[-3:] == ["100.0", "100.0", "0.0"]
