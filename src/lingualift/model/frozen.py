"""What a checkpoint notes of the model folders that it was trained over, and whether they are still
those.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lingualift.artifacts import add_samples, read_json
from lingualift.messages import LinguaLiftError


def fingerprint(path: str | Path) -> str:
    """A cheap checksum of a model folder: configuration, and size, header and 64 sampled blocks of
    every weight file.
    """
    folder = Path(path)
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise LinguaLiftError(
            f"{folder}: no safetensors weights; other formats are not loaded (convert the model"
            " first)"
        )
    total = hashlib.sha256((folder / "config.json").read_bytes())
    for shard in shards:
        add_samples(total, shard)
    return total.hexdigest()


def reference(path: str | Path) -> dict[str, Any]:
    """What a checkpoint notes of a frozen model folder: where it lay, its name, version and
    revision, and its checksums.

    `fingerprint` samples the weights as they are; `sha256` are the checksums that were taken of
    whole files when it was prepared.
    """
    record = Path(path) / "model.json"
    known = read_json(record) if record.is_file() else {}
    return {
        "path": str(path),
        "name": known.get("source"),
        "version": known.get("version"),
        "revision": known.get("revision"),
        "fingerprint": fingerprint(path),
        "sha256": {
            name: checksum
            for name, checksum in known.get("files", {}).items()
            if name.endswith(".safetensors")
        },
    }


def encoder_reference(
    path: str | Path,
    layer: int | list[int] | None,
    split_digits: bool = False,
    mixture: bool = False,
) -> dict[str, Any]:
    """`reference` of an encoder, and how its states are read; digits are named where they are
    split, and the layers' mixture where they are mixed.
    """
    noted = {**reference(path), "layer": layer}
    special = {"split_digits": split_digits, "mixture": mixture}
    return noted | {name: value for name, value in special.items() if value}


def check_reference(noted: Mapping[str, Any], what: str) -> None:
    """Refuse a frozen model folder that is not the one that a checkpoint was trained over."""
    path = Path(noted["path"])
    if not path.is_dir():
        raise LinguaLiftError(f"{what} {path} is not there; restore it, or say where it lies now")
    now = reference(path)
    fingerprint_now = now["fingerprint"]
    if fingerprint_now != noted["fingerprint"] or (
        now["sha256"] and noted.get("sha256") not in (None, {}, now["sha256"])
    ):
        raise LinguaLiftError(
            f"{what}: was trained on another version of {path} (fingerprint"
            f" {noted['fingerprint'][:12]}, found {fingerprint_now[:12]}); restore that model or"
            " delete the checkpoint"
        )
