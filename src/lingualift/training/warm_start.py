"""The warm start: regress aligned encoder states onto the LLM's input embeddings of the words they
stand for.

From random initialisation a short stage 1 learns nothing; this objective needs no LLM forward pass.
Every encoder token of a code-switched sentence belongs to a word, and every word stands for a known
English word of the original sentence. Its target is the LLM's input embedding of that English word:
token by token where both sides have as many tokens (digits above all), else the mean over the
English word's tokens.
"""

import logging
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from lingualift.errors import LinguaLiftError
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, as_tensor

logger = logging.getLogger(__name__)

WordSpan = Mapping[str, Any]


def token_targets(
    encoder_offsets: Sequence[tuple[int, int]],
    llm_offsets: Sequence[tuple[int, int]],
    llm_ids: Sequence[int],
    words: Sequence[WordSpan],
) -> list[list[int]]:
    """LLM token ids that each encoder token stands for (their mean embedding is its target); empty
    where no word covers it.

    `words` gives for each word its span `start:end` in the encoder's text and
    `source_start:source_end` in the English text.
    """
    starts = [word["start"] for word in words]
    covering: list[list[int]] = [[] for _ in words]  # encoder tokens of each word
    for token, (start, end) in enumerate(encoder_offsets):
        # an encoder token may begin with the space before its word: place it by its last character
        if end <= start:
            continue
        index = bisect_right(starts, end - 1) - 1
        if index >= 0 and end - 1 < words[index]["end"]:
            covering[index].append(token)
    english: list[list[int]] = []
    position = 0
    for word in words:
        while position < len(llm_ids) and llm_offsets[position][1] <= word["source_start"]:
            position += 1
        cursor, mine = position, []
        while cursor < len(llm_ids) and llm_offsets[cursor][0] < word["source_end"]:
            mine.append(llm_ids[cursor])
            cursor += 1
        english.append(mine)
    targets: list[list[int]] = [[] for _ in encoder_offsets]
    for tokens, ids in zip(covering, english, strict=True):
        for place, token in enumerate(tokens):
            targets[token] = [ids[place]] if len(tokens) == len(ids) else list(ids)
    return targets


def train_warm_start(
    model: LinguaLiftModel,
    states: States,
    targets: Sequence[Sequence[Sequence[int]]],
    steps: int,
    batch_tokens: int,
    learning_rate: float,
    seed: int,
) -> dict[str, Any]:
    """Fit the alignment layer to `targets` (per text, per encoder token, LLM token ids) in `steps`
    steps of `batch_tokens` tokens.

    The loss is the squared distance to the target embedding in units of the embedding table's
    variance. Returns the record.
    """
    if model.alignment is None:
        raise LinguaLiftError("a warm start needs an encoder input")
    owners: list[int] = []  # texts of the encoder tokens that have a target
    places: list[int] = []  # and their places in them
    flat: list[int] = []  # LLM token ids of all targets, behind one another
    bag: list[int] = []  # where each target begins in `flat`
    for text, tokens in enumerate(targets):
        for place, ids in enumerate(tokens):
            if ids:
                owners.append(text)
                places.append(place)
                bag.append(len(flat))
                flat.extend(ids)
    if not owners:
        raise LinguaLiftError(
            "the warm start found no encoder token that stands for an English word"
        )
    table = model.embedding_table().detach().float()
    goal = torch.nn.functional.embedding_bag(
        torch.tensor(flat), table, torch.tensor(bag), mode="mean"
    )
    variance = table.var()
    owner_index, place_index = np.asarray(owners), np.asarray(places)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.alignment.parameters(), lr=learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, learning_rate, total_steps=steps, pct_start=0.1
    )
    losses = []
    for step in range(steps):
        chosen = torch.randint(len(owners), (batch_tokens,), generator=generator)
        aligned = model.alignment(
            as_tensor(states.gather(owner_index[chosen.numpy()], place_index[chosen.numpy()]))
        )
        loss = torch.nn.functional.mse_loss(aligned, goal[chosen]) / variance
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % max(steps // 10, 1) == 0 or step == steps - 1:
            losses.append({"step": step, "loss": round(loss.item(), 4)})
            logger.info("warm start: step %d of %d, loss %.3f", step, steps, loss.item())
    model.config.trained = sorted({*model.config.trained, "alignment", "boundary"})
    return {"tokens": len(owners), "steps": steps, "losses": losses}
