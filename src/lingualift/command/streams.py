"""Where sub-commands read and write: a file, or the standard streams."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lingualift.artifacts import atomic_path
from lingualift.data.rows import lines, numbered_lines


@contextmanager
def text_output(path: Path | None) -> Iterator[IO[str]]:
    """A handle for text: standard output, or the file `path`, which is there when all of it is
    written.
    """
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as handle,
    ):
        yield handle


def text_lines(path: Path | None) -> Iterator[tuple[int, str]]:
    """The numbered lines of a file, or of standard input as they come."""
    if path is None:
        return numbered_lines(sys.stdin.buffer, "standard input")
    return lines(path)


def say(message: str | Mapping[str, Any], *, aside: bool) -> None:
    """Print text, or an object as one line of JSON; on standard error where the result has standard
    output (`aside`).
    """
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    print(text, file=sys.stderr if aside else sys.stdout, flush=True)
