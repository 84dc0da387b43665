"""Corpora and vocabularies: cleaning by script, leftover English, words of every language, one
scale of frequencies.
"""

import importlib.util
import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lingualift.benchmarks.mmwp_mini
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import clean_line
from lingualift.text.corpora import Counts, clean_lines, read_corpus, write_corpus
from lingualift.text.english import looks_english
from lingualift.text.scripts import is_script, lower_case
from lingualift.text.segmenters import blank_pipeline, check_segmenters, tokenize
from lingualift.text.vocabulary import (
    build_source_vocabulary,
    build_target_vocabulary,
    cldr_list,
    count_words,
    merge,
    wordfreq_list,
    wordfreq_of,
)

LANGUAGES = load_languages(Path(__file__).parents[2] / "config/languages.tsv")
MINI = Path(lingualift.benchmarks.mmwp_mini.__file__).parent
PIPELINES = {name: blank_pipeline(name) for name in ("xx", "de", "hi", "ko", "vi")}


def test_cleaning_composes_drops_invisibles_and_keeps_joiners():
    assert clean_line("e\u0301\u00ad a\u200b\tb\u0000 c", "Latn") == "é a b c"
    assert clean_line("क्\u200dष", "Deva") == "क्\u200dष"
    assert clean_line("بِسْمِ ٱللَّهِ", "Arab") == "بسم الله"
    assert clean_line("Ի՞նչ է, ո՛չ։", "Armn") == "Ինչ է, ոչ։"
    assert clean_line("п’ять пʼять п'ять", "Cyrl") == "п'ять п'ять п'ять"


@pytest.mark.parametrize("code", [code for code, language in LANGUAGES.items() if language.digits])
def test_native_digits_become_ascii(code):
    language = LANGUAGES[code]
    assert (
        clean_line(f"{language.digits} 1{language.digits[4]}", language.script) == "0123456789 14"
    )


SCRIPTS = sorted({language.script for language in LANGUAGES.values()})


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.sampled_from(SCRIPTS))
def test_cleaning_is_idempotent_composed_and_free_of_foreign_digits(text, script):
    once = clean_line(text, script)
    assert clean_line(once, script) == once
    assert unicodedata.is_normalized("NFC", once) and once == " ".join(once.split())
    assert all(
        character in "0123456789" for character in once if unicodedata.category(character) == "Nd"
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5), st.sampled_from(["xx", "hi", "ko", "vi"]))
def test_tokens_are_never_empty_hold_no_space_and_lose_no_character(texts, tokenizer):
    lines = [clean_line(text, "Latn") for text in texts]
    tokens = list(tokenize(lines, PIPELINES[tokenizer]))
    assert all(
        token and token == "".join(token.split()) for sentence in tokens for token in sentence
    )
    assert ["".join(sentence) for sentence in tokens] == [
        "".join(line.split()) for line in lines if line
    ]


def test_lines_of_another_script_and_english_lines_are_dropped():
    german = [
        "Der Hund und die Katze liegen im Garten.",
        "Wir gehen morgen in die Stadt.",
        "Das ist gut.",
    ]
    english = [
        "Click on the button that you want to use with this file.",
        "This is what they have done about it.",
    ]
    counts = Counts()
    mixed = [*german, "Он пошёл домой вчера вечером", "123 456", "", *english]
    assert (
        list(clean_lines(mixed, language="de", script="Latn", source="x", counts=counts)) == german
    )
    assert (counts.lines, counts.other_script, counts.english, counts.kept) == (6, 1, 2, 3)
    assert list(clean_lines(english, language="en", script="Latn", source="x")) == english
    assert not any(looks_english(line) for line in german)


def test_english_without_function_words_is_found_by_what_the_corpus_says():
    german = [
        "Das Fenster öffnet eine neue Tabelle.",
        "Die Tabelle hat keine Zeile.",
        "Wählen Sie eine Zeile der Tabelle.",
    ] * 20
    english = [
        "The window opens with a new table that you can edit.",
        "Choose the row which you have in your table.",
    ] * 20
    short = ["Insert Table Row", "Choose Window"]
    list_of_words = {
        "insert": 1e-5,
        "table": 1e-4,
        "row": 1e-5,
        "window": 1e-4,
        "choose": 1e-4,
        "die": 1e-5,
    }
    kept = list(
        clean_lines(
            [*german, *english, *short, "Die Zeile"],
            language="de",
            script="Latn",
            source="x",
            english=list_of_words,
        )
    )
    assert kept == [*german, "Die Zeile"]
    assert not any(looks_english(line) for line in short), (
        "function words alone would not find these"
    )


