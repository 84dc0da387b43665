"""Modes of what is written: by the user's umask, so that a group that shares a folder (umask 002)
can go on in it. Temporary files and folders, and safetensors, are made for their owner alone.
"""

import os
from pathlib import Path


def umask() -> int:
    """The mask of this process."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def follow_umask(path: Path) -> None:
    """Give a file, or a folder with all in it, the mode that the umask asks for; what belongs to
    another user, or is a second name of another's file, keeps its mode.
    """
    mask = umask()
    for entry in [path, *path.rglob("*")] if path.is_dir() else [path]:
        status = entry.lstat()
        if entry.is_symlink() or status.st_uid != os.geteuid():
            continue
        if entry.is_dir():
            entry.chmod(0o777 & ~mask)
        elif status.st_nlink == 1:
            entry.chmod((0o666 | status.st_mode & 0o111) & ~mask)
