"""Which examples share a batch, decided before training: the same for every micro-batch size,
device count and restart.

A global batch (what the optimiser sees) is drawn first; then it is cut into micro-batches of equal
tokens. Examples of similar length share a global batch, so little is padded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lingualift.model.layout import IGNORE, STATE, TEXT, Composed
from lingualift.model.states import States, Tokens, as_tensor

# global batches whose examples are sorted by length together: padding falls below 3 %, order stays
# random
WINDOW = 32


def plan_batches(
    lengths: Sequence[int] | np.ndarray, batch: int, epochs: int, seed: int
) -> list[np.ndarray]:
    """Global batches of `batch` example indices for all epochs, each sorted by length; every
    example is used once an epoch.
    """
    sizes = np.asarray(lengths)
    batch = min(batch, len(sizes))
    generator = np.random.default_rng(seed)
    plan: list[np.ndarray] = []
    for _ in range(epochs):
        order = generator.permutation(len(sizes))
        groups: list[np.ndarray] = []
        for start in range(0, len(order), batch * WINDOW):
            window = order[start : start + batch * WINDOW]
            window = window[np.argsort(sizes[window], kind="stable")]
            groups.extend(window[first : first + batch] for first in range(0, len(window), batch))
        plan.extend(groups[index] for index in generator.permutation(len(groups)))
    return plan


@dataclass(frozen=True)
class Cutting:
    """How a global batch is worked off: in micro-batches of at most `tokens` tokens (or one
    example) on `world` devices, `packed` behind one another or padded to the longest.
    """

    tokens: int
    world: int = 1
    packed: bool = False

    def size(self, lengths: np.ndarray) -> int:
        """Tokens that a micro-batch of examples of these lengths takes, padding included."""
        if not len(lengths):
            return 0
        return int(lengths.sum() if self.packed else lengths.max() * len(lengths))

    def cut(self, lengths: np.ndarray, batch: np.ndarray) -> list[np.ndarray]:
        """Micro-batches of a global batch that is sorted by length, as equal in tokens as their
        number allows; device r takes every `world`-th from the r-th on.

        Their number is a multiple of `world`, for all devices sum gradients together: where
        examples are too few, the last are empty.
        """
        sizes = lengths[batch].tolist()
        ends = self._ends(sizes, self.tokens)
        count = -(-len(ends) // self.world) * self.world
        low, high = 1, max(self.tokens, sizes[-1])
        while count > 1 and low < high:  # the smallest bound that needs no more micro-batches
            middle = (low + high) // 2
            if len(self._ends(sizes, middle)) <= count:
                high = middle
            else:
                low = middle + 1
        pieces = np.split(batch, self._ends(sizes, high)[:-1])
        return pieces + [batch[:0]] * (count - len(pieces))

    def _ends(self, sizes: list[int], tokens: int) -> list[int]:
        """Where the micro-batches end that take examples in their order, each as many as fit."""
        ends, used = [], sizes[0]
        start = 0
        for stop in range(1, len(sizes)):
            with_next = used + sizes[stop] if self.packed else sizes[stop] * (stop + 1 - start)
            if with_next > tokens:
                ends.append(stop)
                start, used = stop, sizes[stop]
            else:
                used = with_next
        return [*ends, len(sizes)]


def padding_share(lengths: Sequence[int] | np.ndarray, plan: Sequence[np.ndarray]) -> float:
    """Padded positions over all positions of the planned micro-batches."""
    sizes = np.asarray(lengths)
    positions = sum(int(sizes[chosen].max()) * len(chosen) for chosen in plan if len(chosen))
    return 1 - sum(int(sizes[chosen].sum()) for chosen in plan) / positions


def collate(examples: Sequence[Composed], pad: int, left: bool = False) -> dict[str, torch.Tensor]:
    """Pad composed sequences to [batch, tokens]; on the left for generation."""
    width = max(len(example) for example in examples)
    shape = (len(examples), width)
    ids, labels = np.full(shape, pad, np.int64), np.full(shape, IGNORE, np.int64)
    segments, mask = np.full(shape, TEXT, np.int64), np.zeros(shape, np.int64)
    for row, example in enumerate(examples):
        span = slice(width - len(example), width) if left else slice(0, len(example))
        ids[row, span], labels[row, span] = example.ids, example.labels
        segments[row, span], mask[row, span] = example.segments, 1
    arrays = {"input_ids": ids, "labels": labels, "segments": segments, "attention_mask": mask}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def pack_sequences(examples: Sequence[Composed]) -> dict[str, Any]:
    """Composed sequences behind one another in one row [1, tokens], without padding; positions
    start again at every sequence.

    `sequence_starts` [sequences + 1] says where each begins and the last ends, `longest_sequence`
    how long one is at most: a number, for which no device is waited for.
    """
    columns = {
        "input_ids": np.concatenate([example.ids for example in examples]),
        "labels": np.concatenate([example.labels for example in examples]),
        "segments": np.concatenate([example.segments for example in examples]),
        "position_ids": np.concatenate([np.arange(len(example)) for example in examples]),
    }
    starts = np.cumsum([0, *map(len, examples)]).astype(np.int32)
    return {
        name: torch.from_numpy(column.astype(np.int64))[None] for name, column in columns.items()
    } | {
        "sequence_starts": torch.from_numpy(starts),
        "longest_sequence": max(map(len, examples)),
    }


@dataclass(frozen=True)
class Noise:
    """Gaussian noise on aligned states: the same for every micro-batch size, device count and
    restart.

    `amount` is in standard deviations of the LLM's embeddings, `dim` their size. A frozen alignment
    layer maps other languages less exactly than English: an LLM that has seen only clean English
    states trusts them too much.
    """

    amount: float
    dim: int
    seed: int

    def draw(self, step: int, index: int, count: int) -> np.ndarray:
        """[count, dim] for the states of example `index` in global batch `step`."""
        generator = np.random.default_rng([self.seed, step, index])
        return generator.standard_normal((count, self.dim), np.float32) * np.float32(self.amount)


class PlannedBatches(torch.utils.data.Dataset):
    """A dataset whose items are what one device does of a global batch, in planned order: its
    `micro_batches`, with their encoder states (or tokens) in reading order, and the `labels` of the
    whole global batch, which its mean loss is over.
    """

    def __init__(
        self,
        examples: Sequence[Composed],
        states: States | Tokens | None,
        plan: Sequence[np.ndarray],
        cutting: Cutting,
        pad: int,
        noise: Noise | None = None,
    ) -> None:
        self.examples, self.states = examples, states
        self.plan, self.cutting, self.pad, self.noise = plan, cutting, pad, noise
        self.lengths = np.asarray([len(example) for example in examples])
        self.cuts = [cutting.cut(self.lengths, batch) for batch in plan]

    def __len__(self) -> int:
        return len(self.plan) * self.cutting.world

    def __getitem__(self, item: int) -> dict[str, Any]:
        step, device = divmod(item, self.cutting.world)
        mine = self.cuts[step][device :: self.cutting.world]
        return {
            "micro_batches": [self.micro_batch(chosen, step) for chosen in mine],
            "labels": self.labels(self.plan[step]),
        }

    def labels(self, chosen: np.ndarray) -> int:
        """Labelled tokens of the chosen examples."""
        return sum(int((self.examples[index].labels != IGNORE).sum()) for index in chosen)

    @property
    def micro_batches(self) -> list[np.ndarray]:
        """All micro-batches of all devices."""
        return [chosen for cut in self.cuts for chosen in cut]

    def largest(self) -> np.ndarray:
        """The planned micro-batch of the most tokens."""
        return max(self.micro_batches, key=lambda chosen: self.cutting.size(self.lengths[chosen]))

    def micro_batch(self, chosen: np.ndarray, step: int = 0) -> dict[str, Any]:
        """The chosen examples as the model takes them, in global batch `step`."""
        if not len(chosen):
            # every device computes something in every micro-batch: an example without labels has
            # loss 0
            first = self.examples[0]
            return self._batch(
                [0], [Composed(first.ids, first.segments, np.full_like(first.labels, IGNORE))]
            )
        batch = self._batch(chosen.tolist(), [self.examples[index] for index in chosen])
        if self.noise is not None:
            drawn = [
                self.noise.draw(step, int(index), self.examples[index].states) for index in chosen
            ]
            batch["state_noise"] = torch.from_numpy(np.concatenate(drawn))
        return batch

    def _batch(self, chosen: Sequence[int], examples: Sequence[Composed]) -> dict[str, Any]:
        batch = pack_sequences(examples) if self.cutting.packed else collate(examples, self.pad)
        if self.states is not None and bool((batch["segments"] == STATE).any()):
            if isinstance(self.states, Tokens):
                batch |= self.states.batch(chosen)
            else:
                batch["encoder_states"] = as_tensor(self.states.rows(chosen))
        return batch
