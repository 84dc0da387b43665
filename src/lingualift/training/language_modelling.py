"""One training stage: minimise the response's negative log-likelihood over the chosen modules
(equations (5) and (6)).

Built on Transformers' `Trainer`, so accumulation, mixed precision, several GPUs and resuming come
from there.
"""

import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from lingualift.artifacts import check_directory, seal_directory
from lingualift.errors import LinguaLiftError
from lingualift.memory import keep_freed_memory, release_freed_memory
from lingualift.model.layout import Composed
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, Tokens
from lingualift.sizes import MICRO_TOKENS
from lingualift.training.batches import Noise, PlannedBatches, padding_share, plan_batches

logger = logging.getLogger(__name__)
# exit code of a stage that was asked to stop and has saved: run it again and it goes on
# (EX_TEMPFAIL)
STOPPED = 75
GPU_MICRO_BATCH = 64  # where the search begins on a GPU
ACTIVATION_BYTES = (
    60  # per token, layer and dimension: 1.02 MB a token measured at 30 layers of 576
)


class OutOfMemory(Exception):
    """`micro_batch` examples did not fit the device."""

    def __init__(self, message: str, micro_batch: int) -> None:
        super().__init__(message)
        self.micro_batch = micro_batch


@dataclass(frozen=True)
class Optimisation:
    """How a stage is optimised; `batch` is the global batch in examples, `micro_batch` a matter of
    memory (None: as many as fit).
    """

    epochs: int = 1
    batch: int = 16
    micro_batch: int | None = None
    learning_rate: float = 2e-5
    schedule: str = "cosine"
    warmup: float = 0.0
    weight_decay: float = 0.0
    bf16: bool = False
    save_minutes: float = 3.0
    gradient_checkpointing: bool = False
    lora_rank: int = 16
    lora_alpha: float = 32.0
    freeze_embeddings: bool = False
    freeze_layers: int = 0
    noise: float = 0.0


class _Progress(TrainerCallback):
    """Log steps with the time left, ask for a checkpoint every few minutes, and stop after the step
    in which SIGTERM came.
    """

    def __init__(self, name: str, save_minutes: float) -> None:
        self.name, self.interval = name, save_minutes * 60
        self.started = self.saved = self.spoken = time.monotonic()
        self.first_step = 0
        self.terminated = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.started = self.saved = self.spoken = time.monotonic()
        self.first_step = state.global_step
        logger.info(
            "%s: training from step %d of %d", self.name, state.global_step, state.max_steps
        )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        now = time.monotonic()
        if now - self.spoken > 10 or state.global_step == state.max_steps:
            self.spoken = now
            left = (
                (now - self.started)
                / max(state.global_step - self.first_step, 1)
                * (state.max_steps - state.global_step)
            )
            loss = next(
                (entry["loss"] for entry in reversed(state.log_history) if "loss" in entry),
                float("nan"),
            )
            logger.info(
                "%s: step %d of %d, loss %.3f, %.0f s left",
                self.name,
                state.global_step,
                state.max_steps,
                loss,
                left,
            )
        save, stop = bool(self.interval) and now - self.saved > self.interval, self.terminated
        if (
            torch.distributed.is_initialized()
        ):  # the processes must save and stop after the same step
            flags = torch.tensor([save, stop], dtype=torch.int32, device=args.device)
            torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
            save, stop = (bool(flag) for flag in flags.tolist())
        if state.global_step < state.max_steps and (save or stop):
            control.should_save = True
            control.should_training_stop = stop
            self.terminated = stop

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.saved = time.monotonic()


