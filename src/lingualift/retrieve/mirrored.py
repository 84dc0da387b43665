"""Copy a mirrored repository of a hub."""

import fnmatch
import os
import shutil
from pathlib import Path

from lingualift.retrieve.sources import IGNORED, Source


def copy_repository(source: Source, held: Path, folder: Path) -> None:
    """The wanted plain files of a mirrored repository, hard-linked where that is possible."""
    for path in sorted(held.rglob("*")):
        name = path.relative_to(held).as_posix()
        wanted = not source.allow or any(fnmatch.fnmatch(name, pattern) for pattern in source.allow)
        hidden = any(part.startswith(".") for part in path.relative_to(held).parts)
        if (
            not path.is_file()
            or hidden
            or not wanted
            or any(fnmatch.fnmatch(name, pattern) for pattern in IGNORED)
        ):
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        real = path.resolve()  # a mirror may be a hub cache, whose files are links
        try:
            os.link(real, target)
        except OSError:
            shutil.copyfile(real, target)
