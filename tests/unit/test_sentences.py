"""Sentences end where each script says so, and a text of any length reaches a library in pieces
that it can take.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.codeswitch.tag import tag
from lingualift.messages import LinguaLiftError
from lingualift.text.corpora import clean_lines
from lingualift.text.segmenters import LONGEST_TEXT, blank_pipeline, tokenize
from lingualift.text.sentences import pieces, sentence_ends, split_sentences
from lingualift.text.vocabulary import build_source_vocabulary

# language, the sentences of a text; what stands between them is given
TEXTS = {
    "English": ("en", " ", ["Ann has 12.", "She buys 3.5 more!", "How many now?"]),
    "English names": ("en", " ", ["Dr. Smith and J. K. Rowling paid $3.50.", "Yes."]),
    "English quotation": ("en", " ", ['"Why?" he asked.', "“So.”", "Fine."]),
    "English ellipsis": ("en", " ", ["Well… maybe.", "Wait…", "No."]),
    "Spanish": ("es", " ", ["Ana tiene 3.", "¿Cuántas hay?", "¡Dos!"]),
    "German ordinals": ("de", " ", ["Am 3. Mai kauft sie ca. 5 Äpfel.", "Wie viele?"]),
    "German quotation": ("de", " ", ["Er sagt: „Gut.“", "Dann geht er."]),
    "French": ("fr", " ", ["« Quoi ? » dit-il.", "M. Roux rit."]),
    "Russian": ("ru", " ", ["У неё 5 руб. 20 коп. и всё.", "Сколько?"]),
    "Greek": ("el", " ", ["Έχει τρία μήλα.", "Πόσα μένουν;", "Δύο."]),
    "Armenian": ("hy", " ", ["Նա ունի 3 խնձոր։", "Քանի՞ խնձոր ունի։"]),
    "Armenian typed": ("hy", " ", ["Նա ունի 3 խնձոր:", "Քանի՞ խնձոր ունի:"]),
    "Hindi": ("hi", " ", ["मारिया के पास 3 सेब हैं।", "कितने बचे?", "दो॥"]),
    "Hindi without spaces": ("hi", "", ["तीन हैं।", "दो गए।", "कितने?"]),
    "Bengali": ("bn", " ", ["তিনটি আছে।", "কয়টি?"]),
    "Arabic": ("ar", " ", ["لديها 3 تفاحات.", "كم بقي؟", "اثنتان"]),
    "Urdu": ("ur", " ", ["تین ہیں۔", "کتنے بچے؟"]),
    "Chinese": ("zh", "", ["她有3个苹果。", "又买了2个！", "一共有多少个？"]),
    "Chinese quotation": ("zh", "", ["他说：“好。”然后走了。", "几个？"]),
    "Japanese": ("ja", "", ["「何個ですか？」と聞いた。", "3個です。"]),
    "Amharic": ("am", " ", ["ሦስት አላት።", "ስንት ቀረ፧"]),
    "Burmese": ("my", "", ["သုံးလုံး၊ နှစ်လုံး ရှိသည်။", "ဘယ်လောက်လဲ။"]),
    "Khmer": ("km", "", ["នាងមានបី។", "នៅប៉ុន្មាន?"]),
    "Korean": ("ko", " ", ["사과가 3개 있다.", "몇 개인가?"]),
    "Thai": ("th", "", ["เธอมีแอปเปิล 3 ผล ซื้ออีก 2 ผล มีกี่ผล"]),
}


@pytest.mark.parametrize(("language", "space", "expected"), TEXTS.values(), ids=TEXTS)
def test_a_text_falls_into_its_sentences(language, space, expected):
    assert split_sentences(space.join(expected), language) == expected


@given(st.text(alphabet='ab A.!?。।3 \n\u0301"”」'), st.sampled_from(["xx", "de", "el"]))
def test_sentences_lose_nothing_but_white_space(text, language):
    ends = list(sentence_ends(text, language))
    assert ends == sorted(set(ends)) and (not text or ends[-1] == len(text))
    assert "".join("".join(split_sentences(text, language)).split()) == "".join(text.split())


@given(st.text(alphabet="ab .。\u0301\u200d", max_size=80), st.integers(1, 20))
def test_pieces_are_short_and_give_the_text_again(text, longest):
    cut = pieces(text, longest)
    assert "".join(cut) == text and all(len(piece) <= longest for piece in cut)
    assert all(cut) or not text


def test_a_text_is_cut_at_a_sentence_end_else_at_a_space_else_before_a_letter():
    assert pieces("One two. Three four.", 15) == ["One two. ", "Three four."]
    assert pieces("one two three", 9) == ["one two ", "three"]
    assert pieces("aaaae\u0301aaa", 5) == ["aaaa", "e\u0301aaa"]


@pytest.mark.parametrize(
    ("tokenizer", "script", "sentence"),
    [
        ("de", "Latn", "Der Hund schläft. "),
        ("de", "Latn", "Wort" * 10),
        ("ja", "Jpan", "兄は14個のりんごを持っている。"),
        ("ja", "Jpan", "りんご"),
        ("zh", "Hans", "她有14个苹果。"),
        ("th", "Thai", "พี่ชายมีแอปเปิล"),
        ("ko", "Hang", "사과가 있다. "),
    ],
)
def test_a_line_of_any_length_is_tokenised_whole(tokenizer, script, sentence):
    for module in {"ja": "sudachipy", "zh": "jieba", "th": "pythainlp"}.get(
        tokenizer, "spacy"
    ).split():
        pytest.importorskip(module)
    line = sentence * (50_000 // len(sentence))
    lines = clean_lines([line, sentence], language="xx", script=script, source="x")
    tokens = list(tokenize(lines, tokenizer))
    assert len(tokens) > 2, "cut into several lines"
    assert "".join("".join(line) for line in tokens) == "".join((line + sentence).split())


def test_a_line_of_a_million_characters_is_tokenised():
    line = "Der Hund schläft im Garten. " * 37_500
    assert len(line) > 1_040_000
    tokens = list(tokenize([line], blank_pipeline("de")))
    assert sum(map(len, tokens)) == 6 * 37_500
    assert all(sentence[-1] == "." for sentence in tokens), "cut where sentences end"


class Tagger:
    """spaCy's English tokeniser with its limit, and a noun for every word."""

    class Defaults:
        stop_words = frozenset()

    def __init__(self) -> None:
        self.english = blank_pipeline("en")

    def pipe(self, texts, batch_size, n_process=1):
        for document in self.english.pipe(texts):
            for token in document:
                token.pos_ = "NOUN"
            yield document


