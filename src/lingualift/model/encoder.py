"""The frozen multilingual encoder H = E(X) (equation (1)): token states of one hidden layer, or of
several joined, for any architecture.

Encoder-decoder models are used by their encoder, encoder-only models as they are, decoder-only
models by a chosen hidden layer (layers above it are dropped at loading). Texts are batched by exact
token count, never padded: a text's states do not depend on its neighbours, so cached states equal
live ones.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
)
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer
from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING

from lingualift import machine
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder_tokenizer import EncoderTokenizer, is_causal
from lingualift.model.frozen import fingerprint
from lingualift.model.states import States, StateWriter, Tokens, texts_key
from lingualift.model.weights import pretrained_llm

logger = logging.getLogger(__name__)
BATCH_TOKENS = 2048  # of a processor's batch; a GPU takes more (`machine.device_scale`)
Layers = int | list[int] | None
"""A hidden layer, several whose states are joined, or the model's own last hidden state."""


class Backbone(torch.nn.Module):
    """The network E of equation (1), cut at a hidden layer: [texts, tokens] ids to states of one
    layer (None: its last hidden state), or of several, joined to one state of their widths' sum.

    Encoder-decoder models are used by their encoder; layers of a decoder above the highest one are
    dropped, and with them the final norm, which belongs to the last layer.
    """

    def __init__(self, path: str | Path, layer: Layers, dtype: torch.dtype) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        self.causal = is_causal(config)
        self.layer = layer
        self.joined = [layer] if isinstance(layer, int) else layer or []
        depth, width = depth_and_width(path, config)
        self.dim = width * max(1, len(self.joined))
        for number in self.joined:
            if not 1 <= number <= depth:
                raise LinguaLiftError(
                    f"encoder.{'layer' if isinstance(layer, int) else 'layers'}: {number} is not a"
                    f" layer of {path}; it has 1 to {depth}"
                )
        if self.causal:
            model = pretrained_llm(path, dtype).base_model
            if self.joined:
                highest = max(self.joined)
                model.layers = model.layers[:highest]
                model.config.num_hidden_layers = highest
                if highest < depth:
                    model.norm = torch.nn.Identity()  # a layer's states precede the final norm
        elif getattr(config, "is_encoder_decoder", False):
            # A class of the encoder alone where there is one: mT5-xl's decoder has 1.6 B numbers.
            alone = type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING
            loaded = AutoModelForTextEncoding if alone else AutoModel
            model = loaded.from_pretrained(path, dtype=dtype, local_files_only=True).get_encoder()
        else:
            model = AutoModel.from_pretrained(path, dtype=dtype, local_files_only=True)
            blocks = getattr(getattr(model, "encoder", None), "layer", None)
            if self.joined and isinstance(blocks, torch.nn.ModuleList):
                model.encoder.layer = blocks[: max(self.joined)]  # as BERT and XLM-R name them
        self.network = model.eval()

    def train(self, mode: bool = True) -> "Backbone":
        """Dropout stays off, also where the encoder learns: states are what the frozen encoder
        would give.
        """
        return super().train(False)

    def hidden(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        layers: Sequence[int] | None = None,
        past: Cache | None = None,
    ) -> torch.Tensor:
        """States [texts, tokens, dim], or with `layers` [texts, len(layers), tokens, dim].

        `past` holds a decoder's keys and values of tokens before these, which `attention_mask`
        covers as well.
        """
        kwargs: dict[str, Any] = (
            {"use_cache": past is not None, "past_key_values": past} if self.causal else {}
        )
        whole = self.layer is None or (self.causal and isinstance(self.layer, int))
        asked = layers if layers is not None else None if whole else self.joined
        output = self.network(
            input_ids=input_ids,
            attention_mask=attention_mask,
            output_hidden_states=asked is not None,
            **kwargs,
        )
        if asked is None:
            return output.last_hidden_state
        states = [output.hidden_states[layer] for layer in asked]
        return torch.cat(states, -1) if layers is None else torch.stack(states, 1)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, prefix: int = 0
    ) -> torch.Tensor:
        """States of the tokens that are neither padding nor among the first `prefix`, in reading
        order, [states, dim].
        """
        return self.hidden(input_ids, attention_mask)[:, prefix:][attention_mask[:, prefix:].bool()]


