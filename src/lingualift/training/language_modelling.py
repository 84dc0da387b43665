"""A stage of language modelling: minimise the response's negative log-likelihood over the chosen
modules (equations (5) and (6)).
"""

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import PrinterCallback

from lingualift import machine
from lingualift.messages import LinguaLiftError
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, Tokens
from lingualift.training import fit
from lingualift.training.batches import Noise, PlannedBatches, padding_share, plan_batches
from lingualift.training.job import StageJob
from lingualift.training.progress import STOPPED, Progress, until_sigterm
from lingualift.training.trainer import (
    PlannedTrainer,
    arguments,
    last_complete_checkpoint,
    tables_in_the_root,
)

logger = logging.getLogger(__name__)


def train_language_modelling(
    job: StageJob,
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | Tokens | None,
    pad: int,
) -> dict[str, Any]:
    """Train the stage's modules of `model` on composed `examples`, resuming from `job.work` if it
    holds a checkpoint; returns the record of the stage.

    `states` holds the encoder states (or tokens) of example i at index i, `pad` is the LLM's
    padding token. `job.work` keeps the resumable state and is removed at the end. The global batch
    is the same for every micro-batch and number of processes. Raises `fit.OutOfMemory` where the
    micro-batch does not fit a GPU, and `SystemExit(STOPPED)` after SIGTERM, once the state is
    saved.
    """
    if not examples:
        raise LinguaLiftError(f"stage '{job.name}': has no training examples")
    stage, world = job.modelling, fit.processes()
    torch.manual_seed(job.seed)  # adapters begin at random
    model.trainable(
        list(stage.train),
        stage.adapters,
        stage.freeze_embeddings,
        stage.freeze_layers,
    )
    if machine.device() == "cpu":
        machine.keep_freed_memory()
    batch = min(stage.batch, len(examples))
    accumulation, micro_batch = _division(job, model, examples)
    lengths = [len(example) for example in examples]
    plan = plan_batches(lengths, batch, accumulation * world, stage.epochs, job.seed)
    steps = len(plan) // (accumulation * world)
    logger.info(
        "%s: %d examples, %d steps of %d in micro-batches of %d on %d device(s), %.1f %% padding,"
        " training %s",
        *(job.name, len(examples), steps, batch, micro_batch, world),
        *(100 * padding_share(lengths, plan), ", ".join(stage.train)),
    )
    noise = None
    if stage.noise and model.alignment is not None:
        noise = Noise(stage.noise, model.config.llm_dim, job.seed, accumulation * world)
    packed = str(getattr(model.llm.config, "_attn_implementation", "")).startswith("flash")
    trainer = PlannedTrainer(
        model=model,
        args=arguments(job, steps, accumulation),
        train_dataset=PlannedBatches(examples, states, plan, pad, packed, noise),
        data_collator=lambda items: items[0],
    )
    if any(len(set(values.values())) > 1 for values in (stage.rates, stage.decays)):
        trainer.by_module = stage
    started = time.monotonic()
    history = _train(job, model, trainer, micro_batch)
    # gradients and optimiser states would stay while the checkpoint is written
    trainer.optimizer = None
    model.zero_grad(set_to_none=True)
    machine.release_freed_memory()
    logger.info("%s: done in %.0f s", job.name, time.monotonic() - started)
    return {"examples": len(examples), "steps": steps, "losses": _losses(history, steps)}


def _losses(history: Sequence[Mapping[str, float]], steps: int) -> list[dict[str, float]]:
    """The loss of the first, the last and every fifth step."""
    return [
        {"step": entry["step"], "loss": entry["loss"]}
        for entry in history
        if "loss" in entry and (entry["step"] % 5 == 0 or entry["step"] in (1, steps))
    ]


def _division(
    job: StageJob, model: LinguaLiftModel, examples: Sequence[Composed]
) -> tuple[int, int]:
    """How many micro-batches of a process make a global batch, and the examples of the largest."""
    lengths = [len(example) for example in examples]
    batch = min(job.modelling.batch, len(examples))
    mean = sum(lengths) / len(lengths)
    micro_batch = fit.first_micro_batch(job.modelling.micro_batch, batch, mean)
    if machine.device() == "cpu":
        micro_batch = fit.fit_processor(model, max(lengths), micro_batch)
    return fit.divide(batch, micro_batch, fit.processes())


def _train(
    job: StageJob, model: LinguaLiftModel, trainer: PlannedTrainer, micro_batch: int
) -> list[dict[str, float]]:
    """Run the trainer to its end and return what it logged; see `train_language_modelling` for what
    else may happen.
    """
    progress = Progress(job.name)
    trainer.add_callback(progress)
    trainer.remove_callback(PrinterCallback)  # a line a step; ours come every ten seconds
    last = last_complete_checkpoint(job.work)
    if last:
        logger.info("%s: resuming from %s", job.name, last)
    try:
        with until_sigterm(progress), tables_in_the_root(model):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError as error:
        raise fit.OutOfMemory(
            f"a micro-batch of {micro_batch} does not fit: {str(error).splitlines()[0]}",
            micro_batch,
        ) from None
    state = trainer.state
    if progress.terminated and state.global_step < state.max_steps:
        logger.warning(
            "%s: stopped by SIGTERM after step %d of %d and saved; run again to go on",
            job.name,
            state.global_step,
            state.max_steps,
        )
        raise SystemExit(STOPPED)
    if trainer.args.should_save:
        shutil.rmtree(job.work, ignore_errors=True)
    return state.log_history
