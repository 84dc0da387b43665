"""Translation into English: only sentences are translated, every sentence keeps its place, and a
mode runs without a shell.
"""

import stat
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lingualift.benchmarks.base import Problem
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.tasks.forms import multiple_choice_question, nli_question
from lingualift.translate import apertium, nllb
from lingualift.translate.engine import TRANSLATION_SCHEMA, in_english, parts, translate_questions

LANGUAGES = load_languages(Path(__file__).parents[2] / "config" / "languages.tsv")
TEXT = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


def root_with(folder: Path, programs: dict[str, str], mode: str, pair: str = "spa-eng") -> Path:
    """Unpacked packages with programs written in Python for this test."""
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "usr/lib").mkdir()
    (folder / "usr/share/apertium/modes").mkdir(parents=True)
    for name, body in programs.items():
        path = folder / "usr/bin" / name
        path.write_text("#!/usr/bin/env -S /bin/sh\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (folder / f"usr/share/apertium/modes/{pair}.mode").write_text(mode)
    return folder


def test_the_words_of_a_form_are_kept_and_what_fills_it_is_translated(monkeypatch, tmp_path):
    monkeypatch.setattr(
        apertium, "translate", lambda texts, folder, _: [f"<{text}>" for text in texts]
    )
    questions = [
        nli_question("Un hombre duerme.", "Descansa."),
        multiple_choice_question("¿Dónde?", ["aquí", "allí"]),
        "Tiene 3.\n¿Cuántas?",
        "Descansa.",
    ]
    assert translate_questions(questions, LANGUAGES["es"], "apt", tmp_path, 8) == [
        nli_question("<Un hombre duerme.>", "<Descansa.>"),
        multiple_choice_question("<¿Dónde?>", ["<aquí>", "<allí>"]),
        "<Tiene 3.>\n<¿Cuántas?>",
        "<Descansa.>",
    ]


@pytest.mark.parametrize(
    ("code", "question", "segments", "english"),
    [
        ("es", "Ana tiene 3. Compra 2.\n¿Cuántas?", ["Ana tiene 3.", "Compra 2.", "¿Cuántas?"],
         "<Ana tiene 3.> <Compra 2.>\n<¿Cuántas?>"),
        ("hi", "तीन हैं। दो गए। कितने?", ["कितने?", "तीन हैं।", "दो गए।"],
         "<तीन हैं।> <दो गए।> <कितने?>"),
        ("zh", "她有3个。又买2个。几个？", ["又买2个。", "她有3个。", "几个？"],
         "<她有3个。> <又买2个。> <几个？>"),
        ("th", "มี 3 ผล ซื้อ 2 ผล", ["มี 3 ผล ซื้อ 2 ผล"], "<มี 3 ผล ซื้อ 2 ผล>"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["apt", "hub"])
def test_a_problem_goes_to_an_engine_sentence_by_sentence(
    monkeypatch, tmp_path, engine, code, question, segments, english
):
    seen = []

    def mark(texts, *_):
        seen.extend(texts)
        return [f"<{text}>" for text in texts]

    monkeypatch.setattr(apertium, "translate", mark)
    monkeypatch.setattr(nllb, "translate", mark)
    assert translate_questions([question], LANGUAGES[code], engine, tmp_path, 8) == [english]
    assert sorted(seen) == sorted(segments)


def test_what_holds_no_letter_or_digit_is_not_translated(monkeypatch, tmp_path):
    monkeypatch.setattr(apertium, "translate", lambda texts, folder, _: ["" for _ in texts])
    assert translate_questions(["...", "!"], LANGUAGES["es"], "apt", tmp_path, 8) == ["...", "!"]


@given(TEXT, TEXT)
def test_a_form_is_split_where_it_was_filled(one, other):
    assert parts(nli_question(one, other))[::2] == ["", one, other, ""]
    assert "".join(parts(multiple_choice_question(one, [other, one]))) == multiple_choice_question(
        one, [other, one]
    )


def test_an_engine_that_loses_a_sentence_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(apertium, "translate", lambda texts, folder, _: list(texts)[:-1])
    with pytest.raises(LinguaLiftError, match="translation: 1 translations for 2 sentences of es"):
        translate_questions(["uno", "dos"], LANGUAGES["es"], "apt", tmp_path, 8)
    monkeypatch.setattr(apertium, "translate", lambda texts, folder, _: [" " for _ in texts])
    with pytest.raises(LinguaLiftError, match=r"nothing came back for 'uno' \(es\)"):
        translate_questions(["uno"], LANGUAGES["es"], "apt", tmp_path, 8)
    with pytest.raises(LinguaLiftError, match=r"languages\.tsv gives German \(de\) no NLLB code"):
        translate_questions(["eins"], replace(LANGUAGES["de"], nllb=None), "hub", tmp_path, 8)


def test_problems_take_their_translations_and_a_file_of_other_problems_is_refused():
    problems = [Problem("a", "uno", "1"), Problem("b", "dos", "2")]
    rows = [
        {"id": name, "language": "es", "question": text, "translation": text.upper()}
        for name, text in (("b", "dos"), ("a", "uno"))
    ]
    table = pa.Table.from_pylist(rows, schema=TRANSLATION_SCHEMA)
    assert [problem.question for problem in in_english(problems, table, "x.parquet")] == [
        "UNO",
        "DOS",
    ]
    with pytest.raises(LinguaLiftError, match=r"x\.parquet: has no translation of problem 'a'"):
        in_english([Problem("a", "otro", "1")], table, "x.parquet")


@given(st.lists(TEXT.filter(lambda text: ".[]" not in text)))
def test_what_goes_through_the_chain_unchanged_comes_back_unchanged(texts):
    stream = "".join(apertium.wrap(text, place) for place, text in enumerate(texts))
    assert apertium.unwrap(stream, len(texts)) == texts


def test_a_lost_or_reordered_sentence_is_noticed():
    one, two = apertium.wrap("uno", 0), apertium.wrap("dos", 1)
    for stream, came in ((one, 1), (two + one, 2), ("", 0)):
        with pytest.raises(LinguaLiftError, match=f"2 sentences went in, {came} came out"):
            apertium.unwrap(stream, 2)


def test_a_mode_is_a_chain_of_argument_lists_and_a_shells_tricks_are_arguments(tmp_path):
    root = root_with(
        tmp_path,
        {"lt-proc": "cat", "tag": "cat"},
        "lt-proc '/usr/share/a b.bin' | tag -g $2 /x | lt-proc $1 /y",
    )
    assert apertium.read_mode(apertium.find_mode(root), root) == [
        ["lt-proc", f"{root}/usr/share/a b.bin"],
        ["tag", "-g", f"{root}/x"],
        ["lt-proc", "-n", f"{root}/y"],
    ]
    for mode in ("lt-proc x | rm -rf .", "lt-proc | ../tag", "lt-proc |", "/bin/sh -c x"):
        (root / "usr/share/apertium/modes/spa-eng.mode").write_text(mode)
        with pytest.raises(LinguaLiftError, match="which its packages do not hold"):
            apertium.read_mode(apertium.find_mode(root), root)
    (root / "usr/share/apertium/modes/spa-eng.mode").write_text(
        f"lt-proc ; touch {tmp_path}/touched"
    )
    assert apertium.read_mode(apertium.find_mode(root), root)[0][1:3] == [";", "touch"]


@pytest.mark.parametrize("mode", [b"lt-proc '/usr", b"lt-proc \xff"])
def test_a_mode_that_is_damaged_is_one_line(tmp_path, mode):
    root = root_with(tmp_path, {"lt-proc": "cat"}, "")
    path = apertium.find_mode(root)
    path.write_bytes(mode)
    with pytest.raises(LinguaLiftError, match="mode spa-eng cannot be read") as caught:
        apertium.read_mode(path, root)
    assert "\n" not in str(caught.value)


def test_a_chain_runs_its_programs_in_order_and_names_the_one_that_failed(tmp_path):
    root = root_with(
        tmp_path,
        {
            "up": "exec /usr/bin/tr a-z A-Z",
            "x": "exec /usr/bin/tr A X",
            "bad": "echo broken >&2; exit 3",
        },
        "",
    )
    texts = ["a banana", "ñandú"] * 2000  # more than a pipe holds
    stream = "".join(apertium.wrap(text, place) for place, text in enumerate(texts))
    output = apertium.run_chain([["up"], ["x"]], stream, root)
    assert apertium.unwrap(output, len(texts))[:2] == ["X BXNXNX", "ñXNDú"]
    with pytest.raises(LinguaLiftError, match=r"Apertium: bad failed \(broken\)"):
        apertium.run_chain([["up"], ["bad"]], "x", root)
    with pytest.raises(LinguaLiftError, match="Apertium cannot be run"):
        apertium.run_chain([["absent"]], "x", root)


def test_a_folder_with_two_pairs_or_none_is_refused(tmp_path):
    root = root_with(tmp_path, {}, "", "spa-eng_US")
    with pytest.raises(LinguaLiftError, match="expected one pair into English, found none"):
        apertium.find_mode(root)
    for pair in ("spa-eng", "eu-en", "eng-spa"):
        (root / f"usr/share/apertium/modes/{pair}.mode").write_text("")
    with pytest.raises(LinguaLiftError, match="found eu-en, spa-eng"):
        apertium.find_mode(root)
    assert apertium.find_mode(root, out_of_english=True).stem == "eng-spa"
    (root / "usr/share/apertium/modes/eng-spa.mode").unlink()
    with pytest.raises(LinguaLiftError, match="expected one pair out of English, found none"):
        apertium.find_mode(root, out_of_english=True)
    with pytest.raises(LinguaLiftError, match="holds no Debian packages"):
        apertium.unpack_packages(root, root)


@pytest.fixture(scope="module")
def tiny_nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random NLLB (M2M-100 architecture) of two layers with its tokenizer."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    folder = tmp_path_factory.mktemp("nllb")
    letters = {
        letter: index
        for index, letter in enumerate(
            ["<s>", "<pad>", "</s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz.?0123456789"]
        )
    }
    tokenizer = NllbTokenizer(
        vocab=letters, merges=[], extra_special_tokens=["eng_Latn", "swh_Latn"]
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=600,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
    )
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_nllb_translates_in_order_and_alike_in_any_batch(tiny_nllb, monkeypatch):
    monkeypatch.setattr(nllb, "MAX_TOKENS", 12)
    texts = ["habari", "kitabu kimoja", "moja", "habari yako"]
    one = nllb.translate(texts, LANGUAGES["sw"], tiny_nllb, 1)
    assert len(one) == 4 and one == nllb.translate(texts, LANGUAGES["sw"], tiny_nllb, 3)
    assert one[::-1] == nllb.translate(texts[::-1], LANGUAGES["sw"], tiny_nllb, 2)


def test_a_sentence_longer_than_the_model_takes_is_named(tiny_nllb, monkeypatch, caplog):
    monkeypatch.setattr(nllb, "MAX_TOKENS", 12)
    nllb.translate(["habari", "kitabu kimoja kimoja"], LANGUAGES["sw"], tiny_nllb, 2)
    assert "swh_Latn: 1 sentence(s) longer than 12 tokens, cut there" in caplog.text


def test_nllb_translates_out_of_english_into_the_code_of_the_language(tiny_nllb, monkeypatch):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    asked = []
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_nllb)
    generate = model.generate
    monkeypatch.setattr(model, "generate", lambda **given: asked.append(given) or generate(**given))
    monkeypatch.setattr(AutoModelForSeq2SeqLM, "from_pretrained", lambda *_, **__: model)
    monkeypatch.setattr(nllb, "MAX_TOKENS", 8)
    nllb.translate(["a book"], LANGUAGES["sw"], tiny_nllb, 1, out_of_english=True)
    nllb.translate(["kitabu"], LANGUAGES["sw"], tiny_nllb, 1)
    codes = AutoTokenizer.from_pretrained(tiny_nllb).get_vocab()
    swahili, english = codes["swh_Latn"], codes["eng_Latn"]
    assert [given["forced_bos_token_id"] for given in asked] == [swahili, english]
    assert english in asked[0]["input_ids"] and swahili in asked[1]["input_ids"]


def test_a_wrong_nllb_code_names_row_column_and_the_nearest_code_of_the_model(tiny_nllb):
    wrong = replace(LANGUAGES["sw"], nllb="swa_Latn")
    with pytest.raises(
        LinguaLiftError,
        match=r"row 'sw', column 'nllb': .* holds no 'swa_Latn'; did you mean 'swh_Latn'\?",
    ):
        nllb.translate(["x"], wrong, tiny_nllb, 1)