def state_width(path: str | Path, layer: Layers) -> int:
    """Numbers of a state of a model folder's encoder, from its configuration alone."""
    joined = len(layer) if isinstance(layer, list) else 1
    return depth_and_width(path)[1] * joined


def depth_and_width(path: str | Path, config: Any = None) -> tuple[int, int]:
    """Hidden layers and width of a model folder, from its configuration alone."""
    config = AutoConfig.from_pretrained(path, local_files_only=True) if config is None else config
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    sizes = []
    for names in (
        ("num_hidden_layers", "num_layers", "n_layers"),
        ("hidden_size", "d_model", "emb_dim", "dim"),
    ):
        value = next((getattr(text, name) for name in names if getattr(text, name, None)), None)
        if value is None:
            raise LinguaLiftError(
                f"encoder {path}: config.json of model type '{config.model_type}' has none of"
                f" {', '.join(names)}"
            )
        sizes.append(int(value))
    return sizes[0], sizes[1]


class Encoder:
    """A frozen encoder with its tokenizer; `layer` as in `Backbone`, `split_digits` as in
    `EncoderTokenizer`.

    `backbone` is a network to use in place of the folder's own, one that a stage has trained.
    """

    def __init__(
        self,
        path: str | Path,
        layer: Layers = None,
        dtype: torch.dtype = torch.bfloat16,
        device: str = "cpu",
        backbone: Backbone | None = None,
        split_digits: bool = False,
    ) -> None:
        self.path = Path(path)
        self.tokenize = EncoderTokenizer.load(path, split_digits)
        self.tokenizer, self.causal = self.tokenize.tokenizer, self.tokenize.causal
        self.backbone = (
            (backbone or Backbone(path, layer, dtype)).eval().requires_grad_(False).to(device)
        )
        self.layer, self.device, self.dim = self.backbone.layer, device, self.backbone.dim
        self.past = self._read_prefix()

    @torch.inference_mode()
    def _read_prefix(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values [1, heads, tokens, dim] of what stands before every text, a pair a layer;
        none where a network keeps others.

        Read once: a BOS is two fifths of the tokens of single words.
        """
        if not self.tokenize.prefix:
            return []
        cache = (
            DynamicCache()
        )  # without a configuration it drops nothing; masks of sliding windows do that
        ids = torch.tensor([self.tokenize.prefix], device=self.device)
        self.backbone.hidden(ids, torch.ones_like(ids), past=cache)
        pairs = []
        for layer in cache.layers:
            if (
                isinstance(layer, DynamicLayer)
                and layer.keys is not None
                and layer.values is not None
            ):
                pairs.append((layer.keys, layer.values))
        return (
            pairs
            if len(pairs) == len(cache.layers) and cache.get_seq_length() == ids.shape[1]
            else []
        )

    def _batches(self, counts: np.ndarray, start: int = 0) -> Iterator[np.ndarray]:
        """Texts of equal token counts, shortest first, as many as `BATCH_TOKENS` allow on a
        processor; from the `start`-th of that order on.
        """
        tokens = BATCH_TOKENS * machine.device_scale(self.device)
        order = np.argsort(counts, kind="stable")
        lengths = counts[order]
        while start < len(order):
            length = int(lengths[start])
            alike = int(np.searchsorted(lengths, length, side="right"))
            stop = min(alike, start + max(1, tokens // length))
            yield order[start:stop]
            start = stop

    @torch.inference_mode()
    def _run(
        self, tokens: Tokens, chosen: np.ndarray, layers: Sequence[int] | None = None
    ) -> torch.Tensor:
        batch = tokens.batch(chosen)
        ids, mask = batch["encoder_ids"].to(self.device), batch["encoder_mask"].to(self.device)
        before = len(tokens.prefix)
        if not self.past:
            return self.backbone.hidden(ids, mask, layers)[..., before:, :]
        rows = [
            (keys.expand(len(ids), -1, -1, -1), values.expand(len(ids), -1, -1, -1))
            for keys, values in self.past
        ]
        return self.backbone.hidden(ids[:, before:], mask, layers, DynamicCache(rows))

    def states(
        self,
        texts: Sequence[str],
        layers: Sequence[int] | None = None,
        progress: str | None = None,
        languages: Sequence[str] = (),
    ) -> list[np.ndarray]:
        """Float32 states of each text in memory: [tokens, dim], or with `layers` [len(layers),
        tokens, dim]. `languages` as in `EncoderTokenizer.tokens`.
        """
        tokens = self.tokenize.tokens(texts, languages)
        result: list[np.ndarray] = [np.empty(0)] * len(texts)
        with tqdm(
            total=len(texts), desc=progress, unit="text", disable=progress is None, mininterval=5
        ) as bar:
            for chosen in self._batches(tokens.counts()):
                for index, value in zip(
                    chosen, self._run(tokens, chosen, layers).float().cpu().numpy(), strict=True
                ):
                    result[index] = value
                bar.update(len(chosen))
        return result

    def word_states(
        self, words: Sequence[str], layers: Sequence[int], language: str
    ) -> list[np.ndarray]:
        """Float32 states [len(layers), tokens, dim] of each word of a language alone, without the
        tokens that the tokenizer adds to every text; a word that has none of its own keeps those.
        """
        before, after = self.tokenize.added
        return [
            states[:, before : states.shape[1] - after]
            if states.shape[1] > before + after
            else states
            for states in self.states(words, layers, languages=[language] * len(words))
        ]

    @torch.no_grad()
    def live(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """States [states, dim] of `Tokens.batch` in bfloat16, as a store holds them."""
        return self.backbone(ids, mask, len(self.tokenize.prefix)).to(torch.bfloat16)

    def encode(
        self, texts: Sequence[str], progress: str | None = None, languages: Sequence[str] = ()
    ) -> States:
        """States of all texts in memory, float32; a text that occurs twice is encoded once."""
        distinct, marked, rows = self._distinct(texts, languages)
        made = self.states(distinct, progress=progress, languages=marked)
        return States.of_arrays(made).take(rows)

    def _distinct(
        self, texts: Sequence[str], languages: Sequence[str]
    ) -> tuple[list[str], list[str], list[int]]:
        """The distinct texts, their languages where the model marks them (else none), and the row
        of each text among them.
        """
        if not self.tokenize.language_tokens:
            languages = [""] * len(texts)
        pairs = list(zip(texts, languages, strict=True))
        distinct = sorted(set(pairs))
        rows = {pair: index for index, pair in enumerate(distinct)}
        marked = [language for _, language in distinct if language]
        return [text for text, _ in distinct], marked, [rows[pair] for pair in pairs]

    def store(
        self,
        path: str | Path,
        texts: Sequence[str],
        progress: str | None = None,
        languages: Sequence[str] = (),
    ) -> None:
        """Write the states of all texts to the store `path`, batch by batch; an interrupted store
        is taken up where it stopped. `languages` as in `EncoderTokenizer.tokens`.
        """
        distinct, marked, rows = self._distinct(texts, languages)
        tokens = self.tokenize.tokens(distinct, marked)
        counts = tokens.counts()
        order = np.argsort(counts, kind="stable")
        key: dict[str, Any] = {"texts": texts_key(texts), "layer": self.layer}
        key |= {"model": fingerprint(self.path), "device": self.device}
        key["dtype"] = str(next(self.backbone.parameters()).dtype)
        if self.tokenize.split_digits:
            key["split_digits"] = True
        if marked:
            key["languages"] = texts_key(marked)
        writer = StateWriter(path, counts[order], self.dim, key)
        with tqdm(
            total=len(distinct),
            initial=writer.done,
            desc=progress,
            unit="text",
            disable=progress is None,
            mininterval=5,
        ) as bar:
            for chosen in self._batches(counts, writer.done):
                writer.append(list(self._run(tokens, chosen)))
                bar.update(len(chosen))
        spans = np.empty((len(distinct), 2), np.int64)
        ends = np.cumsum(counts[order])
        spans[order] = np.stack([ends - counts[order], ends], 1)
        writer.finish(spans[rows], texts_key(texts))
