"""An account without a home or a name runs with the two variables that docs/limits.md gives."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny
from tests.workflow.test_preflight import PROBLEMS

ROOT = Path(__file__).resolve().parents[2]
LIMITS = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
# What Python does where the system does not know the user.
NO_PASSWD = """import pwd
def getpwuid(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")
pwd.getpwuid = getpwuid
"""

pytestmark = pytest.mark.workflow


def test_the_variables_of_the_documentation_cure_an_account_without_home_or_name(
    tmp_path: Path,
) -> None:
    variables = dict(re.findall(r"^export (\w+)=(\S+)", LIMITS, flags=re.MULTILINE))
    assert set(variables) == {"HOME", "USER"}
    variables["HOME"] = str(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(NO_PASSWD)
    kept = {"PATH": os.environ["PATH"], "HOME": "/dev/null/home"}  # root cannot write there either
    kept["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "all"]
    for environment, works in (
        (kept, False),
        (kept | {"USER": "me"}, False),
        (kept | {"HOME": variables["HOME"]}, True),  # the account's number stands for its name
        (kept | variables, True),
    ):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=False
        )
        assert (done.returncode == 0) is works, done.stderr.decode()[-2000:]


def test_the_two_variables_of_the_documentation_cure_a_home_that_cannot_be_written(
    tmp_path: Path, mirror: Path
) -> None:
    """`/proc` cannot be written even by root."""
    folder = tiny.copy_workflow(tmp_path / "run", mirror)
    environment = tiny.environment() | {"HOME": "/proc/home"}
    environment.pop("XDG_CACHE_HOME", None)
    command = tiny.command(target=PROBLEMS)
    options = {"cwd": folder, "capture_output": True, "text": True, "timeout": 300}
    refused = subprocess.run(command, env=environment, **options)
    assert refused.returncode != 0, "docs/limits.md need not speak of it any longer"
    cured = environment | {"HOME": str(tmp_path), "USER": "me"}
    done = subprocess.run(command, env=cured, **options)
    assert done.returncode == 0, done.stderr[-3000:]
