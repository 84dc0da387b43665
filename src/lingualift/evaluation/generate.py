"""Greedy generation in batches of similar length, the same answers as one problem at a time."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from tqdm import tqdm

from lingualift.model.encoder import States, as_tensor
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.batches import collate

logger = logging.getLogger(__name__)


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
    with tqdm(total=len(order), desc=progress, unit="problem", disable=progress is None, mininterval=5) as bar:
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            inputs = collate([examples[index] for index in chosen], pad, left=True)
            inputs.pop("labels")
            if states is not None:
                inputs["encoder_states"] = as_tensor(np.concatenate([states.of(index) for index in chosen]))
            inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
            tokens = model.generate(**inputs, do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=eos, pad_token_id=pad)
            for index, row in zip(chosen, tokens.tolist(), strict=True):
                ended = eos in row
                yield index, row[: row.index(eos)] if ended else row, "end" if ended else "length"
            bar.update(len(chosen))
