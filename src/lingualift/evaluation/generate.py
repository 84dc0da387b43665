"""Greedy generation in batches of similar length; answers that have ended leave their batch, so
nothing waits for the longest.

Prompts are read in small chunks of nearly equal length, so little is padded, and then answered side
by side in one batch: reading is bound by arithmetic, answering by the memory that holds the
weights. Keys and values stand in buffers allocated once a batch.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import torch
from tqdm import tqdm
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from lingualift.errors import LinguaLiftError
from lingualift.model.layout import STATE, Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, as_tensor
from lingualift.training.batches import collate

logger = logging.getLogger(__name__)
# positions read at once: larger activations leave the processor's cache, smaller ones starve the
# multiplications
READ_TOKENS = 1024
HELD_TOKENS = 16384  # positions whose keys and values a batch may hold


class Buffer(DynamicLayer):
    """One layer's keys and values [rows, heads, capacity, dim], of which `filled` positions are in
    use; new ones are written in place.
    """

    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, filled: int) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.filled = keys, values, filled

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


def chunks(lengths: Sequence[int], rows: int, tokens: int, extra: int = 0) -> list[slice]:
    """Cut lengths, longest first, into runs of at most `rows` that padded to their longest plus
    `extra` hold at most `tokens`.
    """
    found, start = [], 0
    while start < len(lengths):
        size = max(1, min(rows, tokens // (lengths[start] + extra)))
        found.append(slice(start, min(start + size, len(lengths))))
        start += size
    return found


def read(
    model: LinguaLiftModel, batches: Sequence[Mapping[str, torch.Tensor]], room: int
) -> tuple[Cache, torch.Tensor, torch.Tensor]:
    """Read left-padded prompts, longest first: their cache with room for new tokens, attention
    mask, and last hidden states.
    """
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
        cache = (
            DynamicCache()
        )  # without a configuration it drops nothing; masks of sliding windows do that
        hidden = model.llm.base_model(
            inputs_embeds=model.embed(
                batch["input_ids"], batch["segments"], batch.get("encoder_states")
            ),
            attention_mask=own,
            position_ids=(own.cumsum(1) - 1).clamp_min(0),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        last.append(hidden[:, -1])
        for index, layer in enumerate(cache.layers):
            if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
                raise LinguaLiftError(
                    f"LLM {model.llm.config.model_type}: keeps more than keys and values of its"
                    " past; it cannot be evaluated"
                )
            if len(buffers) == index:
                empty = [
                    part.new_zeros(rows, part.shape[1], width + room, part.shape[3])
                    for part in (layer.keys, layer.values)
                ]
                buffers.append(Buffer(empty[0], empty[1], width))
            buffers[index].keys[span[0], :, span[1]] = layer.keys
            buffers[index].values[span[0], :, span[1]] = layer.values
        start += len(own)
    return Cache(layers=[*buffers]), mask, torch.cat(last)


@torch.inference_mode()
def greedy(
    model: LinguaLiftModel,
    batches: Sequence[Mapping[str, torch.Tensor]],
    eos: int,
    max_new_tokens: int,
) -> list[tuple[list[int], bool]]:
    """New tokens of each row of left-padded batches (longest first), without the end token, and
    whether that was reached.

    The same tokens as `model.generate(do_sample=False)`; rows are dropped from the key-value cache
    once an eighth of them has ended.
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
            input_ids=chosen[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
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
    finished: Collection[int] = (),
    progress: str | None = None,
) -> Iterator[list[tuple[int, list[int], str]]]:
    """Yield batches of (example index, new token ids without the end token, stop reason `end` or
    `length`), longest examples first.

    `states` holds the encoder states of example i at index i. Batches whose examples are all
    `finished` are passed over.
    """
    model.eval()
    order = longest_first(examples)
    lengths = [len(examples[index]) for index in order]
    with tqdm(
        total=len(order), desc=progress, unit="problem", disable=progress is None, mininterval=5
    ) as bar:
        for span in chunks(lengths, batch, HELD_TOKENS, max_new_tokens):
            chosen = order[span]
            if not all(index in finished for index in chosen):
                parts = prompts(model, examples, states, chosen, pad)
                answers = greedy(model, parts, eos, max_new_tokens)
                yield [
                    (index, ids, "end" if ended else "length")
                    for index, (ids, ended) in zip(chosen, answers, strict=True)
                ]
            bar.update(len(chosen))


