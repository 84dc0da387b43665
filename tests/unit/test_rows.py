"""Rows of published files: one dialect for all readers, the place of every row, and one line for
whatever is wrong with a file.
"""

import csv
import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingualift.data.folders import named_file, names_held, visible_files
from lingualift.data.mapping import read_mapping
from lingualift.data.rows import (
    lines,
    parallel_lines,
    read_delimited,
    read_document,
    read_rows,
)
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError

LANGUAGES = load_languages(Path(__file__).parents[2] / "config/languages.tsv")
TEXTS = ["one", 'two "quoted", with a comma', "three\rreturn", "four\u2028five\x85six\x0bseven"]


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, needed: tuple[str, ...] = ()) -> str:
    """The one line that says what is wrong with a file."""
    with pytest.raises(LinguaLiftError) as caught:
        list(read_rows(path, needed))
    said = str(caught.value)
    assert str(path) in said and "\n" not in said
    return said


def as_csv(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_parquet(folder: Path, rows: list[dict[str, str]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    return folder / "rows.parquet"


def as_tsv(folder: Path, rows: list[dict[str, str]]) -> Path:
    content = "".join("\t".join(row) + "\n" for row in [list(rows[0]), *(r.values() for r in rows)])
    return written(folder, "rows.tsv", content)


def as_lines(folder: Path, rows: list[dict[str, str]]) -> Path:
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return written(folder, "rows.jsonl", content)


def as_array(folder: Path, rows: list[dict[str, str]]) -> Path:
    return written(folder, "rows.json", json.dumps(rows, ensure_ascii=False, indent=1))


FORMATS = (as_csv, as_parquet, as_tsv, as_lines, as_array)


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_the_same_rows_with_their_places(tmp_path, write):
    expected = [{"id": str(number), "text": text} for number, text in enumerate(TEXTS)]
    path = write(tmp_path, expected)
    rows = list(read_rows(path, ("id", "text")))
    assert [row.values for row in rows] == expected
    first = {as_csv: "line 2", as_tsv: "line 2", as_lines: "line 1"}.get(write, "row 1")
    assert rows[0].place == f"{path}, {first}" and rows[0].text("text") == "one"


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\t")), min_size=1
    ),
    st.sampled_from(FORMATS),
)
@settings(max_examples=60)
def test_any_text_is_read_back_from_any_format(tmp_path_factory, texts, write):
    # A carriage return at a line end is no content; a blank table row and outer blanks are none.
    texts = [f"x{text}x" for text in texts]
    path = write(tmp_path_factory.mktemp("rows"), [{"text": text} for text in texts])
    assert [row.values["text"] for row in read_rows(path)] == texts


def test_tabs_are_never_quoted_and_commas_are(tmp_path):
    content = 'a\tb\n"No\tone\nc\t"d\ne"\tf\n'
    tabs = read_rows(written(tmp_path, "rows.tsv", content))
    assert [list(row.values.values()) for row in tabs] == [['"No', "one"], ["c", '"d'], ['e"', "f"]]
    commas = list(read_rows(written(tmp_path, "rows.csv", 'a,b\n"No\r\none",",\r"\n\nc,d\n')))
    assert [list(row.values.values()) for row in commas] == [["No\none", ",\r"], ["c", "d"]]
    assert [row.number for row in commas] == [2, 5]


@pytest.mark.parametrize("name", ["long.csv", "long.tsv", "long.jsonl"])
def test_a_cell_may_be_longer_than_a_library_allows(tmp_path, name):
    cell = "x" * 200_000
    content = json.dumps({"a": cell}) if name.endswith("jsonl") else f"a\n{cell}\n"
    (row,) = read_rows(written(tmp_path, name, content))
    assert row.values == {"a": cell}


def test_lines_end_at_line_feeds_alone_and_the_last_end_is_optional(tmp_path):
    for content in ("a\rb\r\n\u2028c\x85\nd\x0b", "\ufeffa\rb\r\n\u2028c\x85\r\nd\x0b\n"):
        path = written(tmp_path, "text.txt", content)
        assert list(lines(path)) == [(1, "a\rb"), (2, "\u2028c\x85"), (3, "d\x0b")]
    assert list(lines(written(tmp_path, "text.txt", ""))) == []


def test_sides_of_parallel_text_may_end_without_a_line_end_but_not_differ(tmp_path):
    left, right = written(tmp_path, "a.sw", "a\rb\nc"), written(tmp_path, "a.en", "A\nC\n")
    assert list(parallel_lines(left, right)) == [(1, "a\rb", "A"), (2, "c", "C")]
    right.write_text("A\n")
    with pytest.raises(LinguaLiftError, match=r"a\.sw: 2 lines, but a\.en has 1"):
        list(parallel_lines(left, right))


GOOD = '{"a": "x"}\n'
DAMAGED = {
    "surrogate": ('{"a": "\\ud83d"}', "half a character"),
    "digits": (f'{{"a": {"9" * 5000}}}', "4300 digits"),
    "nesting": ('{"a": ' + "[" * 100_000, "nested too deeply"),
    "number": ('{"a": 1e}', "not JSON"),
    "cut": ('{"a": "x', "not JSON"),
    "other": ("[1]", "expected a JSON object"),
    "absent": ('{"b": 1}', "'a' is missing"),
    "null": ('{"a": null}', "'a' is missing"),
    "NUL": ('{"a": "\0"}', "NUL byte"),
    "bytes": (b'{"a": "\xff"}', "not UTF-8"),
    "half": (b'{"a": "\xed\xa0\xbd"}', "not UTF-8"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_json_lines_are_named_by_file_and_line(tmp_path, name):
    row, message = DAMAGED[name]
    content = GOOD.encode() + (row if isinstance(row, bytes) else row.encode()) + b"\n"
    said = refusal(written(tmp_path, "rows.jsonl", content), ("a",))
    assert "line 2: " in said and message in said


@pytest.mark.parametrize("name", [name for name in DAMAGED if name not in ("NUL", "bytes", "half")])
def test_damaged_entries_of_a_json_array_are_named_by_their_number(tmp_path, name):
    row, message = DAMAGED[name]
    said = refusal(written(tmp_path, "rows.json", f"[{GOOD},\n{row}]"), ("a",))
    assert "row 2: " in said and message in said


@pytest.mark.parametrize("content", ['[{"a": 1},]', '[{"a": 1} {"a": 2}]', '[{"a": 1}', "[] x"])
def test_a_json_array_that_does_not_end_properly_is_refused(tmp_path, content):
    assert "not JSON" in refusal(written(tmp_path, "rows.json", content))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.csv", 'a,b\n1,2\n"1,2\n3,4\n', "line 3: not CSV"),
        ("r.csv", 'a,b\n"1"x,2\n', "line 2: not CSV"),
        ("r.csv", "a,b\n1\n", "line 2: 1 cells, expected 2 (separated by commas)"),
        ("r.tsv", "a\tb\n1\t2\t3\n", "line 2: 3 cells, expected 2 (separated by tabs)"),
        ("r.tsv", "b\tc\n1\t2\n", "line 1: column 'a' is missing; columns are b, c"),
        ("r.tsv", "a\ta\n1\t2\n", "line 1: column 'a' occurs twice"),
        ("r.tsv", "", "line 1: column 'a' is missing"),
        ("r.tsv", b"a\tb\n1\t\xff\n", "line 2: not UTF-8"),
        ("r.csv", b"a,b\n1,\0\n", "line 2: holds a NUL byte"),
        ("r.parquet", b"", "damaged or not Parquet"),
        ("r.parquet", b"PAR1" + bytes(100) + b"PAR1", "damaged or not Parquet"),
        ("r.jsonl", gzip.compress(GOOD.encode(), mtime=0)[:-9], "line 1: not UTF-8"),
        ("r.jsonl", GOOD.encode("utf-16"), "line 1: not UTF-8"),
    ],
)
def test_other_damage_is_one_line_with_its_place(tmp_path, name, content, message):
    assert message in refusal(written(tmp_path, name, content), ("a",))


def test_absent_files_and_folders_are_one_line(tmp_path):
    assert "cannot be read (No such file or directory)" in refusal(tmp_path / "absent.jsonl")
    assert "No such file" in refusal(tmp_path / "absent.parquet")
    (tmp_path / "folder.jsonl").mkdir()
    assert "cannot be read (Is a directory)" in refusal(tmp_path / "folder.jsonl")


def test_parquet_names_the_row_that_cannot_be_read_and_the_column_that_is_missing(tmp_path):
    good, bad = "Ω".encode(), b"\xff\xfe"
    offsets = pa.array([0, 2, 4, 6], pa.int32()).buffers()[1]
    column = pa.StringArray.from_buffers(3, offsets, pa.py_buffer(good + good + bad))
    pq.write_table(pa.table({"a": column}), tmp_path / "rows.parquet")
    assert "rows.parquet, row 3: damaged" in refusal(tmp_path / "rows.parquet")
    assert "column 'b' is missing; columns are a" in refusal(tmp_path / "rows.parquet", ("b",))


def test_a_document_names_the_line_of_its_damage(tmp_path):
    path = written(tmp_path, "words.json", '\ufeff{"words":\n [1, 2,\n x]}')
    with pytest.raises(LinguaLiftError, match=r"words\.json, line 3: not JSON \(Expecting value"):
        read_document(path)
    assert read_document(written(tmp_path, "words.json", '\ufeff{"words":\n[]}')) == {"words": []}


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text('[]{}",:\\ud83e9.-\r\n\t\0\ufeff', max_size=60).map(str.encode),
    ),
    st.sampled_from(["csv", "tsv", "json", "jsonl", "parquet"]),
    st.booleans(),
)
@settings(max_examples=300)
def test_any_bytes_are_rows_or_one_line(tmp_path_factory, content, kind, whole):
    path = tmp_path_factory.mktemp("fuzz") / f"rows.{kind}"
    if kind == "parquet" and whole:
        pq.write_table(pa.table({"a": ["x"] * 3}), path)
        content = path.read_bytes()[: len(content) * 4]
    path.write_bytes(content)
    for read in (lambda: list(read_rows(path)), lambda: read_document(path)):
        try:
            read()
        except LinguaLiftError as error:
            assert str(path) in str(error) and "\n" not in str(error)
    try:
        list(read_delimited(path, "\t", header=("a", "b")))
    except LinguaLiftError as error:
        assert str(path) in str(error)


