"""What is written has the modes of the umask, so that a group can share a folder."""

import os
import re
import stat
from pathlib import Path

import pytest

from lingualift.artifacts import atomic_directory, atomic_path
from lingualift.modes import follow_umask


@pytest.fixture(params=[0o002, 0o022, 0o077], ids=oct)
def mask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> set[tuple[bool, int]]:
    paths = [folder, *folder.rglob("*")]
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}


def test_files_and_folders_that_libraries_make_for_their_owner_alone_are_the_groups_too(
    tmp_path, mask
):
    with atomic_directory(tmp_path / "folder") as folder:
        (folder / "below").mkdir(mode=0o700)
        (folder / "below/model.safetensors").touch(mode=0o600)
    with atomic_path(tmp_path / "file") as path:
        path.write_text("x")
    assert modes(tmp_path / "folder") == {(True, 0o777 & ~mask), (False, 0o666 & ~mask)}
    assert modes(tmp_path / "file") == {(False, 0o666 & ~mask)}


def test_a_program_stays_one_and_another_name_of_a_users_file_keeps_its_mode(tmp_path, mask):
    (tmp_path / "program").touch(mode=0o700)
    (tmp_path / "program").chmod(0o700)
    (tmp_path / "mine").touch()
    (tmp_path / "mine").chmod(0o600)
    (tmp_path / "folder").mkdir()
    os.link(tmp_path / "mine", tmp_path / "folder/linked")
    os.symlink(tmp_path / "mine", tmp_path / "folder/link")
    follow_umask(tmp_path / "folder")
    follow_umask(tmp_path / "program")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "program").stat().st_mode) == 0o766 & ~mask


def test_no_file_is_given_a_fixed_mode():
    sources = (Path(__file__).parents[2] / "src").rglob("*.py")
    fixed = [path.name for path in sources if re.search(r"chmod\(0o", path.read_text("utf-8"))]
    assert not [name for name in fixed if name != "modes.py"]
