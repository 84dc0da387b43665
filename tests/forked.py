"""Snakemake's command line, from a process that has already imported it.

A start of `python -m snakemake` imports for 1.1 CPU seconds before it reads the Snakefile, and the
default run's plan takes 0.8. Here `multiprocessing`'s fork server imports once, and every start is
a fork of it: the same command line, a process, folder and environment of its own. The finished tiny
run, runs after a fault, those without a network and those in another environment start as a user
starts them.
"""

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

LIMIT = 1800  # seconds that a run may take
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        "snakemake.cli",
        "snakemake.linting.rules",
        "snakemake.report.html_reporter",
        "snakemake.scheduling.greedy",
        "snakemake.executors.local",
        "snakemake.executors.dryrun",
        "snakemake_executor_plugin_slurm",
        "torch.distributed.fsdp",
        "torch.distributed.tensor",
        "transformers.trainer",
        "transformers.models.auto.modeling_auto",
    ]  # nothing of this project, which may read the command line as it is imported
)
"""A process has one fork server: tests/unit/sharded_worker.py forks training from it too, which
imports for four seconds otherwise.
"""


def _main(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path
) -> None:
    """What the fork does: become a process as the command line starts it."""
    from snakemake.cli import main

    for stream, name in enumerate(("stdout", "stderr"), 1):
        handle = os.open(output / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, stream)
        os.close(handle)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["snakemake", *arguments]
    atexit._clear()  # the server's; a fork of multiprocessing runs none by itself
    try:
        main(list(arguments))
    finally:
        atexit._run_exitfuncs()


def snakemake(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """`python -m snakemake` with these arguments, in `folder`, to its end."""
    with tempfile.TemporaryDirectory(prefix="lingualift-snakemake-") as output:
        process = SERVER.Process(
            target=_main, args=(list(arguments), folder, dict(environment), Path(output))
        )
        process.start()
        process.join(LIMIT)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), LIMIT)
        said = [(Path(output) / name).read_text("utf-8") for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(list(arguments), process.exitcode, *said)
