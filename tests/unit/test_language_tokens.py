"""NLLB's encoder reads every text behind the token of its language; the tokens are those of
Transformers' own tokenizer.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, M2M100Config, M2M100Model, NllbTokenizer

from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.prepare import prepare_model
from lingualift.model.states import encoded_languages, load_states
from lingualift.plan.inputs import language_tokens
from lingualift.retrieve.sources import load_sources
from tests.conftest import ROOT, hub_source

TEXTS = ["ab 12", "ba", "ab 12"]
LANGUAGES = ["sw", "en", "en"]
SOURCE = hub_source(digits="split", language_tokens="nllb")
TOKENS = {"sw": "swh_Latn", "en": "eng_Latn", "lb": "ltz_Latn"}


def nllb(folder: Path) -> Path:
    """A tiny NLLB whose vocabulary lacks Luxembourgish."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *"ab0123456789"]
    tokenizer = NllbTokenizer(
        vocab={piece: row for row, piece in enumerate(pieces)},
        merges=[],
        extra_special_tokens=["eng_Latn", "swh_Latn"],
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        pad_token_id=1,
    )
    M2M100Model(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nllb")
    prepare_model(SOURCE, nllb(root / "hub"), root / "model", language_tokens=TOKENS)
    return root / "model"


def test_a_text_begins_with_the_token_of_its_language(folder: Path) -> None:
    tokens = EncoderTokenizer.load(folder).tokens(TEXTS, LANGUAGES)
    for number, (text, language) in enumerate(zip(TEXTS, LANGUAGES, strict=True)):
        own = AutoTokenizer.from_pretrained(folder, src_lang=TOKENS[language])
        ids = tokens.ids[tokens.ends[number] : tokens.ends[number + 1]]
        assert ids.tolist() == own(text)["input_ids"]
    assert len({ids[0] for ids in np.split(tokens.ids, tokens.ends[1:-1])}) == 2


def test_the_same_text_in_two_languages_has_two_states_in_memory_and_in_a_store(
    folder: Path, tmp_path: Path
) -> None:
    encoder = Encoder(folder, None, torch.float32)
    encoded = encoder.encode(TEXTS, languages=LANGUAGES)
    assert not np.allclose(encoded.of(0), encoded.of(2), atol=1e-3)
    swahili, english = (encoder.states(["ab 12"], languages=[code])[0] for code in ("sw", "en"))
    np.testing.assert_allclose(encoded.of(0), swahili, atol=1e-6)
    np.testing.assert_allclose(encoded.of(2), english, atol=1e-6)
    encoder.store(tmp_path / "store", TEXTS, languages=LANGUAGES)
    stored = load_states(tmp_path / "store", TEXTS)
    for row in range(3):
        kept = torch.from_numpy(np.array(stored.of(row))).view(torch.bfloat16).float()
        np.testing.assert_allclose(kept, encoded.of(row), rtol=1e-2, atol=1e-2)


def test_words_are_read_in_their_language(folder: Path) -> None:
    encoder = Encoder(folder, None, torch.float32)
    words = {code: encoder.word_states(["ab"], [1, 2], code)[0] for code in ("sw", "en")}
    assert words["sw"].shape == (2, 3, 16)  # without the language's token and the end
    assert not np.allclose(words["sw"], words["en"], atol=1e-3)


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (["sw"], r"is told that of 1 of 2 texts"),
        (["sw", "lb"], r"has no token for .* 'lb'; it has en, sw"),
    ],
)
def test_a_text_without_a_language_that_the_model_knows_is_refused(
    languages: list[str], message: str, folder: Path
) -> None:
    with pytest.raises(LinguaLiftError, match=message):
        EncoderTokenizer.load(folder).tokens(["ab", "ba"], languages)


def test_a_model_that_marks_no_language_is_not_taken_for_one_that_does(
    llama: Path, tmp_path: Path
) -> None:
    stated = SOURCE.model_copy(update={"digits": None})
    with pytest.raises(LinguaLiftError, match="begins no text with a token of a language"):
        prepare_model(stated, llama, tmp_path / "out", language_tokens=TOKENS)


def test_languages_of_a_table_are_its_column_or_its_name_and_translations_are_english() -> None:
    import pyarrow as pa

    task = pa.table({"question": ["a", "b"], "language": ["sw", "de"]})
    problems = pa.table({"question": ["a", "b"], "translation": ["x", ""]})
    assert encoded_languages(task, "questions") == ["sw", "de"]
    assert encoded_languages(problems, "ha") == ["ha", "ha", "en"]


def test_the_registrys_nllb_has_a_token_for_every_language_of_the_table_but_vai() -> None:
    languages = load_languages(ROOT / "config/languages.tsv")
    source = load_sources(ROOT / "config/sources.yaml")["nllb-200-600m"]
    tokens = language_tokens(source, languages)
    assert tokens["sw"] == "swh_Latn" and tokens["en"] == "eng_Latn"
    assert set(languages) - set(tokens) == {"vai"}
