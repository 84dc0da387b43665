"""The encoder states of tokens that are handed to a model, as evaluation would have made them."""

from typing import Any

import torch

from lingualift.model.layout import Prompt, reads_question


@torch.no_grad()
def encoded(
    model: Any, encoder_ids: torch.Tensor, encoder_mask: torch.Tensor
) -> list[torch.Tensor]:
    """The states [tokens, encoder_dim] that a `LinguaLiftModel`'s encoder gives of each text
    (`encoder_ids` [texts, tokens], padded on the right).

    Texts of one length go together, without padding, and states that evaluation takes from a store
    are rounded as the store rounds them: the answers are those of `evaluation.predict`.
    """
    encoder, prefix = model.add_encoder().eval(), model.encoder_prefix
    counts = encoder_mask.sum(1)
    states: list[torch.Tensor] = [torch.empty(0)] * len(counts)
    for count in counts.unique().tolist():
        rows = (counts == count).nonzero()[:, 0]
        ids = encoder_ids[rows, :count]
        alike = encoder.hidden(ids, torch.ones_like(ids))[:, prefix:]
        if _stored(model.config):
            alike = alike.bfloat16()
        for row, values in zip(rows.tolist(), alike, strict=True):
            states[row] = values
    return states


def _stored(config: Any) -> bool:
    """Whether evaluation reads stored states: the frozen encoder's, of questions as they stand."""
    prompt = config.prompt and Prompt(**config.prompt)
    return "encoder" not in config.trained and reads_question(config.layout, prompt)
