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
from typing import Any, Literal

import numpy as np

from lingualift.artifacts import atomic_directory, atomic_path, read_json, sha256_file, write_json
from lingualift.errors import LinguaLiftError, nearest
from lingualift.model.gguf_file import GgufFile, open_gguf
from lingualift.modes import follow_umask

logger = logging.getLogger(__name__)

CONTROL, USER_DEFINED = 3, 4  # GGUF token types

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


@dataclass(frozen=True)
class Conversion:
    """What `convert_gguf` wrote beside the model (`conversion.json`): origin, sizes and special
    tokens.
    """

    source: str
    source_sha256: str
    architecture: str
    dtype: str
    layers: int
    layers_in_source: int
    hidden_size: int
    vocabulary: int
    bos_token: str | None
    eos_token: str | None
    pad_token: str | None
    adds_bos: bool


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


def convert_gguf(
    gguf_path: str | Path,
    out_dir: str | Path,
    dtype: Literal["bfloat16", "float32"] = "bfloat16",
    keep_layers: int | None = None,
) -> Conversion:
    """Convert a GGUF causal language model to a Hugging Face folder at `out_dir` (replaced
    atomically).

    Architectures `llama` and `gemma3` (text). With `keep_layers` = n the layers above the n-th are
    dropped: the hidden state after layer n is that of the full model (`hidden_states[n]`), provided
    that the reader replaces the final norm by the identity (`model.norm = torch.nn.Identity()`),
    since that norm belongs to the last layer. Raises `LinguaLiftError` for a damaged file, another
    architecture, or tensors that do not fit it.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    gguf_path, out_dir = Path(gguf_path), Path(out_dir)
    if dtype not in ("bfloat16", "float32"):
        raise LinguaLiftError(f"dtype '{dtype}' is not one of bfloat16, float32")
    source = open_gguf(gguf_path)
    architecture = source.field("general.architecture")
    builders: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
        "llama": (_llama_config, _LLAMA_NAMES),
        "gemma3": (_gemma3_config, _GEMMA3_NAMES),
    }
    if architecture not in builders:
        raise LinguaLiftError(
            f"{gguf_path}: architecture '{architecture}' cannot be converted,"
            f" {nearest(architecture, builders)}"
        )
    build_config, layer_names = builders[architecture]
    layers_in_source = int(source.field(f"{architecture}.block_count"))
    layers = layers_in_source if keep_layers is None else keep_layers
    if not 1 <= layers <= layers_in_source:
        raise LinguaLiftError(
            f"keep_layers {layers}: {gguf_path.name} has layers 1 to {layers_in_source}"
        )

    tokenizer = _tokenizer(source)
    weights = _weights(source, architecture, layer_names, layers, getattr(torch, dtype))
    config = build_config(source, layers, vocabulary=len(weights["model.embed_tokens.weight"]))
    config.tie_word_embeddings = "lm_head.weight" not in weights
    config.bos_token_id, config.eos_token_id, config.pad_token_id = (
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.pad_token_id,
    )
    config.dtype = getattr(torch, dtype)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        expected.pop("lm_head.weight", None)
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if expected != found:
        odd = sorted(set(expected.items()) ^ set(found.items()))
        raise LinguaLiftError(
            f"{gguf_path}: {len(odd)} tensors do not fit architecture '{architecture}', first"
            f" {odd[0][0]} {odd[0][1]}"
        )
    model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
        do_sample=False,
    )

    conversion = Conversion(
        source=gguf_path.name,
        source_sha256=sha256_file(gguf_path),
        architecture=architecture,
        dtype=dtype,
        layers=layers,
        layers_in_source=layers_in_source,
        hidden_size=config.hidden_size,
        vocabulary=config.vocab_size,
        bos_token=tokenizer.bos_token,
        eos_token=tokenizer.eos_token,
        pad_token=tokenizer.pad_token,
        adds_bos=tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id,
    )
    with atomic_directory(out_dir) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        tokenizer.backend_tokenizer.save(
            str(folder / "tokenizer.json"), pretty=False
        )  # every job reads it: a third of the size, faster
        described = read_json(
            folder / "tokenizer_config.json"
        )  # with the added tokens in it, Transformers parses that file once less
        write_json(
            folder / "tokenizer_config.json",
            described | {"added_tokens_decoder": _added_tokens(tokenizer)},
        )
        write_json(folder / "conversion.json", vars(conversion))
        for file in folder.iterdir():
            follow_umask(file)
        probe = "Tom has 1,234 apples.  Wie viele?\nपानी, জল, maji, น้ำ"
        if (
            AutoTokenizer.from_pretrained(folder)(probe)["input_ids"]
            != tokenizer(probe)["input_ids"]
        ):
            raise LinguaLiftError(
                f"{out_dir}: the saved tokenizer does not reload as it was built; this version of"
                " transformers is unsupported"
            )
    return conversion


def convert_parts(
    parts: Sequence[str | Path],
    sha256: str,
    out_dir: str | Path,
    dtype: Literal["bfloat16", "float32"] = "bfloat16",
    keep_layers: int | None = None,
) -> Conversion:
    """`convert_gguf` of a file that comes in one or several parts, whose whole must have this
    `sha256`.

    A joined file lives in a temporary folder beside `out_dir` and is gone afterwards.
    """
    out_dir = Path(out_dir)
    if len(parts) == 1:
        if Path(parts[0]).is_file() and (found := sha256_file(parts[0])) != sha256:
            raise LinguaLiftError(
                f"{parts[0]}: altered: expected sha256 {sha256}, got {found}; delete the retrieved"
                " folder and run again"
            )
        return convert_gguf(parts[0], out_dir, dtype, keep_layers)
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f".{out_dir.name}.", suffix=".gguf", dir=out_dir.parent
    ) as folder:
        whole = Path(folder) / Path(parts[0]).name.removesuffix(".part00")
        concatenate_parts(parts, whole, sha256)
        return convert_gguf(whole, out_dir, dtype, keep_layers)


def _llama_config(source: GgufFile, layers: int, vocabulary: int) -> Any:
    from transformers import LlamaConfig

    def value(key: str) -> Any:
        return source.field(f"llama.{key}")

    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=layers,
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        max_position_embeddings=value("context_length"),
        rms_norm_eps=_decimal(value("attention.layer_norm_rms_epsilon")),
        rope_parameters={"rope_type": "default", "rope_theta": value("rope.freq_base")},
        hidden_act="silu",
    )


def _gemma3_config(source: GgufFile, layers: int, vocabulary: int) -> Any:
    from transformers import Gemma3TextConfig

    def value(key: str) -> Any:
        return source.field(f"gemma3.{key}")

    return Gemma3TextConfig(
        vocab_size=vocabulary,
        hidden_size=value("embedding_length"),
        intermediate_size=value("feed_forward_length"),
        num_hidden_layers=layers,
        num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"),
        head_dim=value("attention.key_length"),
        query_pre_attn_scalar=value("attention.key_length"),
        max_position_embeddings=value("context_length"),
        rms_norm_eps=_decimal(value("attention.layer_norm_rms_epsilon")),
        sliding_window=value("attention.sliding_window"),
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": value("rope.freq_base")},
            # not stored in the file; the same 10,000 in every published Gemma 3
            "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
        },
    )


def _decimal(value: float) -> float:
    """The short decimal that a float32 of the file stands for (1e-05 rather than
    9.999999747378752e-06).
    """
    return float(f"{value:.6g}")


def _weights(
    source: GgufFile, architecture: str, layer_names: dict[str, str], layers: int, dtype: Any
) -> dict[str, Any]:
    """De-quantised tensors under their Hugging Face names; those of dropped layers are left out."""
    import torch

    top = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }
    heads = int(source.field(f"{architecture}.attention.head_count"))
    kv_heads = int(source.field(f"{architecture}.attention.head_count_kv"))
    weights = {}
    for tensor in source.tensors.values():
        if tensor.name in top:
            name = top[tensor.name]
        else:
            block, _, rest = tensor.name.removeprefix("blk.").partition(".")
            part, _, suffix = rest.rpartition(".")
            if not block.isdecimal() or part not in layer_names:
                raise LinguaLiftError(
                    f"{source.path}: unexpected tensor '{tensor.name}' for architecture"
                    f" '{architecture}'"
                )
            if int(block) >= layers:
                continue
            name = f"model.layers.{block}.{layer_names[part]}.{suffix}"
        values = source.values(tensor)
        if architecture == "llama" and ".self_attn.q_proj." in name:
            values = _unpermute(values, heads)
        elif architecture == "llama" and ".self_attn.k_proj." in name:
            values = _unpermute(values, kv_heads)
        elif architecture == "gemma3" and name.endswith("norm.weight"):
            values = values - 1  # llama.cpp stores 1 + w, the model computes x * (1 + w)
        if not np.isfinite(values).all():
            raise LinguaLiftError(
                f"{source.path}: tensor '{tensor.name}' holds values that are not finite; delete"
                " the file and run again"
            )
        weights[name] = torch.from_numpy(np.ascontiguousarray(values)).to(dtype)
    return weights


def _unpermute(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key projection [heads * d, d_model] from llama.cpp's interleaved rotary
    order to the split order.
    """
    half = values.shape[0] // heads // 2
    return values.reshape(heads, half, 2, values.shape[1]).swapaxes(1, 2).reshape(values.shape)


