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
from lingualift.model import packed
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, Tokens
from lingualift.sizes import MICRO_TOKENS
from lingualift.training import fit
from lingualift.training.batches import (
    Cutting,
    Noise,
    PlannedBatches,
    padding_share,
    plan_batches,
)
from lingualift.training.job import StageJob
from lingualift.training.progress import STOPPED, Progress, until_sigterm
from lingualift.training.trainer import (
    PlannedTrainer,
    last_complete_checkpoint,
    tables_in_the_root,
    trainer_arguments,
)

logger = logging.getLogger(__name__)


def train_language_modelling(
    job: StageJob,
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | Tokens | None,
    pad: int,
    encoder: Encoder | None = None,
) -> dict[str, Any]:
    """Train the stage's modules of `model` on composed `examples`, resuming from `job.work` if it
    holds a checkpoint; returns the record of the stage.

    `states` holds the encoder states (or tokens) of example i at index i, `pad` is the LLM's
    padding token, `encoder` the frozen encoder that makes states of tokens in the step (None: they
    are stored, or the model's own encoder learns). `job.work` keeps the resumable state and is
    removed at the end. The global batch is the same for every micro-batch and number of processes.
    Raises `fit.OutOfMemory` where the micro-batch does not fit a GPU, and `SystemExit(STOPPED)`
    after SIGTERM, once the state is saved.
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
    lengths = [len(example) for example in examples]
    cutting = Cutting(stage.micro_tokens or MICRO_TOKENS, world, _packs(model))
    noise = None
    if stage.noise and model.alignment is not None:
        noise = Noise(stage.noise, model.config.llm_dim, job.seed)
    plan = plan_batches(lengths, stage.batch, stage.epochs, job.seed)
    data = PlannedBatches(examples, states, plan, cutting, pad, noise)
    _log_plan(job, data)
    if machine.device() == "cpu":
        largest = data.cutting.size(data.lengths[data.largest()])
        fit.refuse_large_micro_batch(job, model, largest, max(lengths))
    trainer = PlannedTrainer(
        model=model,
        args=trainer_arguments(job, len(plan)),
        train_dataset=data,
        data_collator=lambda items: items[0],
        encoder=encoder,
        tries=machine.device() == "cuda",
    )
    if any(len(set(values.values())) > 1 for values in (stage.rates, stage.decays)):
        trainer.by_module = stage
    started = time.monotonic()
    history = _train(job, model, trainer)
    # gradients and optimiser states would stay while the checkpoint is written
    trainer.optimizer = None
    model.zero_grad(set_to_none=True)
    machine.release_freed_memory()
    logger.info("%s: done in %.0f s", job.name, time.monotonic() - started)
    return {"examples": len(examples), "steps": len(plan), "losses": _losses(history, len(plan))}


def _log_plan(job: StageJob, data: PlannedBatches) -> None:
    """Say how the stage's examples are worked off."""
    cutting, count = data.cutting, len(data.examples)
    logger.info(
        "%s: %d examples, %d steps of %d in %d micro-batches of at most %d tokens on %d device(s),"
        " %.1f %% padding, training %s",
        *(job.name, count, len(data.plan), min(job.modelling.batch, count)),
        *(len(data.micro_batches), cutting.size(data.lengths[data.largest()]), cutting.world),
        0.0 if cutting.packed else 100 * padding_share(data.lengths, data.micro_batches),
        ", ".join(job.modelling.train),
    )


def _packs(model: LinguaLiftModel) -> bool:
    """Whether the LLM's attention keeps sequences of one row apart."""
    chosen = str(getattr(model.llm.config, "_attn_implementation", ""))
    return chosen == packed.NAME or chosen.startswith("flash")


def _losses(history: Sequence[Mapping[str, float]], steps: int) -> list[dict[str, float]]:
    """The loss of the first, the last and every fifth step."""
    return [
        {"step": entry["step"], "loss": entry["loss"]}
        for entry in history
        if "loss" in entry and (entry["step"] % 5 == 0 or entry["step"] in (1, steps))
    ]


def _train(
    job: StageJob, model: LinguaLiftModel, trainer: PlannedTrainer
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
    except torch.OutOfMemoryError:  # between steps that fitted: memory in pieces
        data = trainer.train_dataset
        assert isinstance(data, PlannedBatches)
        chosen = data.largest()
        tokens = data.cutting.size(data.lengths[chosen])
        raise fit.OutOfMemory(tokens, len(chosen) < 2) from None
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
