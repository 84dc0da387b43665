"""What the Slurm profile hands to `sbatch`, read back from a stand-in for it without a Slurm."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lingualift import sizes

ROOT = Path(__file__).resolve().parents[2]
SNAKEFILE = """
rule all:
    input: "train.txt", "encode-1.txt", "encode-2.txt"
rule train:
    output: "train.txt"
    resources: gpu=8, mem_mb=132000, runtime=600
    shell: "touch {output}"
rule encode:
    output: "encode-{n}.txt"
    resources: gpu=1, mem_mb=16000, runtime=60
    shell: "touch {output}"
"""
SBATCH = """#!/bin/sh
{python} -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@" >> {calls}
echo 7
"""


@pytest.fixture
def submitted(tmp_path: Path) -> list[list[str]]:
    """The arguments of every call of sbatch for a stage on eight GPUs and two encodings."""
    commands, calls = tmp_path / "bin", tmp_path / "calls"
    commands.mkdir()
    fakes = dict.fromkeys(
        ("squeue", "sacct", "sinfo", "scontrol", "sacctmgr", "sshare"), "#!/bin/sh"
    )
    fakes["sbatch"] = SBATCH.format(python=sys.executable, calls=calls)
    for name, text in fakes.items():
        (commands / name).write_text(text + "\n")
        (commands / name).chmod(0o755)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm"],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    end = time.monotonic() + 60
    while len(lines := calls.read_text().splitlines() if calls.exists() else []) < 2:
        if time.monotonic() > end or process.poll() is not None:
            break
        time.sleep(0.2)
    process.kill()  # its jobs never end
    process.wait()
    assert len(lines) == 2, (tmp_path / "log").read_text()[-3000:]
    return [json.loads(line) for line in lines]


def test_the_gpus_of_a_stage_are_on_one_node_and_those_of_a_group_are_one(
    submitted: list[list[str]],
) -> None:
    (train,) = (call for call in submitted if "--gpus=8" in call)
    assert "--nodes=1" in train and "--cpus-per-gpu=4" in train
    assert not any(argument.startswith("--ntasks") for argument in train)
    assert train[train.index("--mem") + 1] == "132000" and train[train.index("-t") + 1] == "600"
    (group,) = (call for call in submitted if "--gpus=1" in call)
    assert group[group.index("-t") + 1] == "120"  # one after the other
    ahead = "--signal=TERM@"
    assert [word for word in train if word.startswith(ahead)] == [f"{ahead}900"]  # time to save
    assert [word for word in group if word.startswith(ahead)] == [f"{ahead}120"]
    assert not any(argument.startswith("--nodes") for argument in group)


def test_the_shortest_stage_has_trained_for_an_hour_before_it_is_told_to_save() -> None:
    nothing = sizes.ModelSize(parameters=0, width=1)
    asked = sizes.training(nothing, examples=0, epochs=1, llm_trained=False)
    assert asked.minutes * 60 - 900 > 3600
