"""How many examples a device holds at once: the largest micro-batch that fits.

A micro-batch changes speed and memory alone: the global batch is the same for every size.
"""

import logging
import os
from collections.abc import Callable
from typing import TypeVar

import torch

from lingualift import machine
from lingualift.messages import LinguaLiftError
from lingualift.model.modeling import LinguaLiftModel
from lingualift.sizes import MICRO_TOKENS
from lingualift.training.job import StageJob

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
GPU_MICRO_BATCH = 64  # where the search begins on a GPU
# of a processor's memory: weights' gradients and two moments in float32, and for every token, layer
# and dimension what the backward pass keeps (1.02 MB a token measured at 30 layers of 576)
OPTIMISER_BYTES = 12
ACTIVATION_BYTES = 60


class OutOfMemory(Exception):
    """`micro_batch` examples did not fit the device."""

    def __init__(self, message: str, micro_batch: int) -> None:
        super().__init__(message)
        self.micro_batch = micro_batch


def largest_that_fits(attempt: Callable[[StageJob], Result], job: StageJob) -> Result:
    """What `attempt` gives for the stage, tried again with half the micro-batch as long as it
    raises `OutOfMemory`.

    Raises `LinguaLiftError` where not even one example fits.
    """
    while True:
        try:
            return attempt(job)
        except OutOfMemory as error:
            if error.micro_batch == 1:
                raise LinguaLiftError(
                    f"stage '{job.name}': a micro-batch of one does not fit the GPU; set"
                    " gradient_checkpointing, train llm-lora instead of llm, use more GPUs"
                    " (compute.gpus) or a smaller LLM"
                ) from None
            logger.warning("%s: %s; trying half", job.name, error)
            job = job.with_micro_batch(error.micro_batch // 2)
        # only here: the error holds the attempt's model
        machine.release_freed_memory()
        torch.cuda.empty_cache()


def processes() -> int:
    """Training processes that share the work, this one among them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def first_micro_batch(asked: int | None, batch: int, tokens: float) -> int:
    """Where the search begins: at the configured value, or at what the device usually holds of
    examples of about `tokens` tokens.
    """
    gpu = machine.device() == "cuda"
    usual = GPU_MICRO_BATCH if gpu else max(1, int(MICRO_TOKENS / tokens))
    return min(asked or usual, batch)


def divide(batch: int, micro_batch: int, world: int) -> tuple[int, int]:
    """How `world` processes work a global batch off in micro-batches of at most `micro_batch`
    examples: the micro-batches of each process, and the examples of the largest.
    """
    accumulation = max(1, -(-batch // (micro_batch * world)))
    return accumulation, -(-batch // (accumulation * world))


def fit_processor(model: LinguaLiftModel, tokens: int, micro_batch: int) -> int:
    """Halve `micro_batch` examples of up to `tokens` tokens until gradients, optimiser and
    activations fit the machine's free memory.

    A processor does not fail to allocate, it kills; so this is an estimate, made before training.
    Raises `LinguaLiftError` where an example alone does not fit.
    """
    available = machine.available_memory()
    text = model.llm.config.get_text_config()
    learning = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    example = tokens * text.num_hidden_layers * text.hidden_size * ACTIVATION_BYTES
    while available is not None:
        needed = OPTIMISER_BYTES * learning + micro_batch * example
        if needed <= available:
            break
        if micro_batch == 1:
            raise LinguaLiftError(
                f"training one example of {tokens} tokens needs about {needed / 1e9:.1f} GB more"
                f" memory, {available / 1e9:.1f} GB are free; use a machine with more memory,"
                " shorter examples, a smaller LLM, or train llm-lora instead of llm"
            )
        micro_batch //= 2
        logger.warning(
            "free memory is short: micro-batches of %d (weights may differ in their last bits)",
            micro_batch,
        )
    return micro_batch
