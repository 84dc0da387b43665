"""Raw text of the sources: strict parsing, damage named by file and line, text of one language
alone.
"""

import gettext
import json
import re
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.text.readers import (
    raw_lines,
    read_help,
    read_holy_quran,
    read_mo,
    read_plain,
    read_quran_json,
)

LANGUAGES = load_languages(Path(__file__).parents[2] / "config/languages.tsv")


def quran(tmp_path: Path, chapters: str, before: str = "", after: str = "") -> Path:
    path = tmp_path / "QuranTest.js"
    path.write_text(
        f"{before}const QuranTest = [{chapters}]{after}\nmodule.exports = QuranTest ;",
        encoding="utf-8",
    )
    return path


def test_quran_strings_survive_quotes_escapes_and_comments(tmp_path):
    first = (
        r"""['it\'s "so", [he] said', "a \"b\" // no comment", `back 'tick' ${"""
        + "'"
        + "x"
        + r"""`]"""
    )
    first = first.replace("${'x", "$x")
    path = quran(
        tmp_path, first + ',\n// comment ] "\n' + ",".join(["['v',]"] * 113), "/* const ' */\n"
    )
    verses = read_holy_quran(path)
    assert verses[:3] == ['it\'s "so", [he] said', 'a "b" // no comment', "back 'tick' $x"]
    assert len(verses) == 3 + 113


def test_quran_original_is_read_from_objects(tmp_path):
    assert (
        read_holy_quran(quran(tmp_path, ",".join(["{name: 'n', number: 1, verses: ['v']}"] * 114)))
        == ["v"] * 114
    )


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1, max_size=5))
def test_any_json_strings_are_read_back(tmp_path_factory, texts):
    # JSON strings are JavaScript strings, so json.dumps is an independent writer.
    chapters = ",".join([json.dumps(texts), *["[]"] * 113])
    assert read_holy_quran(quran(tmp_path_factory.mktemp("quran"), chapters)) == texts


@pytest.mark.parametrize(
    ("chapters", "message"),
    [
        ("['a'],", "1 chapters where 114"),
        ("['a' 'b']", r"line 1: not JSON \(Expecting ',' delimiter"),
        ("['a',,'b']", r"line 1: not JSON \(Expecting value"),
        ("['v'],\n['a\nb']", r"line 2: not JSON \(Expecting value"),
        ("[`${f()}`]", r"line 1: not JSON \(Expecting value"),
        ("[alert(1)]", r"line 1: not JSON \(Expecting value"),
        (r"['\ud83d']", "half a character"),
        ("[" * 100_000, "nested too deeply"),
        (f"[{'9' * 5000}]", "4300 digits"),
        ("[`a", r"line 1: not JSON \(Expecting value"),
        (",".join(["[1]"] * 114), "chapter 1 is not an array of strings"),
    ],
)
def test_quran_damage_is_named(tmp_path, chapters, message):
    path = quran(tmp_path, chapters)
    with pytest.raises(LinguaLiftError, match=message) as caught:
        read_holy_quran(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"good\n\xff\xfe bad\n")
    with pytest.raises(LinguaLiftError, match="line 2"):
        list(read_plain(path))


def test_plain_text_of_a_language_is_found_by_its_code_and_streams(tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text/sw.txt").write_text("moja\r\nmbili\n", encoding="utf-8")
    assert list(raw_lines("local-text", tmp_path, LANGUAGES["sw"])) == ["moja", "mbili"]
    (tmp_path / "text/._sw.txt").write_bytes(b"\0\5\26\7")  # what macOS leaves beside it
    assert list(raw_lines("local-text", tmp_path, LANGUAGES["sw"])) == ["moja", "mbili"]
    (tmp_path / "text/ha.txt").write_text("daya\n", encoding="utf-8")
    assert list(raw_lines("local-text", tmp_path, LANGUAGES["ha"])) == ["daya"]
    with pytest.raises(
        LinguaLiftError, match=r"expected de\.txt or one text file, found ha\.txt, sw\.txt"
    ):
        raw_lines("local-text", tmp_path, LANGUAGES["de"])


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"'\x41\u0042\u{43}\u{1F600}\ud83d\ude00'", "ABC😀😀"),
        (r"'\a\v\0\/\n\t'", "a\v\0/\n\t"),
        ("'a\\\nb'", "ab"),
        ('`a\nb " $`', 'a\nb " $'),
        ("'a: b, ]'", "a: b, ]"),
        ("'a', // no more\n /* , */ ", "a"),
        ("'\u2028 /* x */ // y'", "\u2028 /* x */ // y"),
    ],
)
def test_escapes_mean_what_they_mean_in_javascript(tmp_path, literal, text):
    path = quran(tmp_path, f"[{literal}]," + ",".join(["[]"] * 113))
    assert read_holy_quran(path) == [text]


@pytest.mark.parametrize(
    "comment",
    ["/** A. */", "/**\n * Source: it's\n **/", "/***/", "/* [1, 2] // x */", "// '\n/* * / */"],
)
def test_comments_ahead_of_and_within_the_array_are_passed_over(tmp_path, comment):
    chapters = ",".join([f"['a', {comment}\n]", *["[]"] * 113])
    path = quran(tmp_path, chapters, before=f"{comment}\n\n")
    assert read_holy_quran(path) == ["a"]


