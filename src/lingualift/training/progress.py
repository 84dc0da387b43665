"""How a stage that is being trained tells how far it is, keeps its state and stops when asked."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import TrainerCallback

logger = logging.getLogger(__name__)
# exit code of a stage that was asked to stop and has saved: run it again and it goes on
# (EX_TEMPFAIL)
STOPPED = 75
SAVE_SECONDS = 180.0  # between two checkpoints of a stage under way
SAVING_SHARE = 20  # saving takes at most a twentieth of the time
SPEAK_SECONDS = 10.0


class Progress(TrainerCallback):
    """Log steps with the time left, ask for a checkpoint every few minutes, and stop after the step
    in which SIGTERM came.
    """

    def __init__(self, name: str) -> None:
        self.name, self.interval = name, SAVE_SECONDS
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
        if now - self.spoken > SPEAK_SECONDS or state.global_step == state.max_steps:
            self.spoken = now
            self._speak(state, now)
        save, stop = now - self.saved > self.interval, self.terminated
        if torch.distributed.is_initialized():  # all processes save and stop after the same step
            flags = torch.tensor([save, stop], dtype=torch.int32, device=args.device)
            torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
            save, stop = (bool(flag) for flag in flags.tolist())
        if state.global_step < state.max_steps and (save or stop):
            control.should_save = True
            control.should_training_stop = stop
            self.terminated = stop

    def _speak(self, state: Any, now: float) -> None:
        pace = (now - self.started) / max(state.global_step - self.first_step, 1)
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        logger.info(
            "%s: step %d of %d, loss %.3f, %.0f s left",
            self.name,
            state.global_step,
            state.max_steps,
            losses[-1] if losses else float("nan"),
            pace * (state.max_steps - state.global_step),
        )

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.saved = time.monotonic()

    def saving_took(self, seconds: float) -> None:
        """Let more time pass between checkpoints that take long to write."""
        self.interval = max(self.interval, SAVING_SHARE * seconds)


@contextmanager
def until_sigterm(progress: Progress) -> Iterator[None]:
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
