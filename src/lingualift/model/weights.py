"""Weights from disk: an LLM of its own model folder, or of a checkpoint that holds all of it, and
what else a checkpoint holds.

A checkpoint of a stage that has trained the LLM makes the folder's weights useless: reading them
first takes as long again, and twice the memory.
"""

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

from lingualift.messages import LinguaLiftError
from lingualift.model import lora

WEIGHTS = "model.safetensors"
LLM_WEIGHTS = "llm.safetensors"
"""Where a stage has left a trained LLM as it was: the parent's file that holds it, linked."""
TEXT_PART = {r"^language_model\.": ""}
"""How the tensors of a model that also reads images are named in its language model alone."""


def pretrained_llm(path: str | Path, dtype: torch.dtype, **loading: Any) -> PreTrainedModel:
    """The LLM of a model folder; of a model that also reads images (Gemma 3 from 4B on) the
    language model alone. `loading` is for Transformers: how it quantises it.
    """
    loading |= {"dtype": dtype, "local_files_only": True}
    architecture, config = _architecture(path)
    if config.model_type != AutoConfig.from_pretrained(path, local_files_only=True).model_type:
        model, about = architecture.from_pretrained(
            path, config=config, key_mapping=TEXT_PART, output_loading_info=True, **loading
        )
        if missing := sorted(about["missing_keys"]):
            raise LinguaLiftError(
                f"{path}: lacks tensor '{missing[0]}' of the language model of"
                f" {architecture.__name__}; this layout of a model with images is not supported"
            )
        return model
    return AutoModelForCausalLM.from_pretrained(path, **loading)


def _architecture(path: str | Path) -> tuple[Any, Any]:
    """The class and the configuration of a model folder's LLM: of its language model where that has
    a class of its own.
    """
    config = AutoConfig.from_pretrained(path, local_files_only=True)
    text = config.get_text_config()
    chosen = text if type(text) in MODEL_FOR_CAUSAL_LM_MAPPING else config
    return MODEL_FOR_CAUSAL_LM_MAPPING[type(chosen)], chosen


def trained_llm(
    path: str | Path, weights: Mapping[str, torch.Tensor], dtype: torch.dtype
) -> PreTrainedModel:
    """The LLM of a model folder's configuration with a checkpoint's `weights` (named `llm. ...`) in
    place of the folder's own.

    Parameters without a tensor, or with one of another shape, get random values: `put` refuses
    them.
    """
    architecture, config = _architecture(path)
    return architecture.from_pretrained(
        None,
        config=config,
        state_dict={name.removeprefix("llm."): tensor for name, tensor in weights.items()},
        dtype=dtype,
        ignore_mismatched_sizes=True,
    )


def module_of(name: str) -> str:
    """The trainable module that a tensor belongs to."""
    return "llm-lora" if name.rpartition(".")[2] in lora.NAMES else name.split(".")[0]


def read_checkpoint(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint; of its parent's file, where that is linked, the LLM's alone."""
    trained, linked = _read_weights(folder / WEIGHTS), folder / LLM_WEIGHTS
    llm = _read_weights(linked) if linked.is_file() else {}
    return trained | {name: llm[name] for name in llm if module_of(name) == "llm"}


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint's weight file, mapped from it: read where they are used."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}
    except (OSError, ValueError, SafetensorError) as error:
        raise LinguaLiftError(
            f"{path}: damaged ({error}); delete {path.parent} and run again"
        ) from error


@torch.no_grad()
def put(
    weights: Mapping[str, torch.Tensor],
    model: nn.Module,
    file: Path,
    loaded: Collection[str] | None = None,
) -> None:
    """Copy the weights of a file to their places in a model; a tensor without one is an error.

    `loaded` names those that the model's LLM was made of (None: it was made of its own folder): it
    must then have no others.
    """
    tensors = model.state_dict()
    for name, tensor in weights.items():
        if name not in tensors or tensors[name].shape != tensor.shape:
            raise LinguaLiftError(
                f"{file}: tensor '{name}' does not fit the model; the checkpoint belongs elsewhere"
            )
        if loaded is None or name not in loaded:
            tensors[name].copy_(tensor)
    named = [] if loaded is None else [name for name, _ in model.named_parameters()]
    missing = [name for name in named if name.startswith("llm.") and name not in weights]
    if missing:
        raise LinguaLiftError(
            f"{file}: lacks tensor '{missing[0]}' of the trained LLM; delete {file.parent} and run"
            " again"
        )


def link(source: Path, target: Path) -> None:
    """The same file under a second name, or a copy where a file system has no links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
