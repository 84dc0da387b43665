"""Low-rank adapters (LoRA, Hu et al. 2021) for the module `llm-lora`, the parameter-efficient
variant that the paper leaves open.

Every linear layer inside the LLM's decoder layers computes `W x + (alpha / rank) * B A x`, with W
frozen. B starts at zero, so an adapted model starts as the original. Parameters keep their names
(`q_proj.weight` stays, `q_proj.lora_a` and `q_proj.lora_b` are added), and `merge` folds the
product into W.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel


class LoraLinear(nn.Linear):
    """A linear layer with an adapter; made from an ordinary one by `adapt`."""

    lora_a: nn.Parameter  # [rank, in_features]
    lora_b: nn.Parameter  # [out_features, rank]
    lora_scale: float

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        low = functional.linear(
            functional.linear(input.to(self.lora_a.dtype), self.lora_a), self.lora_b
        )
        plain = super().forward(input)
        return plain + (self.lora_scale * low).to(plain.dtype)


def adapt(llm: PreTrainedModel, rank: int, alpha: float) -> None:
    """Give every linear layer outside the output head an adapter in float32. Seed torch before."""
    head = llm.get_output_embeddings()
    for module in llm.modules():
        if type(module) is nn.Linear and module is not head:
            device = module.weight.device
            layer: Any = module
            layer.__class__ = LoraLinear
            layer.lora_a = nn.Parameter(torch.empty(rank, module.in_features, device=device))
            layer.lora_b = nn.Parameter(torch.zeros(module.out_features, rank, device=device))
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
