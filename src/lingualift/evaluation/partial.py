"""Answers of an unfinished job, kept batch by batch: an interrupted job goes on where it was and
ends with the same bytes.

Batches depend on the problems and settings alone, so those that a stopped job had finished are the
ones that its successor would make.
"""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from lingualift.data.rows import UNREADABLE, parse_json
from lingualift.messages import LinguaLiftError

logger = logging.getLogger(__name__)
GeneratedAnswer = tuple[int, list[int], str]
"""(index of an input, new token ids before the end token, stop reason `end` or `length`)"""


class Partial:
    """A file of JSON lines: first the key of what is answered, then one line a finished batch;
    another key starts the file anew.
    """

    def __init__(self, path: str | Path, key: str) -> None:
        self.path = Path(path)
        self.answers: list[GeneratedAnswer] = []
        kept = []
        if self.path.is_file():
            header, *lines = self.path.read_bytes().split(b"\n")
            if header == key.encode():
                for line in lines[:-1]:  # what follows the last line end was cut off in writing
                    batch = _read_batch(line)
                    if batch is None:
                        logger.warning("%s: damaged; the answers before are kept", self.path)
                        break
                    self.answers.extend(batch)
                    kept.append(line.decode())
                logger.info("going on after %d answers in %s", len(self.answers), self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join([key, *kept]) + "\n", encoding="utf-8")

    def add(self, answers: Sequence[GeneratedAnswer]) -> None:
        """Store a finished batch durably."""
        self.answers.extend(answers)
        with open(self.path, "a", encoding="utf-8") as handle:
            handle.write(json.dumps(answers, separators=(",", ":")) + "\n")
            handle.flush()
            os.fsync(handle.fileno())


def _read_batch(line: bytes) -> list[GeneratedAnswer] | None:
    """The answers of a line, or None where it is not what `add` wrote."""
    try:
        return [
            (int(index), [int(token) for token in ids], str(reason))
            for index, ids, reason in parse_json(line.decode(), "")
        ]
    except (*UNREADABLE, TypeError, LinguaLiftError):
        return None
