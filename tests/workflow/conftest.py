"""One finished tiny run for all tests of the workflow, and what Snakemake would do next in it."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tiny

FINISHED = os.environ.get("LINGUALIFT_TINY")
"""While writing tests: a finished run of `python -m tests.tiny` to use, instead of a minute of making one."""


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a tiny run takes from outside."""
    if FINISHED:
        return Path(yaml.safe_load((Path(FINISHED) / tiny.CONFIG).read_text(encoding="utf-8"))["mirror"])
    return tiny.write_mirror(tmp_path_factory.mktemp("mirror"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    """The folder of a finished tiny run; not to be changed by a test."""
    if FINISHED:
        return Path(FINISHED)
    folder = tiny.copy_workflow(tmp_path_factory.mktemp("run"), mirror)
    done = tiny.snakemake(folder, target="all")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture
def copy(tmp_path: Path, finished: Path) -> Path:
    """A copy of the finished run, which a test may change."""
    return shutil.copytree(finished, tmp_path / "copy", symlinks=True)


def planned(folder: Path, *arguments: str, **options: Any) -> list[str]:
    """The messages of the jobs that a run would do, sorted ('' where there is nothing to do)."""
    done = tiny.snakemake(folder, "--dry-run", *arguments, **{"target": "all", **options})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    text = done.stdout + done.stderr
    jobs = sorted(re.sub(r"-[0-9a-f]{10}$", "", message.strip()) for message in re.findall(r"^Job \d+: (.*)$", text, flags=re.MULTILINE))
    assert jobs or "Nothing to be done" in text
    return jobs