@torch.inference_mode()
def choice_likelihoods(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    choices: Sequence[Sequence[Sequence[int]]],
    pad: int,
    batch: int,
    progress: str | None = None,
) -> list[list[float]]:
    """Log-likelihood of each choice of each example: `choices[i][k]` are the token ids of choice k
    after prompt i.

    A prompt is read once; every choice continues from its keys and values.
    """
    model.eval()
    order = longest_first(examples)
    room = max(len(ids) for own in choices for ids in own)
    lengths = [len(examples[index]) for index in order]
    result: list[list[float]] = [[] for _ in examples]
    with tqdm(
        total=len(order), desc=progress, unit="problem", disable=progress is None, mininterval=5
    ) as bar:
        for span in chunks(lengths, batch, HELD_TOKENS, room):
            chosen = order[span]
            cache, mask, hidden = read(model, prompts(model, examples, states, chosen, pad), room)
            first = model.logits(hidden).float().log_softmax(-1)
            positions = mask.sum(1, keepdim=True) - 1
            for choice in range(max(len(choices[index]) for index in chosen)):
                rows = [
                    list(choices[index][choice]) if choice < len(choices[index]) else [pad]
                    for index in chosen
                ]
                width = max(map(len, rows))
                ids = torch.tensor(
                    [row + [pad] * (width - len(row)) for row in rows], device=mask.device
                )
                total = first.gather(1, ids[:, :1])[:, 0]
                if width > 1:
                    for layer in cache.layers:
                        assert isinstance(layer, Buffer)
                        layer.filled = mask.shape[1]
                    step = torch.arange(1, width, device=mask.device)
                    after = model.llm.base_model(
                        input_ids=ids[:, :-1],
                        attention_mask=torch.cat([mask, mask.new_ones(len(rows), width - 1)], 1),
                        position_ids=positions + step,
                        past_key_values=cache,
                        use_cache=True,
                    ).last_hidden_state
                    each = (
                        model.logits(after)
                        .float()
                        .log_softmax(-1)
                        .gather(2, ids[:, 1:, None])[..., 0]
                    )
                    own = (
                        step < torch.tensor([len(row) for row in rows], device=mask.device)[:, None]
                    )
                    total = total + (each * own).sum(1)
                for index, value in zip(chosen, total.tolist(), strict=True):
                    if choice < len(choices[index]):
                        result[index].append(value)
            bar.update(len(chosen))
    return result


@torch.inference_mode()
def sentence_vectors(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    layer: int,
    pad: int,
    batch: int,
) -> np.ndarray:
    """Mean [examples, llm_dim] of each example's hidden states of one layer over the aligned
    states, or over its text without BOS.
    """
    model.eval()
    order = longest_first(examples)
    result = np.empty((len(examples), model.embedding_table().shape[1]), np.float32)
    for part in chunks([len(examples[index]) for index in order], batch, READ_TOKENS):
        (inputs,) = prompts(model, examples, states, order[part], pad, whole=True)
        mask = inputs["attention_mask"]
        hidden = model.llm.base_model(
            inputs_embeds=model.embed(
                inputs["input_ids"], inputs["segments"], inputs.get("encoder_states")
            ),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp_min(0),
            use_cache=False,
            output_hidden_states=True,
        ).hidden_states[layer]
        state = inputs["segments"] == STATE
        used = (
            torch.where(state.any(1, keepdim=True), state, (mask.cumsum(1) > 1))
            .unsqueeze(-1)
            .float()
        )
        result[order[part]] = (
            ((hidden.float() * used).sum(1) / used.sum(1).clamp_min(1)).cpu().numpy()
        )
    return result


def longest_first(examples: Sequence[Composed]) -> list[int]:
    """Indices of the examples, longest first."""
    return sorted(range(len(examples)), key=lambda index: (-len(examples[index]), index))


def prompts(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    chosen: Sequence[int],
    pad: int,
    whole: bool = False,
) -> list[dict[str, torch.Tensor]]:
    """Left-padded inputs of the chosen examples, longest first, in chunks of at most READ_TOKENS
    positions (`whole`: in one).
    """
    device = next(model.parameters()).device
    lengths = [len(examples[index]) for index in chosen]
    result = []
    for part in [slice(None)] if whole else chunks(lengths, len(chosen), READ_TOKENS):
        own = chosen[part]
        tensors = collate([examples[index] for index in own], pad, left=True)
        tensors.pop("labels")
        if states is not None:
            tensors["encoder_states"] = as_tensor(
                np.concatenate([states.of(index) for index in own])
            )
        result.append({name: tensor.to(device) for name, tensor in tensors.items()})
    return result