@contextmanager
def _until_sigterm(progress: _Progress) -> Iterator[None]:
    """Let SIGTERM, which a scheduler sends before a job's time is up, end training after the step
    at hand.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        progress.terminated = True

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def shards(modules: Sequence[str], world: int) -> bool:
    """Whether the model is spread over `world` devices (FSDP): where the whole LLM learns.
    Otherwise each holds a copy (DDP).
    """
    return torch.cuda.is_available() and world > 1 and "llm" in modules


@contextmanager
def _tables_in_the_root(model: LinguaLiftModel) -> Iterator[None]:
    """Keep token embeddings and output matrix in the unit of the whole model when it is sharded.

    Accelerate makes a unit of its own of what `get_input_embeddings` returns. Here the output
    matrix may be the same tensor, and the loss reads it without calling its module, so that nothing
    else than the root would gather it.
    """
    vars(model)["get_input_embeddings"] = lambda: None
    try:
        yield
    finally:
        del vars(model)["get_input_embeddings"]


class _PlannedTrainer(Trainer):
    """A Trainer that keeps the planned order, and saves only what the stage trains, sealed with
    checksums.
    """

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> torch.utils.data.Sampler:
        assert isinstance(self.train_dataset, PlannedBatches)
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        if self.args.should_save:
            self.accelerator.unwrap_model(self.model).save_pretrained(
                output_dir or self.args.output_dir, state_dict=state_dict
            )

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        began = time.monotonic()
        earlier = _checkpoints(Path(str(self.args.output_dir)))
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # every process has written its part
        if self.args.should_save:
            folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
            seal_directory(folder)
            for old in earlier:  # only now: a kill while writing leaves the one before
                if old != folder:
                    shutil.rmtree(old)
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, _Progress):  # saving takes at most a twentieth of the time
                callback.interval = (
                    max(callback.interval, 20 * (time.monotonic() - began))
                    if callback.interval > 1
                    else callback.interval
                )

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            self.accelerator.unwrap_model(self.model).load_trained(Path(resume_from_checkpoint))


def _checkpoints(work: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    return (
        sorted(work.glob("checkpoint-*"), key=lambda folder: int(folder.name.rpartition("-")[2]))
        if work.is_dir()
        else []
    )


def last_complete_checkpoint(work: Path) -> Path | None:
    """The newest checkpoint whose files are all as they were written; damaged or unfinished ones
    are left aside.
    """
    for folder in reversed(_checkpoints(work)):
        try:
            check_directory(folder)
            return folder
        except LinguaLiftError as error:
            logger.warning("%s is not used: %s", folder, error)
    return None


def first_micro_batch(asked: int | None, batch: int, tokens: float = 1.0) -> int:
    """Where the search for the micro-batch begins: at the configured value, or at what the device
    usually holds.

    An example has about `tokens` tokens.
    """
    usual = GPU_MICRO_BATCH if torch.cuda.is_available() else max(1, int(MICRO_TOKENS / tokens))
    return min(asked or usual, batch)


def fit_processor(model: LinguaLiftModel, tokens: int, micro_batch: int) -> int:
    """Halve `micro_batch` examples of up to `tokens` tokens until gradients, optimiser and
    activations fit the machine's free memory.

    A processor does not fail to allocate, it kills; so this is an estimate, made before training.
    Raises `LinguaLiftError` where an example alone does not fit.
    """
    available = available_memory()
    text = model.llm.config.get_text_config()
    learning = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    while available is not None:
        activations = (
            micro_batch * tokens * text.num_hidden_layers * text.hidden_size * ACTIVATION_BYTES
        )
        needed = 12 * learning + activations
        if needed <= available:
            return micro_batch
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


def available_memory() -> int | None:
    """Bytes that this machine can still give without swapping; None where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(
            int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")
        )
    except (OSError, StopIteration):
        return None


