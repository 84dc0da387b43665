"""Snakemake logger plugin `lingualift`: one line a finished job, with what runs now and how long is
left.

The time left is the cost of what remains of the jobs in proportion to the jobs done, divided by the
observed parallelism. `COSTS` are seconds a job measured in the default run on two cores, where a
job that encodes or answers works on up to four languages. Only their ratios matter, and the ratio
of a rule whose jobs have finished in this run is replaced by what was seen.
"""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from logging import WARNING, LogRecord
from typing import Any

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

COSTS = {
    "retrieve_source": 5.0, "prepare_model": 12.0, "problems": 1.0, "corpus": 3.0,
    "source_vocabulary": 20.0, "target_vocabulary": 1.0, "fasttext": 7.0, "encode_words": 40.0,
    "lexicon": 10.0, "task_data": 1.0, "tag_questions": 10.0, "codeswitch": 0.5, "encode": 25.0,
    "train": 170.0, "predict": 55.0, "predictions": 0.1, "score": 2.0, "results_table": 2.0,
    "lexicon_table": 2.0, "all": 0.0,
}  # fmt: skip
USUAL = 10.0
"""Seconds of a job of any other rule."""
QUIET = (
    LogEvent.PROGRESS,
    LogEvent.JOB_STARTED,
    LogEvent.RESOURCES_INFO,
    LogEvent.WORKFLOW_STARTED,
    LogEvent.SHELLCMD,
)


class Estimate:
    """How long a run still takes, from jobs by rule and the times of those that finished."""

    def __init__(self, jobs: dict[str, int]) -> None:
        self.left = Counter({rule: count for rule, count in jobs.items() if rule != "total"})
        self.total = sum(self.left.values())
        self.spent: dict[str, list[float]] = {}

    @property
    def done(self) -> int:
        return self.total - sum(self.left.values())

    def finish(self, rule: str, seconds: float) -> None:
        """Note that a job of `rule` took `seconds`."""
        self.left[rule] = max(self.left[rule] - 1, 0)
        self.spent.setdefault(rule, []).append(seconds)

    def seconds(self, elapsed: float, running: Sequence[tuple[str, float]] = ()) -> float | None:
        """Seconds left after `elapsed` seconds of the run, or None before the first job has
        finished.

        `running`: the rule of each job at work, and for how many seconds it has been.
        """
        spent = sum(map(sum, self.spent.values()))
        if not spent or not elapsed:
            return None
        pace = spent / max(
            sum(COSTS.get(rule, USUAL) * len(times) for rule, times in self.spent.items()), 1e-9
        )

        def expected(rule: str) -> float:
            times = self.spent.get(rule)
            return sum(times) / len(times) if times else COSTS.get(rule, USUAL) * pace

        ahead = sum(count * expected(rule) for rule, count in self.left.items())
        ahead -= sum(min(seconds, expected(rule)) for rule, seconds in running)
        return max(ahead, 0.0) / max(
            (spent + sum(seconds for _, seconds in running)) / elapsed, 1.0
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
        self.running: dict[Any, tuple[str, str, float]] = {}
        self.estimate: Estimate | None = None

    def emit(self, record: LogRecord) -> None:
        event = getattr(record, "event", None)
        dryrun = bool(getattr(self.common_settings, "dryrun", False))
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
        if event == LogEvent.RUN_INFO:
            self.started = time.monotonic()
            self.estimate = Estimate(getattr(record, "stats", {}) or {})
            self._say(f"{self.estimate.total} jobs")
        elif event == LogEvent.JOB_INFO:
            label = getattr(record, "rule_msg", None) or getattr(record, "rule_name", "job")
            self.running[getattr(record, "jobid", None)] = (
                str(label),
                str(getattr(record, "rule_name", "")),
                time.monotonic(),
            )
        elif event == LogEvent.JOB_FINISHED:
            self._finished(getattr(record, "job_id", None))

    def _finished(self, identifier: Any) -> None:
        now = time.monotonic()
        label, rule, began = self.running.pop(identifier, ("job", "", now))
        if self.estimate is None:
            return
        self.estimate.finish(rule, now - began)
        left = self.estimate.seconds(
            now - self.started, [(other, now - start) for _, other, start in self.running.values()]
        )
        words = (
            ""
            if left is None or not sum(self.estimate.left.values())
            else f", about {clock(left)} left"
        )
        busy = "; ".join(other for other, _, _ in self.running.values())
        self._say(
            f"[{clock(now - self.started)}] {self.estimate.done}/{self.estimate.total}{words}:"
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
