"""Checks before any heavy work: each raises `LinguaLiftError` with one line where the run could not
succeed.
"""

import importlib.metadata
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lingualift import machine
from lingualift.messages import LinguaLiftError
from lingualift.retrieve import clients
from lingualift.retrieve.fetch import source_state
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import Source

MINIMUM_PYTHON = (3, 11)
GPU_VARIANTS = {"faiss-cpu": "faiss-gpu"}
"""Packages that another one, with the same modules, stands in for on a machine with a GPU."""


def check_python(version: Sequence[int] = sys.version_info[:3]) -> None:
    """Python must be at least 3.11."""
    if tuple(version[:2]) < MINIMUM_PYTHON:
        running, wanted = ".".join(map(str, version)), ".".join(map(str, MINIMUM_PYTHON))
        raise LinguaLiftError(
            f"Python {running} is too old: LinguaLIFT needs {wanted} or newer; run `make` with"
            f" PYTHON=python{wanted}, or install it"
        )


def check_paths(clone: str | Path, python: str = sys.executable) -> None:
    """The folder of the clone and the path of Python hold nothing that Snakemake hands on unquoted.

    Tried with Snakemake 9.27: it gives the path of Python to bash as it is, and formats that of a
    script, where braces are variables. All else may lie below a folder of any name.
    """
    plain = "whose path has letters, digits, '.', '_' and '-' alone"
    if match := re.search(r"[{}]", str(clone)):
        raise LinguaLiftError(
            f"{str(clone)!r}: Snakemake takes {match[0]!r} in the path of a script for a variable;"
            f" move the clone to a folder {plain}"
        )
    if match := re.search(r"[\s'\"\\$`()&;|<>*?]|\[.*\]|\{.*\}", python):
        raise LinguaLiftError(
            f"{python!r}: Snakemake starts jobs with this Python, whose path the shell takes apart"
            f" at {match[0][0]!r}; make the environment in a folder {plain} (where it is .venv in"
            " the clone: move the clone)"
        )


