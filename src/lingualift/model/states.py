"""Encoder states of many texts, read from disk where they are needed: a run holds no more of them
than one batch.

A store is a folder of one encoder layer and one set of texts: `states.npy` (bfloat16 bits [tokens,
dim], every distinct text once), `spans.npy` (the rows of each text) and `texts.json` (checksum of
the texts). At the paper's size it is far larger than memory, so it is memory-mapped, and epochs,
stages and systems share its pages.
"""

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from lingualift.artifacts import check_directory, digest, read_json, seal_directory, write_json
from lingualift.messages import LinguaLiftError

FLUSH_SECONDS = 60  # an interrupted encoding loses no more than this


@dataclass(frozen=True)
class States:
    """Token states of many texts: text i owns rows `spans[i, 0]:spans[i, 1]` of array number
    `block[i]` of `blocks` ([tokens, dim]).

    Blocks are arrays in memory or memory-mapped files; choosing and joining texts copies no state.
    """

    blocks: tuple[np.ndarray, ...]
    block: np.ndarray
    spans: np.ndarray

    @classmethod
    def of_arrays(cls, arrays: Sequence[np.ndarray]) -> "States":
        """States in memory, one array [tokens, dim] a text."""
        ends = np.cumsum([0, *(len(array) for array in arrays)])
        return cls(
            (np.concatenate(arrays),),
            np.zeros(len(arrays), np.int32),
            np.stack([ends[:-1], ends[1:]], 1),
        )

    @property
    def dim(self) -> int:
        """Width of a state."""
        return int(self.blocks[0].shape[1])

    def __len__(self) -> int:
        return len(self.block)

    def counts(self) -> np.ndarray:
        """Tokens of each text, [texts]."""
        return self.spans[:, 1] - self.spans[:, 0]

    def of(self, index: int) -> np.ndarray:
        """States [tokens, dim] of one text."""
        start, stop = self.spans[index]
        return self.blocks[self.block[index]][start:stop]

    def rows(self, texts: Iterable[int] | None = None) -> np.ndarray:
        """States of the given texts (None: all) behind one another, [tokens, dim]."""
        return np.concatenate(
            [self.of(index) for index in (range(len(self)) if texts is None else texts)]
        )

    def gather(self, texts: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """One state for each text and position of a token in it, [tokens, dim]."""
        states = np.empty((len(texts), self.dim), self.blocks[0].dtype)
        for number, values in enumerate(self.blocks):
            here = np.flatnonzero(self.block[texts] == number)
            states[here] = values[self.spans[texts[here], 0] + positions[here]]
        return states

    def take(self, texts: Sequence[int]) -> "States":
        """The chosen texts, in the given order."""
        chosen = np.asarray(texts, np.int64)
        return States(self.blocks, self.block[chosen], self.spans[chosen])

    @classmethod
    def join(cls, parts: Sequence["States"]) -> "States":
        """Several sets of texts behind one another."""
        widths = sorted({part.dim for part in parts})
        if len(widths) > 1:
            raise LinguaLiftError(
                f"encoder states of widths {widths} cannot be joined; they come from different"
                " encoders"
            )
        shifts = np.cumsum([0, *(len(part.blocks) for part in parts)])
        return cls(
            tuple(block for part in parts for block in part.blocks),
            np.concatenate(
                [part.block + shift for part, shift in zip(parts, shifts, strict=False)]
            ),
            np.concatenate([part.spans for part in parts]),
        )


class StateWriter:
    """Write a store row by row, resuming where an interrupted job stopped; `done` texts need no
    encoding any more.

    Rows are appended to a plain file beside `path`, so a full disk is an ordinary error and memory
    holds one batch.
    """

    def __init__(self, path: str | Path, counts: np.ndarray, dim: int, key: dict[str, Any]) -> None:
        self.path, self.dim, self.ends = Path(path), dim, np.cumsum(counts)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.key = {**key, "rows": int(self.ends[-1]) if len(counts) else 0, "dim": dim}
        self.done = 0
        progress, states = self.partial / "progress.json", self.partial / "states.npy"
        if progress.is_file() and states.is_file():
            kept = read_json(progress)
            if kept["key"] == self.key:
                self.done = kept["done"]
        if not self.done:
            shutil.rmtree(self.partial, ignore_errors=True)
            self.partial.mkdir(parents=True)
            with open(states, "wb") as file:
                header = {"descr": "<i2", "fortran_order": False, "shape": (self.key["rows"], dim)}
                np.lib.format.write_array_header_1_0(file, header)
                self.header = file.tell()
        else:
            with open(states, "rb") as file:
                np.lib.format.read_magic(file)
                np.lib.format.read_array_header_1_0(file)
                self.header = file.tell()
        os.truncate(states, self.header + self._bytes())
        self.file = open(states, "r+b")
        self.file.seek(0, os.SEEK_END)
        self.flushed = time.monotonic()

    def _bytes(self) -> int:
        return int(self.ends[self.done - 1]) * self.dim * 2 if self.done else 0

    def append(self, states: Sequence[torch.Tensor]) -> None:
        """States [tokens, dim] of the next texts."""
        for tensor in states:
            self.file.write(
                tensor.to(torch.bfloat16).contiguous().view(torch.int16).cpu().numpy().tobytes()
            )
        self.done += len(states)
        if time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Note how far the file is good."""
        self.file.flush()
        os.fsync(self.file.fileno())
        write_json(self.partial / "progress.json", {"key": self.key, "done": self.done})
        self.flushed = time.monotonic()

    def finish(self, spans: np.ndarray, texts: dict[str, Any]) -> None:
        """Add the index and put the store in its place."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        np.save(self.partial / "spans.npy", spans)
        write_json(self.partial / "texts.json", texts)
        (self.partial / "progress.json").unlink(missing_ok=True)
        seal_directory(self.partial)
        if self.path.exists():
            shutil.rmtree(self.path)
        os.replace(self.partial, self.path)


def texts_key(texts: Sequence[str]) -> dict[str, Any]:
    """What a store notes of the texts it belongs to."""
    return {"count": len(texts), "digest": digest(list(texts), 64)}


def encoded_texts(table: pa.Table) -> list[str]:
    """The texts of a table that its store belongs to: every question, then, of problems that are
    retrieved, every English translation.
    """
    texts = table["question"].to_pylist()
    if "translation" in table.column_names:
        texts += [text for text in table["translation"].to_pylist() if text]
    return texts


def encoded_languages(table: pa.Table, language: str) -> list[str]:
    """The language of each of `encoded_texts`: `language`, where the table has no column of them,
    and English of translations.
    """
    if "language" in table.column_names:
        return table["language"].to_pylist()
    texts = encoded_texts(table)
    return [language] * len(table) + ["en"] * (len(texts) - len(table))


def load_states(path: str | Path, texts: Sequence[str]) -> States:
    """Memory-map stored states; refuse them when they belong to other texts or are cut short."""
    folder = Path(path)
    check_directory(folder)
    if read_json(folder / "texts.json") != texts_key(texts):
        raise LinguaLiftError(
            f"{folder}: holds the encoder states of other texts; delete it and run again"
        )
    try:
        values, spans = np.load(folder / "states.npy", mmap_mode="r"), np.load(folder / "spans.npy")
    except (OSError, ValueError) as error:
        raise LinguaLiftError(f"{folder}: damaged ({error}); delete it and run again") from error
    if spans.shape != (len(texts), 2) or (
        len(spans) and (spans.min() < 0 or spans.max() > len(values))
    ):
        raise LinguaLiftError(
            f"{folder}: damaged (spans.npy does not fit states.npy); delete it and run again"
        )
    return States((values,), np.zeros(len(texts), np.int32), spans)


def as_tensor(values: np.ndarray) -> torch.Tensor:
    """Stored rows (bfloat16 bits) or live rows (float32) as a float tensor."""
    tensor = torch.from_numpy(np.array(values))  # a copy: memory-mapped rows are read-only
    return tensor.view(torch.bfloat16) if tensor.dtype == torch.int16 else tensor


@dataclass(frozen=True)
class Tokens:
    """Encoder inputs of many texts for an encoder that learns, so that its states cannot be kept:
    text i owns `ids[ends[i]:ends[i+1]]`.

    `prefix` tokens come before a text's own and give no state (the BOS of a decoder).
    """

    ids: np.ndarray
    ends: np.ndarray
    prefix: tuple[int, ...]
    pad: int

    def __len__(self) -> int:
        return len(self.ends) - 1

    def counts(self) -> np.ndarray:
        """States that each text will have, [texts]."""
        return np.diff(self.ends)

    def batch(self, texts: Iterable[int]) -> dict[str, torch.Tensor]:
        """`encoder_ids` [texts, tokens] padded on the right, with their `encoder_mask`."""
        rows = [
            np.concatenate(
                [np.asarray(self.prefix, np.int64), self.ids[self.ends[i] : self.ends[i + 1]]]
            )
            for i in texts
        ]
        ids = np.full((len(rows), max(map(len, rows))), self.pad, np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)], mask[number, : len(row)] = row, 1
        return {"encoder_ids": torch.from_numpy(ids), "encoder_mask": torch.from_numpy(mask)}
