"""What Snakemake would do next in a finished run."""

import re
from pathlib import Path
from typing import Any

from tests import tiny

SHOWN = re.compile(r"figure |report of the run$")
"""What a run draws and reports at its end."""


def planned(folder: Path, *arguments: str, **options: Any) -> list[str]:
    """The messages of the jobs that a run would do, sorted. Figures and the report are left out
    where other jobs lead to them, and stand here where they alone are made anew.
    """
    jobs = all_planned(folder, *arguments, **options)
    return [job for job in jobs if not SHOWN.match(job)] or jobs


def all_planned(folder: Path, *arguments: str, **options: Any) -> list[str]:
    """The messages of all jobs that a run would do, sorted."""
    done = tiny.snakemake(folder, "--dry-run", *arguments, **{"target": "all", **options})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    text = done.stdout + done.stderr
    jobs = sorted(
        re.sub(r"-[0-9a-f]{10}$", "", message.strip())
        for message in re.findall(r"^Job \d+: (.*)$", text, flags=re.MULTILINE)
    )
    assert jobs or "Nothing to be done" in text
    return jobs
