"""What Snakemake would do next in a finished run."""

import re
from pathlib import Path
from typing import Any

from tests import tiny


def planned(folder: Path, *arguments: str, **options: Any) -> list[str]:
    """The messages of the jobs that a run would do, sorted ('' where there is nothing to do)."""
    done = tiny.snakemake(folder, "--dry-run", *arguments, **{"target": "all", **options})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    text = done.stdout + done.stderr
    jobs = sorted(
        re.sub(r"-[0-9a-f]{10}$", "", message.strip())
        for message in re.findall(r"^Job \d+: (.*)$", text, flags=re.MULTILINE)
    )
    assert jobs or "Nothing to be done" in text
    return jobs
