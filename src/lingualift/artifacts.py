"""Files between steps: written atomically, typed, stamped with where they came from, and sealed
with a checksum that readers check.

A Parquet file carries the SHA-256 of its own bytes in its metadata, computed with the digits of the
checksum set to zero; a folder carries `checksums.json`. Whoever reads one finds out about a
truncated copy or a flipped bit before anything is computed from it.

Parquet's own checksums do not suffice: they cover pages, not the footer with schema, places and
provenance. Of the 6,272 bits in the footer of a small table, 422 could be flipped so that pyarrow
26 read another table (96) or another provenance (326) and said nothing (2026-11-30).
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lingualift.data.rows import UNREADABLE, first_line
from lingualift.messages import LinguaLiftError
from lingualift.modes import follow_umask

CHECKSUMS = "checksums.json"
SEAL, BLANK = b"lingualift-sha256:", b"0" * 64
BLOCK = 1 << 20
CHECKED_BYTES = 2**31  # larger files are compared by samples: reading them takes minutes to hours
SAMPLED = "samples:"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that becomes `path` when the block succeeds and vanishes
    when it does not.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=f".tmp{path.suffix}", dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        follow_umask(temporary)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | Path) -> Iterator[Path]:
    """Yield a temporary directory that replaces `path` when the block succeeds; `checksums.json` in
    it lists its files.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        seal_directory(temporary)
        follow_umask(temporary)
        aside = temporary.with_suffix(".old.tmp")
        if path.exists():
            os.replace(
                path, aside
            )  # whoever looks between the two renames finds nothing, never half of it
        os.replace(temporary, path)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def seal_directory(path: str | Path) -> None:
    """Write `checksums.json` for what the folder holds now: SHA-256, of files above `CHECKED_BYTES`
    a checksum of samples.
    """
    write_json(
        Path(path) / CHECKSUMS, {name: _checksum(Path(path) / name) for name in _files(Path(path))}
    )


def check_directory(path: str | Path) -> None:
    """Compare a folder that was sealed with its `checksums.json`; a file that is altered, missing
    or extra is named.
    """
    path = Path(path)
    if not (path / CHECKSUMS).is_file():
        raise LinguaLiftError(
            f"{path}: incomplete or written by an earlier version; delete it and run again"
        )
    expected = read_json(path / CHECKSUMS)
    for name in sorted({*expected, *_files(path)}):
        if (
            name not in expected
            or not (path / name).is_file()
            or not is_as_written(path / name, expected[name])
        ):
            raise LinguaLiftError(
                f"{path / name}: damaged (it is not what was written); delete {path} and run again"
            )


