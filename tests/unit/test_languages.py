"""The language table says one thing a cell; a mistake in it is one line that names the row."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.languages import COLUMNS, LEVELS, find_language, load_languages
from lingualift.messages import LinguaLiftError

TABLE = Path(__file__).parents[2] / "config" / "languages.tsv"
ROW = dict.fromkeys(COLUMNS, "") | {
    "code": "hi",
    "name": "Hindi",
    "native": "हिन्दी",
    "iso639_3": "hin",
    "script": "Deva",
    "family": "Indo",
    "zero": "U+0966",
}

LOW = "af ar be bn eu gu ha hi hy is kn lb mk ml mr ne sk sw ta te th"
MEDIUM = "bg ca cs da fi hr hu id ko nb pl pt ro sl sr uk vi"
HIGH = "de en es fr it ja nl ru sv zh"


def write(folder: Path, *rows: dict[str, str], header: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "languages.tsv"
    path.write_text(
        "\n".join(
            ["\t".join(header), *("\t".join(row[column] for column in header) for row in rows)]
        )
        + "\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def languages():
    return load_languages(TABLE)


def test_the_table_holds_the_papers_48_languages_in_three_levels(languages):
    for level, codes in zip(LEVELS, (LOW, MEDIUM, HIGH), strict=True):
        assert {language.code for language in languages.values() if language.level == level} == set(
            codes.split()
        )
    others = "tr ur el am ee ig rw ln lg om sn st tw vai wo xh yo zu ms my"  # of newer benchmarks
    assert {language.code for language in languages.values() if language.level is None} == set(
        others.split()
    )


def test_the_papers_groups_are_known_for_low_resource_languages_alone(languages):
    for language in languages.values():
        assert (
            (language.paper_family is None)
            == (language.paper_script is None)
            == (language.level != "low")
        )


def test_native_digits_read_as_the_numbers_zero_to_nine(languages):
    with_digits = [language for language in languages.values() if language.digits]
    assert (
        " ".join(sorted(language.code for language in with_digits))
        == "ar bn gu hi kn ml mr my ne ta te th ur"
    )
    for language in with_digits:
        assert [int(digit) for digit in language.digits] == list(range(10))


def test_names_and_foreign_codes_are_never_shared(languages):
    for column in (
        "name",
        "native",
        "iso639_3",
        "nllb",
        "tatoeba",
        "cldr",
        "common_words",
        "holy_quran",
        "gsm_symbolic",
        "fasttext_wiki",
    ):
        held = [
            getattr(language, column)
            for language in languages.values()
            if getattr(language, column)
        ]
        assert len(set(held)) == len(held), column


def test_codes_that_differ_from_this_projects_are_recorded(languages):
    assert (languages["nb"].common_words, languages["nb"].spacy, languages["nb"].cldr) == (
        "no",
        "nb",
        "no",
    )
    assert (languages["zh"].tatoeba, languages["sw"].tatoeba) == ("cmn", "swh")
    assert languages["it"].holy_quran is None  # the package's Italian file holds two English lines
    assert languages["hr"].wordfreq == "sh"


MEANT = {
    "sw": "swa swh SW Swahili swahili Kiswahili swh_Latn Swahilli",
    "nb": "no nor nob Norwegian norwegian Norsk",
    "zh": "zh-cn zh_CN zh-Hans zh_TW cn cmn zho chi Chinese 中文",
    "pt": "pt-br pt_BR por Portuguese",
    "de": "deu ger German Deutsch DE",
    "hi": "hin Hindi हिन्दी Hindii",
    "bn": "ben Bengali Bangla",
    "cs": "cz ces cze Czech",
    "ko": "kr kor",
    "ja": "jp jpn",
    "uk": "ua ukr uk-UA",
    "el": "gr ell gre",
    "sv": "se swe",
    "da": "dk dan",
    "id": "in ind",
    "ro": "mo ron rum",
    "eu": "eus baq",
    "ar": "ara arb",
    "en": "EN eng en-GB",
}
"""By names and standards; `ro` looks most like `no`, and `hr`, `ur` and `tr` like `kr`."""


@pytest.mark.parametrize(
    ("code", "meant"), [(code, meant) for meant, codes in MEANT.items() for code in codes.split()]
)
def test_another_name_or_code_of_a_language_leads_to_its_own(languages, code, meant):
    with pytest.raises(LinguaLiftError) as refused:
        find_language(languages, code, "languages.evaluation")
    line = str(refused.value)
    assert line.startswith(
        f"languages.evaluation: unknown language '{code}'; did you mean '{meant}'?"
    )


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("sh", "did you mean 'hr' or 'sr'?"),
        ("iw", "the code of this language is 'he', which languages.tsv has not"),
        ("fil", "it holds af, am, ar, "),
        ("xq", "it holds af, am, ar, "),
        ("", "it holds af, am, ar, "),
        (" ", "it holds af, am, ar, "),
        ("lao", "it holds af, am, ar, "),
        ("khmer", "it holds af, am, ar, "),
        ("hindee", "it holds af, am, ar, "),  # nearer to Chinese than to Hindi by its letters
    ],
)
def test_a_language_that_the_table_lacks_is_not_guessed_from_letters(languages, code, hint):
    with pytest.raises(LinguaLiftError, match=r"add a row to languages\.tsv") as refused:
        find_language(languages, code)
    assert hint in str(refused.value)


def test_every_other_code_in_the_table_leads_to_its_row(languages):
    """Two- and three-letter codes by which other data sets know a language, where they are not the
    code of another one.
    """
    for language in languages.values():
        for spelling in (language.iso639_3, language.name, language.native, language.nllb):
            if spelling is None or spelling in languages:
                continue
            with pytest.raises(LinguaLiftError, match=f"did you mean '{language.code}'"):
                find_language(languages, spelling)


def test_a_code_that_is_looked_up_without_a_check_is_refused_in_one_line_too(languages):
    """As Snakemake does for the target results/corpora/kr.txt."""
    assert languages["ko"].name == "Korean"
    with pytest.raises(LinguaLiftError, match="unknown language 'kr'; did you mean 'ko'"):
        languages["kr"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"code": "Hi"}, "line 2: code 'Hi' is not two or three letters"),
        ({"code": "../x"}, "line 2: code"),
        ({"name": ""}, "line 2: name must not be empty"),
        ({"script": "deva"}, "line 2: script 'deva' is not an ISO 15924 code"),
        (
            {"level": "lowish"},
            "line 2: level 'lowish' is not one of low, medium, high; did you mean 'low'",
        ),
        ({"zero": "U+0967"}, "line 2: zero U\\+0967 is not followed"),
        ({"zero": "966"}, "line 2: zero '966' is not a code point"),
        ({"zero": "U+10FFFF"}, "line 2: zero"),
        ({"spacy": "../../etc"}, "line 2: spacy .* is not a plain code"),
        ({"nllb": "hindi"}, "line 2: nllb"),
        ({"native": " हिन्दी"}, "line 2: native .* outer blanks"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(tmp_path, change, message):
    with pytest.raises(LinguaLiftError, match=message):
        load_languages(write(tmp_path, ROW | change))


def test_a_language_with_two_rows_is_refused(tmp_path):
    with pytest.raises(LinguaLiftError, match=r"line 3: language 'hi' has a row already"):
        load_languages(write(tmp_path, ROW, ROW))


def test_a_misspelt_or_missing_column_is_named(tmp_path):
    with pytest.raises(LinguaLiftError, match=r"column 'family' is missing"):
        load_languages(
            write(tmp_path, ROW, header=tuple(column for column in COLUMNS if column != "family"))
        )
    with pytest.raises(LinguaLiftError, match=r"unknown column 'scripts'; did you mean 'script'"):
        load_languages(write(tmp_path, ROW | {"scripts": ""}, header=(*COLUMNS, "scripts")))


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_read_past(tmp_path, ends):
    path = write(tmp_path, ROW)
    expected = load_languages(path)
    content = path.read_text(encoding="utf-8").rstrip("\n").replace("\n", ends)
    path.write_text("\ufeff" + content, encoding="utf-8", newline="")
    assert load_languages(path) == expected


def test_a_short_row_and_an_unreadable_file_are_one_line(tmp_path):
    path = write(tmp_path, ROW)
    path.write_text(path.read_text(encoding="utf-8") + "xx\tTwo cells\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=f"line 3: 2 cells, expected {len(COLUMNS)}"):
        load_languages(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LinguaLiftError, match=r"line 1: not UTF-8 text"):
        load_languages(path)
    path.write_text("\t".join(COLUMNS) + "\n")
    with pytest.raises(LinguaLiftError, match=r"holds no language"):
        load_languages(path)


@given(
    cell=st.text(
        alphabet=st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), max_size=40
    ),
    column=st.sampled_from(COLUMNS),
)
def test_any_cell_is_read_or_refused_in_one_line_and_codes_stay_plain(
    tmp_path_factory, cell, column
):
    folder = tmp_path_factory.mktemp("table")
    try:
        loaded = load_languages(write(folder, ROW | {column: cell}))
    except LinguaLiftError as error:
        assert "\n" not in str(error)
        return
    (language,) = loaded.values()
    plain = set(string.ascii_letters + string.digits + "_-")
    codes = (language.code, language.spacy, language.holy_quran, language.tatoeba, language.nllb)
    assert all(set(code) <= plain for code in codes if code)
