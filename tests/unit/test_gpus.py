"""Which GPUs a job gets, and what is said where they are not there: `nvidia-smi` is a stand-in."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from lingualift import job, machine, preflight
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.loss import response_loss
from lingualift.plan import requests
from tests import forked
from tests.unit.test_systems import planned

ROOT = Path(__file__).resolve().parents[2]
A100, T4 = "8.0", "7.5"
WORK = """
import json, os, sys, time
from lingualift import job, machine
machine.require_cuda = lambda: None
with job.own_gpus(int(sys.argv[1]), interval=0.05):
    began = time.time()
    time.sleep(0.5)
    print(json.dumps([os.environ["CUDA_VISIBLE_DEVICES"], began, time.time()]))
"""


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Give this machine GPUs of these compute capabilities."""
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def install(*capabilities: str) -> None:
        lines = [f"{index}, GPU-{index}f00d, {c}" for index, c in enumerate(capabilities)]
        script = tmp_path / "nvidia-smi"
        script.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
        script.chmod(0o755)

    return install


def names() -> list[str]:
    return [gpu.name for gpu in machine.gpus()]


def test_gpus_are_those_of_the_machine_that_the_environment_leaves_visible(
    gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(A100, A100, T4)
    assert names() == ["0", "1", "2"]
    assert [gpu.capability for gpu in machine.gpus()] == [(8, 0), (8, 0), (7, 5)]
    for visible, seen in (
        ("2,0", ["2", "0"]),
        ("GPU-1f", ["GPU-1f"]),
        ("", []),
        ("-1", []),
        ("0,7,1", ["0"]),
        ("MIG-1234", ["MIG-1234"]),
    ):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert names() == seen, visible


def test_without_nvidia_smi_torch_counts(gpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert names() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert names() == ["3", "5"]


def test_more_gpus_than_there_are_are_refused_before_work(
    gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus()
    with pytest.raises(LinguaLiftError, match=r"asks for 1 GPU.*offers 0.*compute.gpus to 0$"):
        preflight.check_gpus(1, "auto", own_environment=False)
    gpus(A100)
    with pytest.raises(LinguaLiftError, match=r"asks for 8 GPU.*offers 1"):
        preflight.check_gpus(8, "auto", own_environment=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(LinguaLiftError, match="or CUDA_VISIBLE_DEVICES to more"):
        preflight.check_gpus(1, "auto", own_environment=False)
    assert preflight.check_gpus(0, "auto", own_environment=False) == 0


def test_gpus_that_torch_cannot_use_are_refused_before_work(
    gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(A100, A100)
    assert preflight.check_gpus(2, "auto", own_environment=False) == 2

    def too_old() -> bool:
        import warnings

        warnings.warn(
            "CUDA initialization: The NVIDIA driver\non your system is too old", stacklevel=1
        )
        return False

    monkeypatch.setattr(torch.cuda, "is_available", too_old)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    with pytest.raises(LinguaLiftError, match=r"^[^\n]*driver on your system is too old[^\n]*$"):
        preflight.check_gpus(1, "auto", own_environment=True)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(LinguaLiftError, match="is built without CUDA"):
        preflight.check_gpus(1, "auto", own_environment=True)


def test_a_stage_that_cannot_fit_the_machines_gpus_is_refused_before_work(
    gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One A100 of 80 GB for the paper's eight; an LLM of unknown size is not judged."""
    gpus(f"{A100}, 81920", f"{A100}, 40960")
    assert [gpu.memory for gpu in machine.gpus()] == [81920 * 2**20, 40960 * 2**20]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [gpu.memory for gpu in machine.gpus()] == [40960 * 2**20]
    paper = planned("paper.yaml", {"compute": {"gpus": 1}})
    stages = [stage.id for stage in paper.runs["lingualift-metamath"].stages]
    requests.check_fit(paper, stages[:1], 80e9)
    with pytest.raises(LinguaLiftError) as caught:
        requests.check_fit(paper, stages, 80e9)
    assert re.fullmatch(
        r"stage 'transfer': an example of 260 tokens needs about 1\d\d GB of a GPU's memory, this"
        r" one has 80 GB; set compute\.gpus: 2 \(\d+ GB\), or train: .*four_bit: true \(\d+ GB\)",
        str(caught.value),
    )
    requests.check_fit(planned("paper.yaml"), stages, 80e9)
    unknown = paper.sources["llama-2-7b"].model_copy(update={"parameters": None})
    requests.check_fit(
        replace(paper, sources={**paper.sources, "llama-2-7b": unknown}), stages, 80e9
    )


def test_gpus_of_several_kinds_are_refused_for_a_jobs_results_would_depend_on_which_it_gets(
    gpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(f"{A100}, 81920", f"{A100}, 40960", f"{A100}, 81920")
    with pytest.raises(LinguaLiftError, match=r"several kinds: 42.9 GB \(8.0\), 85.9 GB \(8.0\); "):
        preflight.check_gpus(1, "auto", own_environment=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
    assert preflight.check_gpus(1, "auto", own_environment=False) == 2


def test_a_gpu_that_only_emulates_bfloat16_is_refused_where_it_is_asked_for_by_name(gpus) -> None:
    gpus(A100, T4)
    with pytest.raises(LinguaLiftError, match=r"only emulates.*capability 7\.5"):
        preflight.check_gpus(1, "bfloat16", own_environment=False)
    gpus(T4, T4)
    for precision in ("auto", "float32"):
        assert preflight.check_gpus(1, precision, own_environment=False) == 2
    gpus(A100)
    assert preflight.check_gpus(1, "bfloat16", own_environment=False) == 1


def test_a_job_on_a_node_without_the_gpu_that_it_asked_for_ends_with_one_line(
    gpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gpus()
    with pytest.raises(SystemExit), job.frame(str(tmp_path / "log"), gpus=1):
        raise AssertionError("the job worked")
    said = capsys.readouterr().err
    assert (
        said.startswith("lingualift: error: compute.gpus asks for 1 GPU") and said.count("\n") == 1
    )


def test_a_job_that_asked_for_no_gpu_sees_none(gpus) -> None:
    gpus(A100)
    with job.own_gpus(0):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def jobs(*counts: int, **variables: str) -> list[tuple[str, float, float]]:
    """Jobs that ask for so many GPUs, at once: what each saw, from when to when."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(count)],
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        for count in counts
    ]
    return sorted((json.loads(p.communicate()[0]) for p in running), key=lambda entry: entry[1])


def test_two_jobs_on_one_gpu_run_one_after_the_other_on_two_side_by_side(gpus) -> None:
    gpus(A100)
    first, second = jobs(1, 1)
    assert first[0] == second[0] == "0" and second[1] >= first[2]
    gpus(A100, A100)
    seen = jobs(1, 1)
    assert {entry[0] for entry in seen} == {"0", "1"}
    first, second = jobs(2, 1)
    assert {first[0], second[0]} == {"0,1", "0"} and second[1] >= first[2]


def test_in_an_allocation_of_slurm_a_job_takes_the_gpus_that_it_was_given(gpus) -> None:
    gpus(A100, A100)
    assert [entry[0] for entry in jobs(1, SLURM_JOB_ID="7", CUDA_VISIBLE_DEVICES="1")] == ["1"]


SNAKEFILE = """
configfile: "{root}/config/config.yaml"
include: "{root}/rules/common.smk"
onstart:
    share("{resource}", {amount})
rule both:
    input: "a", "b"
    default_target: True
rule one:
    output: "{{name}}"
    wildcard_constraints: name="[ab]"
    resources: **{{"{resource}": lambda wildcards, attempt: {asked} * attempt}}
    retries: 1
    shell: "date +%s.%N > {{output}}; sleep 0.7; date +%s.%N >> {{output}}; {after}"
"""


@pytest.mark.parametrize(
    ("resource", "asked", "amount", "together"),
    [("gpu", 1, 1, False), ("gpu", 1, 2, True), ("mem_mb", 4800, 8000, False)],
)
@pytest.mark.parametrize("after", ["true", "[ -e again ] || (touch again; exit 1)"])
def test_a_run_starts_no_more_jobs_than_the_machines_gpus_and_memory_serve(
    resource: str, asked: int, amount: int, together: bool, after: str, tmp_path: Path
) -> None:
    """Nor waits for ever for what a second attempt asks for beyond them."""
    text = SNAKEFILE.format(root=ROOT, resource=resource, asked=asked, amount=amount, after=after)
    (tmp_path / "Snakefile").write_text(text)
    command = ["--cores", "4", "--scheduler", "greedy"]
    done = forked.snakemake(command, tmp_path, os.environ)
    assert done.returncode == 0, done.stderr[-2000:]
    spans = sorted([float(t) for t in (tmp_path / name).read_text().split()] for name in "ab")
    assert (spans[1][0] < spans[0][1]) == together or after != "true"


def test_pieces_of_work_grow_with_a_gpus_memory(monkeypatch):
    """2,048 tokens of an encoder become 32,768 on 80 GB, 64 MiB of logits 1 GiB."""
    for memory, scale in ((80e9, 16), (141e9, 28), (16e9, 3), (4e9, 1)):
        card = SimpleNamespace(total_memory=int(memory))
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index, card=card: card)
        assert machine.device_scale("cuda") == scale
    assert machine.device_scale("cpu") == 1


def test_an_encoder_and_the_loss_take_pieces_by_their_device(monkeypatch, causal_encoder):
    encoder = Encoder(causal_encoder, 2, torch.float32)
    counts = np.full(100, 64)
    assert [len(batch) for batch in encoder._batches(counts)] == [32, 32, 32, 4]
    monkeypatch.setattr(machine, "device_scale", lambda device: 3)
    assert [len(batch) for batch in encoder._batches(counts)] == [96, 4]
    hidden, weight = torch.randn(60, 8), torch.randn(2**20, 8)
    heads: list[int] = []
    product = functional.linear
    monkeypatch.setattr(
        functional, "linear", lambda part, *rest: heads.append(len(part)) or product(part, *rest)
    )
    response_loss(hidden, weight, None, torch.zeros(60, dtype=torch.long))
    assert heads == [48, 12]
