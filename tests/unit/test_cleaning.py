"""One word has one spelling, whichever door it comes in by; what is a word stays one."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lingualift.benchmarks.mmwp_mini
from lingualift.languages import load_languages
from lingualift.lexicon.gold import cleaned
from lingualift.text.cleaning import clean_frequencies, clean_line, clean_word
from lingualift.text.scripts import is_script, lower_case
from lingualift.text.spellings import REORDERED, SEQUENCES
from lingualift.text.vocabulary import build_target_vocabulary

LANGUAGES = load_languages(Path(__file__).parents[2] / "config/languages.tsv")
MINI = Path(lingualift.benchmarks.mmwp_mini.__file__).parent

# script, language, spellings of one word; the first is what comes out
SPELLINGS = {
    "Malayalam chillus": ("Mlym", "ml", ["അവൻ", "അവന്\u200d"]),
    "Malayalam chillu k": ("Mlym", "ml", ["ൿ", "ക്\u200d"]),
    "Malayalam nta": ("Mlym", "ml", ["എന്റെ", "എന്\u200dറെ", "എൻ്റെ", "എൻറെ"]),
    "Malayalam au": ("Mlym", "ml", ["മൗനം", "മൌനം", "മ\u0d46\u0d57നം"]),
    "Malayalam vowel letter": ("Mlym", "ml", ["ഈ", "ഇ\u0d57"]),
    "Bengali khanda ta": ("Beng", "bn", ["হঠাৎ", "হঠাত্\u200d"]),
    "Bengali ya-phalaa": ("Beng", "bn", ["র\u200d্যাব", "র\u200c্যাব"]),
    "Bengali nukta": ("Beng", "bn", ["বড\u09bc", "বড়"]),
    "Bengali o": ("Beng", "bn", ["কোন", "ক\u09c7\u09beন"]),
    "Hindi nukta": ("Deva", "hi", ["ज\u093cरा", "ज़रा"]),
    "Hindi nukta after its vowel": ("Deva", "hi", ["ज\u093cा", "जा\u093c"]),
    "Hindi vowel letter": ("Deva", "hi", ["आज", "अ\u093eज"]),
    "Hindi final joiner": ("Deva", "hi", ["सत्", "सत्\u200c", "सत्\u200d"]),
    "Marathi eyelash ra": ("Deva", "mr", ["दुसऱ्या", "दुसर्\u200dया"]),
    "Nepali eyelash ra": ("Deva", "ne", ["गर्\u200dयो", "गऱ्यो"]),
    "Tamil o": ("Taml", "ta", ["கொ", "க\u0bc6\u0bbe"]),
    "Kannada vowel": ("Knda", "kn", ["ಕೋ", "ಕ\u0cc6\u0cc2\u0cd5"]),
    "Kannada letter": ("Knda", "kn", ["ಊಟ", "ಉ\u0cbeಟ"]),
    "Sinhala o": ("Sinh", "si", ["කො", "ක\u0dd9\u0dcf"]),
    "Gujarati letter": ("Gujr", "gu", ["આજ", "અ\u0abeજ"]),
    "Telugu letter": ("Telu", "te", ["ఓ", "ఒ\u0c55"]),
    "Thai sara am": ("Thai", "th", ["น้ำ", "นํ้า", "น้ํา", "นำ้"]),
    "Thai sara ae": ("Thai", "th", ["แม่", "เเม่"]),
    "Thai tone before its vowel": ("Thai", "th", ["ที่", "ท่ี"]),
    "Lao sara am": ("Laoo", "lo", ["ນ້ຳ", "ນໍ້າ"]),
    "Khmer vowel in parts": ("Khmr", "km", ["កើ", "ក\u17c1\u17b8"]),
    "Burmese nya": ("Mymr", "my", ["ဉ်", "ဥ်"]),
    "Chinese radicals": ("Hans", "zh", ["水", "⽔"]),
    "prime": ("Latn", "sw", ["ng'ombe", "ngʹombe", "ng′ombe", "ng`ombe"]),
    "Arabic vowel marks": ("Arab", "ar", ["كتاب", "كِتَابٌ", "ك\u0640تاب", "ﻛﺘﺎﺏ"]),
    "Arabic yeh and kaf": ("Arab", "ar", ["كبير", "کبیر"]),
    "Urdu yeh, kaf, heh": ("Arab", "ur", ["کیہ", "كيه", "کىہ"]),
    "Urdu in Nastaliq": ("Aran", "ur", ["کتاب", "كِتاب"]),
    "Persian non-joiner": ("Arab", "fa", ["می\u200cخواهم", "مي\u200cخواهم\u200c"]),
    "Hebrew points": ("Hebr", "he", ["שלום", "שָׁלוֹם"]),
    "Russian stress": ("Cyrl", "ru", ["замок", "за\u0301мок"]),
    "Ukrainian apostrophe": (
        "Cyrl",
        "uk",
        ["п'ять", "п’ять", "пʼять", "п‘ять", "п`ять", "п´ять", "пʹять"],
    ),
    "Macedonian letters": ("Cyrl", "mk", ["ѓ", "г\u0301"]),
    "Greek symbols": ("Grek", "el", ["μ", "µ"]),
    "Armenian ew": ("Armn", "hy", ["արև", "ԱՐԵՒ", "արեւ"]),
    "Armenian question": ("Armn", "hy", ["ինչ", "ի՞նչ"]),
    "Turkish capitals": ("Latn", "tr", ["istanbul", "İSTANBUL", "i\u0307stanbul"]),
    "Azeri capitals": ("Latn", "az", ["qızıl", "QIZIL"]),
    "Croatian digraphs": ("Latn", "hr", ["džep", "ǆep", "Ǆep", "DŽEP"]),
    "Croatian d": ("Latn", "hr", ["đak", "ðak", "Ðak"]),
    "Vietnamese d": ("Latn", "vi", ["đất", "Ðất", "đ\u00e2\u0301t"]),
    "Vietnamese tones": ("Latn", "vi", ["một", "mo\u0302\u0323t", "mo\u0323\u0302t"]),
    "Romanian comma": ("Latn", "ro", ["și", "şi", "s\u0326i", "s\u0327i"]),
    "Hausa y": ("Latn", "ha", ["ƴaƴa", "'ya'ya", "ʼyaʼya", "’ya’ya", "‘ya‘ya"]),
    "Hausa k": ("Latn", "ha", ["ƙasa", "k'asa", "k’asa"]),
    "Catalan dot": ("Latn", "ca", ["col·legi", "coŀlegi", "col•legi"]),
    "Dutch ij": ("Latn", "nl", ["ijs", "ĳs", "Ĳs"]),
    "French apostrophe": ("Latn", "fr", ["l'eau", "l’eau", "lʼeau", "l´eau", "l＇eau"]),
    "soft hyphen": ("Latn", "de", ["auflage", "Auf\u00adlage", "Auf\u200clage", "Auf\u200blage"]),
    "hyphens": ("Latn", "de", ["e-mail", "E‐Mail", "E\u2011Mail"]),
    "byte-order mark": ("Latn", "de", ["hund", "\ufeffHund"]),
    "full-width letters": ("Latn", "en", ["abc", "ＡＢＣ", "ａｂｃ"]),
    "ligatures": ("Latn", "en", ["office", "oﬃce", "of\ufb01ce"]),
    "half-width kana": ("Jpan", "ja", ["データ", "ﾃﾞｰﾀ", "テ\u3099ータ"]),
    "variation selector": ("Hans", "zh", ["葛", "葛\U000e0100", "葛\ufe00"]),
    "Korean jamo": ("Hang", "ko", ["한", "\u1112\u1161\u11ab"]),
}


@pytest.mark.parametrize(("script", "language", "spellings"), SPELLINGS.values(), ids=SPELLINGS)
def test_spellings_of_one_word_meet(script, language, spellings):
    assert {clean_word(spelling, script, language) for spelling in spellings} == {spellings[0]}


@pytest.mark.parametrize(("script", "language", "spellings"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_dictionary_and_a_word_list_are_cleaned_as_a_corpus_is(script, language, spellings):
    if language not in LANGUAGES or not all(is_script(word, script) for word in spellings[:1]):
        pytest.skip("no word of a language of the table")
    line = lower_case(clean_line(f"x {spellings[-1]} x", script, language), language).split()[1]
    dictionary = cleaned([("\ufeffWORD", spelling) for spelling in spellings], LANGUAGES[language])
    table = build_target_vocabulary({}, dict.fromkeys(spellings, 1.0), script, language=language)
    assert dictionary == {"word": {line}}
    assert table["word"].to_pylist() == [line]


@pytest.mark.parametrize("script", ["Khmr", "Thai", "Laoo", "Mymr", "Hans", "Jpan"])
def test_a_zero_width_space_ends_a_word_where_words_have_no_spaces(script):
    letter = {"Khmr": "ក", "Thai": "ก", "Laoo": "ກ", "Mymr": "က", "Hans": "中", "Jpan": "中"}[
        script
    ]
    assert clean_line(f"{letter}\u200b{letter}", script) == f"{letter} {letter}"


@pytest.mark.parametrize(
    ("script", "text"),
    [("Hang", "가\u3164나"), ("Hang", "가\uffa0나"), ("Ethi", "ሰላም፡ዓለም"), ("Latn", "a\u2800b")],
)
def test_separators_that_look_like_letters_or_nothing_end_a_word(script, text):
    assert len(clean_line(text, script).split()) == 2


# script, language, words that differ and must go on differing
DIFFERENT = [
    ("Latn", "tr", "ışık", "işik"),
    ("Latn", "tr", "aşı", "ası"),  # the cedilla is Turkish
    ("Latn", "is", "ð", "đ"),
    ("Latn", "fr", "pêche", "péché"),
    ("Cyrl", "ru", "мой", "мои"),
    ("Cyrl", "uk", "її", "іі"),
    ("Cyrl", "mk", "ќе", "ке"),
    ("Deva", "hi", "सजा", "सज़ा"),
    ("Arab", "ar", "علي", "على"),
    ("Arab", "fa", "می\u200cروم", "میروم"),
    ("Beng", "bn", "র\u200d্য", "র্য"),
    ("Sinh", "si", "ක්\u200dර", "ක්ර"),
    ("Jpan", "ja", "は", "ば"),
    ("Thai", "th", "เกา", "แกา"),
]


@pytest.mark.parametrize(("script", "language", "one", "other"), DIFFERENT)
def test_different_words_stay_apart(script, language, one, other):
    assert clean_word(one, script, language) != clean_word(other, script, language)


LETTERS = sorted(
    {
        letter
        for written in SEQUENCES.values()
        for pair in written.items()
        for letter in "".join(pair)
    }
    | set(
        "\u0e48\u0e31\u0e33\u0e4d\u0e32\u0ec8\u0eb1\u0eb3\u0ecd\u0eb2\u093c\u093e\u094d\u09bc\u09be"
    )
    | set("abİı\u0307\u0301'‘ʼ\u200c\u200d\u200b０ﾃﾞ")
)


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from(LETTERS), max_size=12),
    st.sampled_from(sorted(language.code for language in LANGUAGES.values())),
    st.sampled_from(sorted({*SEQUENCES, *REORDERED, "Arab", "Latn", "Cyrl", "Jpan"})),
)
def test_cleaning_ends_and_cleaning_again_changes_nothing(text, code, script):
    for one, language in ((script, "xx"), (LANGUAGES[code].script, code)):
        once = clean_line(text, one, language)
        assert clean_line(once, one, language) == once
        assert unicodedata.is_normalized("NFC", once) and once == " ".join(once.split())


@pytest.mark.parametrize(
    "code", sorted({path.stem for path in MINI.glob("*.tsv")} & set(LANGUAGES))
)
def test_real_text_is_spelled_as_it_was_but_for_marks(code):
    language = LANGUAGES[code]
    text = (MINI / f"{code}.tsv").read_text(encoding="utf-8").splitlines()[1:40]
    words = {word for line in text for word in line.split("\t")[1].split()}
    cleaned_words = {word: clean_line(word, language.script, code) for word in words}
    changed = [
        word
        for word, clean in cleaned_words.items()
        if clean != word and not set(word) & set("’ʼ՞՛՜\u064b\u064d\u0651'\u00a0\u200c\u200d")
        and not any(letter.isdecimal() and letter > "9" for letter in word)
    ]  # fmt: skip
    assert len(changed) <= 0.02 * len(words), changed


def test_frequencies_of_one_words_spellings_are_added():
    words = {"şi": 0.25, "și": 0.5, "SI": 0.125}
    assert clean_frequencies(words, "Latn", "ro") == {"și": 0.75, "si": 0.125}
