"""A model is refused when it is prepared, not when a stage finds out; a copy converted as the
documentation says is accepted.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from lingualift import artifacts
from lingualift.messages import LinguaLiftError
from lingualift.model import prepare
from lingualift.model.encoder import Encoder
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.prepare import prepare_model, prepared
from lingualift.model.weights import pretrained_llm
from lingualift.retrieve.sources import Source
from tests.conftest import ROOT, hub_source


def source(**stated: int) -> Source:
    return hub_source(layers=stated.get("layers"), width=stated.get("width"))


@pytest.fixture
def without_bos(llama: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "retrieved"
    shutil.copytree(llama, folder)
    for file, keys in (("config.json", ["bos_token_id"]), ("tokenizer_config.json", ["bos_token"])):
        values = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(values | dict.fromkeys(keys)))
    return folder


def test_a_model_of_the_stated_size_with_the_asked_layers_is_prepared(
    llama: Path, tmp_path: Path
) -> None:
    prepare_model(source(layers=2, width=32), llama, tmp_path / "out", llm=True, layers=[1, 2])
    assert prepared(tmp_path / "out/model.json") == tmp_path / "out"


def test_what_macos_leaves_beside_weights_is_no_part_of_a_model(
    llama: Path, tmp_path: Path
) -> None:
    retrieved = tmp_path / "retrieved"
    shutil.copytree(llama, retrieved)
    for name in ("._model.safetensors", ".DS_Store"):
        (retrieved / name).write_bytes(b"\0\5\x16\7")
    prepare_model(source(layers=2, width=32), retrieved, tmp_path / "out", llm=True)
    assert not list((tmp_path / "out").glob(".*"))


@pytest.fixture
def sharded(llama: Path, tmp_path: Path) -> Path:
    """A copy of the model in two shards with their index."""
    folder = tmp_path / "retrieved"
    shutil.copytree(llama, folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    half, places = len(weights) // 2, {}
    for number, names in enumerate((list(weights)[:half], list(weights)[half:]), 1):
        shard = f"model-0000{number}-of-00002.safetensors"
        save_file({name: weights[name] for name in names}, folder / shard, {"format": "pt"})
        places |= dict.fromkeys(names, shard)
    index = {"metadata": {"total_size": 0}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_two_shards_are_the_model_in_one_file(llama: Path, sharded: Path, tmp_path: Path) -> None:
    prepare_model(source(layers=2, width=32), sharded, tmp_path / "out", llm=True, layers=[1, 2])
    expected = pretrained_llm(llama, torch.float32).state_dict()
    found = pretrained_llm(tmp_path / "out", torch.float32).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


SHARD, INDEX = "model-00002-of-00002.safetensors", "model.safetensors.index.json"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (SHARD, None, f"{INDEX}: names {SHARD}, which is not there; delete "),
        (SHARD, b"\x40\0\0", f"{SHARD}: damaged (.*); delete "),
        (INDEX, None, f"retrieved: holds neither model.safetensors nor {INDEX}; delete "),
        (INDEX, b"<html>", rf"{INDEX}: not an index of shards \(Expecting value.*\); delete "),
        (INDEX, b"[]", rf"{INDEX}: not an index of shards \(.*\); delete "),
        (INDEX, b'{"weight_map": {"a": 1}}', rf"{INDEX}: not an index of shards \(.*\); delete "),
    ],
    ids=["no shard", "damaged shard", "no index", "no JSON", "a list", "no names"],
)
def test_shards_that_are_not_whole_are_refused_before_a_stage_loads_them(
    file: str, content: bytes | None, message: str, sharded: Path, tmp_path: Path
) -> None:
    (sharded / file).unlink()
    if content is not None:
        (sharded / file).write_bytes(content)
    with pytest.raises(LinguaLiftError, match=message) as caught:
        prepare_model(source(), sharded, tmp_path / "out", llm=True)
    assert "`lingualift pin CONFIG tiny=REVISION`" in str(caught.value)
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("stated", "layers", "message"),
    [
        ({"width": 48}, [], "source 'tiny': has width 32, config/sources.yaml states 48"),
        ({"layers": 3}, [], "source 'tiny': has layers 2, config/sources.yaml states 3"),
        ({}, [1, 3], "source 'tiny': 3 is not a layer of it; it has 1 to 2"),
    ],
)
def test_a_model_of_another_size_is_refused_before_training(
    llama: Path, tmp_path: Path, stated, layers, message
) -> None:
    with pytest.raises(LinguaLiftError, match=message):
        prepare_model(source(**stated), llama, tmp_path / "out", layers=layers)
    assert not (tmp_path / "out/model.json").exists()


def test_a_tokenizer_without_bos_is_refused_for_an_llm_and_accepted_for_an_encoder(
    without_bos: Path, tmp_path: Path
) -> None:
    with pytest.raises(LinguaLiftError, match="has no BOS token; choose an LLM"):
        prepare_model(source(), without_bos, tmp_path / "llm", llm=True)
    prepare_model(source(), without_bos, tmp_path / "encoder")
    assert EncoderTokenizer.load(tmp_path / "encoder").prefix == ()


def test_pickled_weights_are_refused_and_a_copy_converted_as_documented_is_accepted(
    causal_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = tmp_path / "COPY"
    shutil.copytree(causal_encoder, pickled, ignore=shutil.ignore_patterns("*.safetensors"))
    model = AutoModel.from_pretrained(causal_encoder)
    torch.save(model.state_dict(), pickled / "pytorch_model.bin")
    with pytest.raises(LinguaLiftError, match=r"never loaded: docs/data\.md says how to convert"):
        prepare_model(source(), pickled, tmp_path / "refused")
    recipe = re.search(
        r"```python\n(from transformers import AutoModel, .*?)```",
        (ROOT / "docs/data.md").read_text(),
        re.DOTALL,
    )
    assert recipe is not None
    monkeypatch.chdir(tmp_path)
    exec(recipe[1], {})
    prepare_model(source(), tmp_path / "MIRROR/hub/OWNER/NAME", tmp_path / "out")
    texts = ["Maria has 14 apples."]
    expected = Encoder(causal_encoder, None, torch.float32).states(texts)[0]
    found = Encoder(tmp_path / "out", None, torch.float32).states(texts)[0]
    np.testing.assert_allclose(
        found, expected, atol=1e-6
    )  # where weights lie in memory moves the last bit


def test_a_tokenizer_stored_as_sentencepiece_alone_is_read_as_a_fast_one(tmp_path: Path) -> None:
    pytest.importorskip("google.protobuf", reason="Transformers reads spiece.model with protobuf")
    import sentencepiece
    from transformers import MT5Config

    text = [
        f"Maria has {number} apples and Ben has {3 * number} more pears, how many now?"
        for number in range(400)
    ]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=120,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    MT5Config(
        vocab_size=120, d_model=24, d_kv=6, d_ff=32, num_layers=2, num_heads=4
    ).save_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "T5Tokenizer", "extra_ids": 0})
    )
    (ids,), (offsets,) = EncoderTokenizer.load(tmp_path)(["Maria has 3 apples"])
    assert len(ids) == len(offsets) > 4 and ids[-1] == 1


def test_a_job_reads_samples_of_large_weights_alone(
    llama: Path, tmp_path: Path, monkeypatch
) -> None:
    folder = tmp_path / "out"
    for module in (artifacts, prepare):
        monkeypatch.setattr(module, "CHECKED_BYTES", 2**15)
    prepare_model(source(), llama, folder, llm=True)
    weights = folder / "model.safetensors"
    assert weights.stat().st_size > 2**15
    read = []
    whole = artifacts.sha256_file
    monkeypatch.setattr(
        artifacts, "sha256_file", lambda path: read.append(path.name) or whole(path)
    )
    prepared(folder / "model.json")
    assert "config.json" in read and "model.safetensors" not in read
    content = weights.read_bytes()
    weights.unlink()  # a hard link to the source
    weights.write_bytes(content[:-1] + b"\x00" * 2)
    with pytest.raises(LinguaLiftError, match=r"model\.safetensors: damaged"):
        prepared(folder / "model.json")
