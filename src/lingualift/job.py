"""The frame of one workflow job: logging into the rule's log, threads, one clear line for a user's
mistake, and an end with its run.
"""

import errno
import gc
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from lingualift import machine
from lingualift.lock import take
from lingualift.messages import LinguaLiftError

# Scripts import this module first: importing torch and spaCy and loading a tokenizer make millions
# of objects that stay, among which the collector would look for garbage again and again (a fifth of
# a short job's time).
gc.set_threshold(50_000, 20, 100)

JOBS = Path("results/.jobs.lock")
"""Held, shared, by every job at work: a run that starts here waits until the jobs of a killed one
are gone.
"""
# Accelerate would take them for settings of training; the others let a GPU round float32 to TF32.
FOREIGN = re.compile(r"ACCELERATE_\w+|NVIDIA_TF32_OVERRIDE|TORCH_ALLOW_TF32_CUBLAS_OVERRIDE")
SHELLS = ("sh", "bash", "dash")
REMEDIES = {
    errno.ENOSPC: "free space (the folder of results, or that of temporary files)",
    errno.EDQUOT: "free space within your quota",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "mount it for writing",
    errno.EACCES: "correct its permissions",
}


def _process(pid: int) -> tuple[str, int, str] | None:
    """(name, parent, start time) of a process; None where it is gone, or where this system has no
    /proc.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name, _, rest = status.partition("(")[2].rpartition(")")  # a name may hold brackets
    fields = rest.split()
    return name, int(fields[1]), fields[19]


def _run_process() -> tuple[int, str] | None:
    """Pid and start time of the Snakemake that started this job: its first ancestor that is no
    shell.
    """
    pid = os.getppid()
    while (process := _process(pid)) is not None and process[0] in SHELLS:
        pid = process[1]
    return None if process is None or pid <= 1 else (pid, process[2])


def end_with_run(interval: float = 1.0, patience: float = 300.0) -> None:
    """End this process (SIGTERM, and after `patience` seconds by force) soon after the run that
    started it: kill -9 spares its jobs.
    """
    run = _run_process()

    def watch(pid: int, started: str) -> None:
        while (process := _process(pid)) is not None and process[2] == started:
            time.sleep(interval)
        logging.getLogger("lingualift").error(
            "the run that started this job (process %d) is gone: stopping", pid
        )
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience)
        os._exit(1)

    if run is not None:
        threading.Thread(target=watch, args=run, daemon=True).start()


def refused_by_system(error: Exception) -> str | None:
    """One line for a full disk and the like, in whichever library's words; None for any other
    error.
    """
    number = getattr(error, "errno", None)
    if number not in REMEDIES:  # NumPy, safetensors and torch raise errors of their own
        text = str(error)
        number = next(
            (
                number
                for number in REMEDIES
                if os.strerror(number) in text or f"os error {number})" in text
            ),
            None,
        )
        if number is None and (" requested and " in text or "PytorchStreamWriter failed" in text):
            number = errno.ENOSPC
    if number is None:
        return None
    path = getattr(error, "filename", None)
    return (
        f"{path + ': ' if isinstance(path, str) else ''}{os.strerror(number)}; {REMEDIES[number]}"
    )


@contextmanager
def _at_work() -> Iterator[None]:
    """Hold the lock that tells a later run of this job, where a run is at work in this folder."""
    if not JOBS.exists():
        yield
        return
    with open(JOBS, encoding="utf-8") as handle:
        take(handle, shared=True)
        yield


@contextmanager
def resumed_folder(path: str | Path) -> Iterator[Path]:
    """A folder that gets its name `path` when the block has ended well; what an interrupted job has
    left in it is there for the next one.
    """
    path = Path(path)
    work = path.with_name(path.name + ".partial")
    work.mkdir(parents=True, exist_ok=True)
    yield work
    if path.exists():
        shutil.rmtree(path)
    os.replace(work, path)


@contextmanager
def batch_entries(output: str | Path, names: Sequence[str]) -> Iterator[dict[str, Path]]:
    """Where each of `names` is written so that `plan.files.entry_path` has it: in a folder of
    several, which is whole or absent, or as `output` itself.
    """
    if len(names) == 1:
        yield {names[0]: Path(output)}
        return
    with resumed_folder(output) as folder:
        yield {name: folder / name for name in names}


def _take_gpus(names: Sequence[str], count: int) -> dict[str, IO[str]]:
    """Locks on `count` of the named GPUs, which every job of this user on this machine respects;
    none where too few are free.
    """
    folder = Path(tempfile.gettempdir()) / f"lingualift-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    taken: dict[str, IO[str]] = {}
    for name in names:
        if len(taken) == count:
            break
        handle: IO[str] = open(folder / f"gpu-{name}.lock", "a", encoding="utf-8")
        if take(handle, wait=False):
            taken[name] = handle
        else:
            handle.close()
    if len(taken) < count:  # holding some while waiting for others, two jobs could wait for ever
        for handle in taken.values():
            handle.close()
        return {}
    return taken


@contextmanager
def _descriptors(log: TextIO, streams: Sequence[TextIO]) -> Iterator[None]:
    """Send what is written to standard output and error themselves to the log: prints of C and of
    programs that a job starts, and of loggers that have kept the streams they met when imported
    (Transformers' report of loaded weights).
    """
    for stream in streams:
        stream.flush()
    saved = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(log.fileno(), number)
    try:
        yield
    finally:
        for stream in streams:
            stream.flush()  # what was printed in the meantime belongs to the log
        for number, descriptor in zip((1, 2), saved, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)


@contextmanager
def own_gpus(count: int, interval: float = 1.0) -> Iterator[list[str]]:
    """Let this process see exactly `count` GPUs, which no other job uses meanwhile; it waits for
    them. To be entered before anything asks CUDA, which looks once.

    Of several visible GPUs one process would make copies of its model (DataParallel), and every job
    would take the first. In an allocation of Slurm the GPUs are the job's own, and jobs that share
    it take turns.
    """
    names: list[str] = []
    locks: dict[str, IO[str]] = {}
    if count:
        names = [gpu.name for gpu in machine.require_gpus(count)]
        if "SLURM_JOB_ID" not in os.environ:
            if not (locks := _take_gpus(names, count)):
                logging.getLogger("lingualift").info("waiting for %d GPU(s) of other jobs", count)
            while not (locks := locks or _take_gpus(names, count)):
                time.sleep(interval)
            names = list(locks)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names[:count])
    try:
        if count:
            machine.require_cuda()
        yield names[:count]
    finally:
        if before is None:
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = before
        for handle in locks.values():
            handle.close()


@contextmanager
def frame(log: str, threads: int = 1, gpus: int = 0) -> Iterator[logging.Logger]:
    """Run a job's body on GPUs of its own: its messages go to the file `log`; a `LinguaLiftError`
    ends it with one line and exit code 1.
    """
    foreign = [name for name in os.environ if FOREIGN.fullmatch(name)]
    for name in foreign:
        del os.environ[name]
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is downloaded inside a compute step
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handle = open(log, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    logging.basicConfig(
        level=logging.INFO,
        stream=handle,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logger = logging.getLogger("lingualift")
    if foreign:
        logger.warning("ignored, for it would change results: %s", ", ".join(foreign))
    machine.keep_freed_memory()
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
        # one of the variables that are dropped was read when torch was imported
        sys.modules["torch"].set_float32_matmul_precision("highest")
    started = time.monotonic()
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = handle  # progress bars, warnings and prints of libraries
    end_with_run()
    try:
        with _at_work(), _descriptors(handle, streams), own_gpus(gpus):
            yield logger
        logger.info("done in %.1f s", time.monotonic() - started)
    except LinguaLiftError as error:
        logger.error("%s", error)
        print(f"lingualift: error: {error}", file=streams[1], flush=True)
        sys.exit(1)
    except Exception as error:
        if (line := refused_by_system(error)) is not None:
            logger.exception("the system refused a file operation")
            print(f"lingualift: error: {line}, then run again", file=streams[1], flush=True)
            sys.exit(1)
        logger.exception("this is a fault of the program, not of your data; please report it")
        raise
    finally:
        sys.stdout, sys.stderr = streams
        handle.flush()
