"""Greedy generation in batches of similar length; answers that have ended leave their batch, so nothing waits for the longest.

Prompts are read in small chunks of nearly equal length, so little is padded, and then answered side by side in one batch: reading
is bound by arithmetic, answering by the memory that holds the weights. Keys and values stand in buffers allocated once a batch.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from tqdm import tqdm
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from lingualift.model.encoder import States, as_tensor
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.batches import collate

logger = logging.getLogger(__name__)
READ_TOKENS = 1024  # positions read at once: larger activations leave the processor's cache, smaller ones starve the multiplications
HELD_TOKENS = 16384  # positions whose keys and values a batch may hold


class Buffer(DynamicLayer):
    """One layer's keys and values [rows, heads, capacity, dim], of which `filled` positions are in use; new ones are written in place."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, filled: int) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.filled = keys, values, filled

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        end = self.filled + key_states.shape[-2]
        self.keys[:, :, self.filled : end], self.values[:, :, self.filled : end] = key_states, value_states
        self.filled = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        return self.filled


def chunks(lengths: Sequence[int], rows: int, tokens: int, extra: int = 0) -> list[slice]:
    """Cut lengths, longest first, into runs of at most `rows` that padded to their longest plus `extra` hold at most `tokens`."""
    found, start = [], 0
    while start < len(lengths):
        size = max(1, min(rows, tokens // (lengths[start] + extra)))
        found.append(slice(start, min(start + size, len(lengths))))
        start += size
    return found


def read(model: LinguaLiftModel, batches: Sequence[Mapping[str, torch.Tensor]], room: int) -> tuple[Cache, torch.Tensor, torch.Tensor]:
    """Read left-padded prompts, longest first: their cache with room for new tokens, attention mask, and last hidden states."""
    rows = sum(len(batch["input_ids"]) for batch in batches)
    width = batches[0]["input_ids"].shape[1]
    mask = batches[0]["attention_mask"].new_zeros(rows, width)
    buffers: list[Buffer] = []
    last = []
    start = 0
    for batch in batches:
        own = batch["attention_mask"]
        span = slice(start, start + len(own)), slice(width - own.shape[1], width)
        mask[span] = own
        cache = DynamicCache()  # without a configuration it drops nothing; masks of sliding windows do that
        hidden = model.llm.base_model(
            inputs_embeds=model.embed(batch["input_ids"], batch["segments"], batch.get("encoder_states")),
            attention_mask=own,
            position_ids=(own.cumsum(1) - 1).clamp_min(0),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        last.append(hidden[:, -1])
        for index, layer in enumerate(cache.layers):
            if len(buffers) == index:
                buffers.append(
                    Buffer(*(t.new_zeros(rows, t.shape[1], width + room, t.shape[3]) for t in (layer.keys, layer.values)), width)
                )
            buffers[index].keys[span[0], :, span[1]] = layer.keys
            buffers[index].values[span[0], :, span[1]] = layer.values
        start += len(own)
    return Cache(layers=buffers), mask, torch.cat(last)


@torch.inference_mode()
def greedy(
    model: LinguaLiftModel, batches: Sequence[Mapping[str, torch.Tensor]], eos: int, max_new_tokens: int
) -> list[tuple[list[int], bool]]:
    """New tokens of each row of left-padded batches (longest first), without the end token, and whether that was reached.

    The same tokens as `model.generate(do_sample=False)`; rows are dropped from the key-value cache once an eighth of them has ended.
    """
    cache, mask, hidden = read(model, batches, max_new_tokens)
    positions = mask.sum(1, keepdim=True) - 1
    rows = torch.arange(len(mask), device=mask.device)
    tokens: list[list[int]] = [[] for _ in range(len(mask))]
    ended = [False] * len(mask)
    for step in range(max_new_tokens):
        chosen = model.logits(hidden).argmax(-1)
        for place, (row, token) in enumerate(zip(rows.tolist(), chosen.tolist(), strict=True)):
            if not ended[row]:
                ended[row] = token == eos
                if not ended[row]:
                    tokens[row].append(token)
            elif token != eos:
                chosen[place] = eos
        going = torch.tensor([not ended[row] for row in rows.tolist()], device=mask.device)
        if step + 1 == max_new_tokens or not bool(going.any()):
            break
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        positions = positions + 1
        if int(going.sum()) <= len(rows) * 7 // 8:
            keep = going.nonzero()[:, 0]
            cache.batch_select_indices(keep)
            rows, mask, positions, chosen = rows[keep], mask[keep], positions[keep], chosen[keep]
        hidden = model.llm.base_model(
            input_ids=chosen[:, None], attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        ).last_hidden_state[:, -1]
    return list(zip(tokens, ended, strict=True))


def generate(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    eos: int,
    pad: int,
    max_new_tokens: int,
    batch: int,
    progress: str | None = None,
) -> Iterator[tuple[int, list[int], str]]:
    """Yield (example index, new token ids without the end token, stop reason `end` or `length`), longest examples first.

    `states` holds the encoder states of example i at index i.
    """
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(examples)), key=lambda index: (-len(examples[index]), index))
    lengths = [len(examples[index]) for index in order]

    def inputs(chosen: Sequence[int]) -> dict[str, torch.Tensor]:
        tensors = collate([examples[index] for index in chosen], pad, left=True)
        tensors.pop("labels")
        if states is not None:
            tensors["encoder_states"] = as_tensor(np.concatenate([states.of(index) for index in chosen]))
        return {name: tensor.to(device) for name, tensor in tensors.items()}

    with tqdm(total=len(order), desc=progress, unit="problem", disable=progress is None, mininterval=5) as bar:
        for span in chunks(lengths, batch, HELD_TOKENS, max_new_tokens):
            chosen = order[span]
            parts = [inputs(chosen[part]) for part in chunks(lengths[span], batch, READ_TOKENS)]
            for index, (tokens, ended) in zip(chosen, greedy(model, parts, eos, max_new_tokens), strict=True):
                yield index, tokens, "end" if ended else "length"
            bar.update(len(chosen))
