"""What a stage learns from, read and tokenised once: arrays in files that all of its processes map.

The files lie in the stage's working folder, so a restart with smaller micro-batches, an interrupted
stage and the processes of several devices find them there.
"""

import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lingualift import machine
from lingualift.artifacts import atomic_directory, digest, read_json, write_json
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.layout import LAYOUTS, Composed, compose_all, load_tokenizer
from lingualift.model.states import States, Tokens
from lingualift.training.examples import Examples, encoder_texts, stage_examples
from lingualift.training.job import StageJob

logger = logging.getLogger(__name__)
# Starting the tokenizer's threads takes longer than these take.
MANY_EXAMPLES = 20_000


class ComposedTable(Sequence[Composed]):
    """Composed examples in three arrays [tokens] of all sequences behind one another; example i
    owns `ends[i]:ends[i + 1]`.
    """

    def __init__(self, ids: np.ndarray, segments: np.ndarray, labels: np.ndarray, ends: np.ndarray):
        self.ids, self.segments, self.labels, self.ends = ids, segments, labels, ends

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, index: Any) -> Any:
        if index >= len(self):
            raise IndexError(index)
        span = slice(int(self.ends[index]), int(self.ends[index + 1]))
        return Composed(self.ids[span], self.segments[span], self.labels[span])

    @classmethod
    def of(cls, examples: Iterator[Composed]) -> "ComposedTable":
        """The table of examples as they come."""
        ids, segments, labels, ends = [], [], [], [0]
        for example in examples:
            ids.append(example.ids)
            segments.append(example.segments.astype(np.uint8))
            labels.append(example.labels)
            ends.append(ends[-1] + len(example))

        def joined(parts: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(parts) if parts else np.empty(0, np.int32)

        return cls(joined(ids), joined(segments), joined(labels), np.asarray(ends, np.int64))


@dataclass(frozen=True)
class StageData:
    """The examples of a stage of language modelling, the encoder states (or tokens) of example i at
    index i, the languages they are of, and those that are left out.
    """

    examples: ComposedTable
    states: States | Tokens | None
    languages: list[str]
    left_out: list[str]


def stage_data(job: StageJob, encoder_learns: bool) -> StageData:
    """The data of a stage: from its working folder, where a process has left them there, else made
    and left there.

    Where the encoder learns or has learnt, or the states of a table are not stored, examples come
    with the tokens of what the encoder reads.
    """
    folder = job.work / "examples"
    key = _key(job, encoder_learns)
    if not (folder / "data.json").is_file() or read_json(folder / "data.json")["key"] != key:
        for checkpoint in sorted(job.work.glob("checkpoint-*")):
            logger.warning("%s: other data or settings; %s is not used", job.name, checkpoint)
            shutil.rmtree(checkpoint)
        _write(folder, key, *_read_texts(job, encoder_learns))
    return _load(folder)


def _key(job: StageJob, encoder_learns: bool) -> str:
    """What must be the same for stored data, and for weights that learnt from them, to be those of
    a stage. Settings of memory are those that were asked for, not those that a retry came to.
    """
    tables = [[str(texts.texts), str(texts.states), str(texts.prompt)] for texts in job.data]
    chosen = [job.stage.identity(), job.layout, job.seed, job.names, encoder_learns]
    models = [str(path) for path in (job.llm, job.encoder, job.parent)]
    read = [job.layer, job.split_digits, job.mixture, job.bf16, str(job.alignment)]
    asked = [job.stamp.get("settings"), machine.device()]
    return digest([chosen, tables, models, read, asked, job.stamp.get("inputs")], 64)


def _read_texts(
    job: StageJob, encoder_learns: bool
) -> tuple[ComposedTable, States | Tokens | None, Examples, list[str]]:
    examples, left_out = stage_examples(job, None)
    states: States | Tokens | None = examples.states
    with all_threads(len(examples)):
        if job.encoder is not None and (encoder_learns or states is None):
            tokenizer = EncoderTokenizer.load(job.encoder, job.split_digits)
            states = tokenizer.tokens(encoder_texts(examples, job.layout), examples.languages)
        unread = states is None or job.layout == "text"
        counts = [0] * len(examples) if states is None or unread else states.counts().tolist()
        asked = [prompt for prompt in examples.prompts if prompt is not None]
        if len(asked) != len(examples):
            raise LinguaLiftError(f"stage '{job.name}': language modelling needs a prompt")
        composed = ComposedTable.of(
            compose_all(
                LAYOUTS[job.layout],
                load_tokenizer(job.llm),
                asked,
                examples.questions,
                counts,
                examples.responses,
            )
        )
    logger.info("%s: tokenised %d examples", job.name, len(composed))
    return composed, states, examples, left_out


@contextmanager
def all_threads(texts: int) -> Iterator[None]:
    """Let fast tokenizers use all of this job's processors where there are many texts."""
    before = os.environ.get("TOKENIZERS_PARALLELISM")
    if texts > MANY_EXAMPLES:
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
    try:
        yield
    finally:
        os.environ.pop("TOKENIZERS_PARALLELISM", None)
        if before is not None:
            os.environ["TOKENIZERS_PARALLELISM"] = before


def _write(
    folder: Path,
    key: str,
    composed: ComposedTable,
    states: States | Tokens | None,
    examples: Examples,
    left_out: list[str],
) -> None:
    record: dict[str, Any] = {
        "key": key,
        "languages": sorted(set(examples.languages)),
        "left_out": left_out,
    }
    arrays = {name: getattr(composed, name) for name in ("ids", "segments", "labels", "ends")}
    if isinstance(states, Tokens):
        record["tokens"] = {"prefix": states.prefix, "pad": states.pad}
        arrays |= {"encoder_ids": states.ids, "encoder_ends": states.ends}
    elif states is not None:
        mapped: Sequence[Any] = states.blocks  # of type memmap
        record["stores"] = [os.path.abspath(block.filename) for block in mapped]
        arrays |= {"block": states.block, "spans": states.spans}
    with atomic_directory(folder) as work:
        for name, array in arrays.items():
            np.save(work / f"{name}.npy", array)
        write_json(work / "data.json", record)


def _load(folder: Path) -> StageData:
    """Stored data, memory-mapped."""
    record = read_json(folder / "data.json")

    def array(name: str) -> np.ndarray:
        # an empty array cannot be mapped
        path = folder / f"{name}.npy"
        return np.load(path, mmap_mode="r" if path.stat().st_size > 128 else None)

    composed = ComposedTable(*(array(name) for name in ("ids", "segments", "labels", "ends")))
    states: States | Tokens | None = None
    if "tokens" in record:
        kept = record["tokens"]
        ids, ends = array("encoder_ids"), array("encoder_ends")
        states = Tokens(ids, ends, tuple(kept["prefix"]), kept["pad"])
    elif "stores" in record:
        blocks = {path: np.load(path, mmap_mode="r") for path in record["stores"]}
        states = States(
            tuple(blocks[path] for path in record["stores"]), array("block"), array("spans")
        )
    return StageData(composed, states, record["languages"], record["left_out"])