def test_a_limit_stops_reading(tmp_path):
    def endless():
        while True:
            yield "ein Satz mehr"

    assert (
        list(clean_lines(endless(), language="en", script="Latn", source="x", limit=3))
        == ["ein Satz mehr"] * 3
    )
    assert list(clean_lines(["eins"] * 9, language="de", script="Latn", source="x", limit=1)) == [
        "eins"
    ]


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
        list(clean_lines(lines, language="de", script="Latn", source="raw/de.txt"))
    assert "raw/de.txt" in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_script_is_an_error():
    with pytest.raises(LinguaLiftError, match="Latn"):
        is_script("a", "Latin1")


@pytest.mark.parametrize(
    ("word", "script", "expected"),
    [
        ("don't", "Latn", True),
        ("col·laborar", "Latn", True),
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


@pytest.mark.parametrize("language", ["de", "xx"])
def test_corpus_file_holds_one_sentence_a_line(tmp_path, language):
    path = tmp_path / "corpus.txt"
    lines = ["Hallo, Welt!", "  ", "Zwei  Wörter"]
    assert write_corpus(path, tokenize(lines, PIPELINES[language])) == (2, 6)
    assert list(read_corpus(path)) == [["Hallo", ",", "Welt", "!"], ["Zwei", "Wörter"]]
    (tmp_path / "empty.txt").write_text("\n")
    with pytest.raises(LinguaLiftError, match="empty corpus"):
        list(read_corpus(tmp_path / "empty.txt"))


def test_a_bad_corpus_leaves_nothing_half_written(tmp_path):
    lines = clean_lines(
        ["ein Satz", *["Он пошёл домой"] * 5], language="de", script="Latn", source="raw/de.txt"
    )
    with pytest.raises(LinguaLiftError, match="5 of 6 lines are not in the script Latn"):
        write_corpus(tmp_path / "de.txt", (line.split() for line in lines))
    assert list(tmp_path.iterdir()) == []


def words_of_problems(code: str, count: int = 5) -> list[str]:
    """The tokens with letters in a few real problems of a language."""
    language = LANGUAGES[code]
    rows = (MINI / f"{code}.tsv").read_text(encoding="utf-8").splitlines()[1 : count + 1]
    lines = [clean_line(row.split("\t")[1], language.script) for row in rows]
    tokens = [token for sentence in tokenize(lines, language.spacy or "xx") for token in sentence]
    return [token for token in tokens if any(character.isalpha() for character in token)]


# One language a script or way of writing: no other language of the 48 is tokenised by other rules.
@pytest.mark.parametrize(
    "code",
    [
        "ar",
        "be",
        "bn",
        "ca",
        "gu",
        "hi",
        "hy",
        "kn",
        "ko",
        "ml",
        "ne",
        "sr",
        "sw",
        "ta",
        "te",
        "uk",
        "vi",
    ],
)
def test_what_is_left_of_real_text_is_words_of_the_script(code):
    words = words_of_problems(code)
    strange = [word for word in words if not is_script(word, LANGUAGES[code].script)]
    assert len(words) > 40 and len(strange) <= 0.03 * len(words), strange


@pytest.mark.parametrize(
    ("code", "module", "text", "expected"),
    [
        ("th", "pythainlp", "พี่ชายมีแอปเปิล14ผล", ["พี่ชาย", "มี", "แอปเปิล", "14", "ผล"]),
        (
            "ja",
            "sudachipy",
            "兄はりんごを14個持っている。",
            ["兄", "は", "りんご", "を", "14", "個", "持っ", "て", "いる", "。"],
        ),
        ("zh", "jieba", "她哥哥有14个苹果。", ["她", "哥哥", "有", "14", "个", "苹果", "。"]),
    ],
)
def test_scripts_without_spaces_are_segmented(code, module, text, expected):
    pytest.importorskip(module)
    assert next(tokenize([clean_line(text, LANGUAGES[code].script)], code)) == expected


def test_every_language_has_a_tokeniser_and_those_without_a_class_are_known():
    for language in LANGUAGES.values():
        assert language.spacy is None or importlib.util.find_spec(f"spacy.lang.{language.spacy}")
    without = {code for code, language in LANGUAGES.items() if not language.spacy}
    assert {"be", "ha", "sw"} == {code for code in without if LANGUAGES[code].level}
    assert not any(importlib.util.find_spec(f"spacy.lang.{code}") for code in without)


@pytest.mark.parametrize(
    ("code", "package"),
    [("th", "pythainlp"), ("ja", "sudachipy and sudachidict_core"), ("zh", "jieba")],
)
def test_a_missing_segmenter_is_named_before_any_work(monkeypatch, code, package):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    check_segmenters(["en", "xx", "ko", "vi"])
    for check in (lambda: check_segmenters(["en", code]), lambda: next(tokenize(["ฉัน"], code))):
        with pytest.raises(
            LinguaLiftError, match=f"'{code}' needs the Python package {package}: pip install"
        ) as caught:
            check()
        assert "\n" not in str(caught.value)


def test_turkish_and_greek_are_lower_cased_as_they_are_written():
    assert (
        lower_case("IŞIK İZMİR", "tr") == "ışık izmir"
        and lower_case("IT", "de") == "it"
        and lower_case("ΛΌΓΟΣ", "el") == "λόγος"
    )
    assert count_words([["IŞIK", "Işık"]], "Latn", "tr") == {"ışık": 2}


def test_chinese_japanese_and_korean_lists_need_no_segmenter():
    for code, word in (("zh", "苹果"), ("ja", "猫"), ("ko", "사람")):
        found = wordfreq_list(code, 20_000)
        assert (
            found[word] > 0
            and len(found) == 20_000
            and list(found.values()) == sorted(found.values(), reverse=True)
        )


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("hr", r"row 'hr', column 'wordfreq': wordfreq holds no 'shx'; did you mean 'sh'\?"),
        ("de", r"row 'de', column 'wordfreq': wordfreq holds no 'shx'"),
    ],
)
def test_a_wrong_name_of_a_word_list_names_row_column_and_the_nearest_list(language, message):
    with pytest.raises(LinguaLiftError, match=message):
        wordfreq_of(replace(LANGUAGES[language], wordfreq="shx"), 10)
    assert len(wordfreq_of(LANGUAGES["hr"], 10)) == 10


