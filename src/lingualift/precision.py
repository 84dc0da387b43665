"""Which arithmetic a job uses: bfloat16 where the hardware multiplies it, else float32."""

import logging

import torch

from lingualift.preflight import cpu_supports_bf16

logger = logging.getLogger(__name__)


def device() -> str:
    """Where a job computes: the first GPU that it was given, else the processor."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def use_bf16(precision: str) -> bool:
    """Resolve the setting `precision` (auto, bfloat16, float32) on this machine."""
    if precision != "auto":
        return precision == "bfloat16"
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    support = cpu_supports_bf16()
    logger.info(
        "precision: %s (%s)", "bfloat16" if support.supported else "float32", support.reason
    )
    return support.supported


def dtype(precision: str) -> torch.dtype:
    """The floating-point type that the setting `precision` means on this machine."""
    return torch.bfloat16 if use_bf16(precision) else torch.float32
