"""What a checkpoint holds of a model: the tensors of the modules that stages have trained."""

from typing import Any

import torch

from lingualift.messages import LinguaLiftError
from lingualift.model.weights import module_of

CHECKPOINT_PREFIX = "_checkpoint_wrapped_module."  # what torch puts into names of wrapped layers


def trained_state(
    model: Any, state_dict: dict[str, torch.Tensor] | None = None
) -> dict[str, torch.Tensor]:
    """Tensors of the modules of a `LinguaLiftModel` trained so far, each shared tensor once, and
    whatever is found nowhere else: alignment and boundary.

    `state_dict` replaces the model's own, where its parameters are sharded over devices. Raises
    `LinguaLiftError` where it lacks one of these tensors.
    """
    frozen = (
        []
        if model.encoder is None
        else list(model.encoder.network.get_input_embeddings().parameters())
    )
    whole = model.state_dict()
    buffers = [(name, buffer) for name, buffer in model.named_buffers() if name in whole]
    named = [*model.named_parameters(), *buffers]  # a shared tensor is named once
    names = [
        name.replace(CHECKPOINT_PREFIX, "")
        for name, tensor in named
        if module_of(name) in {"alignment", "boundary", *model.config.trained}
        and not any(tensor is parameter for parameter in frozen)
    ]
    tensors = whole if state_dict is None else state_dict
    missing = [name for name in names if name not in tensors]
    if missing:
        raise LinguaLiftError(
            f"{len(missing)} of {len(names)} trained tensors are not in the model's state"
            f" ({missing[0]}); nothing is saved; this is a fault of the program, please report"
            " it"
        )
    return {name: tensors[name].detach().contiguous() for name in names}
