"""Files between steps: written atomically, typed, and stamped with where they came from."""

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

from lingualift.errors import LinguaLiftError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that becomes `path` when the block succeeds and vanishes when it does not."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=f".tmp{path.suffix}", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | Path) -> Iterator[Path]:
    """Yield a temporary directory that replaces `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
    except (ValueError, OSError) as error:
        raise LinguaLiftError(f"{path}: cannot be read as JSON ({error}); delete it and run again") from error


def write_parquet(path: str | Path, table: pa.Table, schema: pa.Schema, provenance: Mapping[str, Any] | None = None) -> None:
    """Write `table`, cast to the declared `schema`, with `provenance` (JSON values) in the file's metadata, atomically."""
    table = table.cast(schema)
    for field in schema:
        if not field.nullable and table.column(field.name).null_count:
            raise LinguaLiftError(f"{path}: column '{field.name}' must not be empty")
    if provenance is not None:
        stamp = json.dumps(dict(provenance), sort_keys=True, ensure_ascii=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"lingualift": stamp.encode()})
    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_parquet(path: str | Path, schema: pa.Schema | None = None) -> pa.Table:
    """Read a Parquet file and check that it has the declared columns and types."""
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(f"{path}: damaged or not Parquet ({str(error).splitlines()[0]}); delete it and run again") from error
    if schema is not None and not table.schema.equals(schema, check_metadata=False):
        raise LinguaLiftError(f"{path}: columns differ from what this version writes; delete it and run again")
    return table


def read_provenance(path: str | Path) -> dict[str, Any]:
    """The provenance that `write_parquet` stored in the file's metadata."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(f"{path}: damaged or not Parquet ({str(error).splitlines()[0]}); delete it and run again") from error
    return json.loads(metadata.get(b"lingualift", b"{}"))
