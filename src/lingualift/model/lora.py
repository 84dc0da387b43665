"""Low-rank adapters (LoRA, Hu et al. 2021) for the module `llm-lora`, the parameter-efficient
variant that the paper leaves open.

Every linear layer inside the LLM's decoder layers computes `W x + (alpha / rank) * B A x`, with W
frozen. B starts at zero, so an adapted model starts as the original. Parameters keep their names
(`q_proj.weight` stays, `q_proj.lora_a` and `q_proj.lora_b` are added), and `merge` folds the
product into W.

With `magnitude` (DoRA, Liu et al. 2024) the rows of W + (alpha / rank) B A keep their direction,
and a learnt vector `lora_m` gives their lengths, which begins as those of W. As in the paper no
gradient flows through the lengths that are divided by.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from lingualift.messages import LinguaLiftError

NAMES = ("lora_a", "lora_b", "lora_m")
DEFAULT = {"rank": 16, "alpha": 32.0}


class Adapter(nn.Linear):
    """What an adapter adds to a linear layer, whatever holds its weight; made by `adapt`."""

    lora_a: nn.Parameter  # [rank, in_features]
    lora_b: nn.Parameter  # [out_features, rank]
    lora_m: nn.Parameter | None  # [out_features], with magnitude
    lora_scale: float

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        # in the input's type: a copy of it in float32 would be the largest thing that is kept
        down, up = self.lora_a.to(input.dtype), self.lora_b.to(input.dtype)
        low = functional.linear(functional.linear(input, down), up)
        if self.lora_m is None:
            plain = super().forward(input)
            return plain + (self.lora_scale * low).to(plain.dtype)
        plain = functional.linear(input, self.weight)
        adapted = plain + (self.lora_scale * low).to(plain.dtype)
        with torch.no_grad():
            lengths = _adapted_weight(self).norm(dim=1)
        scaled = adapted * (self.lora_m / lengths).to(plain.dtype)
        return scaled if self.bias is None else scaled + self.bias


class LoraLinear(Adapter):
    """A linear layer with an adapter."""


@cache
def _adapted(kind: Any) -> Any:
    """The class of a linear layer with an adapter: of an ordinary one, or of one that holds its
    weight in 4 bits (bitsandbytes).
    """
    return LoraLinear if kind is nn.Linear else type(f"Lora{kind.__name__}", (Adapter, kind), {})


def _in_four_bits(kind: type) -> bool:
    return issubclass(kind, nn.Linear) and kind.__module__.partition(".")[0] == "bitsandbytes"


def _adapted_weight(layer: Adapter) -> torch.Tensor:
    """W + (alpha / rank) B A in float32 [out_features, in_features]."""
    product = layer.lora_scale * (layer.lora_b.float() @ layer.lora_a.float())
    return layer.weight.float() + product


def adapt(llm: PreTrainedModel, rank: int, alpha: float, magnitude: bool = False) -> None:
    """Give every linear layer outside the output head an adapter in float32. Seed torch before.

    Raises `LinguaLiftError` for `magnitude` over weights in 4 bits.
    """
    head = llm.get_output_embeddings()
    modules: Iterator[Any] = llm.modules()
    for layer in modules:
        kind: Any = type(layer)
        if (kind is nn.Linear or _in_four_bits(kind)) and layer is not head:
            device = layer.weight.device
            layer.__class__ = _adapted(kind)
            layer.lora_a = nn.Parameter(torch.empty(rank, layer.in_features, device=device))
            layer.lora_b = nn.Parameter(torch.zeros(layer.out_features, rank, device=device))
            nn.init.kaiming_uniform_(layer.lora_a, a=math.sqrt(5))
            layer.lora_scale = alpha / rank
            layer.lora_m = None
            if magnitude and kind is not nn.Linear:
                raise LinguaLiftError(
                    "magnitude: adapters that learn the lengths of rows need weights that are not"
                    " rounded; set four_bit to false"
                )
            if magnitude:
                layer.lora_m = nn.Parameter(layer.weight.detach().float().norm(dim=1))


@torch.no_grad()
def merge_adapters(llm: nn.Module) -> None:
    """Fold every adapter into its layer's weight and remove it: the same function without the extra
    products.

    Raises `LinguaLiftError` for adapters over weights in 4 bits, which cannot take them in.
    """
    for module in llm.modules():
        if isinstance(module, Adapter) and not isinstance(module, LoraLinear):
            raise LinguaLiftError(
                "adapters cannot be taken into weights in 4 bits; set four_bit to false"
            )
        if isinstance(module, LoraLinear):
            weight = _adapted_weight(module)
            if module.lora_m is not None:
                weight = weight * (module.lora_m / weight.norm(dim=1))[:, None]
            module.weight.copy_(weight.to(module.weight.dtype))
            del module.lora_a, module.lora_b, module.lora_m, module.lora_scale
            layer: Any = module
            layer.__class__ = nn.Linear
