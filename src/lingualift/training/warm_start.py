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

from lingualift import machine
from lingualift.config import WarmStart
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import EncoderTokenizer
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, as_tensor
from lingualift.training.examples import Examples

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
        end = position
        while end < len(llm_ids) and llm_offsets[end][0] < word["source_end"]:
            end += 1
        english.append(list(llm_ids[position:end]))
    targets: list[list[int]] = [[] for _ in encoder_offsets]
    for tokens, ids in zip(covering, english, strict=True):
        for number, token in enumerate(tokens):
            targets[token] = [ids[number]] if len(tokens) == len(ids) else list(ids)
    return targets


def stage_targets(
    examples: Examples, encoder: EncoderTokenizer, tokenizer: Any
) -> list[list[list[int]]]:
    """`token_targets` of every example, whose encoder states must be those of these tokens."""
    assert examples.words is not None and examples.states is not None
    _, offsets = encoder(examples.questions)
    english = tokenizer(examples.responses, add_special_tokens=False, return_offsets_mapping=True)
    targets = [
        token_targets(spans, llm_spans, llm_ids, words)
        for spans, llm_spans, llm_ids, words in zip(
            offsets, english["offset_mapping"], english["input_ids"], examples.words, strict=True
        )
    ]
    for count, tokens in zip(examples.states.counts(), targets, strict=True):
        if count != len(tokens):
            raise LinguaLiftError(
                "stored encoder states do not match the encoder's tokenizer; delete results/encoded"
                " and run again"
            )
    return targets


def train_warm_start(
    model: LinguaLiftModel,
    states: States,
    targets: Sequence[Sequence[Sequence[int]]],
    stage: WarmStart,
    seed: int,
) -> dict[str, Any]:
    """Fit the alignment layer to `targets` (per text, per encoder token, LLM token ids) in the
    stage's steps.

    The loss is the squared distance to the target embedding in units of the embedding table's
    variance. Returns the record.
    """
    if model.alignment is None:
        raise LinguaLiftError("a warm start needs an encoder input")
    texts, positions, goal, variance = _goals(model, targets)
    device = machine.device()
    alignment = model.alignment.to(device)
    variance = variance.to(device)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(alignment.parameters(), lr=stage.learning_rate, weight_decay=0.01)
    # A rise of exactly one step, a tenth of ten, is a division by zero in PyTorch.
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        stage.learning_rate,
        total_steps=stage.steps,
        pct_start=0.1 if stage.steps > 10 else 0.15,
    )
    losses = []
    for step in range(stage.steps):
        chosen = torch.randint(len(texts), (stage.batch,), generator=generator)
        rows = states.gather(texts[chosen.numpy()], positions[chosen.numpy()])
        aligned = alignment(as_tensor(rows).to(device))
        loss = torch.nn.functional.mse_loss(aligned, goal[chosen].to(device)) / variance
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % max(stage.steps // 10, 1) == 0 or step == stage.steps - 1:
            losses.append({"step": step, "loss": round(loss.item(), 4)})
            logger.info("warm start: step %d of %d, loss %.3f", step, stage.steps, loss.item())
    model.config.trained = sorted({*model.config.trained, "alignment", "boundary"})
    return {"tokens": len(texts), "steps": stage.steps, "losses": losses}


def _goals(
    model: LinguaLiftModel, targets: Sequence[Sequence[Sequence[int]]]
) -> tuple[np.ndarray, np.ndarray, torch.Tensor, torch.Tensor]:
    """The encoder tokens that have a target: their texts [tokens], their positions in them
    [tokens], the mean embedding that each shall become [tokens, llm_dim], and the table's variance.
    """
    texts: list[int] = []
    positions: list[int] = []
    flat: list[int] = []  # LLM token ids of all targets, behind one another
    bag: list[int] = []  # where each target begins in `flat`
    for text, tokens in enumerate(targets):
        for position, ids in enumerate(tokens):
            if ids:
                texts.append(text)
                positions.append(position)
                bag.append(len(flat))
                flat.extend(ids)
    if not texts:
        raise LinguaLiftError(
            "the warm start found no encoder token that stands for an English word"
        )
    table = model.embedding_table().detach().float()
    goal = torch.nn.functional.embedding_bag(
        torch.tensor(flat), table, torch.tensor(bag), mode="mean"
    )
    return np.asarray(texts), np.asarray(positions), goal, table.var()
