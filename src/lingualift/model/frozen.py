"""What a checkpoint notes of the model folders that it was trained over, and whether they are still
those.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lingualift.artifacts import add_samples, read_json
from lingualift.messages import LinguaLiftError

LANGUAGE_TOKENS = "language_tokens.json"
"""In a prepared model folder, where the model marks the language of a text: the token that begins
it and the language's English name, by code. The hub's folder of the model has no such file.
"""
TOKENIZERS = ("*.json", "*.model", "*.txt", "*.jinja")
"""What a model folder holds beside its weights; never code, never weights in another format."""


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
    revision, its repository where it is the hub's, and its checksums.

    `fingerprint` samples the weights as they are; `sha256` are the checksums that were taken of
    whole files when it was prepared.
    """
    record = Path(path) / "model.json"
    known = read_json(record) if record.is_file() else {}
    hub = {"repository": known["repository"]} if known.get("repository") else {}
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
        **hub,
    }


def encoder_reference(
    path: str | Path,
    layer: int | list[int] | None,
    split_digits: bool = False,
    mixture: bool = False,
) -> dict[str, Any]:
    """`reference` of an encoder, and how its states are read; digits are named where they are
    split, the layers' mixture where they are mixed, languages where they are marked.
    """
    noted = {**reference(path), "layer": layer}
    special = {"split_digits": split_digits, "mixture": mixture}
    return with_languages(noted | {name: value for name, value in special.items() if value})


def noted_languages(path: str | Path) -> dict[str, dict[str, str]]:
    """The languages that a prepared model folder marks: {"token", "name"} by code; {} where it
    marks none.
    """
    file = Path(path) / LANGUAGE_TOKENS
    noted = read_json(file) if file.is_file() else {}
    return {  # folders of before the names were noted have tokens alone
        code: entry if isinstance(entry, dict) else {"token": entry, "name": code}
        for code, entry in noted.items()
    }


def with_languages(noted: Mapping[str, Any]) -> dict[str, Any]:
    """The reference of an encoder with the languages that its folder marks, if any."""
    languages = noted_languages(noted["path"])
    return {**noted, **({"languages": languages} if languages else {})}


def place(
    config: Any, folder: Path, llm: str | Path | None = None, encoder: str | Path | None = None
) -> None:
    """Say in the configuration of the checkpoint in `folder` where its LLM and its encoder lie
    here: at `llm` and `encoder` where these are named.

    An encoder that is not there is missed when it is read: its stored states may do. Raises
    `LinguaLiftError` where a model is missing, or is not the one that was trained over.
    """
    if llm is not None:
        config.llm = _moved(config.llm, llm)
    if encoder is not None and config.encoder is not None:
        config.encoder = _moved(config.encoder, encoder)
    config.llm = located(config.llm, folder, f"{folder}: the LLM")
    noted = config.encoder
    if noted is not None and (
        "inside" in noted or (noted["path"] and Path(noted["path"]).is_dir())
    ):
        config.encoder = located(noted, folder, f"{folder}: the encoder")


def _moved(noted: Mapping[str, Any], path: str | Path) -> dict[str, Any]:
    return {**{key: noted[key] for key in noted if key != "inside"}, "path": str(path)}


def located(noted: Mapping[str, Any], folder: Path, what: str) -> dict[str, Any]:
    """The reference of a checkpoint in `folder` with the path at which its model folder lies here:
    inside an exported checkpoint (whose checksums are its own), in the cache of the hub's client,
    or where training had it. What is fetched is pinned by its commit.
    """
    if "inside" in noted:
        return _moved(noted, folder / noted["inside"])
    if noted["path"] is None:
        noted = {**noted, "path": _from_hub(noted, what)}
    check_reference(noted, what)
    return dict(noted)


def _from_hub(noted: Mapping[str, Any], what: str) -> str:
    """The folder of a repository's commit: the weights that were trained over, and their
    tokenizer.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    name = f"{noted['repository']} at {noted['revision']}"
    try:
        return snapshot_download(
            noted["repository"],
            revision=noted["revision"],
            allow_patterns=[*noted["sha256"], *TOKENIZERS],
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise LinguaLiftError(
            f"{what} {name} cannot be had from the hub ({' '.join(str(error).split())[:200]}); log"
            " in (hf auth login) if it is gated, or give the folder where it lies"
        ) from None


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
