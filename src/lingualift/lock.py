"""Locks between processes that the system frees when their holder ends in any way, kill -9
included.

Some file systems have none (Lustre without `-o flock`, NFS without its lock service). There a run
goes on without, after one warning: a lock guards against a second run at once, which the user can
avoid.
"""

import errno
import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
_warned: set[Path] = set()


def take(handle: IO[str], *, shared: bool = False, wait: bool = True) -> bool:
    """Lock an open file, exclusively or `shared`; False where another process holds it and this one
    does not `wait`. True, with a warning, on a file system without locks.
    """
    operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        folder = Path(handle.name).parent
        if folder not in _warned:
            _warned.add(folder)
            logger.warning(
                "%s: this file system has no locks (%s): going on without; start no second run on"
                " this folder while one is at work (Lustre has locks when mounted with -o flock)",
                folder,
                error.strerror,
            )
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `.NAME.lock` beside `path`, waiting for whoever holds it. The empty file
    stays: removing it would be a race.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / f".{path.name}.lock", "a", encoding="utf-8") as handle:
        if not take(handle, wait=False):
            logger.info("another process is busy with %s: waiting for it", path.name)
            take(handle)
        yield
