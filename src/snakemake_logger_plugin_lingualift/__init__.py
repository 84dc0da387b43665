"""Snakemake logger plugin `lingualift`: one line a finished job, with what runs now and how long is
left (`estimate`). The workflow tells the jobs ahead when a run begins, in a record of Snakemake's
logger that has them as `jobs_ahead`.
"""

import sys
import time
from logging import WARNING, LogRecord
from typing import Any

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_lingualift.estimate import Estimate

QUIET = (
    LogEvent.PROGRESS,
    LogEvent.JOB_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.WORKFLOW_STARTED,
    LogEvent.SHELLCMD,
)


def clock(seconds: float) -> str:
    """`m:ss`, or `h:mm:ss` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
        if minutes >= 60
        else f"{minutes}:{rest:02d}"
    )


class LogHandler(LogHandlerBase):
    """Writes progress lines to standard error; everything else (dry runs, errors) as Snakemake
    itself words it.
    """

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self.running: dict[Any, tuple[str, float]] = {}
        self.total = self.done = 0
        self.estimate: Estimate | None = None

    def emit(self, record: LogRecord) -> None:
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_ERROR:
            self._failed(getattr(record, "jobid", None))
        dryrun = bool(getattr(self.common_settings, "dryrun", False))
        if (estimate := getattr(record, "jobs_ahead", None)) is not None:
            self.estimate = estimate
            self._say(f"about {clock(estimate.seconds(time.monotonic()))} on this machine")
            return
        if dryrun or event not in (
            LogEvent.RUN_INFO,
            LogEvent.JOB_INFO,
            LogEvent.JOB_FINISHED,
            *QUIET,
        ):
            if (
                dryrun
                or record.levelno >= WARNING
                or event is not None
                or record.getMessage() == NOTHING_TO_BE_DONE_MSG
            ):
                self._say(self.format(record))
            return
        now = time.monotonic()
        if event == LogEvent.RUN_INFO:
            self.started = now
            self.total = (getattr(record, "stats", {}) or {}).get("total", 0)
            self._say(f"{self.total} jobs")
        elif event == LogEvent.JOB_INFO:
            label = getattr(record, "rule_msg", None) or getattr(record, "rule_name", "job")
            number = getattr(record, "jobid", None)
            self.running[number] = str(label), now
            if self.estimate is not None and isinstance(number, int):
                self.estimate.start(number, now)
        elif event == LogEvent.JOB_FINISHED:
            self._finished(getattr(record, "job_id", None), now)

    def _failed(self, number: Any) -> None:
        """With `--keep-going` the run goes on without the job, unless it is tried again."""
        self.running.pop(number, None)
        if self.estimate is not None and isinstance(number, int):
            self.estimate.fail(number)

    def _finished(self, number: Any, now: float) -> None:
        label, began = self.running.pop(number, ("job", now))
        self.done += 1
        words = ""
        if self.estimate is not None:
            self.estimate.finish(number, now)
            if self.estimate.ahead:
                words = f", about {clock(self.estimate.seconds(now))} left"
        busy = "; ".join(other for other, _ in self.running.values())
        self._say(
            f"[{clock(now - self.started)}] {self.done}/{self.total}{words}:"
            f" {label} ({clock(now - began)})" + (f"; running: {busy}" if busy else "")
        )

    def _say(self, text: str | None) -> None:
        if text and text != "None":
            print(text, file=sys.stderr, flush=True)

    @property
    def writes_to_stream(self) -> bool:
        return True

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return False

    @property
    def has_formatter(self) -> bool:
        return False

    @property
    def needs_rulegraph(self) -> bool:
        return False
