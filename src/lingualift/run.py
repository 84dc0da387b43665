"""What the workflow does before its first job and after its last."""

import csv
import getpass
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol

from lingualift import machine, preflight
from lingualift.job import JOBS
from lingualift.lock import take
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, states
from lingualift.plan.files import RESULTS
from lingualift.plan.requests import check_fit
from lingualift.retrieve.listing import download_lines
from lingualift.tables.results import as_text
from lingualift.text.segmenters import check_segmenters

DAY = 86_400.0  # seconds
_held: list[IO[str]] = []


class Requested(Protocol):
    """What a job asks for, by Snakemake's names of resources."""

    def get(self, name: str, default: int, /) -> int:
        """The amount of one resource."""


def name_user() -> None:
    """Give an account without a passwd entry, as containers have, its number for a name: Snakemake
    and torch ask for one.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):  # from Python 3.13 on the latter
        os.environ["USER"] = str(os.getuid())


def hold(folder: Path) -> None:
    """Take the run lock of a results folder for as long as this process lives; the system frees it
    even after kill -9.
    """
    preflight.check_writable(folder)
    handle = open(folder / ".run.lock", "a+", encoding="utf-8", errors="replace")
    if not take(handle, wait=False):
        handle.seek(0)
        raise LinguaLiftError(
            f"{folder}: another run (process {handle.read().strip() or 'unknown'}) is at work here;"
            " wait for it, or use another folder"
        )
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    _held.append(handle)
    _wait_for_jobs(folder / JOBS.name)


def _wait_for_jobs(path: Path, patience: float = 60.0) -> None:
    """Wait until the jobs of a run that was killed here have ended; after `patience` seconds,
    refuse.
    """
    with open(path, "a", encoding="utf-8") as handle:
        until = time.monotonic() + patience
        while not take(handle, wait=False):
            if time.monotonic() > until:
                raise LinguaLiftError(
                    f"{path.parent}: jobs of an earlier run are still at work here; wait for them,"
                    " or end them (on Slurm: scancel)"
                )
            time.sleep(0.2)


def sweep(folder: Path, older_than: float = 0.0) -> None:
    """Delete what killed jobs left half-written: the hidden temporaries of `artifacts`, last
    written `older_than` seconds ago.
    """
    for path in [*folder.rglob(".*.tmp"), *folder.rglob(".*.tmp.*")]:
        try:
            if time.time() - path.lstat().st_mtime < older_than:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        except OSError:
            continue  # gone meanwhile, or not ours


def begin(
    plan: Plan,
    root: Path,
    folders: Collection[str],
    requests: Mapping[str, Sequence[Requested]],
    here: Sequence[Requested],
    *,
    stages: Collection[str] = (),
    alone: bool,
    own_environment: bool = True,
) -> int:
    """Take the run lock, check machine and sources, say what will be downloaded under which
    licence, and sweep away what killed jobs left. Returns the GPUs of this machine that its jobs
    share (0 where none asks).

    `folders` are the sources that the run retrieves, `requests` what its jobs ask for, by the
    folder that they write to, `here` what those of them ask for that run on this machine, `stages`
    the stages that train on it. `alone`: no job runs on another machine, whose lock this one may
    not see. `own_environment`: jobs run with the packages of this process.
    """
    config, results = plan.config, Path(RESULTS)
    hold(results)
    preflight.check_python()
    for line in preflight.check_packages(root / "pyproject.toml", root / "requirements.lock"):
        print(f"lingualift: note: {line}")
    if config.corpus.sources:
        check_segmenters(
            plan.languages[lang].spacy or "xx" for lang in ["en", *config.languages.alignment]
        )
    # what no other machine mends comes first
    resources = Path(config.resources)
    sources = [plan.source(folder) for folder in plan.retrieved() if folder in folders]
    stores = _stores(plan)
    preflight.check_pinned(sources, *stores)
    sizes = {Path(folder): disk_bytes(asked) for folder, asked in requests.items()}
    preflight.check_disks(sizes, "this run")
    memory = max((request.get("mem_mb", 0) for request in here), default=0)
    preflight.check_memory(memory * 10**6, "its largest job")
    wanted = max((request.get("gpu", 0) for request in here), default=0)
    gpus = preflight.check_gpus(wanted, config.precision, own_environment)
    known = [gpu.memory for gpu in machine.gpus() if gpu.memory] if gpus else []
    if known:
        check_fit(plan, stages, min(known))
    if own_environment:
        machine.require_engine(config.evaluation.engine)
    for line in plan.notes:
        print(f"lingualift: note: {line}")
    print(states.choice_summary(plan), flush=True)
    if hours := gpu_hours([*chain.from_iterable(requests.values())]):
        print(f"lingualift: {hours}", flush=True)
    preflight.check_writable(resources)
    if preflight.check_sources(sources, *stores, config.mirror, config.offline):
        print(download_lines(sources, *stores, config.mirror), flush=True)
    sweep(results, 0 if alone else DAY)
    return gpus


def wake_seldom(scheduler: Any) -> None:
    """Let a Snakemake scheduler have one timer that wakes it for its limit of jobs a time span.

    Its own (9.27) starts one more in every round, and every timer leads to a round: after 500 jobs
    it looks for jobs to start 170 times a second, which takes most of a core, and a run ends when
    the last timer has. A version without that method is left alone.
    """
    if not hasattr(scheduler, "_schedule_reevalutation"):
        return
    pending = threading.Lock()

    def wake() -> None:
        pending.release()
        scheduler._open_jobs.release()

    def schedule(delay: float) -> None:
        if pending.acquire(blocking=False):
            timer = threading.Timer(delay, wake)
            timer.daemon = True
            timer.start()

    scheduler._schedule_reevalutation = schedule


def foreseen(
    plan: Plan, folders: Collection[str], requests: Mapping[str, Sequence[Requested]]
) -> str:
    """What a run says first of GPUs, disk and downloads, for a dry run, which never begins;
    arguments as of `begin`.
    """
    sources = [plan.source(folder) for folder in plan.retrieved() if folder in folders]
    parts = [gpu_hours([*chain.from_iterable(requests.values())])]
    if sources:
        parts.append(download_lines(sources, *_stores(plan), plan.config.mirror))
    return "\n".join(filter(None, parts))


def _stores(plan: Plan) -> tuple[Path, Path]:
    """Where retrieved sources lie, and their downloads."""
    resources = Path(plan.config.resources)
    return resources / "sources", resources / "downloads"


def disk_bytes(requests: Collection[Requested]) -> int:
    """What jobs leave on a disk, and what the largest of them needs there in passing."""
    kept = sum(request.get("kept_mb", 0) for request in requests)
    passing = [request.get("disk_mb", 0) - request.get("kept_mb", 0) for request in requests]
    return (kept + max(passing, default=0)) * 10**6


def gpu_hours(requests: Sequence[Requested]) -> str:
    """What a run's jobs ask of GPUs and of the disk, in words (empty where none asks for a GPU)."""
    jobs = [request for request in requests if request.get("gpu", 0)]
    hours = sum(job.get("gpu", 0) * job.get("runtime", 0) for job in jobs) / 60
    kept = sum(request.get("kept_mb", 0) for request in requests) / 1000
    if not jobs:
        return ""
    return (
        f"{len(jobs)} of {len(requests)} jobs ask for a GPU, for {hours:.0f} hours of one in all,"
        f" and {kept:.0f} GB of disk stay in use; these are limits, with a start of up to two hours"
        " and three times the estimate in each job (docs/scaling.md)"
    )


