"""How many tokens a device holds at once: the largest micro-batch that fits.

A micro-batch changes speed, memory and rounding alone: the global batch is the same for every size.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lingualift import machine
from lingualift.demand import TrainingSetup, refuse_what_cannot_fit, tokens_that_fit
from lingualift.messages import LinguaLiftError
from lingualift.model.modeling import LinguaLiftModel
from lingualift.sizes import (
    MICRO_TOKENS,
    PROCESSOR_ACTIVATIONS,
    PROCESSOR_ACTIVATIONS_FROZEN,
    ModelSize,
)
from lingualift.training.job import StageJob

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
# Below so many tokens a GPU waits for launches and for the weights of other ranks: computing
# activations again, a third slower, is then the better way.
FEW_TOKENS = 2048
MOST_TOKENS = 32_768  # no faster beyond it
# of a processor's memory: weights' gradients and two moments in float32
OPTIMISER_BYTES = 12


class OutOfMemory(Exception):
    """A micro-batch of `tokens` tokens did not fit the device; `alone`: it is a single example."""

    def __init__(self, tokens: int, alone: bool) -> None:
        super().__init__(f"a micro-batch of {tokens} tokens does not fit")
        self.tokens, self.alone = tokens, alone


def largest_that_fits(attempt: Callable[[StageJob], Result], job: StageJob) -> Result:
    """What `attempt` gives for the stage, tried again with half the tokens as long as it raises
    `OutOfMemory`; with activations computed again before a GPU would hold few.

    Raises `LinguaLiftError` where not even one example fits.
    """
    while True:
        try:
            return attempt(job)
        except OutOfMemory as error:
            job = smaller(job, error)
        # only here: the error holds the attempt's model
        machine.release_freed_memory()
        torch.cuda.empty_cache()


def smaller(job: StageJob, error: OutOfMemory) -> StageJob:
    """The stage with settings that need less memory than those that did not fit."""
    stage = job.modelling
    if stage.gradient_checkpointing == "auto" and (error.alone or error.tokens < 2 * FEW_TOKENS):
        logger.warning("%s: %s; computing activations again", job.name, error)
        return job.with_settings(gradient_checkpointing=True)
    if error.alone:
        raise LinguaLiftError(
            f"stage '{job.name}': an example of {error.tokens} tokens alone does not fit the GPU;"
            " set gradient_checkpointing: true, train llm-lora instead of llm, use more GPUs"
            " (compute.gpus) or a smaller LLM"
        ) from None
    logger.warning("%s: %s; trying half", job.name, error)
    return job.with_settings(micro_tokens=error.tokens // 2)


def processes() -> int:
    """Training processes that share the work, this one among them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def with_room(job: StageJob, longest: int, gpus: int) -> StageJob:
    """The stage with the tokens that its search begins with, and activations computed again where a
    GPU would hold few without. A processor takes `MICRO_TOKENS`, whatever is free.

    On a GPU by arithmetic (`demand`): raises `LinguaLiftError` where an example of `longest` tokens
    can never fit, with its bytes and the settings that would make it fit.
    """
    stage = job.modelling
    if machine.device() != "cuda":
        return job if stage.micro_tokens else job.with_settings(micro_tokens=MICRO_TOKENS)
    memory, llm = machine.gpu_memory(), llm_size(job)
    training = TrainingSetup(
        tuple(stage.train),
        gpus,
        stage.gradient_checkpointing is True,
        stage.optim,
        stage.four_bit,
        encoder_parameters(job),
    )
    recomputes = stage.gradient_checkpointing is not False
    refuse_what_cannot_fit(job.name, llm, training, longest, memory, recomputes)
    tokens = tokens_that_fit(llm, training, memory)
    if stage.gradient_checkpointing == "auto":
        few = tokens < max(longest, FEW_TOKENS)
        training = replace(training, checkpointing=few)
        tokens = tokens_that_fit(llm, training, memory)
        job = job.with_settings(gradient_checkpointing=True if few else "auto")
    return job.with_settings(micro_tokens=stage.micro_tokens or min(tokens, MOST_TOKENS))


def llm_size(job: StageJob) -> ModelSize:
    """The size of the stage's LLM, from its configuration alone."""
    config = AutoConfig.from_pretrained(job.llm, local_files_only=True)
    with torch.device("meta"):
        llm = AutoModelForCausalLM.from_config(config)
    return ModelSize(llm.num_parameters(), config.get_text_config().hidden_size)


def encoder_parameters(job: StageJob) -> int:
    """Parameters of the encoder that runs in the step; 0 where all states are stored."""
    if job.encoder is None or not job.encodes:
        return 0
    files = job.encoder.glob("*.safetensors")
    return sum(path.stat().st_size for path in files) // 2  # most are stored in 16 bits


def refuse_large_micro_batch(
    job: StageJob, model: LinguaLiftModel, tokens: int, longest: int
) -> None:
    """Refuse a micro-batch of `tokens` tokens whose gradients, optimiser and activations the free
    memory of a processor does not hold; one example has `longest` tokens at most.

    A processor does not fail to allocate, it kills; so this is an estimate, made before training. A
    smaller micro-batch would fit, but it rounds otherwise: weights would depend on what other
    programs hold.
    """
    available = machine.available_memory()
    text = model.llm.config.get_text_config()
    learning = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    kept = (
        PROCESSOR_ACTIVATIONS
        if any(parameter.requires_grad for parameter in model.llm.parameters())
        else PROCESSOR_ACTIVATIONS_FROZEN
    )
    layers = text.num_hidden_layers
    units = layers + kept if job.modelling.gradient_checkpointing is True else layers * kept
    a_token = 2 * text.hidden_size * units
    needed = OPTIMISER_BYTES * learning + tokens * a_token
    if available is None or needed <= available:
        return
    fitting = (available - OPTIMISER_BYTES * learning) // a_token
    remedy = (
        f"set stages.{job.name}.micro_tokens to {fitting} (weights then round otherwise)"
        if fitting >= longest
        else "set gradient_checkpointing: true, use a machine with more memory, shorter examples or"
        " a smaller LLM, or train llm-lora instead of llm"
    )
    raise LinguaLiftError(
        f"stage '{job.name}': training {tokens} tokens at once needs about {needed / 1e9:.1f} GB"
        f" more memory, {available / 1e9:.1f} GB are free; close other programs and run again, or"
        f" {remedy}"
    )
