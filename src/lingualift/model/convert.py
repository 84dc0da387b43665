"""GGUF files from packages, converted once into ordinary Hugging Face folders.

The default run takes its two models from packages that hold GGUF files: SmolLM2-135M-Instruct
(architecture `llama`, tokenizer `smollm`) and Gemma-3-270M (architecture `gemma3`, SentencePiece
vocabulary). Both are de-quantised to float32, undone from llama.cpp's storage conventions, and
written as bfloat16 safetensors with a tokenizer.json, so that every other step only ever sees
`from_pretrained(folder)`. bfloat16 because the stored weights hold 4 to 8 bits each: the rounding
is far below the quantisation error, and the folder is half the size.

Names, shapes and tokenizers are read from the file itself instead of through the loader of one
transformers version; a tensor that is missing or left over is an error, never a random
initialisation.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lingualift.artifacts import atomic_directory, atomic_path, read_json, sha256_file, write_json
from lingualift.messages import LinguaLiftError, nearest
from lingualift.model.gguf_file import GgufFile, open_gguf
from lingualift.model.gguf_tokenizer import added_tokens, gguf_tokenizer

logger = logging.getLogger(__name__)

_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_LLAMA_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GEMMA3_NAMES = _LLAMA_NAMES | {
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}


def concatenate_parts(parts: Sequence[str | Path], out_path: str | Path, sha256: str) -> None:
    """Join the part files of one large file, in the order given, and check the whole against
    `sha256`.

    Only bytes are read: no code of the package that carries the parts is run. A wrong checksum
    leaves nothing behind.
    """
    for part in parts:
        if not Path(part).is_file():
            raise LinguaLiftError(f"{part}: part file is missing; retrieve its package again")
    checksum = hashlib.sha256()
    with atomic_path(out_path) as temporary:
        with open(temporary, "wb") as whole:
            for part in parts:
                with open(part, "rb") as piece:
                    while block := piece.read(1 << 20):
                        checksum.update(block)
                        whole.write(block)
        if checksum.hexdigest() != sha256:
            raise LinguaLiftError(
                f"{out_path}: the {len(parts)} parts give sha256 {checksum.hexdigest()}, expected"
                f" {sha256}; delete the downloaded parts and run again"
            )


def convert_gguf(gguf_path: str | Path, out_dir: str | Path) -> None:
    """Convert a GGUF causal language model to a Hugging Face folder at `out_dir` (replaced
    atomically).

    Architectures `llama` and `gemma3` (text). Raises `LinguaLiftError` for a damaged file, another
    architecture, or tensors that do not fit it.
    """
    from transformers import GenerationConfig

    source = open_gguf(Path(gguf_path))
    architecture = _architecture(source)
    tokenizer = gguf_tokenizer(source)
    weights = _weights(source, architecture)
    config = architecture.config(source, len(weights["model.embed_tokens.weight"]))
    model = _model(source, config, weights, tokenizer)
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
        do_sample=False,
    )
    with atomic_directory(out_dir) as folder:
        model.save_pretrained(folder)
        save_tokenizer(tokenizer, folder)


@dataclass(frozen=True)
class _Architecture:
    """What differs between architectures: the parts of their layers, and their configuration from a
    file and the size of its vocabulary.
    """

    name: str
    parts: dict[str, str]
    config: Callable[[GgufFile, int], Any]


def _architecture(source: GgufFile) -> _Architecture:
    """That of a file; another than ours is refused."""
    known = {
        "llama": _Architecture("llama", _LLAMA_NAMES, _llama_config),
        "gemma3": _Architecture("gemma3", _GEMMA3_NAMES, _gemma3_config),
    }
    name = source.field("general.architecture")
    if name not in known:
        raise LinguaLiftError(
            f"{source.path}: architecture '{name}' cannot be converted, {nearest(name, known)}"
        )
    return known[name]


def _model(source: GgufFile, config: Any, weights: dict[str, Any], tokenizer: Any) -> Any:
    """The model with these weights, which must be exactly those that it has."""
    import torch
    from transformers import AutoModelForCausalLM

    config.tie_word_embeddings = "lm_head.weight" not in weights
    config.bos_token_id, config.eos_token_id, config.pad_token_id = (
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.pad_token_id,
    )
    config.dtype = torch.bfloat16
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        expected.pop("lm_head.weight", None)
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != shapes:
        odd = sorted(set(expected.items()) ^ set(shapes.items()))
        raise LinguaLiftError(
            f"{source.path}: {len(odd)} tensors do not fit architecture"
            f" '{source.field('general.architecture')}', first {odd[0][0]} {odd[0][1]}"
        )
    model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    return model


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write a tokenizer in the form that loads fastest, and prove that it loads as it was built."""
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(folder)
    # every job reads it: without indentation a third of the size
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    # with the added tokens in it, Transformers parses tokenizer.json once less
    described = read_json(folder / "tokenizer_config.json")
    write_json(
        folder / "tokenizer_config.json",
        described | {"added_tokens_decoder": added_tokens(tokenizer)},
    )
    probe = "Tom has 1,234 apples.  Wie viele?\nपानी, জল, maji, น้ำ"
    if AutoTokenizer.from_pretrained(folder)(probe)["input_ids"] != tokenizer(probe)["input_ids"]:
        raise LinguaLiftError(
            "a converted tokenizer does not reload as it was built; this version of transformers is"
            " unsupported"
        )


