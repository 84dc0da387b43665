"""Where a file came from: versions, settings, commit and the checksums of its inputs."""

import hashlib
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lingualift import __version__
from lingualift.artifacts import digest, sha256_file


@cache
def git_commit() -> str:
    """The commit of the checkout that this package lies in, or 'unknown' for an installed package."""
    root = Path(__file__).resolve().parents[2]
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def checksum(path: str | Path) -> str:
    """SHA-256 of a file, or of a folder's file names and contents."""
    path = Path(path)
    if path.is_file():
        return sha256_file(path)
    total = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        total.update(f"{file.relative_to(path)} {sha256_file(file)}\n".encode())
    return total.hexdigest()


def provenance(rule: str, settings: Mapping[str, Any], inputs: Iterable[str], **more: Any) -> dict[str, Any]:
    """The stamp that a typed file carries: rule, package version, commit, settings with their hash, and input checksums."""
    return {
        "rule": rule,
        "version": __version__,
        "commit": git_commit(),
        "settings": dict(settings),
        "settings_hash": digest(dict(settings)),
        "inputs": {str(path): checksum(path) for path in inputs},
        **more,
    }
