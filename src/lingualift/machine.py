"""What this machine can do: free memory, a GPU, bfloat16 in hardware; each is asked here alone.

Light to import: torch is loaded where a function needs it.
"""

import ctypes
import gc
import importlib.util
import logging
import os
import re
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lingualift.messages import LinguaLiftError

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)
BFLOAT16_FLAGS = ("amx_bf16", "avx512_bf16", "bf16", "svebf16")
"""Flags of processors that multiply bfloat16 matrices."""
BFLOAT16_CAPABILITY = 8  # of NVIDIA GPUs: Ampere and later; a V100 (7.0) or T4 (7.5) emulates it


@dataclass(frozen=True)
class Support:
    """Whether the processor can do something at speed, and how that is known."""

    supported: bool
    reason: str


@dataclass(frozen=True)
class Gpu:
    """A GPU by its name in CUDA_VISIBLE_DEVICES, its compute capability and its memory in bytes
    where they are known.
    """

    name: str
    capability: tuple[int, int] | None = None
    memory: int | None = None


def gpus() -> list[Gpu]:
    """The GPUs that this process may use, without touching them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    columns = "--query-gpu=index,uuid,compute_cap,memory.total"
    query = ["nvidia-smi", columns, "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return _gpus_of_torch(visible)
    line = r"^(\d+), *([^,\s]+), *(?:(\d+)\.(\d+))?(?:, *(\d+))?"
    listed = re.findall(line, lines, flags=re.MULTILINE)
    identified = [
        (
            uuid,
            Gpu(
                index,
                (int(major), int(minor)) if major else None,
                int(mebibytes) * 2**20 if mebibytes else None,
            ),
        )
        for index, uuid, major, minor, mebibytes in listed
    ]
    if visible is None:
        return [gpu for _, gpu in identified]
    chosen = []
    for name in filter(None, visible.split(",")):
        match = next(
            (gpu for uuid, gpu in identified if gpu.name == name or uuid.startswith(name)), None
        )
        if match is None and not name.startswith("MIG-"):
            break  # CUDA reads no further
        chosen.append(replace(match, name=name) if match else Gpu(name))
    return chosen


def _gpus_of_torch(visible: str | None) -> list[Gpu]:
    """The same where there is no nvidia-smi (other makers' GPUs, containers)."""
    import torch

    count = torch.cuda.device_count()
    names = [str(index) for index in range(count)] if visible is None else visible.split(",")
    return [Gpu(name) for name in names[:count]]


def gpu_memory(device: Any = 0) -> int:
    """Bytes of a GPU, of this process's first unless another is named: those that a job is given
    are alike.
    """
    import torch

    return int(torch.cuda.get_device_properties(device).total_memory)


def require_gpus(wanted: int) -> list[Gpu]:
    """The GPUs that this process may use; fewer than `wanted` are a `LinguaLiftError`."""
    available = gpus()
    if len(available) < wanted:
        raise LinguaLiftError(
            f"compute.gpus asks for {wanted} GPU(s), this machine offers {len(available)}; set"
            f" compute.gpus to {len(available)}"
            + (", or CUDA_VISIBLE_DEVICES to more" if "CUDA_VISIBLE_DEVICES" in os.environ else "")
        )
    return available


def require_cuda() -> None:
    """Torch must be able to use a GPU: a driver that is too old, or a build without CUDA, is a
    `LinguaLiftError` instead of days on the processor.
    """
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return
    if torch.version.cuda is None and torch.version.hip is None:
        reason = f"torch {torch.__version__} is built without CUDA"
    else:
        said = [str(warning.message).strip() for warning in caught]
        reason = " ".join(said[0].split())[:200] if said else "torch finds no GPU"
    raise LinguaLiftError(
        f"compute.gpus asks for a GPU that torch cannot use: {reason}; update the driver, install"
        " the torch build for it (docs/configuration.md), or set compute.gpus to 0"
    )


def require_bfloat16(precision: str, gpus: list[Gpu]) -> None:
    """With the setting `precision: bfloat16`, every GPU must multiply it in hardware."""
    for gpu in gpus:
        if precision == "bfloat16" and (gpu.capability or (BFLOAT16_CAPABILITY,))[0] < (
            BFLOAT16_CAPABILITY
        ):
            _refuse_emulation("GPU of compute capability {}.{}".format(*gpu.capability or ()))


def _refuse_emulation(reason: str) -> None:
    raise LinguaLiftError(
        f"precision is bfloat16, which this machine only emulates, slower than float32 ({reason});"
        " set precision to auto or float32"
    )


def require_engine(engine: str) -> None:
    """The package that `evaluation.engine` names must be installed; it is not imported here."""
    if engine != "transformers" and importlib.util.find_spec(engine) is None:
        raise LinguaLiftError(
            f"evaluation.engine is {engine}, which is not installed here; run with --sdm conda (its"
            f" environment is envs/{engine}.yaml), or set evaluation.engine to transformers"
        )


def device() -> str:
    """Where a job computes: `cuda`, the first GPU that it was given, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def device_scale(where: str) -> int:
    """How many times a processor's pieces of work a device takes at once: on a GPU one for every
    5 GB of its memory, 16 with 80 GB.
    """
    import torch

    if where != "cuda":
        return 1
    return max(1, int(torch.cuda.get_device_properties(0).total_memory / 5e9))


def use_bfloat16(precision: str, where: str) -> bool:
    """What the setting `precision` (auto, bfloat16, float32) means on `cuda` or `cpu`: `auto` is
    bfloat16 where that hardware multiplies it. A GPU that only emulates it is a `LinguaLiftError`
    where it is asked for by name.
    """
    if precision == "bfloat16" and where == "cuda" and not (support := gpu_bfloat16()).supported:
        _refuse_emulation(support.reason)
    if precision != "auto":
        return precision == "bfloat16"
    support = gpu_bfloat16() if where == "cuda" else processor_bfloat16()
    logger.info(
        "precision: %s (%s)", "bfloat16" if support.supported else "float32", support.reason
    )
    return support.supported


def dtype(precision: str) -> "torch.dtype":
    """The floating-point type that the setting `precision` means where a job computes."""
    import torch

    return torch.bfloat16 if use_bfloat16(precision, device()) else torch.float32


def gpu_bfloat16() -> Support:
    """Whether the GPU multiplies bfloat16 in hardware: torch's own answer counts emulation too,
    which is slower than float32.
    """
    import torch

    if torch.version.hip is not None:
        return Support(True, "AMD GPU")
    major, minor = torch.cuda.get_device_capability()
    return Support(major >= BFLOAT16_CAPABILITY, f"GPU of compute capability {major}.{minor}")


def processor_bfloat16(root: str | Path = "/") -> Support:
    """Whether the processor multiplies bfloat16 matrices in hardware (else float32 is faster)."""
    try:
        text = (Path(root) / "proc/cpuinfo").read_text()
    except OSError:
        return Support(False, "no /proc/cpuinfo: unknown processor")
    lines = re.findall(r"^(?:flags|Features)\s*:\s*(.*)$", text, flags=re.MULTILINE)
    flags = set(" ".join(lines).split())
    for flag in BFLOAT16_FLAGS:
        if flag in flags:
            return Support(True, f"processor flag {flag}")
    return Support(False, f"processor flags hold none of {', '.join(BFLOAT16_FLAGS)}")


def available_memory(root: str | Path = "/") -> int | None:
    """Bytes that this process may still use: the least of what the system and its control groups
    (a container's, a scheduler's) leave; None where none says.
    """
    root = Path(root)
    limits = []
    try:
        text = (root / "proc/meminfo").read_text()
    except OSError:
        text = ""
    if match := re.search(r"^MemAvailable:\s+(\d+) kB", text, flags=re.MULTILINE):
        limits.append(int(match[1]) * 1024)
    for folder, limit, usage in _memory_groups(root):
        try:
            allowed, used = (folder / limit).read_text().strip(), int((folder / usage).read_text())
            statistics = (folder / "memory.stat").read_text()
        except (OSError, ValueError):
            continue
        # Files that were read can leave memory again: the system's own figure counts both kinds.
        # v1 writes its own and, as `total_`, its groups' together; the last line is that of all
        kinds = (
            re.findall(rf"^(?:total_)?{kind}_file (\d+)", statistics, flags=re.MULTILINE)
            for kind in ("inactive", "active")
        )
        cached = sum(int(values[-1]) for values in kinds if values)
        if allowed.isdecimal():
            limits.append(max(0, int(allowed) - used + cached))
    return min(limits) if limits else None


def _memory_groups(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Folders of this process's control groups, innermost first, with the names of the files that
    hold a group's limit and what it uses (v2 and v1).

    A group's path as the process sees it need not exist below the mount: a container without a
    namespace of its own names the host's. Its mount's root is then the container's group.
    """
    mount = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    paths = {"": "/", "memory": "/"}  # of the one hierarchy of v2, and of v1's for memory
    for line in lines:
        _, controllers, path = line.split(":", 2)
        paths |= {name: path for name in controllers.split(",") if name in paths}
    for base, name, files in (
        (mount, "", ("memory.max", "memory.current")),
        (mount / "memory", "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")),
    ):
        inner = Path(paths[name].lstrip("/"))
        for relative in (inner, *inner.parents):
            yield base / relative, *files


def wait_without_spinning() -> None:
    """Let the threads of this process and its children sleep while they wait for one another,
    unless the environment has a policy: beside other work, threads that spin keep those that they
    wait for from running. To be called before torch is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks below 32 MB instead of returning them to the system: 13 % faster
    training on a processor.

    Larger blocks (embedding gradients, optimiser states) still come and go by themselves: kept too,
    they split and fragment, and a job that needs 3.5 GB grows to 6 GB.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library: nothing to tune
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # M_TRIM_THRESHOLD and so on
    for option, value in (
        (trim_threshold, 2**31 - 1),
        (top_pad, 2**26),
        (mmap_threshold, 2**25),
    ):
        mallopt(option, value)


def release_freed_memory() -> None:
    """Return freed memory to the system, where the C library can."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return