def convert_parts(
    parts: Sequence[str | Path],
    sha256: str,
    out_dir: str | Path,
) -> None:
    """`convert_gguf` of a file that comes in one or several parts, whose whole must have this
    `sha256`.

    A joined file lives in a temporary folder beside `out_dir` and is gone afterwards.
    """
    out_dir = Path(out_dir)
    if len(parts) == 1:
        if Path(parts[0]).is_file() and (checksum := sha256_file(parts[0])) != sha256:
            raise LinguaLiftError(
                f"{parts[0]}: altered: expected sha256 {sha256}, got {checksum}; delete the"
                " retrieved folder and run again"
            )
        convert_gguf(parts[0], out_dir)
        return
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f".{out_dir.name}.", suffix=".gguf", dir=out_dir.parent
    ) as folder:
        whole = Path(folder) / Path(parts[0]).name.removesuffix(".part00")
        concatenate_parts(parts, whole, sha256)
        convert_gguf(whole, out_dir)


def _llama_config(source: GgufFile, vocabulary: int) -> Any:
    from transformers import LlamaConfig

    def value(key: str) -> Any:
        return source.field(f"llama.{key}")

    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=value("block_count"),
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        max_position_embeddings=value("context_length"),
        rms_norm_eps=decimal(value("attention.layer_norm_rms_epsilon")),
        rope_parameters={"rope_type": "default", "rope_theta": value("rope.freq_base")},
        hidden_act="silu",
    )


def _gemma3_config(source: GgufFile, vocabulary: int) -> Any:
    from transformers import Gemma3TextConfig

    def value(key: str) -> Any:
        return source.field(f"gemma3.{key}")

    return Gemma3TextConfig(
        vocab_size=vocabulary,
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=value("block_count"),
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        head_dim=value("attention.key_length"),
        query_pre_attn_scalar=value("attention.key_length"),
        max_position_embeddings=value("context_length"),
        rms_norm_eps=decimal(value("attention.layer_norm_rms_epsilon")),
        sliding_window=value("attention.sliding_window"),
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": value("rope.freq_base")},
            # not stored in the file; the same 10,000 in every published Gemma 3
            "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
        },
    )


def decimal(value: float) -> float:
    """The short decimal that a float32 of the file stands for (1e-05 rather than
    9.999999747378752e-06).
    """
    return float(f"{value:.6g}")


def _weights(source: GgufFile, architecture: _Architecture) -> dict[str, Any]:
    """De-quantised tensors in bfloat16 under their Hugging Face names."""
    import torch

    heads = int(source.field(f"{architecture.name}.attention.head_count"))
    kv_heads = int(source.field(f"{architecture.name}.attention.head_count_kv"))
    weights = {}
    for tensor in source.tensors.values():
        name = _hugging_face_name(source, architecture, tensor.name)
        values = source.values(tensor)
        if architecture.name == "llama" and ".self_attn.q_proj." in name:
            values = _unpermute(values, heads)
        elif architecture.name == "llama" and ".self_attn.k_proj." in name:
            values = _unpermute(values, kv_heads)
        elif architecture.name == "gemma3" and name.endswith("norm.weight"):
            values = values - 1  # llama.cpp stores 1 + w, the model computes x * (1 + w)
        if not np.isfinite(values).all():
            raise LinguaLiftError(
                f"{source.path}: tensor '{tensor.name}' holds values that are not finite; delete"
                " the file and run again"
            )
        weights[name] = torch.from_numpy(np.ascontiguousarray(values)).to(torch.bfloat16)
    return weights


def _hugging_face_name(source: GgufFile, architecture: _Architecture, name: str) -> str:
    """The name that a tensor of a file has in Transformers."""
    if name in _NAMES:
        return _NAMES[name]
    block, _, rest = name.removeprefix("blk.").partition(".")
    part, _, suffix = rest.rpartition(".")
    if not block.isdecimal() or part not in architecture.parts:
        raise LinguaLiftError(
            f"{source.path}: unexpected tensor '{name}' for architecture '{architecture.name}'"
        )
    return f"model.layers.{block}.{architecture.parts[part]}.{suffix}"


def _unpermute(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key projection [heads * d, d_model] from llama.cpp's interleaved rotary
    order to the split order.
    """
    half = values.shape[0] // heads // 2
    return values.reshape(heads, half, 2, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
