"""Noise on the aligned states in training."""

import numpy as np
import torch

from lingualift.model.layout import END, IGNORE, START, STATE, TEXT, Composed
from lingualift.model.states import States
from lingualift.training.batches import Cutting, Noise, PlannedBatches


def example(states: int) -> Composed:
    segments = [TEXT, START, *[STATE] * states, END, TEXT]
    return Composed(
        np.full(len(segments), 3, np.int32),
        np.asarray(segments, np.int32),
        np.full(len(segments), IGNORE, np.int32),
    )


def drawn(plan: list[list[int]], tokens: int, seed: int = 1) -> list[list[torch.Tensor]]:
    """The noise of each micro-batch of each global batch."""
    counts = [1, 2, 3, 4]
    stored = States.of_arrays([np.zeros((count, 5), np.float16) for count in counts])
    batches = PlannedBatches(
        [example(count) for count in counts],
        stored,
        [np.asarray(rows) for rows in plan],
        Cutting(tokens),
        0,
        noise=Noise(0.5, 8, seed),
    )
    return [
        [micro_batch["state_noise"] for micro_batch in batches[item]["micro_batches"]]
        for item in range(len(plan))
    ]


def test_noise_does_not_depend_on_the_micro_batch() -> None:
    whole, parts = (drawn([[0, 1, 2, 3], [0, 1, 2, 3]], tokens) for tokens in (1000, 15))
    assert [len(batch) for batch in whole] == [1, 1] and len(parts[0]) > 1
    assert whole[0][0].shape == (10, 8)
    for one, many in zip(whole, parts, strict=True):
        assert torch.equal(one[0], torch.cat(many))


def test_noise_differs_between_batches_and_seeds_and_has_its_deviation() -> None:
    (first,), (second,) = drawn([[0, 1, 2, 3], [0, 1, 2, 3]], 1000)
    assert not torch.equal(first, second)
    assert not torch.equal(first, drawn([[0, 1, 2, 3]], 1000, seed=2)[0][0])
    many = Noise(0.5, 64, 1).draw(0, 0, 2000)
    assert abs(many.std() - 0.5) < 0.01 and abs(many.mean()) < 0.01
