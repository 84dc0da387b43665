"""Attention over sequences that lie behind one another in one row, without padding.

On a GPU it is torch's own variable-length attention (FlashAttention); elsewhere, for tests and as
its reference, scaled dot products of one sequence after the other. Transformers calls it under the
name `NAME`, with the starts of the sequences that `training.batches.pack_sequences` gives.
"""

from itertools import pairwise
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface

NAME = "packed_sequences"


def packable(config: Any) -> bool:
    """Whether an LLM's attention can be packed: FlashAttention in torch bounds no scores (Gemma 2)
    and takes heads of at most 256 dimensions.
    """
    text = config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return getattr(text, "attn_logit_softcapping", None) is None and width <= 256


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each sequence; query [1, heads, tokens, dim], key and value [1, key
    heads, tokens, dim], to [1, tokens, heads, dim].

    `others` holds `cu_seq_lens_q` [sequences + 1], where each sequence begins and the last ends,
    and `max_length_q`, the longest. A sequence sees `sliding_window` tokens back where it is given.
    """
    starts, longest = others["cu_seq_lens_q"], int(others["max_length_q"])
    groups = query.shape[1] // key.shape[1]
    # Heads are repeated, not grouped: torch 2.11's kernel takes as many keys as queries.
    queries, keys, values = (
        tensor[0].repeat_interleave(count, 0).transpose(0, 1)
        for tensor, count in ((query, 1), (key, groups), (value, groups))
    )
    if not query.is_cuda:
        alone = _one_by_one(queries, keys, values, starts.tolist(), scaling, sliding_window)
        return alone[None], None
    from torch.nn.attention.varlen import varlen_attn

    if torch.is_autocast_enabled("cuda"):  # rotary embeddings come in float32
        narrow = torch.get_autocast_dtype("cuda")
        queries, keys, values = (rows.to(narrow) for rows in (queries, keys, values))
    back = -1 if sliding_window is None or sliding_window >= longest else sliding_window - 1
    window = (back, 0)
    mixed: Any = varlen_attn(
        queries, keys, values, starts, starts, longest, longest, scale=scaling, window_size=window
    )
    return mixed[None], None


def _one_by_one(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    starts: list[int],
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    """The same of [tokens, heads, dim], each sequence for itself."""
    mixed = []
    for start, stop in pairwise(starts):
        queries, keys, values = (
            tensor[start:stop].transpose(0, 1) for tensor in (query, key, value)
        )
        seen = torch.ones(stop - start, stop - start, dtype=torch.bool, device=query.device).tril()
        if window is not None:
            seen = seen.triu(1 - window)
        attended = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=seen, scale=scaling
        )
        mixed.append(attended.transpose(0, 1))
    return torch.cat(mixed)


def _no_mask(*sizes: Any, **others: Any) -> None:
    """The starts of the sequences stand for a mask."""
    return None


AttentionInterface.register(NAME, packed_attention)
AttentionMaskInterface.register(NAME, _no_mask)
