"""Which examples share a batch, decided before training: the same for every micro-batch size, device count and restart.

A global batch (what the optimiser sees) is drawn first; then it is cut into micro-batches. Examples of similar length share a
global batch, so little is padded.
"""

from collections.abc import Sequence

import numpy as np
import torch

from lingualift.model.encoder import States, as_tensor
from lingualift.model.layout import IGNORE, STATE, TEXT, Composed

WINDOW = 8  # global batches whose examples are sorted by length together: padding falls below 5 %, order stays random


def plan_batches(lengths: Sequence[int], batch: int, micro_batches: int, epochs: int, seed: int) -> list[np.ndarray]:
    """Micro-batches of example indices for all epochs, `micro_batches` in a row making one global batch of `batch` examples.

    The last, smaller global batch of an epoch is kept when it can feed every micro-batch, else dropped into the next epoch's
    chance; with fewer examples than `batch`, one global batch holds them all.
    """
    sizes = np.asarray(lengths)
    batch = min(batch, len(lengths))
    micro_batches = min(micro_batches, batch)
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
            if len(groups[index]) >= micro_batches:
                plan.extend(np.array_split(groups[index], micro_batches))
    return plan


def padding_share(lengths: Sequence[int], plan: Sequence[np.ndarray]) -> float:
    """Padded positions over all positions of the planned micro-batches."""
    sizes = np.asarray(lengths)
    positions = sum(int(sizes[chosen].max()) * len(chosen) for chosen in plan)
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


class PlannedBatches(torch.utils.data.Dataset):
    """A dataset whose items are whole micro-batches, in planned order, with their encoder states in reading order."""

    def __init__(self, examples: Sequence[Composed], states: States | None, plan: Sequence[np.ndarray], pad: int) -> None:
        self.examples, self.states, self.plan, self.pad = examples, states, plan, pad

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        chosen = self.plan[item]
        batch = collate([self.examples[index] for index in chosen], self.pad)
        if self.states is not None and bool((batch["segments"] == STATE).any()):
            batch["encoder_states"] = as_tensor(np.concatenate([self.states.of(index) for index in chosen]))
        return batch
