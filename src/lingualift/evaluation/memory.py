"""How many problems a device answers at once: what keys and values of a position take, and the
memory that is free.

One step of an LLM reads all of its weights, however many rows it answers: on a GPU more rows cost
nothing until memory ends.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from transformers import AutoConfig

from lingualift import machine
from lingualift.messages import LinguaLiftError
from lingualift.sizes import PROCESSOR_ROWS

Result = TypeVar("Result")
# Of what is free; the rest is for what a step computes. Other jobs share a processor's memory.
GPU_SHARE, PROCESSOR_SHARE = 0.8, 0.4
LOGIT_BYTES = 6  # of a logit and its copy in float32
REMEDY = (
    "set precision to bfloat16, choose a smaller llm.source, or lower evaluation.max_new_tokens"
)


@dataclass(frozen=True)
class Held:
    """Bytes of the keys and values of one position, and of the logits of one."""

    position: int
    logits: int

    @classmethod
    def of(cls, config: Any, dtype: torch.dtype) -> "Held":
        """By an LLM's configuration."""
        text = config.get_text_config()
        heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
        width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        positions = 2 * text.num_hidden_layers * heads * width * dtype.itemsize
        return cls(positions, LOGIT_BYTES * text.vocab_size)

    def row(self, prompt: int, room: int, logits: int = 1) -> int:
        """Bytes of one answer: a prompt with room for new tokens, and so many positions of logits
        at once.
        """
        return self.position * (prompt + room) + self.logits * logits


def free_bytes(device: torch.device) -> int | None:
    """Bytes that a device still has for answers; None where nothing says so."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int((free + kept) * GPU_SHARE)
    available = machine.available_memory()
    return None if available is None else int(available * PROCESSOR_SHARE)


def rows_that_fit(device: torch.device, row: int, asked: int | None) -> int:
    """Answers of `row` bytes that a device holds at once; at most `asked` (None: as many as are of
    use).
    """
    # A processor's products reach 125 GFLOP/s at 40 rows, 187 at 80 and 192 at 160 (bfloat16, one
    # core): more than `PROCESSOR_ROWS` take memory alone.
    most = asked or (PROCESSOR_ROWS if device.type == "cpu" else 2**16)
    free = free_bytes(device)
    return most if free is None else max(1, min(most, free // row))


def in_batches(
    order: Sequence[int],
    rows: Callable[[int], int],
    work: Callable[[Sequence[int]], Result],
) -> Iterator[tuple[Sequence[int], Result]]:
    """The indices of `order` in batches, each with what `work` makes of it.

    `rows(index)` says how many fit from that index on. Where memory does not suffice after all, a
    batch is halved, and later ones are no larger. Raises `LinguaLiftError` where one row does not
    fit.
    """
    start, most = 0, len(order)
    while start < len(order):
        size = min(rows(order[start]), most)
        chosen = order[start : start + size]
        try:
            result = work(chosen)
        except torch.OutOfMemoryError as error:
            if len(chosen) == 1:
                raise LinguaLiftError(
                    f"one answer does not fit the GPU ({str(error).splitlines()[0]}); {REMEDY}"
                ) from None
            most = len(chosen) // 2
        else:
            yield chosen, result
            start += size
            continue
        # only here: the error holds what the attempt allocated
        machine.release_freed_memory()
        torch.cuda.empty_cache()


def weight_bytes(folder: str | Path, dtype: torch.dtype) -> int:
    """Bytes of a model folder's weights in a type, from the heads of its files."""
    total = 0
    for path in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():
                total += prod(file.get_slice(name).get_shape())
    return total * dtype.itemsize


def require_fit(llm: Path, dtype: torch.dtype, device: torch.device, room: int) -> None:
    """Refuse an LLM whose weights and one answer of `room` tokens a device cannot hold, before they
    are loaded.
    """
    free = free_bytes(device)
    if free is None:
        return
    share = GPU_SHARE if device.type == "cuda" else PROCESSOR_SHARE
    config = AutoConfig.from_pretrained(llm, local_files_only=True)
    weights, answer = weight_bytes(llm, dtype), Held.of(config, dtype).row(0, room)
    if weights + answer > free / share:
        where = "GPU" if device.type == "cuda" else "machine"
        raise LinguaLiftError(
            f"LLM {llm}: its weights take {_gigabytes(weights)} in {str(dtype).split('.')[-1]} and"
            f" one answer {_gigabytes(answer)}, the {where} has {_gigabytes(free / share)} free;"
            f" {REMEDY}"
        )


def _gigabytes(value: float) -> str:
    return f"{value / 1e9:.3g} GB"
