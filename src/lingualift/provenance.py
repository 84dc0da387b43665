"""Where a file came from: versions, settings, commit and the checksums of its inputs, written by
every job and read back for a row.

`lingualift provenance results/tables/mmwp.parquet --system lingualift --language sw`
walks from a row of a table to everything that made it: the stamps in Parquet files, checkpoints and
stores, and what Snakemake noted about files that hold none.
"""

import base64
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from lingualift import __version__
from lingualift.artifacts import CHECKSUMS, digest, read_json, read_provenance, sha256_file
from lingualift.messages import LinguaLiftError
from lingualift.plan import files

logger = logging.getLogger(__name__)

PACKAGES = (
    "torch", "transformers", "tokenizers", "sentencepiece", "accelerate", "safetensors", "numpy",
    "scipy", "faiss-cpu", "faiss-gpu", "fasttext", "spacy", "pythainlp", "wordfreq", "pyarrow",
    "snakemake",
)  # fmt: skip
APART = ("rule", "sha256", "unchanged", "inputs", "configuration", "software")
"""What `describe` does not say about every file alike."""


@cache
def git_commit() -> str:
    """The commit of the checkout that this package lies in, `-dirty` where tracked files differ
    from it; whoever owns the checkout.

    Of an installed package, what LINGUALIFT_COMMIT says (an image's build argument), else
    'unknown'. A checkout that git cannot read is warned of.
    """
    root = Path(__file__).resolve().parents[2]
    otherwise = os.environ.get("LINGUALIFT_COMMIT", "unknown")
    if not (root / ".git").exists():
        return otherwise
    # git asks who owns a checkout because its settings may name programs; this one's code runs
    # already, and the one such program that `describe` starts is switched off
    trusted = ["git", "-c", f"safe.directory={root}", "-c", "core.fsmonitor=false"]
    describe = [*trusted, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(describe, cwd=root, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(error)
    else:
        if answer.returncode == 0:
            return answer.stdout.decode(errors="replace").strip()
        reason = answer.stderr.decode(errors="replace").strip().partition("\n")[0]
    logger.warning("%s: git cannot tell the commit (%s): '%s' is noted", root, reason, otherwise)
    return otherwise


@cache
def software() -> dict[str, str]:
    """Versions of Python and of the installed packages that figures depend on."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def checksum(path: str | Path) -> str:
    """SHA-256 of a file; of a folder, of its list of checksums or else of its file names and
    contents.
    """
    path = Path(path)
    if path.is_file():
        return sha256_file(path)
    if (path / CHECKSUMS).is_file():
        return sha256_file(path / CHECKSUMS)
    total = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        total.update(f"{file.relative_to(path)} {sha256_file(file)}\n".encode())
    return total.hexdigest()


def provenance(
    rule: str, settings: Mapping[str, Any], inputs: Iterable[str], **more: Any
) -> dict[str, Any]:
    """The stamp that a typed file carries: rule, versions, commit, settings with their hash, and
    input checksums.
    """
    return {
        "rule": rule,
        "version": __version__,
        "commit": git_commit(),
        "software": software(),
        "settings": dict(settings),
        "settings_hash": digest(dict(settings)),
        "inputs": {str(path): checksum(path) for path in inputs},
        **more,
    }


def stamp_of(path: str | Path) -> dict[str, Any]:
    """How a file or folder was made, as far as known: its own stamp, a source's or model's record,
    or Snakemake's note; else {}.
    """
    path = Path(path)
    if path.suffix == ".parquet" and path.is_file():
        return read_provenance(path)
    if path.is_dir():
        for name in ("stage.json", "texts.json"):
            if (path / name).is_file():
                return read_json(path / name).get("provenance") or _noted(path)
        if (path / "vocabulary.parquet").is_file():
            return read_provenance(path / "vocabulary.parquet")
    if path.name == "MANIFEST.json" and path.is_file():
        record = read_json(path)
        kept = {
            name: record.get(name)
            for name in ("key", "kind", "version", "licence", "pin", "archives")
        }
        return {"rule": "retrieve_source", **kept, "inputs": {}}
    if path.name == "model.json" and path.is_file():
        record = read_json(path)
        source = path.parents[2] / "sources" / path.parent.name / "MANIFEST.json"
        kept = {name: value for name, value in record.items() if name != "files"}
        return {
            "rule": "prepare_model",
            **kept,
            "inputs": {str(source): checksum(source)} if source.is_file() else {},
        }
    return _noted(path)


def _noted(path: Path) -> dict[str, Any]:
    """What Snakemake noted about a file when it was made: rule, inputs and parameters (no
    checksums). Of one language's folder that is what it noted about the batch's.
    """
    notes = [
        Path(".snakemake/metadata") / base64.b64encode(str(output).encode()).decode()
        for output in (path, path.parent)
    ]
    note = next((note for note in notes if note.is_file()), None)
    if note is None:
        return {}
    record = read_json(note)
    return {
        "rule": record.get("rule"),
        "params": record.get("params"),
        "inputs": dict.fromkeys(record.get("input") or []),
    }


def trace(
    table: str | Path, system: str | None = None, language: str | None = None
) -> dict[str, dict[str, Any]]:
    """Every file behind a row of a table, from the table on: {path: stamp, with `sha256` and
    whether it is `unchanged` since}.

    `system` and `language` choose the row (None: all of them; a mean over languages has every
    language's files behind it).
    """
    stamps: dict[str, dict[str, Any]] = {}
    waiting: list[tuple[str, str | None]] = [(str(table), None)]
    while waiting:
        name, recorded = waiting.pop(0)
        if name in stamps:
            continue
        path = Path(name)
        if not path.exists():
            stamps[name] = {"sha256": recorded, "unchanged": False, "note": "no longer there"}
            continue
        now, stamp = checksum(path), stamp_of(path)
        stamps[name] = {**stamp, "sha256": now, "unchanged": recorded in (None, now)}
        for other, expected in stamp.get("inputs", {}).items():
            if _concerns(other, system, language):
                waiting.append((other, expected))
    kinds = {file.kind for file in map(files.produced, stamps) if file is not None}
    if system is not None and "predictions" not in kinds:
        raise LinguaLiftError(
            f"{table}: no predictions of system '{system}'"
            + (f" in '{language}'" if language else "")
            + " are behind it"
        )
    return stamps


def _concerns(path: str, system: str | None, language: str | None) -> bool:
    """Whether an input belongs to the chosen row: scores and predictions are one file a run and
    language.
    """
    file = files.produced(path)
    if file is None:
        return True
    return (system is None or file.system in (None, system)) and (
        language is None or file.language in (None, language)
    )


def trace_text(stamps: Mapping[str, Mapping[str, Any]]) -> str:
    """A trace as text: one paragraph a file, then the software that made them and the configuration
    of the table.
    """
    lines = []
    for name, stamp in stamps.items():
        about = {key: value for key, value in stamp.items() if key not in APART}
        lines += [f"{name}  ({stamp.get('rule') or 'no record'})", f"  sha256 {stamp['sha256']}"]
        lines += (
            [] if stamp["unchanged"] else ["  CHANGED since the files made from it were written"]
        )
        lines += [
            f"  {key}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}"
            for key, value in sorted(about.items())
            if value
        ]
        lines += ["  from " + other for other in stamp.get("inputs", {}) if other in stamps] + [""]
    used = Counter(
        json.dumps(stamp["software"], sort_keys=True)
        for stamp in stamps.values()
        if stamp.get("software")
    )
    lines += [
        f"software of {count} of these files: {versions}\n"
        for versions, count in used.most_common()
    ]
    configuration = next(
        (stamp["configuration"] for stamp in stamps.values() if stamp.get("configuration")), None
    )
    if configuration:
        lines += [
            "configuration of the table:",
            json.dumps(configuration, ensure_ascii=False, indent=1, sort_keys=True),
        ]
    return "\n".join(lines)