def _files(folder: Path) -> list[str]:
    """Files below a folder, without hidden ones and the list of checksums."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        name.as_posix()
        for name in names
        if not any(part.startswith(".") for part in name.parts) and name.name != CHECKSUMS
    )


def _checksum(path: Path) -> str:
    return sampled(path) if path.stat().st_size > CHECKED_BYTES else sha256_file(path)


def is_as_written(path: Path, expected: str) -> bool:
    """Whether a file has the checksum that was noted of it. Of large files without noted samples
    nothing is compared: formats of weights tell a cut file.
    """
    if expected.startswith(SAMPLED):
        return sampled(path) == expected
    return path.stat().st_size > CHECKED_BYTES or sha256_file(path) == expected


def sampled(path: str | Path) -> str:
    """A checksum of a large file's name, size and 65 samples, in milliseconds: it tells another
    file, a cut one or a hole, not every changed byte.
    """
    total = hashlib.sha256()
    add_samples(total, Path(path))
    return SAMPLED + total.hexdigest()


def add_samples(total: "hashlib._Hash", path: Path) -> None:
    """Add a file's name, size, and 65 blocks of 64 KiB spread over it to a hash."""
    size = path.stat().st_size
    with open(path, "rb") as handle:
        total.update(f"{path.name}:{size}".encode())
        for block in range(65):
            handle.seek(block * max(size - 65536, 0) // 64)
            total.update(handle.read(65536))


def sha256_file(path: str | Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest(value: Any, length: int = 12) -> str:
    """A short stable hash of a JSON-serialisable value (keys sorted)."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write a value as sorted, indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON that this project wrote; a damaged file is named."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except UNREADABLE as error:
        raise LinguaLiftError(
            f"{path}: cannot be read as JSON ({first_line(error)}); delete it and run again"
        ) from error


def write_parquet(
    path: str | Path,
    table: pa.Table,
    schema: pa.Schema,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Write `table`, cast to the declared `schema`, with `provenance` (JSON values) in the file's
    metadata, atomically and sealed.
    """
    table = table.cast(schema)
    for field in schema:
        if not field.nullable and table.column(field.name).null_count:
            raise LinguaLiftError(f"{path}: column '{field.name}' must not be empty")
    with parquet_writer(path, table.schema, provenance) as writer:
        writer.write_table(table)


@contextmanager
def parquet_writer(
    path: str | Path, schema: pa.Schema, provenance: Mapping[str, Any] | None = None
) -> Iterator[pq.ParquetWriter]:
    """A writer of `schema`, batch by batch, whose sealed file appears at `path` when the block
    succeeds.
    """
    with atomic_path(path) as temporary:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            yield writer
            # Not in the schema's metadata: that is stored a second time, in another form.
            stamp = (
                {}
                if provenance is None
                else {
                    "lingualift": json.dumps(dict(provenance), sort_keys=True, ensure_ascii=False)
                }
            )
            writer.add_key_value_metadata({**stamp, "lingualift-seal": (SEAL + BLANK).decode()})
        position, digits = _seal(temporary)
        with open(temporary, "r+b") as handle:
            handle.seek(position)
            handle.write(digits)


def _seal(path: Path) -> tuple[int, bytes]:
    """Where the digits of a Parquet file's seal begin (-1: it has none), and the digits that belong
    there.
    """
    size = path.stat().st_size
    with open(path, "rb") as handle:
        handle.seek(max(size - 8, 0))
        footer = min(int.from_bytes(handle.read(4), "little") + 8, size)
        handle.seek(size - footer)
        position = handle.read().rfind(SEAL)
        if position < 0 or position + len(SEAL) + len(BLANK) > footer:
            return -1, b""
        position += size - footer + len(SEAL)
        total = hashlib.sha256()
        handle.seek(0)
        for start in range(0, position, BLOCK):
            total.update(handle.read(min(BLOCK, position - start)))
        total.update(BLANK)
        handle.seek(position + len(BLANK))
        while block := handle.read(BLOCK):
            total.update(block)
    return position, total.hexdigest().encode()


def _unusable(path: str | Path, what: str) -> LinguaLiftError:
    """An error that asks for a damaged file to be deleted, or for the folder that was written and
    sealed with it.
    """
    folder = Path(path).parent
    return LinguaLiftError(
        f"{path}: {what}; delete {folder if (folder / CHECKSUMS).is_file() else 'it'} and run again"
    )


def check_parquet(path: str | Path) -> None:
    """Compare a Parquet file that this project wrote with the checksum that it carries."""
    try:
        position, expected = _seal(Path(path))
        with open(path, "rb") as handle:
            handle.seek(max(position, 0))
            digits = handle.read(len(BLANK))
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    if position < 0:
        read_provenance(path)  # says so where it is no Parquet at all
        raise _unusable(path, "damaged, or written by another program (it carries no checksum)")
    if digits != expected:
        raise _unusable(path, "damaged (its checksum does not fit its content)")


def read_parquet(path: str | Path, schema: pa.Schema | None = None) -> pa.Table:
    """Read a Parquet file once its seal, columns and types are checked."""
    check_parquet(path)
    try:
        table = pq.read_table(path)
    except UNREADABLE as error:
        raise _unusable(path, f"damaged or not Parquet ({first_line(error)})") from error
    if schema is not None and not table.schema.equals(schema, check_metadata=False):
        raise _unusable(path, "columns differ from what this version writes")
    return table


def read_provenance(path: str | Path) -> dict[str, Any]:
    """The provenance that `write_parquet` stored in the file's metadata."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except UNREADABLE as error:
        raise _unusable(path, f"damaged or not Parquet ({first_line(error)})") from error
    try:
        return json.loads(metadata.get(b"lingualift", b"{}"))
    except UNREADABLE as error:
        reason = f"damaged (its provenance cannot be read: {first_line(error)})"
        raise _unusable(path, reason) from error
