"""What the machine can do is read where it says so: memory, and bfloat16 in hardware."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lingualift import machine
from lingualift.messages import LinguaLiftError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a system with eight gigabytes free."""
    write(tmp_path, "proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    8000000 kB\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def group(root: Path, folder: str, limit: str, used: int, cached: int, v1: bool = False) -> None:
    files = ("limit_in_bytes", "usage_in_bytes") if v1 else ("max", "current")
    write(root, f"{folder}/memory.{files[0]}", f"{limit}\n")
    write(root, f"{folder}/memory.{files[1]}", f"{used}\n")
    active = cached // 4
    kinds = {"inactive_file": cached - active, "active_file": active}
    lines = [f"{kind} {0 if v1 else size}\n" for kind, size in kinds.items()]
    lines += [f"total_{kind} {size}\n" for kind, size in kinds.items() if v1]
    write(root, f"{folder}/memory.stat", "anon 5\n" + "".join(lines))


def test_memory_is_the_smaller_of_the_system_and_the_container(root: Path) -> None:
    assert machine.available_memory(root) == 8000000 * 1024
    group(root, "sys/fs/cgroup", "4000000000", 1500000000, 500000000)
    assert machine.available_memory(root) == 3000000000
    group(root, "sys/fs/cgroup", "max", 1500000000, 500000000)
    assert machine.available_memory(root) == 8000000 * 1024
    assert machine.available_memory(root / "nothing") is None


def test_memory_of_a_job_is_that_of_the_tightest_of_its_groups(root: Path) -> None:
    write(root, "proc/self/cgroup", "0::/system.slice/slurm/job_7/step_0\n")
    group(root, "sys/fs/cgroup/system.slice/slurm/job_7", "2000000000", 700000000, 200000000)
    group(root, "sys/fs/cgroup/system.slice/slurm/job_7/step_0", "max", 700000000, 0)
    group(root, "sys/fs/cgroup/system.slice/slurm/job_8", "1000", 0, 0)
    assert machine.available_memory(root) == 1500000000


def test_memory_of_a_group_of_the_first_version_counts_all_its_cache_as_free(root: Path) -> None:
    write(root, "proc/self/cgroup", "5:cpu:/other\n4:memory:/job_7\n")
    group(root, "sys/fs/cgroup/memory", "9223372036854771712", 10**9, 0, v1=True)
    group(root, "sys/fs/cgroup/memory/job_7", "2000000000", 900000000, 400000000, v1=True)
    assert machine.available_memory(root) == 1500000000


def test_a_container_that_names_the_hosts_groups_is_bound_by_its_mounts_root(root: Path) -> None:
    write(root, "proc/self/cgroup", "4:memory:/docker/0123\n")
    group(root, "sys/fs/cgroup/memory", "1000000000", 250000000, 0, v1=True)
    assert machine.available_memory(root) == 750000000


@pytest.mark.parametrize(
    ("flags", "supported"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx2 avx512f", False)],
)
def test_bfloat16_is_told_by_the_processors_flags(
    tmp_path: Path, flags: str, supported: bool
) -> None:
    write(tmp_path, "proc/cpuinfo", f"processor : 0\nflags\t\t: {flags}\n")
    support = machine.processor_bfloat16(tmp_path)
    assert support.supported == supported and "flag" in support.reason
    assert not machine.processor_bfloat16(tmp_path / "nothing").supported


@pytest.mark.parametrize(
    ("capability", "supported"), [((7, 0), False), ((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_a_gpu_that_only_emulates_bfloat16_computes_in_float32_and_refuses_it_by_name(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], supported: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.version, "hip", None)
    assert machine.device() == "cuda"
    assert machine.dtype("auto") == (torch.bfloat16 if supported else torch.float32)
    assert not machine.use_bfloat16("float32", "cuda") and machine.use_bfloat16("bfloat16", "cpu")
    if supported:
        assert machine.use_bfloat16("bfloat16", "cuda")
    else:
        with pytest.raises(LinguaLiftError, match=r"only emulates.*auto or float32$"):
            machine.use_bfloat16("bfloat16", "cuda")
    monkeypatch.setattr(torch.version, "hip", "6.2")
    assert machine.dtype("auto") == torch.bfloat16


def test_asking_the_machine_loads_no_client_of_a_network_and_no_torch() -> None:
    heavy = ("torch", "huggingface_hub", "requests", "lingualift.retrieve")
    code = (
        f"import sys, lingualift.machine; print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
