"""What to do where a file of a hub repository is not as its reader knows it: its pinned revision
may be another one than the reader was written for.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lingualift.artifacts import read_json
from lingualift.data.folders import MANIFEST
from lingualift.messages import LinguaLiftError
from lingualift.retrieve.sources import PIN_COMMAND


@contextmanager
def told_with_revision(folders: Sequence[tuple[str, Path]]) -> Iterator[None]:
    """While files of these sources are read (key of the registry, retrieved folder): the line about
    one that is wrong ends with the command that takes another revision, where a hub has any.
    """
    try:
        yield
    except LinguaLiftError as error:
        line = str(error)
        meant = [(key, folder) for key, folder in folders if _names(line, folder)]
        if len(folders) == 1:  # also where no file is named, because none has a row
            meant = list(folders)
        keys = dict.fromkeys(key for key, folder in meant if _is_of_hub(folder))
        if not keys:
            raise
        commands = " or ".join(f"`{PIN_COMMAND} {key}=REVISION`" for key in keys)
        raise LinguaLiftError(f"{line}; {commands} takes another revision of it") from error


def _names(line: str, folder: Path) -> bool:
    """Whether a message is about a folder or what lies in it, and not about a longer name."""
    return re.search(rf"{re.escape(str(folder))}(?![\w.-])", line) is not None


def _is_of_hub(folder: Path) -> bool:
    """Whether a folder was retrieved from a hub, or from its copy in the mirror."""
    try:
        return bool(read_json(folder / MANIFEST)["kind"] == "hub")
    except (LinguaLiftError, LookupError, TypeError):
        return False  # a folder of the user's own
