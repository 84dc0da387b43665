"""The dry run of every configuration that ships prints its DAG, with the jobs that it should have."""

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
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    table = (done.stdout + done.stderr).rpartition("Job stats:")[2]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}


def test_the_papers_configuration_prints_its_whole_dag() -> None:
    jobs = dry_run(*PAPER)
    assert jobs["pretrained_vectors"] == 48  # with English
    assert jobs["lexicon"] == jobs["codeswitch"] == jobs["target_vocabulary"] == 47
    assert jobs["train"] == 5  # one stage 1, and stage 2 of two text and two encoder systems
    assert jobs["predict"] == 4 * 48
    assert jobs["encode"] == 47 + 2  # code-switched text of each language, and the questions of two tasks
    assert "fasttext" not in jobs and "corpus" not in jobs and "encode_words" not in jobs


def test_the_released_settings_are_laid_over_the_papers() -> None:
    jobs = dry_run(*PAPER, "config/released.yaml")
    assert (jobs["train"], jobs["predict"], jobs["lexicon"]) == (2, 48, 47)


def test_the_slurm_profile_is_understood() -> None:
    assert dry_run("--workflow-profile", "profiles/slurm") == dry_run()


def test_the_workflow_is_free_of_lint() -> None:
    command = [sys.executable, "-m", "snakemake", "--lint"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
