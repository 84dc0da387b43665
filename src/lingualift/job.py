"""The frame of one workflow job: logging into the rule's log, threads, one clear line for a user's
mistake, and an end with its run.
"""

import errno
import fcntl
import gc
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lingualift.errors import LinguaLiftError
from lingualift.machine import keep_freed_memory

# Scripts import this module first: importing torch and spaCy and loading a tokenizer make millions
# of objects that stay, among which the collector would look for garbage again and again (a fifth of
# a short job's time).
gc.set_threshold(50_000, 20, 100)

JOBS = Path("results/.jobs.lock")
"""Held, shared, by every job at work: a run that starts here waits until the jobs of a killed one
are gone.
"""
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
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return None
    fields = rest.split()
    return name, int(fields[1]), fields[19]


def _run_process() -> tuple[int, str] | None:
    """Pid and start time of the Snakemake that started this job: its first ancestor that is no
    shell.
    """
    pid = os.getppid()
    while (found := _process(pid)) is not None and found[0] in SHELLS:
        pid = found[1]
    return None if found is None or pid <= 1 else (pid, found[2])


def end_with_run(interval: float = 1.0, patience: float = 300.0) -> None:
    """End this process (SIGTERM, and after `patience` seconds by force) soon after the run that
    started it: kill -9 spares its jobs.
    """
    run = _run_process()

    def watch(pid: int, started: str) -> None:
        while (found := _process(pid)) is not None and found[2] == started:
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
    place = getattr(error, "filename", None)
    return (
        f"{place + ': ' if isinstance(place, str) else ''}{os.strerror(number)}; {REMEDIES[number]}"
    )


@contextmanager
def _at_work() -> Iterator[None]:
    """Hold the lock that tells a later run of this job, where a run is at work in this folder."""
    if not JOBS.exists():
        yield
        return
    with open(JOBS, encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
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
    """Where each of `names` is written so that `plan.files.entry` has it: in a folder of several,
    which is whole or absent, or as `output` itself.
    """
    if len(names) == 1:
        yield {names[0]: Path(output)}
        return
    with resumed_folder(output) as folder:
        yield {name: folder / name for name in names}


@contextmanager
def frame(log: str, threads: int = 1) -> Iterator[logging.Logger]:
    """Run a job's body: its messages go to the file `log`; a `LinguaLiftError` ends it with one
    line and exit code 1.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is downloaded inside a compute step
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handle = open(log, "w", encoding="utf-8", buffering=1)
    logging.basicConfig(
        level=logging.INFO,
        stream=handle,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    logger = logging.getLogger("lingualift")
    keep_freed_memory()
    if "transformers" in sys.modules:  # its handler keeps the stream that it found at its import
        library = logging.getLogger("transformers")
        library.handlers.clear()
        library.propagate = True
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    started = time.monotonic()
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = handle  # progress bars, warnings and prints of libraries
    end_with_run()
    try:
        with _at_work():
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
