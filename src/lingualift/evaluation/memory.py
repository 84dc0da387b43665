"""How many problems a device answers at once: what keys and values of a position take, and a
budget of memory.

One step of an LLM reads all of its weights, however many rows it answers: on a GPU more rows cost
nothing until memory ends. Rows that are answered together round together, so in bfloat16 other
batches give other answers to some problems. Therefore a budget never depends on what happens to be
free.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, prod
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import safe_open
from transformers import AutoConfig

from lingualift import machine
from lingualift.messages import LinguaLiftError
from lingualift.sizes import PROCESSOR_BYTES, PROCESSOR_ROWS

Result = TypeVar("Result")
GPU_SHARE = 0.8  # of what a model leaves of a GPU; the rest is for what a step computes
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


@dataclass(frozen=True)
class Budget:
    """How many rows a device answers at once: those that `bytes` hold, and at most `rows`."""

    bytes: float
    rows: int

    @classmethod
    def of(cls, device: torch.device, model: int, asked: int | None) -> "Budget":
        """A device's beside a model of `model` bytes; `asked` rows at most (None: as many as are of
        use).

        A processor takes the rows that are asked for as they are. What a GPU holds by now does not
        matter: a job's second language would get other batches than the same language alone.
        """
        if device.type == "cuda":
            return cls((machine.gpu_memory(device) - model) * GPU_SHARE, asked or 2**16)
        # A processor's products reach 125 GFLOP/s at 40 rows, 187 at 80 and 192 at 160 (bfloat16,
        # one core): more than `PROCESSOR_ROWS` take memory alone.
        return cls(inf, asked) if asked else cls(PROCESSOR_BYTES, PROCESSOR_ROWS)

    def held(self, row: int) -> int:
        """How many rows of `row` bytes are answered at once, one at least."""
        return int(max(1, min(self.rows, self.bytes // row)))


def require_room(device: torch.device, rows: int, row: int) -> None:
    """Refuse a processor's batch of `rows` answers of `row` bytes that its free memory does not
    hold: it does not fail to allocate, it kills. A GPU halves its batch (`in_batches`).
    """
    free = machine.available_memory() if device.type == "cpu" else None
    if free is None or rows * row <= free:
        return
    fewer = free // row
    others = (
        f"set evaluation.batch (of an LLM that translates: translation.batch) to {fewer}; answers"
        " may then round otherwise"
    )
    raise LinguaLiftError(
        f"{rows} answers at once need {_gigabytes(rows * row)} of memory, {_gigabytes(free)} are"
        f" free; close other programs and run again, or {others if fewer else REMEDY}"
    )


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
    config = AutoConfig.from_pretrained(llm, local_files_only=True)
    weights, answer = weight_bytes(llm, dtype), Held.of(config, dtype).row(0, room)
    if weights + answer > free:
        where = "GPU" if device.type == "cuda" else "machine"
        raise LinguaLiftError(
            f"LLM {llm}: its weights take {_gigabytes(weights)} in {str(dtype).split('.')[-1]} and"
            f" one answer {_gigabytes(answer)}, the {where} has {_gigabytes(free)} free; {REMEDY}"
        )


def free_bytes(device: torch.device) -> int | None:
    """Bytes that a device still has; None where nothing says so."""
    if device.type != "cuda":
        return machine.available_memory()
    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def _gigabytes(value: float) -> str:
    return f"{value / 1e9:.3g} GB"