def test_a_question_longer_than_spacy_takes_is_tagged_whole_with_its_places():
    text = (
        "Red dogs sleep. " * 10
        + "x" * (2 * LONGEST_TEXT)
        + " then cats"
        + " " * 1_000_001
        + "wake."
    )
    row = tag(["a"], [text], Tagger()).to_pylist()[0]
    words = [text[token["start"] : token["end"]] for token in row["tokens"]]
    assert "".join(words) == "".join(text.split()) and row["text"] == text
    assert [token["lower"] for token in row["tokens"]][-4:] == ["then", "cats", "wake", "."]
    assert row["tokens"][4]["casing"] == 1 and not row["tokens"][0]["fused"]
    whole = text[: LONGEST_TEXT - 200]
    assert tag(["a"], [whole], Tagger()) == tag(["a"], [whole], Tagger())


def test_the_tokens_of_a_question_are_spelled_as_a_lexicons_words():
    row = tag(["a"], ["The ca\u0301t\u00ads’ ＤＯＧ"], Tagger()).to_pylist()[0]
    assert [token["lower"] for token in row["tokens"]] == ["the", "cáts", "'", "dog"]


def test_a_question_of_too_many_tokens_is_one_line():
    with pytest.raises(LinguaLiftError, match=r"a query of \d+ tokens is too long") as caught:
        tag(["a"], ["a " * 70_000], Tagger())
    assert "\n" not in str(caught.value)


def test_a_text_longer_than_spacy_takes_is_counted_whole():
    table = build_source_vocabulary(["dog cat " * 130_000], Tagger())
    assert table["word"].to_pylist() == ["cat", "dog"]
    assert table["frequency"].to_pylist() == [500_000_000] * 2
