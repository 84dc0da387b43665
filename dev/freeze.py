"""The bytes that a change must keep: a manifest of a results folder, and the differences of two.

    python dev/freeze.py results            prints `sha256  path`, sorted by path
    python dev/freeze.py BEFORE AFTER       prints what differs; exit code 1 where anything does

What counts is content. Of Parquet that is the table and its schema, without the metadata in which
provenance lies; of JSON everything but `provenance`; lists of checksums are left out, since they
repeat the files they list.
"""

import hashlib
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lingualift.artifacts import CHECKSUMS

KINDS = (
    "corpora",
    "vocabulary",
    "embeddings",
    "lexicons",
    "tasks",
    "codeswitch",
    "encoded",
    "checkpoints",
    "predictions",
    "scores",
    "tables",
)


def content(path: Path) -> bytes:
    """What of a file a change must keep."""
    if path.suffix == ".parquet":
        table = pq.read_table(path).replace_schema_metadata(None).combine_chunks()
        buffer = pa.BufferOutputStream()
        with pa.ipc.new_stream(buffer, table.schema) as writer:
            writer.write_table(table)
        return bytes(memoryview(buffer.getvalue()))
    if path.suffix == ".json":
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record, dict):
            record.pop("provenance", None)
        return json.dumps(record, sort_keys=True, ensure_ascii=False).encode()
    return path.read_bytes()


def manifest(results: Path) -> dict[str, str]:
    """SHA-256 of every file's content by its path below `results`."""
    files = [
        path
        for kind in KINDS
        for path in (results / kind).rglob("*")
        if path.is_file()
        and path.name != CHECKSUMS
        and not path.name.startswith(".")
        and not path.name.endswith(".provenance.txt")
    ]
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(content(path)).hexdigest()
        for path in sorted(files)
    }


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One line a file that is in one manifest alone or has other content."""
    lines = []
    for path in sorted({*before, *after}):
        if path not in after:
            lines.append(f"only before  {path}")
        elif path not in before:
            lines.append(f"only after   {path}")
        elif before[path] != after[path]:
            lines.append(f"differs      {path}")
    return lines


def main(folders: list[str]) -> int:
    """Print a manifest, or what differs between two."""
    if len(folders) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    manifests = [manifest(Path(folder)) for folder in folders]
    if len(manifests) == 1:
        print("\n".join(f"{digest}  {path}" for path, digest in manifests[0].items()))
        return 0
    lines = differences(*manifests)
    print("\n".join(lines) or f"no difference in {len(manifests[0])} files")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
