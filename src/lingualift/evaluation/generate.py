"""Greedy generation in batches of similar length; answers that have ended leave their batch, so nothing waits for the longest."""

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from tqdm import tqdm
from transformers import DynamicCache

from lingualift.model.encoder import States, as_tensor
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.batches import collate

logger = logging.getLogger(__name__)


@torch.inference_mode()
def greedy(model: LinguaLiftModel, inputs: Mapping[str, torch.Tensor], eos: int, max_new_tokens: int) -> list[tuple[list[int], bool]]:
    """New tokens of each row of a left-padded batch, without the end token, and whether that was reached.

    The same tokens as `model.generate(do_sample=False)`; rows are dropped from the key-value cache once an eighth of them has ended.
    """
    embeddings = model.embed(inputs["input_ids"], inputs["segments"], inputs.get("encoder_states"))
    mask = inputs["attention_mask"]
    positions = (mask.cumsum(1) - 1).clamp_min(0)
    cache = DynamicCache(config=model.llm.config)
    rows = torch.arange(len(mask), device=mask.device)
    tokens: list[list[int]] = [[] for _ in range(len(mask))]
    ended = [False] * len(mask)
    step: dict[str, torch.Tensor] = {"inputs_embeds": embeddings}
    for _ in range(max_new_tokens):
        hidden = model.llm.base_model(
            **step, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
        ).last_hidden_state[:, -1]
        chosen = model.logits(hidden).argmax(-1)
        for place, (row, token) in enumerate(zip(rows.tolist(), chosen.tolist(), strict=True)):
            if not ended[row]:
                ended[row] = token == eos
                if not ended[row]:
                    tokens[row].append(token)
            elif token != eos:
                chosen[place] = eos
        going = torch.tensor([not ended[row] for row in rows.tolist()], device=mask.device)
        if not bool(going.any()):
            break
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
        positions = positions[:, -1:] + 1
        if int(going.sum()) <= len(rows) * 7 // 8:
            keep = going.nonzero()[:, 0]
            cache.batch_select_indices(keep)
            rows, mask, positions, chosen = rows[keep], mask[keep], positions[keep], chosen[keep]
        step = {"input_ids": chosen[:, None]}
    return list(zip(tokens, ended, strict=True))


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
            for index, (tokens, ended) in zip(chosen, greedy(model, inputs, eos, max_new_tokens), strict=True):
                yield index, tokens, "end" if ended else "length"
            bar.update(len(chosen))
