"""The frozen multilingual encoder H = E(X) (equation (1)): token states of one hidden layer, for any architecture.

Encoder-decoder models are used by their encoder, encoder-only models as they are, decoder-only models by a chosen hidden layer
(layers above it are dropped at loading). Texts are batched by exact token count, never padded: a text's states do not depend on
its neighbours, so cached states equal live ones.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from lingualift.artifacts import atomic_directory, check_directory, digest, read_json, write_json
from lingualift.errors import LinguaLiftError
from lingualift.model import use_multilingual

logger = logging.getLogger(__name__)
use_multilingual.register()
MAX_TOKENS = 1024
BATCH_TOKENS = 2048
BIDIRECTIONAL = ("bert", "xlm", "xlm-roberta", "roberta")  # also offered as causal models, but read both ways


@dataclass(frozen=True)
class States:
    """Token states of many texts in one array: text i owns rows `offsets[i]:offsets[i + 1]` of `values` [tokens, dim]."""

    values: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def counts(self) -> np.ndarray:
        """Tokens of each text, [texts]."""
        return np.diff(self.offsets)

    def of(self, index: int) -> np.ndarray:
        """States [tokens, dim] of one text."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]


@dataclass(frozen=True)
class EncoderTokenizer:
    """The encoder's tokenizer as states are made with it; `causal` encoders get no added tokens, others their usual ones."""

    tokenizer: Any
    causal: bool

    @classmethod
    def load(cls, path: str | Path) -> "EncoderTokenizer":
        """The tokenizer of a model folder; it must be a fast one, for character offsets."""
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        if not tokenizer.is_fast:
            raise LinguaLiftError(f"encoder {path}: needs a fast tokenizer (tokenizer.json) for character offsets")
        decoder = config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and config.model_type not in BIDIRECTIONAL
        return cls(tokenizer, decoder and not getattr(config, "is_encoder_decoder", False))

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], list[list[tuple[int, int]]]]:
        """Token ids and character offsets of each text; added tokens have empty offsets."""
        batch = self.tokenizer(
            list(texts), add_special_tokens=not self.causal, truncation=True, max_length=MAX_TOKENS, return_offsets_mapping=True
        )
        return batch["input_ids"], batch["offset_mapping"]


