"""A checkpoint that loads on another machine: with the frozen models inside, or with the names and
commits by which the hub has them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lingualift.artifacts import (
    CHECKSUMS,
    atomic_directory,
    check_directory,
    read_json,
    write_text,
)
from lingualift.messages import LinguaLiftError
from lingualift.model.card import CARD, model_card
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.frozen import located, place, with_languages
from lingualift.model.weights import link

STAGE = "stage.json"


def export_checkpoint(
    checkpoint: Path,
    out: Path,
    self_contained: bool = True,
    llm: Path | None = None,
    encoder: Path | None = None,
) -> None:
    """Write the checkpoint folder to `out` (new), with everything that it needs inside, or, not
    `self_contained`, referring to the hub.

    Of an LLM that was trained whole the configuration and tokenizer go inside: its weights are the
    checkpoint's. `llm` and `encoder` say where these folders lie now. Raises `LinguaLiftError`
    where a part is missing or altered, and where it shall be referred to but is not the hub's.
    """
    if not (checkpoint / "config.json").is_file():
        raise LinguaLiftError(f"{checkpoint}: holds no checkpoint (no config.json)")
    if out.exists():
        raise LinguaLiftError(f"{out}: exists; name a new folder")
    if (checkpoint / CHECKSUMS).is_file():
        check_directory(checkpoint)
    config = LinguaLiftConfig.from_pretrained(checkpoint)
    place(config, checkpoint, llm, encoder)
    if config.encoder is not None:
        found = located(config.encoder, checkpoint, f"{checkpoint}: the encoder")
        config.encoder = with_languages(found)
    with atomic_directory(out) as folder:
        for file in sorted(checkpoint.iterdir()):
            if file.is_file() and not file.name.startswith(".") and file.name != CHECKSUMS:
                link(file, folder / file.name)
        for part in ("llm", "encoder"):
            if (noted := getattr(config, part)) is None:
                continue
            if self_contained:
                whole = part == "llm" and "llm" in config.trained
                _copy_model(Path(noted["path"]), folder / part, without_weights=whole)
                setattr(config, part, {**noted, "path": None, "inside": part})
            else:
                setattr(config, part, _referred(noted, f"{checkpoint}: the {part}"))
        for name in ("config.json", CARD):
            (folder / name).unlink(missing_ok=True)  # links to the checkpoint's own
        config.save_pretrained(folder)
        stage = read_json(folder / STAGE) if (folder / STAGE).is_file() else {}
        write_text(folder / CARD, model_card(config.to_dict(), stage))


def _copy_model(source: Path, target: Path, without_weights: bool) -> None:
    """The files of a model folder, linked where the file system has links."""
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        if without_weights and ".safetensors" in file.name:
            continue
        path = target / file.relative_to(source)
        path.parent.mkdir(parents=True, exist_ok=True)
        link(file, path)


def _referred(noted: Mapping[str, Any], what: str) -> dict[str, Any]:
    """A reference by the hub's name and commit alone."""
    if not noted.get("repository") or not noted.get("revision"):
        raise LinguaLiftError(
            f"{what} '{noted.get('name') or noted['path']}' is not known as a repository of the hub"
            " at a commit; export it self-contained, or train over a source of kind hub"
        )
    return {**noted, "path": None}


def push_to_hub(folder: Path, name: str, private: bool = True, api: Any = None) -> str:
    """Put an exported checkpoint into a repository of the hub (made where there is none) and return
    its address. `api` is a `huggingface_hub.HfApi`; the default uses the login of this machine.

    Private unless asked otherwise: a self-contained checkpoint holds weights under terms of others.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import HFValidationError

    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    parts = [config.get(part) for part in ("llm", "encoder")]
    if config.get("model_type") != LinguaLiftConfig.model_type:
        raise LinguaLiftError(f"{folder}: holds no checkpoint of LinguaLIFT")
    if any(part and part.get("path") for part in parts):
        raise LinguaLiftError(f"{folder}: refers to folders of this machine; export it first")
    check_directory(folder)
    api = api or HfApi()
    try:
        address = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Upload a checkpoint")
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise LinguaLiftError(
            f"{name}: cannot be pushed ({' '.join(str(error).split())[:200]}); log in with hf auth"
            " login, and name it USER/NAME"
        ) from None
    return str(address)