def to_report(paths: Sequence[str], arguments: Sequence[str] = sys.argv) -> list[str]:
    """What `all` asks for: every path or, where the command is `--report`, those that are there;
    Snakemake's report ends at the first file that was not made.
    """
    reporting = any(re.match(r"--report(=|$)", argument) for argument in arguments)
    return [path for path in paths if not reporting or os.path.exists(path)]


def is_dry_run(arguments: Sequence[str] = sys.argv) -> bool:
    """Whether the command is `snakemake -n`: Snakemake itself knows it only after the rules."""
    return any(re.fullmatch(r"--dry-?run|-[a-zA-Z]*n[a-zA-Z]*", text) for text in arguments[1:])


def _rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as handle:
        return list(csv.reader(handle))


def results_summary(targets: list[Path]) -> str:
    """The result tables among the targets as text, each with its gains over the LLM that reads the
    question itself, and where everything is: the report last.
    """
    lines = []
    for path in targets:
        if path.suffix == ".csv" and path.is_file():
            lines += [f"\n{path}", as_text(_rows(path))]
            gains = path.with_name(f"{path.stem}-gains.csv")
            if gains.is_file() and len(compared := _rows(gains)) > 1:
                lines += [f"\n{gains}", as_text(compared, left=1), ""]
            notes = path.with_suffix(".notes.txt")
            if notes.is_file():
                lines += notes.read_text(encoding="utf-8").splitlines()
    if lines:
        lines += [
            "",
            (
                "in %; intervals and paired tests: the .parquet file beside each table; logs:"
                " results/logs; times: results/timings"
            ),
        ]
    lines += [f"\nreport: {path}" for path in targets if path.name == "report.html"]
    return "\n".join(lines)
