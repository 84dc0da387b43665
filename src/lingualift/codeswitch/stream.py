"""Parquet written batch by batch, atomically and with provenance: for corpora that do not fit into memory."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lingualift.artifacts import atomic_path


@contextmanager
def parquet_writer(path: str | Path, schema: pa.Schema, provenance: Mapping[str, Any] | None = None) -> Iterator[pq.ParquetWriter]:
    """A writer of `schema` whose file appears at `path` when the block succeeds; read it back with `artifacts.read_parquet`."""
    if provenance is not None:
        stamp = json.dumps(dict(provenance), sort_keys=True, ensure_ascii=False)
        schema = schema.with_metadata({b"lingualift": stamp.encode()})
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        yield writer
