"""Noise on the aligned states in training."""

import numpy as np
import torch

from lingualift.model.layout import END, IGNORE, START, STATE, TEXT, Composed
from lingualift.model.states import States
from lingualift.training.batches import Noise, PlannedBatches


def example(states: int) -> Composed:
    segments = [TEXT, START, *[STATE] * states, END, TEXT]
    return Composed(
        np.full(len(segments), 3, np.int32),
        np.asarray(segments, np.int32),
        np.full(len(segments), IGNORE, np.int32),
    )


def drawn(plan: list[list[int]], micro_batches: int, seed: int = 1) -> list[torch.Tensor]:
    counts = [2, 3, 1, 4]
    stored = States.of_arrays([np.zeros((count, 5), np.float16) for count in counts])
    batches = PlannedBatches(
        [example(count) for count in counts],
        stored,
        [np.asarray(rows) for rows in plan],
        0,
        noise=Noise(0.5, 8, seed, micro_batches),
    )
    return [batches[item]["state_noise"] for item in range(len(plan))]


def test_noise_does_not_depend_on_the_micro_batch() -> None:
    whole = drawn([[0, 1, 2, 3], [3, 2, 1, 0]], 1)
    halves = drawn([[0, 1], [2, 3], [3, 2], [1, 0]], 2)
    assert whole[0].shape == (10, 8)
    assert torch.equal(whole[0], torch.cat(halves[:2])) and torch.equal(
        whole[1], torch.cat(halves[2:])
    )


def test_noise_differs_between_batches_and_seeds_and_has_its_deviation() -> None:
    first, second = drawn([[0, 1, 2, 3], [0, 1, 2, 3]], 1)
    assert not torch.equal(first, second) and not torch.equal(
        first, drawn([[0, 1, 2, 3]], 1, seed=2)[0]
    )
    many = Noise(0.5, 64, 1, 1).draw(0, 0, 2000)
    assert abs(many.std() - 0.5) < 0.01 and abs(many.mean()) < 0.01
