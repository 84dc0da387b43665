"""Greedy generation in batches of similar length; answers that have ended leave their batch, so
nothing waits for the longest.

Prompts are read in small chunks of nearly equal length, so little is padded, and then answered side
by side in one batch (`prefill`): reading is bound by arithmetic, answering by the memory that holds
the weights.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from tqdm import tqdm

from lingualift import machine
from lingualift.evaluation.memory import Budget, Held, in_batches, require_room
from lingualift.evaluation.prefill import Buffer, Prefilled, prefill
from lingualift.model.layout import STATE, Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, as_tensor
from lingualift.training.batches import collate

logger = logging.getLogger(__name__)
# positions that a processor reads at once: larger activations leave its cache, smaller ones starve
# the multiplications; a GPU takes more (`machine.device_scale`)
READ_TOKENS = 1024


@dataclass(frozen=True)
class ComposedInputs:
    """What a model is asked: composed inputs, with the encoder states of input i at index i (None:
    text alone); `pad` fills the rows of a batch.
    """

    composed: Sequence[Composed]
    states: States | None
    pad: int

    def __len__(self) -> int:
        return len(self.composed)

    def longest_first(self) -> list[int]:
        """Indices of the inputs, longest first."""
        return sorted(range(len(self)), key=lambda index: (-len(self.composed[index]), index))

    def batches(self, chosen: Sequence[int], device: torch.device) -> list[dict[str, torch.Tensor]]:
        """Right-padded batches of the chosen inputs, longest first, of at most as many positions as
        a device reads at once.
        """
        lengths = [len(self.composed[index]) for index in chosen]
        spans = chunks(lengths, READ_TOKENS * machine.device_scale(device.type))
        return [self.batch(chosen[span], device, left=False) for span in spans]

    def batch(
        self, chosen: Sequence[int], device: torch.device, left: bool = True
    ) -> dict[str, torch.Tensor]:
        """The chosen inputs in one batch, padded on the left, as Transformers continues them, or on
        the right.
        """
        tensors = collate([self.composed[index] for index in chosen], self.pad, left)
        tensors.pop("labels")
        if self.states is not None:
            tensors["encoder_states"] = as_tensor(self.states.rows(chosen))
        return {name: tensor.to(device) for name, tensor in tensors.items()}


def chunks(lengths: Sequence[int], tokens: int) -> list[slice]:
    """Cut lengths, longest first, into runs that padded to their longest hold at most `tokens`."""
    spans, start = [], 0
    while start < len(lengths):
        size = max(1, tokens // lengths[start])
        spans.append(slice(start, min(start + size, len(lengths))))
        start += size
    return spans


def _bar(total: int, name: str | None) -> tqdm:
    return tqdm(total=total, desc=name, unit="problem", disable=name is None, mininterval=5)


@torch.inference_mode()
def greedy(
    model: LinguaLiftModel,
    batches: Sequence[Mapping[str, torch.Tensor]],
    ends: Sequence[int],
    max_new_tokens: int,
) -> list[tuple[list[int], bool]]:
    """New tokens of each row of right-padded batches, up to the first of the tokens that end an
    answer, and whether one was reached.

    The same tokens as `model.generate(do_sample=False)`; rows are dropped from the key-value cache
    once an eighth of them has ended.
    """
    past = prefill(model, batches, max_new_tokens)
    mask, hidden = past.mask, past.hidden
    positions = mask.sum(1, keepdim=True) - 1
    rows = torch.arange(len(mask), device=mask.device)
    tokens: list[list[int]] = [[] for _ in range(len(mask))]
    ended = [False] * len(mask)
    for step in range(max_new_tokens):
        chosen = _highest(model.logits(hidden))
        for number, (row, token) in enumerate(zip(rows.tolist(), chosen.tolist(), strict=True)):
            if ended[row]:
                chosen[number] = ends[0]
            elif token in ends:
                ended[row] = True
            else:
                tokens[row].append(token)
        going = torch.tensor([not ended[row] for row in rows.tolist()], device=mask.device)
        if step + 1 == max_new_tokens or not bool(going.any()):
            break
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        positions = positions + 1
        if int(going.sum()) <= len(rows) * 7 // 8:
            keep = going.nonzero()[:, 0]
            past.cache.batch_select_indices(keep)
            rows, mask, positions, chosen = rows[keep], mask[keep], positions[keep], chosen[keep]
        hidden = model.llm.base_model(
            input_ids=chosen[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=past.cache,
            use_cache=True,
        ).last_hidden_state[:, -1]
    return list(zip(tokens, ended, strict=True))


def _highest(logits: torch.Tensor) -> torch.Tensor:
    """The first of the highest logits of each row. NumPy's search takes a fourth of the time of
    torch's on a processor, which was a twentieth of all.
    """
    if logits.device.type != "cpu":
        return logits.argmax(-1)
    return torch.from_numpy(logits.float().numpy().argmax(-1))


def _rows(
    model: LinguaLiftModel,
    inputs: ComposedInputs,
    order: Sequence[int],
    asked: int | None,
    room: int,
    logits: int = 1,
) -> Callable[[int], int]:
    """How many inputs a batch holds from an input on, the longest of them. Raises `LinguaLiftError`
    where the first batch of `order`, longest first, does not fit a processor's free memory.
    """
    held = Held.of(model.llm.config, model.embedding_table().dtype)
    weights = sum(tensor.nbytes for tensor in chain(model.parameters(), model.buffers()))
    budget = Budget.of(model.device, weights, asked)

    def size(index: int) -> int:
        return held.row(len(inputs.composed[index]), room, logits)

    if order:
        require_room(model.device, min(len(order), budget.held(size(order[0]))), size(order[0]))
    return lambda index: budget.held(size(index))


def generate(
    model: LinguaLiftModel,
    inputs: ComposedInputs,
    ends: Sequence[int],
    max_new_tokens: int,
    batch: int | None,
    finished: Collection[int] = (),
    progress: str | None = None,
) -> Iterator[list[tuple[int, list[int], str]]]:
    """Yield batches of (index of an input, new token ids before the end token, stop reason `end` or
    `length`), longest inputs first.

    `ends` are the tokens that end an answer. A batch holds at most `batch` inputs (None: as many as
    `Budget` says). What is `finished` is passed over.
    """
    model.eval()
    order = [index for index in inputs.longest_first() if index not in finished]

    def answer(chosen: Sequence[int]) -> list[tuple[list[int], bool]]:
        return greedy(model, inputs.batches(chosen, model.device), ends, max_new_tokens)

    with _bar(len(inputs), progress) as bar:
        bar.update(len(inputs) - len(order))
        rows = _rows(model, inputs, order, batch, max_new_tokens)
        for chosen, answers in in_batches(order, rows, answer):
            yield [
                (index, ids, "end" if ended else "length")
                for index, (ids, ended) in zip(chosen, answers, strict=True)
            ]
            bar.update(len(chosen))


@torch.inference_mode()
def choice_likelihoods(
    model: LinguaLiftModel,
    inputs: ComposedInputs,
    choices: Sequence[Sequence[Sequence[int]]],
    batch: int | None,
    progress: str | None = None,
) -> list[list[float]]:
    """Log-likelihood of each choice of each input: `choices[i][k]` are the token ids of choice k
    after input i.

    A prompt is read once; every choice continues from its keys and values.
    """
    model.eval()
    room = max(len(ids) for choices_of_one in choices for ids in choices_of_one)
    result: list[list[float]] = [[] for _ in choices]

    def score(chosen: Sequence[int]) -> list[list[float]]:
        past = prefill(model, inputs.batches(chosen, model.device), room)
        first = model.logits(past.hidden).float().log_softmax(-1)
        values = []
        for number in range(max(len(choices[index]) for index in chosen)):
            rows = [
                list(choices[index][number]) if number < len(choices[index]) else [inputs.pad]
                for index in chosen
            ]
            values.append(_continued(model, past, first, rows, inputs.pad).tolist())
        return values

    with _bar(len(inputs), progress) as bar:
        order = inputs.longest_first()
        rows = _rows(model, inputs, order, batch, room, logits=room)
        for chosen, values in in_batches(order, rows, score):
            for column_number, index in enumerate(chosen):
                result[index] = [column[column_number] for column in values[: len(choices[index])]]
            bar.update(len(chosen))
    return result


def _continued(
    model: LinguaLiftModel,
    past: Prefilled,
    first: torch.Tensor,
    rows: Sequence[list[int]],
    pad: int,
) -> torch.Tensor:
    """Log-likelihood [rows] of the token ids of each row after the prompt that was read there,
    whose next token has the log-probabilities `first` [rows, vocabulary]; the cache holds the
    prompts alone again when it is next continued.
    """
    device, prompt = past.mask.device, past.mask.shape[1]
    counts = torch.tensor([len(row) for row in rows], device=device)[:, None]
    width = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=device)
    total = first.gather(1, ids[:, :1])[:, 0]
    if width == 1:
        return total
    for layer in past.cache.layers:
        assert isinstance(layer, Buffer)
        layer.filled = prompt
    step = torch.arange(1, width, device=device)
    after = model.llm.base_model(
        input_ids=ids[:, :-1],
        attention_mask=torch.cat([past.mask, past.mask.new_ones(len(rows), width - 1)], 1),
        position_ids=past.mask.sum(1, keepdim=True) - 1 + step,
        past_key_values=past.cache,
        use_cache=True,
    ).last_hidden_state
    each = model.logits(after).float().log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    return total + (each * (step < counts)).sum(1)


@torch.inference_mode()
def sentence_vectors(
    model: LinguaLiftModel, inputs: ComposedInputs, layer: int, batch: int | None
) -> np.ndarray:
    """Mean [inputs, llm_dim] of each input's hidden states of one layer over the aligned states, or
    over its text without BOS.
    """
    model.eval()
    result = np.empty((len(inputs), model.embedding_table().shape[1]), np.float32)
    most = READ_TOKENS * machine.device_scale(model.device.type)

    def means(chosen: Sequence[int]) -> np.ndarray:
        tensors = inputs.batch(chosen, model.device)
        mask = tensors["attention_mask"]
        hidden = model.llm.base_model(
            inputs_embeds=model.embed(
                tensors["input_ids"], tensors["segments"], tensors.get("encoder_states")
            ),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp_min(0),
            use_cache=False,
            output_hidden_states=True,
        ).hidden_states[layer]
        state = tensors["segments"] == STATE
        read_as_text = mask.cumsum(1) > 1
        used = torch.where(state.any(1, keepdim=True), state, read_as_text).unsqueeze(-1).float()
        return ((hidden.float() * used).sum(1) / used.sum(1).clamp_min(1)).cpu().numpy()

    def rows(index: int) -> int:
        return max(1, min(batch or most, most // len(inputs.composed[index])))

    for chosen, vectors in in_batches(inputs.longest_first(), rows, means):
        result[chosen] = vectors
    return result
