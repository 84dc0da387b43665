"""Records a run for `tests/unit/test_progress.py`: every job ahead and when it began and ended.

`python -m dev.record RECORD.tsv --cores 2 results/tables/mmwp.csv` runs Snakemake with what follows
the first argument, on two idle cores, and writes the record when the run has ended.
"""

import csv
import sys
import time
from dataclasses import asdict
from logging import LogRecord
from pathlib import Path

import snakemake.cli
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_lingualift import LogHandler
from snakemake_logger_plugin_lingualift.estimate import JobAhead

BEGAN: dict[int, float] = {}
ENDED: dict[int, float] = {}
JOBS: dict[int, JobAhead] = {}


class Recorder(LogHandler):
    """The progress lines, and what they were reckoned from."""

    slowness = 1.0

    def emit(self, record: LogRecord) -> None:
        if (estimate := getattr(record, "jobs_ahead", None)) is not None:
            JOBS.update(estimate.ahead)
            Recorder.slowness = estimate.slowness
        event, now = getattr(record, "event", None), time.monotonic()
        if event == LogEvent.JOB_INFO:
            BEGAN[record.__dict__["jobid"]] = now
        elif event == LogEvent.JOB_FINISHED:
            ENDED[record.__dict__["job_id"]] = now
        super().emit(record)


def write(path: Path) -> None:
    """The record as a table; seconds count from the first job's beginning, `slowness` is what the
    run measured of its machine.
    """
    zero = min(BEGAN.values())
    with path.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle, delimiter="\t", lineterminator="\n")
        names = ["number", "rule", "work", "after", "priority", "began", "ended", "slowness"]
        table.writerow(names)
        for number, job in sorted(JOBS.items()):
            ended = ENDED[number] - zero
            began = BEGAN.get(number, ENDED[number]) - zero
            row = {**asdict(job), "work": round(job.work, 1)}
            row["after"] = " ".join(map(str, sorted(job.after)))
            seconds = round(began), round(ended)
            table.writerow([*row.values(), *seconds, round(Recorder.slowness, 3)])


def main() -> None:
    import snakemake_logger_plugin_lingualift as plugin

    path = Path(sys.argv[1])
    vars(plugin)["LogHandler"] = Recorder  # the plug-in that Snakemake loads, for this process
    try:
        snakemake.cli.main(sys.argv[2:])
    finally:
        if len(ENDED) >= len(JOBS) > 0:
            write(path)


if __name__ == "__main__":
    main()