def read_lock(path: str | Path) -> dict[str, str]:
    """The `name==version` lines of a lock file, names normalised (PEP 503); other lines are left
    out.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise LinguaLiftError(f"{path}: lock file cannot be read ({error})") from error
    pins = re.findall(
        r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", text, flags=re.MULTILINE
    )
    return {_normal(name): version for name, version in pins}


def check_packages(pyproject: str | Path, lock: str | Path) -> list[str]:
    """Compare the installed packages that the project names as its dependencies with what it asks
    for.

    A package that is missing, or outside the range of pyproject.toml (without a range: older than
    the lock's major.minor), raises `LinguaLiftError`. Returns one line for each whose major.minor
    differs from the lock: allowed, but tables may differ in the last digits.
    """
    from packaging.requirements import Requirement
    from packaging.version import InvalidVersion, Version

    try:
        project = tomllib.loads(Path(pyproject).read_text(encoding="utf-8"))["project"]
        requirements = [Requirement(text) for text in project.get("dependencies", [])]
    except (OSError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise LinguaLiftError(f"{pyproject}: dependencies cannot be read ({error})") from error
    pins, notes = read_lock(lock), []
    for requirement in requirements:
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        names = [requirement.name, *filter(None, [GPU_VARIANTS.get(_normal(requirement.name))])]
        present = {name: version for name in names if (version := _version(name)) is not None}
        if len(present) > 1:
            raise LinguaLiftError(
                f"packages {' and '.join(present)} hold the same modules; pip uninstall both, then"
                " install one"
            )
        name, installed = next(iter(present.items()), (requirement.name, ""))
        locked = pins.get(_normal(requirement.name))
        remedy = f"pip install '{name}=={locked}'" if locked else f"pip install '{requirement}'"
        if not present:
            raise LinguaLiftError(
                f"package {name} is not installed; {remedy}, or let `make` build .venv"
            )
        try:
            current, wanted = Version(installed), Version(locked) if locked else None
        except InvalidVersion as error:
            raise LinguaLiftError(f"{lock}: {error}") from error
        if requirement.specifier and not requirement.specifier.contains(current, prereleases=True):
            raise LinguaLiftError(
                f"package {name} {installed} does not fit {requirement.specifier}; {remedy}, or let"
                " `make` build .venv"
            )
        if wanted is None or current.release[:2] == wanted.release[:2]:
            continue
        if not requirement.specifier and current.release[:2] < wanted.release[:2]:
            raise LinguaLiftError(
                f"package {name} {installed} is older than the locked {locked}; {remedy}, or let"
                " `make` build .venv"
            )
        notes.append(f"{name} {installed} (the lock has {locked})")
    return notes


def _version(name: str) -> str | None:
    """The installed version of a package; None where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def check_writable(folder: str | Path) -> None:
    """Files can be written in `folder` (made if it is missing)."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable."):
            pass
    except OSError as error:
        raise LinguaLiftError(
            f"{folder}: cannot be written ({error.strerror or error}); correct its permissions, or"
            " run from another folder"
        ) from error


def check_disks(needed: Mapping[Path, int], purpose: str) -> None:
    """As many bytes as each folder needs are free where it lies (or will lie); what folders of one
    file system need adds up.
    """
    systems: dict[int, dict[Path, int]] = {}
    for folder, size in needed.items():
        if not size:
            continue
        systems.setdefault(_existing(folder).stat().st_dev, {})[folder] = size
    for sizes in systems.values():
        folders = ", ".join(map(str, sizes))
        free, total = shutil.disk_usage(_existing(next(iter(sizes)))).free, sum(sizes.values())
        if free < total:
            raise LinguaLiftError(
                f"{folders}: {_gigabytes(free)} free, {purpose} needs about {_gigabytes(total)}"
                "; free space, or put the folder on a larger disk"
            )


def _existing(folder: Path) -> Path:
    """A folder, or the nearest above it that is there."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def check_memory(needed: int, purpose: str) -> None:
    """At least `needed` bytes of memory are available, as far as the machine says."""
    available = machine.available_memory()
    if available is not None and available < needed:
        raise LinguaLiftError(
            f"{_gigabytes(available)} of memory available, {purpose} needs about"
            f" {_gigabytes(needed)}; close other programs, or configure smaller models or batches"
        )


def check_gpus(wanted: int, precision: str, own_environment: bool) -> int:
    """The machine has `wanted` GPUs, all of one kind, that this torch can use and that multiply
    bfloat16 where `precision` asks for it. Returns how many it has; 0 where none is wanted.

    Jobs of another environment than this one (`own_environment` false) ask their own torch.
    """
    if not wanted:
        return 0
    gpus = machine.require_gpus(wanted)
    machine.require_bfloat16(precision, gpus)
    kinds = sorted({(gpu.capability or (0, 0), gpu.memory or 0) for gpu in gpus})
    if len(kinds) > 1:
        listed = ", ".join(
            f"{_gigabytes(memory)} ({major}.{minor})" for (major, minor), memory in kinds
        )
        raise LinguaLiftError(
            f"this machine's GPUs are of several kinds: {listed}; results would depend on which of"
            " them a job gets: name alike ones in CUDA_VISIBLE_DEVICES"
        )
    if own_environment:
        machine.require_cuda()
    return len(gpus)


def check_pinned(sources: Iterable[Source], resources: str | Path, downloads: str | Path) -> None:
    """Every source that is not there is pinned."""
    for source in sources:
        if source_state(source, Path(resources) / source.key, downloads) != "present":
            for line in missing_pins(source):
                raise LinguaLiftError(line)


def check_sources(
    sources: Iterable[Source],
    resources: str | Path,
    downloads: str | Path,
    mirror: str | Path | None = None,
    offline: bool = False,
) -> list[Source]:
    """Every source is there, or can be had: present, cached, in the mirror, or its client answers.
    Returns those to download.

    Each client is asked once, cheaply, and only when something of its kind must be downloaded; the
    hub is asked for every repository, and what it refuses raises `LinguaLiftError` before any work.
    """
    if mirror is not None and not Path(mirror).is_dir():
        raise LinguaLiftError(
            f"mirror {mirror}: no such folder; correct `mirror` in the configuration, or leave it"
            " empty"
        )
    wanted = []
    for source in sources:
        where = source_state(source, Path(resources) / source.key, downloads, mirror)
        if where == "unavailable":
            names = ", ".join(file.name for file in source.files[:3]) + (
                " …" if len(source.files) > 3 else ""
            )
            raise LinguaLiftError(
                f"source '{source.key}' ({source.title}) comes from a mirror folder only; set"
                f" `mirror` to a folder that holds {Path(source.mirror) / names}"
            )
        if where == "download":
            wanted.append(source)
    if wanted and offline:
        keys = ", ".join(source.key for source in wanted)
        raise LinguaLiftError(
            f"offline, and neither in {resources}, {downloads} nor a mirror: {keys}; run `snakemake"
            " retrieve` with a network, or set `mirror`"
        )
    for kind in sorted({source.kind for source in wanted}):
        of_kind = [source for source in wanted if source.kind == kind]
        # the hub, of every repository: each has a gate, a commit and a form of weights of its own
        repositories = {(source.repository, source.revision): source for source in of_kind}
        asked = repositories.values() if kind == "hub" else of_kind[:1]
        answer = next(filter(None, map(clients.can_reach, asked)), None)
        if answer is not None:
            keys = ", ".join(source.key for source in of_kind)
            raise LinguaLiftError(
                f"no network and no mirror for {keys}: {kind} answers '{answer}'; connect, or set"
                " `mirror` to a folder that holds them"
            )
    return wanted


def _gigabytes(value: int) -> str:
    return f"{value / 1e9:.1f} GB"
