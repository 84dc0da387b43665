"""Stages whose processes start as a user's do, each with imports of its own: several, or one that a
signal stops.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lingualift.training.job import StageJob
from lingualift.training.progress import STOPPED
from lingualift.training.trainer import last_complete_checkpoint
from tests.stage import in_the_step, same, trained


def test_two_processes_train_as_one(stage_job: StageJob, tmp_path: Path) -> None:
    alone, losses = trained(stage_job)
    together, both = trained(stage_job.model_copy(update={"out": tmp_path / "two"}), 2)
    assert both == pytest.approx(losses, rel=1e-4)
    same(together, alone)


def test_two_processes_make_states_in_the_step_as_one_reads_them(
    stage_job: StageJob, tmp_path: Path
) -> None:
    expected, losses = trained(stage_job.model_copy(update={"out": tmp_path / "stored"}))
    found, again = trained(in_the_step(stage_job), 2)
    assert again == pytest.approx(losses, rel=1e-4)
    same(found, expected)


def test_a_stage_stopped_by_sigterm_saves_and_goes_on_to_the_same_weights(
    stage_job: StageJob, tmp_path: Path
) -> None:
    job = stage_job.model_copy(update={"stage": stage_job.stage.model_copy(update={"epochs": 10})})
    expected, _ = trained(job.model_copy(update={"out": tmp_path / "whole"}))
    (tmp_path / "job.json").write_text(job.model_dump_json())
    environment = {**os.environ, "RANK": "0", "OMP_NUM_THREADS": str(torch.get_num_threads())}
    environment.pop("WORLD_SIZE", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "lingualift.training", str(tmp_path / "job.json")],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "training from step 0" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait() == STOPPED, rest
    assert "stopped by SIGTERM" in rest
    assert not job.out.exists()
    assert last_complete_checkpoint(tmp_path / "out.partial") is not None
    found, _ = trained(job)
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