def train_language_modelling(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | Tokens | None,
    modules: Sequence[str],
    optimisation: Optimisation,
    pad: int,
    seed: int,
    work: Path,
    name: str,
) -> dict[str, Any]:
    """Train `modules` of `model` on composed `examples`, resuming from `work` if it holds a
    checkpoint; returns the record of the stage.

    `states` holds the encoder states (or tokens) of example i at index i. `work` keeps the
    resumable state and is removed at the end. The global batch is the same for every micro-batch
    and number of processes. Raises `OutOfMemory` where the micro-batch does not fit a GPU, and
    `SystemExit(STOPPED)` after SIGTERM, once the state is saved.
    """
    if not examples:
        raise LinguaLiftError(f"stage '{name}': has no training examples")
    torch.manual_seed(seed)  # adapters begin at random
    frozen = optimisation.freeze_embeddings, optimisation.freeze_layers
    model.trainable(list(modules), optimisation.lora_rank, optimisation.lora_alpha, *frozen)
    gpu = torch.cuda.is_available()
    if not gpu:
        keep_freed_memory()
    world = int(os.environ.get("WORLD_SIZE", "1"))
    batch = min(optimisation.batch, len(examples))
    lengths = [len(example) for example in examples]
    micro_batch = first_micro_batch(optimisation.micro_batch, batch, sum(lengths) / len(lengths))
    if not gpu:
        micro_batch = fit_processor(model, max(lengths), micro_batch)
    accumulation = max(1, -(-batch // (micro_batch * world)))
    plan = plan_batches(lengths, batch, accumulation * world, optimisation.epochs, seed)
    steps = len(plan) // (accumulation * world)
    logger.info(
        "%s: %d examples, %d steps of %d in micro-batches of %d on %d device(s), %.1f %% padding, training %s",
        name, len(examples), steps, batch, micro_batch, world, 100 * padding_share(lengths, plan), ", ".join(modules),
    )  # fmt: skip
    sharded = shards(modules, world)
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=1,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=accumulation,
        learning_rate=optimisation.learning_rate,
        lr_scheduler_type=(
            optimisation.schedule
            if optimisation.schedule != "constant" or not optimisation.warmup
            else "constant_with_warmup"
        ),
        warmup_steps=round(optimisation.warmup * steps),
        weight_decay=optimisation.weight_decay,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        bf16=optimisation.bf16,
        activation_checkpointing=optimisation.gradient_checkpointing and not sharded,
        activation_checkpointing_kwargs={"use_reentrant": False},
        fsdp=True if sharded else None,  # type: ignore[arg-type]  # Transformers documents True and annotates what a command line gives
        fsdp_config=(
            {
                "activation_checkpointing": optimisation.gradient_checkpointing,
                "reshard_after_forward": True,
            }
            if sharded
            else None
        ),
        ddp_backend=None if gpu or world == 1 else "gloo",
        ddp_find_unused_parameters=False,
        use_cpu=not gpu,
        seed=seed,
        data_seed=seed,
        save_strategy="no",
        # a mean over several steps would start anew where an interrupted stage goes on
        logging_steps=1,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=2 if gpu else 0,
        dataloader_pin_memory=gpu,
        label_names=["labels"],
    )
    noise = None
    if optimisation.noise and model.alignment is not None:
        noise = Noise(optimisation.noise, model.config.llm_dim, seed, accumulation * world)
    packed = str(getattr(model.llm.config, "_attn_implementation", "")).startswith("flash")
    progress = _Progress(name, optimisation.save_minutes)
    trainer = _PlannedTrainer(
        model=model,
        args=arguments,
        train_dataset=PlannedBatches(examples, states, plan, pad, packed, noise),
        data_collator=lambda items: items[0],
        callbacks=[progress],
    )
    trainer.remove_callback(PrinterCallback)  # a line a step; ours come every ten seconds
    last = last_complete_checkpoint(work)
    if last:
        logger.info("%s: resuming from %s", name, last)
    started = time.monotonic()
    try:
        with _until_sigterm(progress), _tables_in_the_root(model):
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.OutOfMemoryError as error:
        raise OutOfMemory(
            f"a micro-batch of {micro_batch} does not fit: {str(error).splitlines()[0]}",
            micro_batch,
        ) from None
    if progress.terminated and trainer.state.global_step < steps:
        logger.warning(
            "%s: stopped by SIGTERM after step %d of %d and saved; run again to go on",
            name,
            trainer.state.global_step,
            steps,
        )
        raise SystemExit(STOPPED)
    losses = [
        {"step": entry["step"], "loss": entry["loss"]}
        for entry in trainer.state.log_history
        if "loss" in entry and (entry["step"] % 5 == 0 or entry["step"] in (1, steps))
    ]
    if trainer.args.should_save:
        shutil.rmtree(work, ignore_errors=True)
    trainer.optimizer = None
    del trainer
    model.zero_grad(set_to_none=True)
    # gradients and optimiser states would stay while the checkpoint is written
    release_freed_memory()
    logger.info("%s: done in %.0f s", name, time.monotonic() - started)
    return {"examples": len(examples), "steps": steps, "losses": losses}
