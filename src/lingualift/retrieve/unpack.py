"""Archives unpacked without trust: no member leaves the destination, nothing but plain files and
folders is written.
"""

import gzip
import lzma
import shutil
import stat
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from lingualift.messages import LinguaLiftError

# Also: a compression or encryption that zipfile has not, a stream that breaks off inside a member,
# a name that its own flag calls UTF-8 and is not.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    UnicodeDecodeError,
)


def unpack(archive: Path, destination: Path, members: Sequence[str] = ()) -> None:
    """Write the files of a wheel, zip, tar or Debian package below `destination` (which exists).

    With `members`, only files at or below those paths of the archive. A path that is absolute,
    holds `..` or a backslash, a link or device among the wanted members, a file that exists
    already, and a damaged archive raise `LinguaLiftError` before that member is written.
    """
    name = archive.name
    try:
        if name.endswith((".whl", ".zip")):
            _unpack_zip(archive, destination, members)
        elif name.endswith((".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar")):
            with tarfile.open(archive, "r:*") as tar:
                _unpack_tar(tar, archive, destination, members)
        elif name.endswith(".deb"):
            _unpack_deb(archive, destination, members)
        else:
            raise LinguaLiftError(
                f"{archive}: not an archive that can be unpacked (.whl .zip .tgz .tar.gz .tar.xz"
                " .tar.bz2 .tar .deb)"
            )
    except DAMAGED as error:
        raise LinguaLiftError(
            f"{archive}: damaged archive ({error}); delete it and run again"
        ) from error


def check_members(archives: Sequence[Path], destination: Path, members: Sequence[str]) -> None:
    """After all `archives` of a source are unpacked, there is something at each of `members`."""
    for member in members:
        if archives and not (destination / member).exists():
            raise LinguaLiftError(
                f"{', '.join(map(str, archives))}: holds nothing at '{member}', which sources.yaml"
                " wants"
            )


def _unpack_zip(archive: Path, destination: Path, members: Sequence[str]) -> None:
    with zipfile.ZipFile(archive) as package:
        for entry in package.infolist():
            target = _target(entry.filename, archive, destination, members)
            if target is None:
                continue
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise LinguaLiftError(
                    f"{archive}: member '{entry.filename}' is a link or device; refused"
                )
            if entry.is_dir():
                _folder(target, archive)
            else:
                with package.open(entry) as content:
                    _write(content, target, archive)


def _unpack_tar(
    tar: tarfile.TarFile, archive: Path, destination: Path, members: Sequence[str]
) -> None:
    for entry in tar:
        target = _target(entry.name, archive, destination, members)
        if target is None:
            continue
        if entry.isdir():
            _folder(target, archive)
        elif entry.isreg():
            content = tar.extractfile(entry)
            if content is None:
                raise LinguaLiftError(f"{archive}: member '{entry.name}' cannot be read")
            with content:
                _write(content, target, archive)
        else:
            raise LinguaLiftError(f"{archive}: member '{entry.name}' is a link or device; refused")


def _unpack_deb(archive: Path, destination: Path, members: Sequence[str]) -> None:
    program = shutil.which("dpkg-deb")
    if program is None:
        raise LinguaLiftError(
            f"{archive}: unpacking a Debian package needs `dpkg-deb` (package dpkg)"
        )
    with tempfile.TemporaryFile() as plain:
        done = subprocess.run(
            [program, "--fsys-tarfile", str(archive)],
            stdout=plain,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            raise LinguaLiftError(
                f"{archive}: damaged Debian package ({words[-1] if words else done.returncode});"
                " delete it and run again"
            )
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as tar:
            _unpack_tar(tar, archive, destination, members)


def _target(name: str, archive: Path, destination: Path, members: Sequence[str]) -> Path | None:
    """Where a member goes, or None where it is not wanted; a name that could leave the destination
    is refused in any case.
    """
    if "\\" in name or "\0" in name:
        raise LinguaLiftError(f"{archive}: member {name!r} has an unsafe name; refused")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise LinguaLiftError(f"{archive}: member '{name}' would leave the destination; refused")
    if not path.parts:
        return None
    if members and not any(path.is_relative_to(member) for member in members):
        return None
    return destination.joinpath(*path.parts)


def _folder(target: Path, archive: Path) -> None:
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise LinguaLiftError(
            f"{archive}: '{error.filename}' would be a file and a folder at once; refused"
        ) from error


def _write(content: IO[bytes], target: Path, archive: Path) -> None:
    _folder(target.parent, archive)
    try:
        with open(target, "xb") as handle:
            shutil.copyfileobj(content, handle, 1 << 20)
    except FileExistsError as error:
        raise LinguaLiftError(
            f"{archive}: '{target.name}' occurs twice, here or in another archive of this source;"
            " refused"
        ) from error
