"""One training stage: minimise the response's negative log-likelihood over the chosen modules (equations (5) and (6)).

Built on Transformers' `Trainer`, so accumulation, mixed precision, several GPUs and resuming come from there.
"""

import ctypes
import gc
import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from lingualift.artifacts import check_directory, seal_directory
from lingualift.errors import LinguaLiftError
from lingualift.model.encoder import States
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.batches import PlannedBatches, padding_share, plan_batches

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Optimisation:
    """How a stage is optimised; `batch` is the global batch in examples, `micro_batch` only a matter of memory."""

    epochs: int = 1
    batch: int = 16
    micro_batch: int = 8
    learning_rate: float = 2e-5
    schedule: str = "cosine"
    warmup: float = 0.0
    weight_decay: float = 0.0
    bf16: bool = False
    save_minutes: float = 1.5


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks below 32 MB instead of returning them to the system at every step: 13 % faster training on a CPU.

    Larger blocks (embedding gradients, optimiser states) still come and go by themselves: kept too, they split and fragment, and a
    job that needs 3.5 GB grows to 6 GB.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library: nothing to tune
    for option, value in ((-1, 2**31 - 1), (-2, 2**26), (-3, 2**25)):  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD
        mallopt(option, value)


class _Progress(TrainerCallback):
    """Log steps with the time left, and ask for a checkpoint every few minutes."""

    def __init__(self, name: str, save_minutes: float) -> None:
        self.name, self.interval = name, save_minutes * 60
        self.started = self.saved = self.spoken = time.monotonic()
        self.first_step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.started = self.saved = self.spoken = time.monotonic()
        self.first_step = state.global_step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        now = time.monotonic()
        if now - self.spoken > 10 or state.global_step == state.max_steps:
            self.spoken = now
            left = (now - self.started) / max(state.global_step - self.first_step, 1) * (state.max_steps - state.global_step)
            loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), float("nan"))
            logger.info("%s: step %d of %d, loss %.3f, %.0f s left", self.name, state.global_step, state.max_steps, loss, left)
        if self.interval and now - self.saved > self.interval and state.global_step < state.max_steps:
            self.saved = now
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            seal_directory(Path(args.output_dir) / f"checkpoint-{state.global_step}")


class _PlannedTrainer(Trainer):
    """A Trainer that keeps the planned order and saves only what the stage trains."""

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> torch.utils.data.Sampler:
        assert isinstance(self.train_dataset, PlannedBatches)
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        self.accelerator.unwrap_model(self.model).save_pretrained(output_dir or self.args.output_dir)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        self.accelerator.unwrap_model(self.model).load_trained(Path(resume_from_checkpoint))


def _resumable(work: Path) -> str | None:
    """The last checkpoint below `work`; a damaged or half-written one is deleted with all of `work`, and training starts over."""
    last = get_last_checkpoint(str(work)) if work.is_dir() else None
    try:
        if last:
            check_directory(last)
    except LinguaLiftError as error:
        logger.warning("%s; training starts over", error)
        last = None
    if last is None:
        shutil.rmtree(work, ignore_errors=True)
    return last


def train_language_modelling(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    modules: Sequence[str],
    optimisation: Optimisation,
    pad: int,
    seed: int,
    work: Path,
    name: str,
) -> dict[str, Any]:
    """Train `modules` of `model` on composed `examples`, resuming from `work` if it holds a checkpoint; returns the record of the stage.

    `states` holds the encoder states of example i at index i. `work` keeps the resumable state and is removed at the end.
    """
    if not examples:
        raise LinguaLiftError(f"stage '{name}': has no training examples")
    model.trainable(list(modules))
    if not torch.cuda.is_available():
        keep_freed_memory()
    world = int(os.environ.get("WORLD_SIZE", "1"))
    batch = min(optimisation.batch, len(examples))
    accumulation = max(1, -(-batch // (optimisation.micro_batch * world)))
    lengths = [len(example) for example in examples]
    plan = plan_batches(lengths, batch, accumulation * world, optimisation.epochs, seed)
    steps = len(plan) // (accumulation * world)
    logger.info(
        "%s: %d examples, %d steps of %d, %.1f %% padding, training %s",
        name, len(examples), steps, batch, 100 * padding_share(lengths, plan), ", ".join(modules),
    )  # fmt: skip
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=1,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=accumulation,
        learning_rate=optimisation.learning_rate,
        lr_scheduler_type=optimisation.schedule
        if optimisation.schedule != "constant" or not optimisation.warmup
        else "constant_with_warmup",
        warmup_steps=round(optimisation.warmup * steps),
        weight_decay=optimisation.weight_decay,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        bf16=optimisation.bf16,
        use_cpu=not torch.cuda.is_available(),
        seed=seed,
        data_seed=seed,
        save_strategy="no",
        save_total_limit=1,
        logging_steps=5,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        label_names=["labels"],
    )
    trainer = _PlannedTrainer(
        model=model,
        args=arguments,
        train_dataset=PlannedBatches(examples, states, plan, pad),
        data_collator=lambda items: items[0],
        callbacks=[_Progress(name, optimisation.save_minutes)],
    )
    last = _resumable(work)
    if last:
        logger.info("%s: resuming from %s", name, last)
    started = time.monotonic()
    trainer.train(resume_from_checkpoint=last)
    losses = [{"step": entry["step"], "loss": entry["loss"]} for entry in trainer.state.log_history if "loss" in entry]
    shutil.rmtree(work, ignore_errors=True)
    trainer.optimizer = None
    del trainer
    model.zero_grad(set_to_none=True)
    gc.collect()  # the trainer's parts refer to one another: gradients and optimiser states would stay while the checkpoint is written
    logger.info("%s: done in %.0f s", name, time.monotonic() - started)
    return {"examples": len(examples), "steps": steps, "losses": losses}
