"""A lock between processes that the system frees when its holder ends in any way, kill -9 included."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `.NAME.lock` beside `path`, waiting for whoever holds it. The empty file
    stays: removing it would be a race.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / f".{path.name}.lock", "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("another process is busy with %s: waiting for it", path.name)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
