"""What a user has to pin, and what to do where a file of a hub repository is not as its reader
knows it: the pinned revision may be another one than the reader was written for.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lingualift.artifacts import read_json
from lingualift.data.folders import MANIFEST
from lingualift.messages import LinguaLiftError
from lingualift.retrieve.sources import PIN_COMMAND, Source


def missing_pins(source: Source) -> list[str]:
    """What the user has to pin before this source can be retrieved, each as one line that says
    where; usually empty.
    """
    if source.kind == "hub" and source.revision is None:
        return [
            f"source '{source.key}' has no pinned revision: `{PIN_COMMAND}` asks the hub for that"
            f" of {source.repository} (`{PIN_COMMAND} {source.pin_key}=main` where CONFIG itself"
            f" does not use it); or set pins.{source.pin_key} to the 40 digits of a commit"
        ]
    lines = []
    for file in source.files:
        if source.kind == "url" and file.sha256 is None:
            lines.append(
                f"source '{source.key}' has no checksum for {file.name}: get it from {file.url},"
                f" check it, and set pins.'{source.pin_key}/{file.name}' to its"
                f" sha256{f' ({source.cell} names the file)' if source.cell else ''}"
            )
    return lines


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
