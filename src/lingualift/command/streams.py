"""Where sub-commands read and write: a file, or the standard streams."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lingualift.artifacts import atomic_path
from lingualift.data.rows import lines, numbered_lines
from lingualift.messages import LinguaLiftError


@contextmanager
def text_output(path: Path | None) -> Iterator[IO[str]]:
    """A handle for text: standard output, or the file `path`, which is there when all of it is
    written.
    """
    if path is None:
        reconfigure = getattr(sys.stdout, "reconfigure", None)  # which a StringIO has not
        if reconfigure:
            reconfigure(encoding="utf-8")
        yield sys.stdout
        sys.stdout.flush()
        return
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as handle,
    ):
        yield handle


def require_output(path: Path | None, *inputs: Path | None) -> None:
    """Refuse, before anything is computed, a file that cannot be written, and one that is an input:
    one of `inputs` or standard input.
    """
    if path is None:
        return
    if path.is_dir():
        raise LinguaLiftError(f"{path}: is a folder; name a file in it")
    for parent in path.parents:
        if parent.exists():
            if not parent.is_dir():
                raise LinguaLiftError(
                    f"{path}: {parent} is a file, not a folder; name another place"
                )
            if not os.access(parent, os.W_OK):
                raise LinguaLiftError(f"{path}: {parent} cannot be written to; name another place")
            break
    if not path.is_file():  # a device such as /dev/null holds nothing that could be lost
        return
    if any(one is not None and one.exists() and path.samefile(one) for one in inputs):
        raise LinguaLiftError(f"{path}: is an input, which would be lost; name another output")
    try:
        read = os.fstat(0)
    except OSError:
        return
    if os.path.samestat(read, path.stat()):
        raise LinguaLiftError(f"{path}: is being read and would be lost; name another output")


def text_lines(path: Path | None) -> Iterator[tuple[int, str]]:
    """The numbered lines of a file, or of standard input as they come."""
    if path is None:
        if sys.stdin is None:
            raise LinguaLiftError("standard input is closed; give the text there or name a file")
        return numbered_lines(sys.stdin.buffer, "standard input")
    return lines(path)


def say(message: str | Mapping[str, Any], *, aside: bool) -> None:
    """Print text, or an object as one line of JSON; on standard error where the result has standard
    output (`aside`).
    """
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    print(text, file=sys.stderr if aside else sys.stdout, flush=True)
