"""The dry run of every configuration that ships prints its DAG, with the jobs that it should have
(the paper's own: test_requests.py).
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAPER = ("--configfile", "config/paper.yaml")

pytestmark = pytest.mark.workflow


def dry_run(*arguments: str) -> dict[str, int]:
    """Jobs by rule of a dry run of everything, in this repository (which it does not touch)."""
    command = [sys.executable, "-m", "snakemake", "-n", "--forceall", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    table = (done.stdout + done.stderr).rpartition("Job stats:")[2]
    return {
        rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
    }


def test_the_released_settings_are_laid_over_the_papers() -> None:
    jobs = dry_run(*PAPER, "config/released.yaml")
    assert (jobs["train"], jobs["codeswitch"], jobs["lexicon"]) == (2, 47, 47)


def test_real_data_on_one_machine_has_every_kind_of_system() -> None:
    jobs = dry_run("--configfile", "config/gsm8k.yaml")
    assert (jobs["train"], jobs["codeswitch"], jobs["translate"]) == (
        26,
        7,
        1,
    )  # of 61 stages in the chains of 18 systems; es alone has an engine


def test_the_slurm_profile_is_understood() -> None:
    assert dry_run("--workflow-profile", "profiles/slurm") == dry_run()


def test_the_workflow_is_free_of_lint() -> None:
    command = [sys.executable, "-m", "snakemake", "--lint"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
