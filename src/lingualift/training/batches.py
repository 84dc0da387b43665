"""Which examples share a batch, decided before training: the same for every micro-batch size,
device count and restart.

A global batch (what the optimiser sees) is drawn first; then it is cut into micro-batches. Examples
of similar length share a global batch, so little is padded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lingualift.model.layout import IGNORE, STATE, TEXT, Composed
from lingualift.model.states import States, Tokens, as_tensor

# global batches whose examples are sorted by length together: padding falls below 3 %, order stays
# random
WINDOW = 32


def plan_batches(
    lengths: Sequence[int], batch: int, micro_batches: int, epochs: int, seed: int
) -> list[np.ndarray]:
    """Micro-batches of example indices for all epochs, `micro_batches` in a row making one global
    batch of `batch` examples.

    The global batches depend on neither the micro-batch nor the number of devices: every example is
    used once an epoch, and where the last, smaller global batch cannot feed every micro-batch, the
    rest are empty.
    """
    sizes = np.asarray(lengths)
    batch = min(batch, len(lengths))
    generator = np.random.default_rng(seed)
    plan: list[np.ndarray] = []
    for _ in range(epochs):
        order = generator.permutation(len(lengths))
        groups: list[np.ndarray] = []
        for start in range(0, len(order), batch * WINDOW):
            window = order[start : start + batch * WINDOW]
            window = window[np.argsort(sizes[window], kind="stable")]
            groups.extend(window[first : first + batch] for first in range(0, len(window), batch))
        for index in generator.permutation(len(groups)):
            plan.extend(np.array_split(groups[index], micro_batches))
    return plan


def padding_share(lengths: Sequence[int], plan: Sequence[np.ndarray]) -> float:
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


def pack(examples: Sequence[Composed]) -> dict[str, torch.Tensor]:
    """Composed sequences behind one another in one row [1, tokens], without padding; positions
    start again at every sequence.

    For attention kernels that keep sequences of one row apart by their positions.
    """
    columns = {
        "input_ids": np.concatenate([example.ids for example in examples]),
        "labels": np.concatenate([example.labels for example in examples]),
        "segments": np.concatenate([example.segments for example in examples]),
        "position_ids": np.concatenate([np.arange(len(example)) for example in examples]),
    }
    return {
        name: torch.from_numpy(column.astype(np.int64))[None] for name, column in columns.items()
    }


@dataclass(frozen=True)
class Noise:
    """Gaussian noise on aligned states: the same for every micro-batch size, device count and
    restart.

    `amount` is in standard deviations of the LLM's embeddings, `dim` their size; `micro_batches` in
    a row make a global batch. A frozen alignment layer maps other languages less exactly than
    English: an LLM that has seen only clean English states trusts them too much.
    """

    amount: float
    dim: int
    seed: int
    micro_batches: int

    def draw(self, item: int, index: int, count: int) -> np.ndarray:
        """[count, dim] for the states of example `index` in micro-batch `item`."""
        generator = np.random.default_rng([self.seed, item // self.micro_batches, index])
        return generator.standard_normal((count, self.dim), np.float32) * np.float32(self.amount)


class PlannedBatches(torch.utils.data.Dataset):
    """A dataset whose items are whole micro-batches, in planned order, with their encoder states
    (or tokens) in reading order.
    """

    def __init__(
        self,
        examples: Sequence[Composed],
        states: States | Tokens | None,
        plan: Sequence[np.ndarray],
        pad: int,
        packed: bool = False,
        noise: Noise | None = None,
    ) -> None:
        self.examples, self.states, self.plan = examples, states, plan
        self.pad, self.packed, self.noise = pad, packed, noise

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        chosen = self.plan[item]
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
                self.noise.draw(item, int(index), self.examples[index].states) for index in chosen
            ]
            batch["state_noise"] = torch.from_numpy(np.concatenate(drawn))
        return batch

    def _batch(
        self, chosen: Sequence[int], examples: Sequence[Composed]
    ) -> dict[str, torch.Tensor]:
        batch = pack(examples) if self.packed else collate(examples, self.pad)
        if self.states is not None and bool((batch["segments"] == STATE).any()):
            if isinstance(self.states, Tokens):
                batch |= self.states.batch(chosen)
            else:
                batch["encoder_states"] = as_tensor(self.states.rows(chosen))
        return batch
