"""A training process as `lingualift.training` starts it, sharded (FSDP) without a GPU: Accelerate
takes the gloo processes for devices.

`Sharded` stands in for `subprocess.Popen`. It forks such processes from the server of
tests/forked.py, since the imports take longer than the training of a tiny model.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from accelerate.state import PartialState
from accelerate.utils import DistributedType
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import CheckpointWrapper
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor

from lingualift.training import trainer
from lingualift.training.launch import worker
from lingualift.training.progress import Progress
from tests.forked import SERVER

started, step_ended = PartialState.__init__, Progress.on_step_end
made = trainer.PlannedTrainer.__init__


def as_devices(self: PartialState, *args: Any, **kwargs: Any) -> None:
    started(self, *args, **kwargs)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.MULTI_GPU


def watched(self: Progress, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
    assert all(isinstance(parameter, DTensor) for parameter in kwargs["model"].parameters()), (
        "the model is not sharded"
    )
    if "UNITS" in os.environ and os.environ["RANK"] == "0":
        named = [
            (name.replace("._checkpoint_wrapped_module", ""), module)
            for name, module in kwargs["model"].named_modules()
        ]
        units = {
            kind.__name__: sorted({name for name, module in named if isinstance(module, kind)})
            for kind in (FSDPModule, CheckpointWrapper)
        }
        Path(os.environ["UNITS"]).write_text(json.dumps(units))
    self.terminated = self.terminated or state.global_step == int(os.environ.get("STOP_AFTER", "0"))
    step_ended(self, args, state, control, **kwargs)


def trying(self: trainer.PlannedTrainer, **options: Any) -> None:
    """The largest micro-batch is tried first, as on a GPU."""
    made(self, **options | {"tries": True})


def run(job: str, environment: dict[str, str]) -> None:
    """What a forked process does."""
    os.environ.clear()
    os.environ.update(environment)
    PartialState.__init__ = as_devices
    Progress.on_step_end = watched
    trainer.PlannedTrainer.__init__ = trying
    trainer.shards = lambda modules, world: world > 1
    sys.exit(worker(Path(job)))


class Sharded:
    """One such process, with what `launch` uses of `subprocess.Popen`."""

    def __init__(self, command: list[str], env: dict[str, str], **streams: Any) -> None:
        self.process = SERVER.Process(target=run, args=(command[-1], env), daemon=True)
        self.process.start()

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self) -> int | None:
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()