def test_hidden_files_are_passed_over(tmp_path):
    for name in ("a.txt", "._a.txt", ".DS_Store", "MANIFEST.json", ".git/b.txt", "in/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path, name, "x")
    names = [path.relative_to(tmp_path).as_posix() for path in visible_files(tmp_path, "**/*")]
    assert names == ["a.txt", "in/c.txt"]


def test_names_are_read_out_of_files_by_their_pattern(tmp_path):
    for name in ("t.deu-eng.deu", "t.deu-eng.eng", "t.fra-eng.fra", "._t.spa-eng.spa"):
        written(tmp_path, name, "x")
    assert names_held(tmp_path, "**/t.{code}-eng.{code}") == ["deu", "fra"]
    assert names_held(tmp_path, "**/t.txt") == []


def test_a_wrong_cell_names_row_column_and_the_nearest_name_of_the_source(tmp_path):
    folder = tmp_path / "package/translations"
    folder.mkdir(parents=True)
    for name in ("QuranYoruba", "QuranHausa"):
        written(folder, f"{name}.js", "")
    wrong = replace(LANGUAGES["sw"], code="yo", holy_quran="Yoruba")
    with pytest.raises(
        LinguaLiftError,
        match=r"languages\.tsv, row 'yo', column 'holy_quran': .* holds no 'Yoruba';"
        r" did you mean 'QuranYoruba'\?",
    ):
        named_file(tmp_path, "package/**/{code}.js", wrong, "holy_quran")
    right = replace(wrong, holy_quran="QuranYoruba")
    path = named_file(tmp_path, "package/**/{code}.js", right, "holy_quran")
    assert path == folder / "QuranYoruba.js"
    with pytest.raises(LinguaLiftError, match=r"incomplete, .*; delete the folder and run again"):
        named_file(tmp_path / "absent", "package/**/{code}.js", right, "holy_quran")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1", "values.yaml: not YAML (while parsing"),
        (b"a: \x07", "values.yaml: not YAML ("),
        (b"- a", "values.yaml: expected settings by name"),
        (b"\xff", "values.yaml, line 1: not UTF-8 text"),
        (None, "values.yaml: cannot be read (No such file or directory)"),
    ],
)
def test_yaml_that_holds_no_values_by_name_is_one_line(tmp_path, content, message):
    path = tmp_path / "values.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LinguaLiftError) as caught:
        read_mapping(path, "settings by name")
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_yaml_is_read_as_values_by_name_and_an_empty_file_holds_none(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text("a: {b: [1, ü]}\n", encoding="utf-8")
    assert read_mapping(path, "settings") == {"a": {"b": [1, "ü"]}}
    path.write_text("# nothing\n")
    assert read_mapping(path, "settings") == {}


@pytest.mark.parametrize(
    "content",
    [
        "a: 2020-13-45\n",  # a date that is none
        "a: " + "9" * 5000,
        "a: " + "1" * 5000 + ":20",
        "a: " + "[" * 20_000,
        "a: b: c\n",
        "a: !!python/object:os.system x\n",
        "a: 1\n".encode("utf-16"),
        b"a: \xe9\n",
        b"a: \0\n",
    ],
    ids=["date", "digits", "minutes", "depth", "colons", "tag", "UTF-16", "Latin-1", "NUL"],
)
def test_settings_that_are_no_yaml_are_one_line_with_the_file(tmp_path, content):
    path = written(tmp_path, "mine.yaml", content)
    with pytest.raises(LinguaLiftError, match=r"mine\.yaml.*: not YAML|not UTF-8") as refused:
        read_mapping(path, "settings")
    assert "\n" not in str(refused.value)
    assert read_mapping(written(tmp_path, "mine.yaml", "\ufeffa: 1\r\n"), "settings") == {"a": 1}
    path.unlink()
    path.mkdir()
    with pytest.raises(LinguaLiftError, match=r"mine\.yaml: cannot be read \(Is a directory\)"):
        read_mapping(path, "settings")


def test_an_error_is_one_line_of_text_whatever_it_repeats(tmp_path):
    name = os.fsdecode(b"two\nlines \xff.jsonl")
    line = refusal_of(written(tmp_path, name, "{"))
    assert line.startswith(f"{tmp_path}/two lines \\udcff.jsonl, line 1: not JSON")
    assert line.encode() and len(line.splitlines()) == 1


def refusal_of(path: Path) -> str:
    with pytest.raises(LinguaLiftError) as refused:
        list(read_rows(path))
    return str(refused.value)