def test_a_wrong_class_of_spacy_names_the_column_and_the_nearest_class():
    with pytest.raises(
        LinguaLiftError, match=r"column 'spacy': spaCy has no class 'hix'; did you mean 'hi'"
    ):
        blank_pipeline("hix")


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
    assert build_target_vocabulary(counts, words, "Latn", size=4)["word"].to_pylist() == [
        "apfel",
        "haus",
        "geld",
        "money",
    ]
    table = build_target_vocabulary(
        counts, words, "Latn", english={"money": 0.9, "the": 0.1, "haus": 0.2}
    )
    assert table["word"].to_pylist() == ["apfel", "haus", "geld"]
    assert table["frequency"].to_pylist() == sorted(table["frequency"].to_pylist(), reverse=True)
    with pytest.raises(LinguaLiftError, match="no word in script Thai"):
        build_target_vocabulary(counts, {}, "Thai", name="th")


def test_cldr_words_count_annotated_characters(tmp_path):
    path = tmp_path / "annotations.json"
    entries = {
        "😀": {"default": ["uso", "uso wa furaha"], "tts": ["uso"]},
        "🐕": {"default": ["mbwa", "uso"]},
    }
    path.write_text(json.dumps({"annotations": {"annotations": entries}}))
    words = cldr_list(path, "Latn")
    assert words["uso"] == pytest.approx(2 / 5) and words["mbwa"] == pytest.approx(1 / 5)
    assert list(words) == ["furaha", "uso", "wa", "mbwa"], (
        "in no order of hashes: frequencies add up"
    )
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert cldr_list(path, "Latn") == words
    for damage in (b"[]", b"{", b"\xff", b"[" * 100_000, b'{"annotations": 1}'):
        path.write_bytes(damage)
        with pytest.raises(LinguaLiftError, match=r"annotations\.json") as caught:
            cldr_list(path, "Latn")
        assert "\n" not in str(caught.value)


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
    texts = [
        "the/DET dog/NOUN runs/VERB",
        "*Paris dog/VERB two/NUM paris/NOUN *day day/NOUN",
        "*paris " * 30 + "dog/NOUN",
    ]
    table = build_source_vocabulary(texts, Tagger(), {"cat": 0.5, "dog": 0.2, "the": 0.3})
    rows = {row["word"]: row for row in table.to_pylist()}
    assert set(rows) == {"dog", "runs", "cat", "day"}
    assert rows["dog"]["pos"] == "NOUN" and json.loads(rows["dog"]["pos_counts"]) == {
        "NOUN": 2,
        "VERB": 1,
    }
    assert rows["cat"]["source"] == "wordlist" and rows["runs"]["source"] == "corpus"
    assert (
        "the" in build_source_vocabulary(texts, Tagger(), keep_stop_words=True)["word"].to_pylist()
    )
    with pytest.raises(LinguaLiftError, match="no word remains"):
        build_source_vocabulary(["the/DET"], Tagger())
