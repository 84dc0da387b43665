"""mmwp-mini's checks find every fault of their kind that is planted in a copy of the set."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from dev.mmwp_mini import hunspell
from dev.mmwp_mini.__main__ import (
    all_mistakes,
    check,
    problems,
    show_retrieval,
    show_spelling,
)
from dev.mmwp_mini.corrections import Correction, read_corrections
from dev.mmwp_mini.orthography import (
    droppable_words,
    luxembourgish_n,
    nepali_joiner,
    spelling_mistakes,
)
from dev.mmwp_mini.parallel import counts_one, mistakes
from dev.mmwp_mini.retrieval import Miss, misses
from dev.mmwp_mini.tables import COLUMNS, UNSPACED, Wording, holds, load_wording, read_rows
from dev.mmwp_mini.wording import wording_mistakes
from lingualift.benchmarks.mmwp_mini import BENCHMARK
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError

LANGUAGES = BENCHMARK.languages
ENGLISH = problems("en")
TABLE = load_languages(Path(__file__).parents[2] / "config" / "languages.tsv")
KINDS = {
    "test-107": "limit",
    "test-157": "partitive",
    "dev-089": "partitive",
    "dev-070": "one",
    "dev-094": "one",
    **dict.fromkeys(("test-098", "test-102", "dev-008", "dev-030", "dev-044", "dev-091")),
}


SETS = {language: problems(language) for language in LANGUAGES}


def found(language: str, identifier: str, question: str) -> list[str]:
    """What the wording check says of one planted problem by itself."""
    return wording_mistakes({identifier: question}, ENGLISH, language, load_wording(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_calendar_and_listed_words_stand_in_every_problem(language):
    wording = load_wording(language)
    assert wording_mistakes(SETS[language], ENGLISH, language, wording) == []
    assert spelling_mistakes(SETS[language], language) == []


def test_the_tables_have_every_language_name_calendar_word_and_listed_problem():
    words = {
        w
        for text in ENGLISH.values()
        for w in re.findall(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\bMay\b", text)
    }
    names = {name for _, name, _ in read_rows("names")}
    assert names == {"Ali", "Anna", "David", "Lina", "Maria", "Nina", "Omar", "Peter", "Rosa",
                     "Sara", "Tom"}  # fmt: skip
    for name, keys in (("names", names), ("calendar", words), ("carriers", set(KINDS))):
        rows = {row[:2] if name != "carriers" else row[1::-1] for row in read_rows(name)}
        assert rows == {(language, key) for language in LANGUAGES for key in keys}, name
    ones = {language for language, number, _ in read_rows("numbers") if number == "1"}
    assert ones == set(LANGUAGES)
    for item, _, kind, _ in read_rows("carriers"):
        assert kind == (KINDS[item] or "comparison")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_in_another_spelling_is_found_in_every_problem(language):
    planted = 0
    for name, forms in load_wording(language).names.items():
        for identifier, question in SETS[language].items():
            if name not in re.findall(r"\w+", ENGLISH[identifier]):
                continue
            changed = question
            for form in sorted(forms, key=len, reverse=True):
                other = f"{form[:-1]}々" if language in UNSPACED else form[0] * 2 + form[2:]
                changed = changed.replace(form, other)
            assert changed != question and found(language, identifier, changed), (name, changed)
            planted += 1
    assert planted >= 84


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - UNSPACED))
def test_a_second_spelling_beside_the_right_one_is_found(language):
    question = SETS[language]["test-142"]
    name = next(form for form in load_wording(language).names["Nina"] if form in question)
    changed = question[::-1].replace(name[::-1], (name[:-1] + 2 * name[-1])[::-1], 1)[::-1]
    questions = SETS[language] | {"test-142": changed}
    lines = wording_mistakes(questions, ENGLISH, language, load_wording(language))
    assert any("test-142" in line and "looks like the name Nina" in line for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_month_or_weekday_is_found_in_every_problem(language):
    calendar = load_wording(language).calendar
    for word, forms in calendar.items():
        others = [form for key, row in calendar.items() if key != word for form in row]
        for identifier, question in SETS[language].items():
            if word not in re.findall(r"\w+", ENGLISH[identifier]):
                continue
            present = [form for form in forms if holds(question, form, language)]
            changed = question
            for form in present:
                changed = re.sub(re.escape(form), "", changed, flags=re.IGNORECASE)
            assert present and any(
                f": {word} is none" in x for x in found(language, identifier, changed)
            )
            assert others


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lost_limit_part_comparison_or_one_is_found_in_every_listed_problem(language):
    for identifier, (kind, words) in load_wording(language).carriers.items():
        for word in words:
            changed = SETS[language][identifier].replace(word, " ")
            assert any(f"the {kind} '" in line for line in found(language, identifier, changed))


@pytest.mark.parametrize(
    ("source", "question", "said"),
    [
        ("It costs 5 dollars for one bag.", "Ein Sack kostet 5 Dollar.", ""),
        ("It costs 5 dollars for one bag.", "Für 1 Sack zahlt man 5 Dollar.", ""),
        ("It costs 5 dollars for one bag.", "Säcke kosten 5 Dollar.", "no word for the number 1"),
        ("One of the children has 5 bags.", "Tom hat 5 Säcke.", ""),
        ("They rest for 2 hours.", "Sie ruhen zwei Stunden.", ""),
        ("They rest for 2 hours.", "Sie ruhen Stunden.", "numbers [], in English [2]"),
        ("They rest for 3 hours.", "Sie ruhen drei Stunden.", "numbers [], in English [3]"),
        ("In May it rained 4 times.", "Im Monat 5 regnete es 4 Mal.", ""),
        ("In June it rained 4 times.", "Im Monat 5 regnete es 4 Mal.", "numbers [5, 4]"),
    ],
)
def test_words_stand_for_numbers_only_where_a_table_has_them(source, question, said):
    wording = Wording(
        numbers={1: ("ein", "eine"), 2: ("zwei",)}, calendar={"May": ("Mai", "Monat 5")}
    )
    lines = mistakes({"x": question}, {"x": source}, TABLE["de"], wording=wording)
    numeric = [line for line in lines if "number" in line]
    assert numeric == [] if not said else any(said in line for line in numeric), lines


def test_the_english_set_counts_with_one_in_two_problems():
    assert {key for key, text in ENGLISH.items() if counts_one(text)} == {"dev-070", "dev-094"}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Eng Kou an en Hond", 0),
        ("28 Säck an 16 Säck", 1),  # siechzéng
        ("28 Säck a 16 Säck", 0),
        ("28 Säck an 12 Säck", 0),  # zwielef
        ("28 Säck a 12 Säck", 1),
        ("Dëst sinn 45 Dollar", 1),  # fënnefavéierzeg
        ("Dëst sinn 40 Dollar", 1),
        ("Dëst sinn 30 Dollar", 0),
        ("Schwësteren deelen sech", 1),
        ("Schwëstere deele sech", 1),
        ("D'Gruppen. Si waren do, mee net haut", 0),
        ("eng Equipe huet", 0),
    ],
)
def test_luxembourgish_keeps_a_final_n_by_the_sound_that_follows(text, lines):
    assert len(luxembourgish_n(text, frozenset(("an", "en", "sinn")))) == lines


def test_every_final_n_of_the_luxembourgish_set_that_is_dropped_or_kept_wrongly_is_found():
    questions, planted = SETS["lb"], 0
    vocabulary = {w for text in questions.values() for w in re.findall(r"[^\W\d_]+", text.lower())}
    droppable = droppable_words(list(questions.values()))
    for identifier, text in questions.items():
        for match in re.finditer(r"\b([^\W\d_]{2,}e)(n?) (?=[^\W\d_])", text):
            word, n = match.groups()
            if not {word.lower(), f"{word.lower()}n"} <= vocabulary:
                continue  # a word of which the set has both forms takes part in the rule
            changed = f"{word}{'' if n else 'n'} "
            changed = text[: match.start()] + changed + text[match.end() :]
            spoilt = questions | {identifier: changed}
            lines = luxembourgish_n(changed, droppable_words(list(spoilt.values())))
            assert lines, changed
            planted, last = planted + 1, identifier
    assert spelling_mistakes(spoilt, "lb") == [f"{last}: {line}" for line in lines]
    assert planted > 150 and "an" in droppable and "camion" not in droppable


def test_every_lost_joiner_of_the_nepali_set_is_found():
    joined = {key: text for key, text in SETS["ne"].items() if "र्\u200d" in text}
    assert len(joined) >= 4
    for text in joined.values():
        assert nepali_joiner(text) == []
        assert nepali_joiner(text.replace("\u200d", "", 1))
    assert nepali_joiner("गृहकार्य सूर्य कार्यालय") == []


HEADER = "language\tid\tcurrent\tcorrected\tkind\n"


def corrections(tmp_path, *rows):
    path = tmp_path / "corrections.tsv"
    path.write_text(HEADER + "".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_sound_correction_passes(tmp_path):
    current = SETS["de"]["dev-001"]
    better = current.replace("hat", "besitzt")
    assert better != current
    assert check(corrections(tmp_path, ("de", "dev-001", current, better, "style"))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"language": "dee"}, "no language 'dee'; did you mean 'de'"),
        ({"id": "dev-0001"}, "no problem 'dev-0001'; did you mean"),
        ({"current": "Nina hat 11 Kerzen."}, "'current' is not de dev-001 of this version"),
        ({"corrected": ""}, "'corrected' changes nothing or is empty"),
        ({"kind": "taste"}, "kind 'taste', expected meaning, grammar, style"),
        ({"corrected": "Nina hat 11 Kerzen und kauft 16."}, "de dev-001: numbers [11, 16]"),
        ({"corrected": "Nadja hat 11 Kerzen und kauft noch 15 Kerzen. Wie viele Kerzen hat sie?"},
         "de dev-001: the name Nina is none of Nina"),
    ],
)  # fmt: skip
def test_a_correction_that_cannot_be_applied_is_reported(tmp_path, changes, said):
    current = SETS["de"]["dev-001"]
    row = {"language": "de", "id": "dev-001", "current": current}
    row |= {"corrected": current.replace("hat", "besitzt"), "kind": "style"} | changes
    lines = check(corrections(tmp_path, tuple(row.values())))
    assert any(said in line for line in lines), lines


def test_a_correction_of_the_english_is_held_against_every_translation(tmp_path):
    current = ENGLISH["dev-001"]
    wrong = current.replace("11", "12")
    assert wrong != current
    lines = check(corrections(tmp_path, ("en", "dev-001", current, wrong, "meaning")))
    others = [language for language in LANGUAGES if language != "en"]
    assert [line.partition(": numbers")[0] for line in lines] == [
        f"{language} dev-001" for language in others
    ]


@pytest.mark.parametrize("mark", "\u200b\u200e\u200f\u202e\u2060\u2066\ufeff\u00ad")
def test_an_invisible_mark_is_found_in_every_problem(mark):
    for language in ("ar", "de", "th"):
        planted = {key: text.replace(" ", mark + " ", 1) for key, text in SETS[language].items()}
        lines = mistakes(planted, ENGLISH, TABLE[language], wording=load_wording(language))
        marked = {line.partition(":")[0] for line in lines if "invisible characters: U+" in line}
        assert marked == {key for key, text in planted.items() if mark in text}
        assert len(marked) > 200


def test_a_file_that_is_no_table_of_corrections_ends_in_one_line(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("de\tdev-001\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"x.tsv, line 1: column 'language' is missing"):
        check(path)
    path.write_text(HEADER + "de\tdev-001\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"x.tsv, line 2: 2 cells, expected 5"):
        check(path)
    path.write_text(HEADER, encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"x.tsv: holds no correction below its header"):
        check(path)
    path.write_bytes(HEADER.encode("utf-16"))
    with pytest.raises(LinguaLiftError, match=r"x.tsv, line 1: not UTF-8 text"):
        check(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(LinguaLiftError, match=r"x.tsv: cannot be read \(Is a directory\)"):
        check(path)


def test_a_table_of_corrections_is_read_as_editors_write_it(tmp_path):
    """With a byte order mark, Windows' line ends, blank lines, no last line end, and characters
    that end a line elsewhere.
    """
    current = SETS["ko"]["dev-001"]
    row = "\t".join(("ko", "dev-001", current, current + "\u2028", "style"))
    path = tmp_path / "x.tsv"
    path.write_bytes(("\ufeff" + HEADER + "\n" + row).replace("\n", "\r\n").encode())
    assert read_corrections(path) == [
        Correction(3, "ko", "dev-001", current, current + "\u2028", "style")
    ]


def test_a_damaged_table_ends_in_one_line(tmp_path):
    (tmp_path / "names.tsv").write_text("language\tname\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"names.tsv, line 1: column 'forms' is missing"):
        read_rows("names", tmp_path)
    header = "\t".join(COLUMNS["numbers"]) + "\n"
    (tmp_path / "numbers.tsv").write_text(header + "de\t1\tein\nde\t1\teine\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"numbers.tsv, line 3: de 1 stands there twice"):
        read_rows("numbers", tmp_path)


def test_retrieval_reports_a_translation_that_lies_at_another_problem():
    english = np.eye(4)
    vectors = {"en": english, "de": english + 0.1, "fr": english[[1, 0, 2, 3]]}
    assert misses(vectors, ["a", "b", "c", "d"]) == [
        Miss("fr", "a", "b", 2),
        Miss("fr", "b", "a", 2),
    ]


def test_retrieval_and_spelling_refuse_what_is_not_there_in_one_line(tmp_path):
    with pytest.raises(LinguaLiftError, match="no prepared encoder"):
        show_retrieval(tmp_path, 12)
    with pytest.raises(LinguaLiftError, match="no language 'dee'; did you mean 'de'"):
        show_spelling(["dee"])


def test_hunspell_is_skipped_with_a_reason_or_finds_a_misspelt_word():
    assert hunspell.missing("lb") == "lb: Debian has no Hunspell dictionary"
    if not shutil.which("hunspell"):
        assert hunspell.missing("de") == "hunspell is not installed (apt install hunspell)"
        with pytest.raises(LinguaLiftError, match="hunspell is not installed"):
            hunspell.unknown_words({"x": "Haus"}, "de")
    if reason := hunspell.missing("de"):
        pytest.skip(reason)
    unknown = hunspell.unknown_words({"x": "Das Hauss ist groß.", "y": "Nadja"}, "de", ["Nadja"])
    assert unknown == {"Hauss": ["x"]}


def test_all_checks_together_pass_on_english():
    assert all_mistakes(ENGLISH, ENGLISH, "en") == []