class Encoder:
    """A frozen encoder with its tokenizer.

    `layer` is the number of transformer layers whose output is used (None: the model's own last hidden state). States leave out
    the tokens that the tokenizer adds at the start of a decoder's input: as attention sinks they carry no meaning.
    """

    def __init__(self, path: str | Path, layer: int | None = None, dtype: torch.dtype = torch.bfloat16, device: str = "cpu") -> None:
        config = AutoConfig.from_pretrained(path, local_files_only=True)
        self.tokenize = EncoderTokenizer.load(path)
        self.tokenizer, self.causal = self.tokenize.tokenizer, self.tokenize.causal
        self.layer = layer
        depth = getattr(config, "num_hidden_layers", None) or getattr(config, "num_layers", None)
        if layer is not None and depth is not None and not 1 <= layer <= depth:
            raise LinguaLiftError(f"encoder.layer: {layer} is not a layer of {path}; it has 1 to {depth}")
        if self.causal:
            model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, local_files_only=True).base_model
            if layer is not None:
                model.layers = model.layers[:layer]
                model.config.num_hidden_layers = layer
                if layer < depth:
                    model.norm = torch.nn.Identity()  # hidden_states[layer] precedes the final norm
        else:
            model = AutoModel.from_pretrained(path, dtype=dtype, local_files_only=True)
            if getattr(config, "is_encoder_decoder", False):
                model = model.get_encoder()
        self.model = model.eval().requires_grad_(False).to(device)
        self.device = device
        self.dim: int = getattr(config, "hidden_size", None) or config.d_model

    @torch.inference_mode()
    def states(self, texts: Sequence[str], layers: Sequence[int] | None = None, progress: str | None = None) -> list[np.ndarray]:
        """Float32 states of each text: [tokens, dim], or with `layers` [len(layers), tokens, dim]."""
        ids, _ = self.tokenize(texts)
        for index, tokens in enumerate(ids):
            if not tokens:
                raise LinguaLiftError(f"text {index} ({texts[index][:30]!r}) has no tokens for the encoder")
        prefix = [self.tokenizer.bos_token_id] if self.causal and self.tokenizer.bos_token_id is not None else []
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        result: list[np.ndarray] = [np.empty(0)] * len(ids)
        with tqdm(total=len(ids), desc=progress, unit="text", disable=progress is None, mininterval=5) as bar:
            start = 0
            while start < len(order):
                length = len(ids[order[start]])
                stop = start
                while stop < len(order) and len(ids[order[stop]]) == length and (stop - start + 1) * length <= max(BATCH_TOKENS, length):
                    stop += 1
                chosen = order[start:stop]
                batch = torch.tensor([prefix + ids[index] for index in chosen], device=self.device)
                kwargs: dict[str, Any] = {"use_cache": False} if self.causal else {}
                if layers is None and self.layer is not None and not self.causal:
                    layers_here: Sequence[int] | None = [self.layer]
                else:
                    layers_here = layers
                output = self.model(
                    input_ids=batch, attention_mask=torch.ones_like(batch), output_hidden_states=layers_here is not None, **kwargs
                )
                if layers_here is None:
                    values = output.last_hidden_state[:, len(prefix) :]
                else:
                    values = torch.stack([output.hidden_states[layer] for layer in layers_here], 1)[:, :, len(prefix) :]
                    if layers is None:
                        values = values[:, 0]
                for index, value in zip(chosen, values.float().cpu().numpy(), strict=True):
                    result[index] = value
                bar.update(len(chosen))
                start = stop
        return result

    def encode(self, texts: Sequence[str], progress: str | None = None) -> States:
        """States of all texts in one array; a text that occurs twice is encoded once."""
        distinct = sorted(set(texts))
        states = dict(zip(distinct, self.states(distinct, progress=progress), strict=True))
        offsets = np.cumsum([0] + [len(states[text]) for text in texts])
        values = np.empty((offsets[-1], self.dim), np.float32)
        for index, text in enumerate(texts):
            values[offsets[index] : offsets[index + 1]] = states[text]
        return States(values, offsets)


def save_states(path: str | Path, texts: Sequence[str], states: States) -> None:
    """Store states as bfloat16 bits [tokens, dim] beside their offsets and the checksum of the texts they belong to."""
    bits = (torch.from_numpy(states.values).to(torch.bfloat16).view(torch.int16)).numpy()
    with atomic_directory(path) as folder:
        np.save(folder / "states.npy", bits)
        np.save(folder / "offsets.npy", states.offsets.astype(np.int64))
        write_json(folder / "texts.json", {"count": len(texts), "digest": digest(list(texts), 64)})


def load_states(path: str | Path, texts: Sequence[str]) -> States:
    """Memory-map stored states; refuse them when they belong to other texts."""
    folder = Path(path)
    check_directory(folder)
    if read_json(folder / "texts.json") != {"count": len(texts), "digest": digest(list(texts), 64)}:
        raise LinguaLiftError(f"{folder}: holds the encoder states of other texts; delete it and run again")
    try:
        return States(np.load(folder / "states.npy", mmap_mode="r"), np.load(folder / "offsets.npy"))
    except (OSError, ValueError) as error:
        raise LinguaLiftError(f"{folder}: damaged ({error}); delete it and run again") from error


def as_tensor(values: np.ndarray) -> torch.Tensor:
    """Stored rows (bfloat16 bits) or live rows (float32) as a float tensor."""
    tensor = torch.from_numpy(np.array(values))  # a copy: memory-mapped rows are read-only
    return tensor.view(torch.bfloat16) if tensor.dtype == torch.int16 else tensor