def _tokenizer(source: GgufFile) -> Any:
    """The fast tokenizer that the file's vocabulary describes, with its special tokens set."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    model = source.field("tokenizer.ggml.model")
    style = source.field("tokenizer.ggml.pre")
    builders = {("gpt2", "smollm"): _smollm_backend, ("llama", "default"): _gemma_backend}
    if (model, style) not in builders:
        raise LinguaLiftError(
            f"{source.path}: tokenizer '{model}/{style}' cannot be converted,"
            f" {nearest(f'{model}/{style}', map('/'.join, builders))}"
        )
    tokens, types = source.field("tokenizer.ggml.tokens"), source.field("tokenizer.ggml.token_type")
    backend = builders[model, style](source, tokens)
    added = [
        AddedToken(token, normalized=False, special=kind == CONTROL)
        for token, kind in zip(tokens, types, strict=True)
        if kind in (CONTROL, USER_DEFINED) and backend.token_to_id(token) is not None
    ]
    backend.add_special_tokens([token for token in added if token.special])
    backend.add_tokens([token for token in added if not token.special])
    if backend.get_vocab_size() != len(tokens):
        raise LinguaLiftError(
            f"{source.path}: {len(tokens)} tokens in the file, {backend.get_vocab_size()} in the"
            " tokenizer built from it"
        )
    special = {}
    for name, key in (
        ("bos_token", "bos"),
        ("eos_token", "eos"),
        ("unk_token", "unknown"),
        ("pad_token", "padding"),
    ):
        identifier = source.fields.get(f"tokenizer.ggml.{key}_token_id")
        if identifier is not None:
            special[name] = tokens[identifier]
    architecture = source.field("general.architecture")
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=int(source.field(f"{architecture}.context_length")),
        clean_up_tokenization_spaces=False,
        **special,
    )
    template = source.fields.get("tokenizer.chat_template")
    if template is not None:
        wrapped.chat_template = template
    return wrapped


def _added_tokens(tokenizer: Any) -> dict[str, dict[str, Any]]:
    """The tokens that are matched whole, by id, as `tokenizer_config.json` lists them."""
    parts = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    return {
        str(identifier): {part: getattr(token, part) for part in parts}
        for identifier, token in tokenizer.added_tokens_decoder.items()
    }


def _smollm_backend(source: GgufFile, tokens: list[str]) -> Any:
    """Byte-level BPE with every digit a token of its own, as SmolLM's tokenizer was trained. It
    adds no BOS by itself.
    """
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    merges = [tuple(merge.split(" ")) for merge in source.field("tokenizer.ggml.merges")]
    backend = Tokenizer(
        BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=merges)
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    return backend


def _gemma_backend(source: GgufFile, tokens: list[str]) -> Any:
    """SentencePiece BPE with byte fallback; `<bos>` goes in front of every input.

    The file stores no merges. Gemma's vocabulary lies in the order in which its merges were learnt,
    so every way of cutting a token into two known tokens is a merge, best token first. Runs of
    spaces are stored as spaces where the normalised text has `▁`.
    """
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import BPE

    vocabulary = {
        "▁" * len(token) if token.strip(" ") == "" else token: index
        for index, token in enumerate(tokens)
    }
    merges = []
    for token, index in vocabulary.items():
        cuts = [(token[:place], token[place:]) for place in range(1, len(token))]
        for left, right in cuts:
            if left in vocabulary and right in vocabulary:
                merges.append((index, len(left), left, right))
    merges.sort(key=lambda merge: merge[:2])
    backend = Tokenizer(
        BPE(
            vocab=vocabulary,
            merges=[(left, right) for _, _, left, right in merges],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    bos = int(source.field("tokenizer.ggml.bos_token_id"))
    if source.fields.get("tokenizer.ggml.add_bos_token"):
        backend.post_processor = processors.TemplateProcessing(
            single=f"{tokens[bos]} $A",
            pair=f"{tokens[bos]} $A {tokens[bos]}:1 $B:1",
            special_tokens=[(tokens[bos], bos)],
        )
    return backend
