"""Corpora and vocabularies: strict parsing, cleaning by script, leftover English, one scale of frequencies."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.errors import LinguaLiftError
from lingualift.text.corpora import clean_line, clean_lines, looks_english, read_corpus, read_holy_quran, read_plain, tokenize, write_corpus
from lingualift.text.scripts import is_script
from lingualift.text.vocabulary import cldr_list, count_words, merge, source_vocabulary, target_vocabulary


def quran(tmp_path: Path, chapters: str, before: str = "", after: str = "") -> Path:
    path = tmp_path / "QuranTest.js"
    path.write_text(f"{before}const QuranTest = [{chapters}]{after}\nmodule.exports = QuranTest ;", encoding="utf-8")
    return path


def test_quran_strings_survive_quotes_escapes_and_comments(tmp_path):
    first = r"""['it\'s "so", [he] said', "a \"b\" // no comment", `back 'tick' ${""" + "'" + "x" + r"""`]"""
    first = first.replace("${'x", "$x")
    path = quran(tmp_path, first + ',\n// comment ] "\n' + ",".join(["['v',]"] * 113), "/* const ' */\n")
    verses = read_holy_quran(path)
    assert verses[:3] == ['it\'s "so", [he] said', 'a "b" // no comment', "back 'tick' $x"]
    assert len(verses) == 3 + 113


def test_quran_original_is_read_from_objects(tmp_path):
    assert read_holy_quran(quran(tmp_path, ",".join(["{name: 'n', number: 1, verses: ['v']}"] * 114))) == ["v"] * 114


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1, max_size=5))
def test_any_json_strings_are_read_back(tmp_path_factory, texts):
    # JSON strings are JavaScript strings, so json.dumps is an independent writer.
    chapters = ",".join([json.dumps(texts), *["[]"] * 113])
    assert read_holy_quran(quran(tmp_path_factory.mktemp("quran"), chapters)) == texts


@pytest.mark.parametrize(
    ("chapters", "message"),
    [
        ("['a'],", "1 chapters where 114"),
        ("['a' 'b']", "line 1: ',' or ']' expected"),
        ("['a',,'b']", "not a literal value"),
        ("['a\nb']", "a line end inside"),
        ("[`${f()}`]", "expression"),
        ("[alert(1)]", "not a literal value"),
        ("[`a", "does not end"),
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
        read_plain(path)


def test_cleaning_composes_drops_invisibles_and_keeps_joiners():
    assert clean_line("e\u0301\u00ad a\u200b\tb\u0000 c", "Latn") == "é a b c"
    assert clean_line("क्\u200dष", "Deva") == "क्\u200dष"
    assert clean_line("بِسْمِ ٱللَّهِ", "Arab") == "بسم الله"


def test_lines_of_another_script_and_english_lines_are_dropped():
    german = ["Der Hund und die Katze liegen im Garten.", "Wir gehen morgen in die Stadt.", "Das ist gut."]
    english = ["Click on the button that you want to use with this file.", "This is what they have done about it."]
    assert (
        clean_lines([*german, "Он пошёл домой вчера вечером", "123 456", "", *english], language="de", script="Latn", source="x") == german
    )
    assert clean_lines(english, language="en", script="Latn", source="x") == english
    assert not any(looks_english(line) for line in german)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "empty corpus"),
        (["  ", "12 ."], "empty corpus"),
        (["Nur eine Zeile hier."], "1 usable line"),
        (["नमस्ते दुनिया", "पानी"], "2 of 2 lines are not in the script Latn"),
    ],
)
def test_unusable_corpora_are_one_line_errors_naming_the_file(lines, message):
    with pytest.raises(LinguaLiftError, match=message) as caught:
        clean_lines(lines, language="de", script="Latn", source="raw/de.txt")
    assert "raw/de.txt" in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_script_is_an_error():
    with pytest.raises(LinguaLiftError, match="Latn"):
        is_script("a", "Latin1")


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("don't", "Latn", True),
        ("x1", "Latn", False),
        ("-a", "Latn", False),
        ("पानी", "Deva", True),
        ("पानी", "Beng", False),
        ("น้ำ", "Thai", True),
        ("データ", "Jpan", True),
        ("。", "Hans", False),
        ("२", "Deva", False),
        ("", "Latn", False),
    ],
)
def test_words_are_made_of_their_script(word, script, expected):
    assert is_script(word, script) is expected


@pytest.mark.parametrize("language", ["de", "bn", "sw"])
def test_corpus_file_holds_one_sentence_a_line(tmp_path, language):
    path = tmp_path / "corpus.txt"
    lines = ["Hallo, Welt!", "  ", "Zwei  Wörter"]
    assert write_corpus(path, tokenize(lines, language)) == (2, 6)
    assert read_corpus(path) == [["Hallo", ",", "Welt", "!"], ["Zwei", "Wörter"]]
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(LinguaLiftError, match="empty corpus"):
        read_corpus(tmp_path / "empty.txt")


def test_thai_is_segmented_and_a_missing_segmenter_is_named(monkeypatch):
    pytest.importorskip("pythainlp")
    assert len(next(tokenize(["ฉันรักภาษาไทย"], "th"))) > 1
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LinguaLiftError, match="pip install pythainlp"):
        next(tokenize(["ฉัน"], "th"))


def test_merged_frequencies_are_on_one_scale():
    merged = merge({"a": 900, "b": 100, "1": 50}, {"b": 0.3, "c": 0.1, "ж": 9.0}, "Latn")
    assert merged["a"] == (pytest.approx(0.45), "corpus")
    assert merged["b"] == (pytest.approx(0.05 + 0.375), "corpus")
    assert merged["c"] == (pytest.approx(0.125), "wordlist")
    assert set(merged) == {"a", "b", "c"}
    assert merge({"a": 3}, {}, "Latn") == {"a": (1.0, "corpus")}


def test_target_vocabulary_is_sorted_and_free_of_english():
    counts = count_words([["Haus", "haus", "money", ",", "7"], ["geld"]], "Latn")
    words = {"apfel": 0.5, "the": 0.001}
    assert target_vocabulary(counts, words, "Latn", size=4)["word"].to_pylist() == ["apfel", "haus", "geld", "money"]
    table = target_vocabulary(counts, words, "Latn", english={"money": 0.9, "the": 0.1, "haus": 0.2})
    assert table["word"].to_pylist() == ["apfel", "haus", "geld"]
    assert table["frequency"].to_pylist() == sorted(table["frequency"].to_pylist(), reverse=True)
    with pytest.raises(LinguaLiftError, match="no word in script Thai"):
        target_vocabulary(counts, {}, "Thai", name="th")


def test_cldr_words_count_annotated_characters(tmp_path):
    path = tmp_path / "annotations.json"
    entries = {"😀": {"default": ["uso", "uso wa furaha"], "tts": ["uso"]}, "🐕": {"default": ["mbwa", "uso"]}}
    path.write_text(json.dumps({"annotations": {"annotations": entries}}))
    words = cldr_list(path)
    assert words["uso"] == pytest.approx(2 / 5) and words["mbwa"] == pytest.approx(1 / 5)
    path.write_text("[]")
    with pytest.raises(LinguaLiftError, match=r"annotations\.json"):
        cldr_list(path)


class Tagger:
    """A stand-in for a spaCy pipeline: `word/POS` tokens, `*` marks a named entity."""

    class Defaults:
        stop_words = frozenset({"the"})

    class Token:
        def __init__(self, text: str) -> None:
            word, _, pos = text.partition("/")
            self.ent_type_ = "PERSON" if word.startswith("*") else ""
            self.lower_ = word.strip("*").lower()
            self.pos_ = pos or "NOUN"
            self.like_num = self.pos_ == "NUM"

    def pipe(self, texts, batch_size):
        return [[self.Token(piece) for piece in text.split()] for text in texts]


def test_source_vocabulary_leaves_out_names_numbers_and_stop_words():
    texts = ["the/DET dog/NOUN runs/VERB", "*Paris dog/VERB two/NUM paris/NOUN *day day/NOUN", "*paris " * 30 + "dog/NOUN"]
    table = source_vocabulary(texts, Tagger(), {"cat": 0.5, "dog": 0.2, "the": 0.3})
    rows = {row["word"]: row for row in table.to_pylist()}
    assert set(rows) == {"dog", "runs", "cat", "day"}
    assert rows["dog"]["pos"] == "NOUN" and json.loads(rows["dog"]["pos_counts"]) == {"NOUN": 2, "VERB": 1}
    assert rows["cat"]["source"] == "wordlist" and rows["runs"]["source"] == "corpus"
    assert "the" in source_vocabulary(texts, Tagger(), keep_stop_words=True)["word"].to_pylist()
    with pytest.raises(LinguaLiftError, match="no word remains"):
        source_vocabulary(["the/DET"], Tagger())
