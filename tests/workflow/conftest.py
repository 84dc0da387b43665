"""One finished tiny run for all tests of the workflow, and what Snakemake would do next in it."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import tiny


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a tiny run takes from outside."""
    return tiny.write_mirror(tmp_path_factory.mktemp("mirror"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, mirror: Path) -> Path:
    """The folder of a finished tiny run; not to be changed by a test."""
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
    jobs = sorted(re.sub(r"-[0-9a-f]{10}$", "", message) for message in re.findall(r"^Job \d+: (.*)$", text, flags=re.MULTILINE))
    assert jobs or "Nothing to be done" in text
    return jobs
