"""Start a training stage on as many processes as the job was given devices; the same call for none,
one and several.

One process trains here. Several are started as `python -m lingualift.training JOB`, one a device,
with the variables that Accelerate reads; Transformers' Trainer then shards the LLM over them (FSDP)
or copies it (DDP). They are started here and not by torchrun, which ends its workers 30 seconds
after a SIGTERM: too short to save a large model.
"""

import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lingualift import machine
from lingualift.artifacts import read_json, write_json, write_text
from lingualift.config import LanguageModelling
from lingualift.messages import LinguaLiftError
from lingualift.training import fit
from lingualift.training.job import StageJob
from lingualift.training.progress import STOPPED
from lingualift.training.run import read_data, run_stage, with_room_for_examples

logger = logging.getLogger(__name__)
TOO_LARGE = 76  # exit code of a process whose micro-batch did not fit; see `_failure`


def launch(job: StageJob, processes: int) -> None:
    """Train a stage with `processes` processes; raises `SystemExit(STOPPED)` where it was asked to
    stop and has saved.
    """
    _require_packages(job)
    if processes <= 1 or job.stage.objective == "warm-start":
        _sum_in_one_order()
        run_stage(job)
        return

    def attempt(job: StageJob) -> int:
        code = _run_processes(job, processes)
        if code == TOO_LARGE:
            failed = read_json(_failure(job))
            _failure(job).unlink()
            raise fit.OutOfMemory(failed["tokens"], failed["alone"])
        return code

    # Read and tokenised once, before there are several processes, which map the same files.
    code = fit.largest_that_fits(attempt, with_room_for_examples(job, read_data(job), processes))
    if code == STOPPED:
        raise SystemExit(STOPPED)
    if code:
        raise LinguaLiftError(
            f"stage '{job.name}': a training process ended with code {code}; its messages are in"
            " the job's log"
        )


def _sum_in_one_order() -> None:
    """The same weights from the same data. A processor's sums depend on how many threads share
    them, whatever threads a job asks for because GPUs are configured. On a GPU the order of some
    sums, as of attention's gradients, is by chance, unless torch is asked for kernels that keep it;
    where it has none, it warns.
    """
    import torch

    if machine.device() == "cpu":
        torch.set_num_threads(1)
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts
    torch.use_deterministic_algorithms(True, warn_only=True)


def _require_packages(job: StageJob) -> None:
    """The optional packages that the stage's settings need are installed."""
    stage = job.stage
    if not isinstance(stage, LanguageModelling):
        return
    for setting, package, wanted in (
        ("optim: adamw-8bit", "torchao", stage.optim == "adamw-8bit"),
        ("four_bit: true", "bitsandbytes", stage.four_bit),
    ):
        if wanted and importlib.util.find_spec(package) is None:
            raise LinguaLiftError(
                f"stage '{job.name}': {setting} needs the Python package {package}: pip install"
                f" {package}, or leave the setting out"
            )


def _failure(job: StageJob) -> Path:
    """Where a process leaves what did not fit its GPU."""
    return job.out.with_name(job.out.name + ".too-large.json")


def _run_processes(job: StageJob, processes: int) -> int:
    """Start the processes, hand SIGTERM on to them, and return the first exit code that is not 0;
    the others are then ended.
    """
    path = job.out.with_name(job.out.name + ".job.json")
    write_text(path, job.model_dump_json())
    workers = _start(path, processes)

    def hand_on(number: int, frame: Any) -> None:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)

    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, hand_on) if main else None
    try:
        while True:
            codes = [worker.poll() for worker in workers]
            failed = next((code for code in codes if code not in (None, 0, STOPPED)), None)
            if failed is not None:
                return failed
            if None not in codes:
                return max(code for code in codes if code is not None)
            time.sleep(0.2)
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        if main:
            signal.signal(signal.SIGTERM, before)
        path.unlink(missing_ok=True)


def _start(job: Path, processes: int) -> list[subprocess.Popen[Any]]:
    """The processes, each with the variables that Accelerate reads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    threads = max(1, int(os.environ.get("OMP_NUM_THREADS", "1")) // processes)
    shared = {
        "WORLD_SIZE": processes,
        "LOCAL_WORLD_SIZE": processes,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "OMP_NUM_THREADS": threads,
    }
    workers = []
    for rank in range(processes):
        variables = {**shared, "RANK": rank, "LOCAL_RANK": rank}
        environment = os.environ | {key: str(value) for key, value in variables.items()}
        command = [sys.executable, "-m", "lingualift.training", str(job)]
        workers.append(
            subprocess.Popen(command, env=environment, stdout=sys.stdout, stderr=subprocess.STDOUT)
        )
    return workers


def worker(path: Path) -> int:
    """What one of several processes does; returns its exit code."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if machine.device() == "cuda":  # a frozen encoder goes there before the trainer is made
        _sum_in_one_order()
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    rank = os.environ["RANK"]
    logging.basicConfig(
        level=logging.INFO if rank == "0" else logging.WARNING,
        format=f"%(asctime)s %(levelname)s [{rank}] %(message)s",
        force=True,
    )
    job = StageJob.model_validate_json(path.read_text(encoding="utf-8"))
    try:
        run_stage(job)
    except fit.OutOfMemory as error:
        logger.warning("%s", error)
        write_json(_failure(job), {"tokens": error.tokens, "alone": error.alone})
        return TOO_LARGE
    except LinguaLiftError as error:
        logger.error("%s", error)
        return 1
    return 0
