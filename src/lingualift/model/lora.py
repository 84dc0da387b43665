"""Low-rank adapters (LoRA, Hu et al. 2021) for the module `llm-lora`, the parameter-efficient
variant that the paper leaves open.

Every linear layer inside the LLM's decoder layers computes `W x + (alpha / rank) * B A x`, with W
frozen. B starts at zero, so an adapted model starts as the original. Parameters keep their names
(`q_proj.weight` stays, `q_proj.lora_a` and `q_proj.lora_b` are added), and `merge` folds the
product into W.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel


class Adapter(nn.Linear):
    """What an adapter adds to a linear layer, whatever holds its weight; made by `adapt`."""

    lora_a: nn.Parameter  # [rank, in_features]
    lora_b: nn.Parameter  # [out_features, rank]
    lora_scale: float

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        # in the input's type: a copy of it in float32 would be the largest thing that is kept
        down, up = self.lora_a.to(input.dtype), self.lora_b.to(input.dtype)
        low = functional.linear(functional.linear(input, down), up)
        plain = super().forward(input)
        return plain + (self.lora_scale * low).to(plain.dtype)


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


def adapt(llm: PreTrainedModel, rank: int, alpha: float) -> None:
    """Give every linear layer outside the output head an adapter in float32. Seed torch before."""
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


@torch.no_grad()
def merge_adapters(llm: nn.Module) -> None:
    """Fold every adapter into its layer's weight and remove it: the same function without the extra
    products.
    """
    for module in llm.modules():
        if isinstance(module, LoraLinear):
            product = module.lora_scale * (module.lora_b.float() @ module.lora_a.float())
            module.weight.copy_((module.weight.float() + product).to(module.weight.dtype))
            del module.lora_a, module.lora_b, module.lora_scale
            layer: Any = module
            layer.__class__ = nn.Linear
