"""Prompts are read before their answers: keys and values stand in buffers allocated once a batch,
and what all prompts of a batch begin with, an instruction or worked examples, is read once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from lingualift.messages import LinguaLiftError
from lingualift.model.layout import STATE
from lingualift.model.modeling import LinguaLiftModel

# positions that sharing a beginning must save: reading it reads the LLM's weights once more, which
# takes a processor as long as 25 positions (measured at 135M) and a GPU as long as 300 (27 ms at 7B
# beside half of 312 TFLOP/s)
SHARED_TOKENS = 256


class Buffer(DynamicLayer):
    """One layer's keys and values [rows, heads, capacity, dim], of which `filled` positions are in
    use; new ones are written in place.

    The rest is not initialised: where answers are shorter than their room, its memory is never
    touched.
    """

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(
        self, keys: torch.Tensor, values: torch.Tensor, rows: int, filled: int, room: int
    ) -> None:
        """Empty, of the heads, dim and type of `keys` and `values`: `filled` positions are zero."""
        super().__init__()
        self.lazy_initialization(keys, values)
        self.filled = filled
        self.keys, self.values = (
            kept.new_empty(rows, kept.shape[1], filled + room, kept.shape[3])
            for kept in (keys, values)
        )
        for kept in (self.keys, self.values):
            kept[:, :, :filled] = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        end = self.filled + key_states.shape[-2]
        self.keys[:, :, self.filled : end], self.values[:, :, self.filled : end] = (
            key_states,
            value_states,
        )
        self.filled = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        return self.filled

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep the rows of ascending `indices`, in the same memory."""
        rows = len(indices)
        for kept in (self.keys, self.values):
            kept[:rows, :, : self.filled] = kept[indices, :, : self.filled]
        self.keys, self.values = self.keys[:rows], self.values[:rows]


@dataclass
class Prefilled:
    """Prompts that a model has read, padded on the left: keys and values with room for new tokens,
    attention mask [rows, tokens], and last hidden states [rows, llm_dim].
    """

    cache: Cache
    mask: torch.Tensor
    hidden: torch.Tensor


def prefill(
    model: LinguaLiftModel, batches: Sequence[Mapping[str, torch.Tensor]], room: int
) -> Prefilled:
    """Read right-padded prompts, leaving room for so many new tokens. On the right, padding comes
    behind all that a prompt reads, so it needs no mask and keeps no token from its neighbours.
    """
    lengths = [batch["attention_mask"].sum(1) for batch in batches]
    width = int(max(part.max() for part in lengths))
    shared = shared_beginning(batches)
    beginning: list[tuple[torch.Tensor, torch.Tensor]] = []
    if shared:
        _, beginning = _read(model, _first_tokens(batches[0], shared), 0, [])
    buffers: list[Buffer] = []
    last = []
    start = 0
    for batch, counts in zip(batches, lengths, strict=True):
        hidden, kept = _read(model, batch, shared, beginning)
        last.append(hidden[torch.arange(len(counts), device=counts.device), counts - shared - 1])
        if not buffers:
            buffers = [Buffer(*pair, sum(map(len, lengths)), width, room) for pair in kept]
        for rows, count in _runs(counts.tolist()):
            place = slice(start + rows.start, start + rows.stop), slice(None), slice(-count, None)
            for buffer, (keys, values) in zip(buffers, kept, strict=True):
                buffer.keys[:, :, :width][place] = keys[rows, :, :count]
                buffer.values[:, :, :width][place] = values[rows, :, :count]
        start += len(counts)
    columns = torch.arange(width, 0, -1, device=lengths[0].device)
    mask = (columns <= torch.cat(lengths)[:, None]).long()
    return Prefilled(Cache(layers=[*buffers]), mask, torch.cat(last))


def shared_beginning(batches: Sequence[Mapping[str, torch.Tensor]]) -> int:
    """How many tokens all prompts of right-padded batches begin with, ahead of encoder states and
    of the last token of each; 0 where reading them once would not save `SHARED_TOKENS`.
    """
    count = min(int(batch["attention_mask"].sum(1).min()) for batch in batches) - 1
    first = {name: batches[0][name][0] for name in ("input_ids", "segments")}
    for batch in batches:
        same = batch["segments"][:, :count] != STATE
        for name, row in first.items():
            same &= batch[name][:, :count] == row[:count]
        count = int(same.all(0).long().cumprod(0).sum())
    rows = sum(len(batch["input_ids"]) for batch in batches)
    return count if count * (rows - 1) >= SHARED_TOKENS else 0


def _first_tokens(batch: Mapping[str, torch.Tensor], count: int) -> dict[str, torch.Tensor]:
    """So many tokens of a batch's first row, which hold no encoder state."""
    first = {name: batch[name][:1, :count] for name in ("input_ids", "segments")}
    if "encoder_states" in batch:
        first["encoder_states"] = batch["encoder_states"][:0]
    return first


def _runs(lengths: Sequence[int]) -> Iterator[tuple[slice, int]]:
    """Neighbouring rows of one length, and that length."""
    start = 0
    for length, run in groupby(lengths):
        stop = start + len(list(run))
        yield slice(start, stop), length
        start = stop


def _read(
    model: LinguaLiftModel,
    batch: Mapping[str, torch.Tensor],
    start: int,
    beginning: Sequence[tuple[torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
    """Hidden states [rows, tokens, llm_dim] of a right-padded batch from position `start` on, and
    every layer's keys and values of all positions; those before `start` are the `beginning` [1,
    heads, start, dim].
    """
    ids, segments = batch["input_ids"][:, start:], batch["segments"][:, start:]
    rows, width = batch["input_ids"].shape
    # without a configuration it drops nothing; masks of sliding windows do that
    cache = DynamicCache()
    for layer, (keys, values) in enumerate(beginning):
        cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), layer)
    hidden = model.llm.base_model(
        inputs_embeds=model.embed(ids, segments, batch.get("encoder_states")),
        attention_mask=ids.new_ones(rows, width),
        position_ids=torch.arange(start, width, device=ids.device).expand(rows, -1),
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    return hidden, [_keys_and_values(model, layer) for layer in cache.layers]


def _keys_and_values(model: LinguaLiftModel, layer: object) -> tuple[torch.Tensor, torch.Tensor]:
    """What a layer keeps of its past, where that is keys and values alone."""
    if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
        raise LinguaLiftError(
            f"LLM {model.llm.config.model_type}: keeps more than keys and values of its past; it"
            " cannot be evaluated"
        )
    return layer.keys, layer.values