def test_no_pattern_of_the_project_repeats_a_group_possessively():
    """Of such a group Python 3.11.2, Debian 12's, misses matches: a default run ended there."""
    repeated = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
    sources = Path(__file__).parents[2] / "src"
    assert [
        path for path in sources.rglob("*.py") if repeated.search(path.read_text("utf-8"))
    ] == []


def test_a_wrong_name_of_a_corpus_names_row_column_and_the_nearest_file(tmp_path):
    folder = tmp_path / "package/translations"
    folder.mkdir(parents=True)
    quran(tmp_path, ",".join(["['v']"] * 114)).rename(folder / "QuranSwahili.js")
    (tmp_path / "package/HafsHolyQuran.js").write_text("x")
    for cell, nearest in (("Swahili", "QuranSwahili"), ("HolyQuran", "HafsHolyQuran")):
        wrong = replace(LANGUAGES["sw"], holy_quran=cell)
        with pytest.raises(
            LinguaLiftError,
            match=f"row 'sw', column 'holy_quran': .* no '{cell}'; did you mean '{nearest}'",
        ):
            raw_lines("holy-quran", tmp_path, wrong)
    right = replace(LANGUAGES["sw"], holy_quran="QuranSwahili")
    assert list(raw_lines("holy-quran", tmp_path, right)) == ["v"] * 114


def test_quran_json_holds_translations(tmp_path):
    path = tmp_path / "quran_sv.json"
    path.write_text(
        json.dumps([{"verses": [{"text": "x", "translation": "I Guds namn"}]}, {"verses": []}])
    )
    assert read_quran_json(path) == ["I Guds namn"]
    path.write_text("[{}]")
    with pytest.raises(LinguaLiftError, match=r"quran_sv\.json, row 1: 'verses' is missing"):
        read_quran_json(path)


HELP = """<html><head><title>no</title></head><body><p dir="auto">furniture</p>
<div id="DisplayArea">
<h1 id="hd_id1">Kopf <span>der</span> Seite</h1><p id="par_id2" class="paragraph">Ein
 Absatz &amp; mehr.</p><div class="bascode"><div></div><p id="par_id3">Sub Main</p></div>
<p id="par_id4" class="code">SUM(1;2)</p><p id="par_id5">Nach dem Code.</p><p id="par_id6"> </p>
</div></body></html>"""


def test_help_pages_give_headings_and_paragraphs_but_no_program_code(tmp_path):
    page = tmp_path / "help/de/text/shared/page.html"
    page.parent.mkdir(parents=True)
    page.write_text(HELP, encoding="utf-8")
    lines = ["Kopf der Seite", "Ein Absatz & mehr.", "Nach dem Code."]
    assert list(read_help(tmp_path)) == lines
    (page.parent / "second.html").write_text(HELP, encoding="utf-8")
    assert list(raw_lines("libreoffice-help", tmp_path, LANGUAGES["de"])) == lines, (
        "a text on many pages counts once"
    )
    page.write_bytes(b"\xff")
    with pytest.raises(LinguaLiftError, match=r"page\.html, line 1: not UTF-8"):
        list(read_help(tmp_path))
    with pytest.raises(LinguaLiftError, match="holds no help page"):
        list(read_help(tmp_path / "absent"))


def catalogue(messages: dict[str, str], order: str = "<") -> bytes:
    """A message catalogue as the GNU gettext manual describes it."""
    keys = sorted(messages)
    tables, texts = [b"", b""], b""
    start = 28 + 16 * len(keys)
    for table, strings in enumerate((keys, [messages[key] for key in keys])):
        for string in map(str.encode, strings):
            tables[table] += struct.pack(f"{order}2I", len(string), start + len(texts))
            texts += string + b"\0"
    return (
        struct.pack(f"{order}7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
        + b"".join(tables)
        + texts
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_catalogues_give_translations_without_their_header(tmp_path, order):
    path = tmp_path / "sw.mo"
    path.write_bytes(
        catalogue(
            {
                "": "Content-Type: text/plain; charset=UTF-8\n",
                "a|b\x04~File": "~Faili",
                "One\0Many": "Moja\0Nyingi",
            },
            order,
        )
    )
    assert read_mo(path) == ["Moja", "Nyingi", "~Faili"]
    with open(path, "rb") as handle:  # Python's own reader agrees
        assert gettext.GNUTranslations(handle).pgettext("a|b", "~File") == "~Faili"


def test_strings_of_an_interface_lose_shortcuts_tags_and_slots_and_damage_is_named(tmp_path):
    path = tmp_path / "resource/sw.mo"
    path.parent.mkdir()
    path.write_bytes(
        catalogue(
            {
                "": "x",
                "1": "~Faili _mpya",
                "2": "Hifadhi <b>$(ARG1)</b>\n%PRODUCTNAME sasa",
                "3": "~Faili _mpya",
            }
        )
    )
    lines = [
        " ".join(line.split()) for line in raw_lines("libreoffice-l10n", tmp_path, LANGUAGES["sw"])
    ]
    assert lines == ["Faili mpya", "Hifadhi", "sasa"]
    whole = path.read_bytes()
    for damaged in (
        b"",
        b"text",
        whole[:40],
        whole[:-12],
        whole.replace(b"sasa", b"\xff\xff\xff\xff"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(LinguaLiftError, match=r"sw\.mo: damaged message catalogue") as caught:
            read_mo(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(LinguaLiftError, match="holds no message catalogue"):
        list(raw_lines("libreoffice-l10n", tmp_path / "absent", LANGUAGES["sw"]))
