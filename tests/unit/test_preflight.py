"""What cannot succeed is said before any heavy work, in one line that says what to do."""

import getpass
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lingualift import machine, preflight, run
from lingualift.messages import LinguaLiftError
from lingualift.retrieve import clients
from lingualift.retrieve.sources import Source
from tests.unit.test_systems import planned

ROOT = Path(__file__).parents[2]
PACKAGE = {"package": "tiny", "name": "tiny-1.0-py3-none-any.whl", "sha256": "0" * 64, "size": 10}
PIP = Source(
    key="tiny", kind="pip", title="t", use="u", licence="MIT", version="1.0", files=[PACKAGE]
)
LOCAL = Source(
    key="held",
    kind="local",
    title="Held data",
    use="u",
    licence="MIT",
    mirror="held",
    files=[{"name": "a.tsv"}],
)
HUB = Source(key="big", kind="hub", title="t", use="u", licence="MIT", repository="owner/big")


def project(folder: Path, dependencies: list[str], lock: str) -> tuple[Path, Path]:
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "x"\nversion = "1"\ndependencies = {dependencies!r}\n'
    )
    (folder / "requirements.lock").write_text(lock)
    return folder / "pyproject.toml", folder / "requirements.lock"


def installed(monkeypatch, **versions: str) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise preflight.importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(preflight.importlib.metadata, "version", version)


def test_an_old_python_is_refused():
    preflight.check_python((3, 11, 0))
    with pytest.raises(LinguaLiftError, match=r"Python 3.10.2 is too old: LinguaLIFT needs 3.11"):
        preflight.check_python((3, 10, 2))


def test_a_lock_is_read_with_extras_markers_hashes_and_comments(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text(
        "# comment\nPyYAML==6.0.3\nsnakemake_x[extra]==9.27.0 ; python_version > '3.10' \\\n   "
        " --hash=sha256:00\n-e .\n"
    )
    assert preflight.read_lock(lock) == {"pyyaml": "6.0.3", "snakemake-x": "9.27.0"}


@pytest.mark.parametrize(
    "content", [b"\xff", b"project = 1", b"a = " + b"[" * 100_000, b"[project]\nname = ["]
)
def test_a_damaged_project_file_or_lock_is_one_line(tmp_path, content):
    (tmp_path / "lock").write_bytes(b"\xff==1")
    with pytest.raises(LinguaLiftError, match=r"lock: lock file cannot be read"):
        preflight.read_lock(tmp_path / "lock")
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(LinguaLiftError, match=r"pyproject\.toml: dependencies cannot be read"):
        preflight.check_packages(tmp_path / "pyproject.toml", tmp_path / "lock")


def test_a_package_outside_the_projects_range_is_refused_with_the_command(tmp_path, monkeypatch):
    installed(monkeypatch, torch="2.4.0")
    with pytest.raises(
        LinguaLiftError,
        match=r"package torch 2.4.0 does not fit >=2.11; pip install 'torch==2.13.0'",
    ):
        preflight.check_packages(*project(tmp_path, ["torch>=2.11"], "torch==2.13.0\n"))


def test_a_package_older_than_the_lock_is_refused_where_the_project_gives_no_range(
    tmp_path, monkeypatch
):
    installed(monkeypatch, numpy="1.9.0")
    with pytest.raises(LinguaLiftError, match=r"numpy 1.9.0 is older than the locked 2.4.6"):
        preflight.check_packages(*project(tmp_path, ["numpy"], "numpy==2.4.6\n"))


def test_a_missing_package_is_refused_and_indirect_ones_do_not_matter(tmp_path, monkeypatch):
    installed(monkeypatch, numpy="2.4.1")
    files = project(tmp_path, ["numpy", "absent"], "numpy==2.4.6\nindirect==1.0\nabsent==2.0\n")
    with pytest.raises(
        LinguaLiftError, match=r"package absent is not installed; pip install 'absent==2.0'"
    ):
        preflight.check_packages(*files)
    assert (
        preflight.check_packages(*project(tmp_path, ["numpy"], "numpy==2.4.6\nindirect==1.0\n"))
        == []
    )


def test_faiss_for_gpus_stands_in_for_the_one_for_processors_but_not_beside_it(
    tmp_path, monkeypatch
):
    files = project(tmp_path, ["faiss-cpu>=1.11"], "faiss-cpu==1.15.1\n")
    installed(monkeypatch, **{"faiss-gpu": "1.15.1"})
    assert preflight.check_packages(*files) == []
    installed(monkeypatch, **{"faiss-gpu": "1.7.2"})
    with pytest.raises(
        LinguaLiftError,
        match=r"package faiss-gpu 1.7.2 does not fit >=1.11; pip install 'faiss-gpu==1.15.1'",
    ):
        preflight.check_packages(*files)
    installed(monkeypatch, **{"faiss-gpu": "1.15.1", "faiss-cpu": "1.15.1"})
    with pytest.raises(
        LinguaLiftError, match="packages faiss-cpu and faiss-gpu hold the same modules"
    ):
        preflight.check_packages(*files)


def test_another_minor_version_within_the_range_is_reported_not_refused(tmp_path, monkeypatch):
    installed(monkeypatch, torch="2.11.1+cu130")
    assert preflight.check_packages(*project(tmp_path, ["torch>=2.11"], "torch==2.13.0\n")) == [
        "torch 2.11.1+cu130 (the lock has 2.13.0)"
    ]


def test_an_output_folder_that_cannot_be_written_is_named(tmp_path):
    preflight.check_writable(tmp_path / "new" / "results")
    (tmp_path / "file").write_text("")
    with pytest.raises(LinguaLiftError, match=r"file/results: cannot be written"):
        preflight.check_writable(tmp_path / "file" / "results")


def test_folders_of_one_disk_need_room_together_and_of_two_disks_each(tmp_path, monkeypatch):
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system here")
    free = shutil.disk_usage(tmp_path)._replace(free=10 * 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    results, resources = tmp_path / "results", tmp_path / "resources"
    preflight.check_disks({results: 6 * 10**9, other / "resources": 6 * 10**9}, "this run")
    with pytest.raises(
        LinguaLiftError, match=r"results, .*resources: 10.0 GB free, this run needs about 12.0 GB;"
    ):
        preflight.check_disks({results: 6 * 10**9, resources: 6 * 10**9}, "this run")
    with pytest.raises(LinguaLiftError, match=r"^/dev/shm/resources: 10.0 GB free"):
        preflight.check_disks({results: 6 * 10**9, other / "resources": 11 * 10**9}, "this run")


def test_a_missing_pin_is_said_before_a_disk_that_is_too_small(tmp_path, monkeypatch):
    """The pin has to be set on any machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "hold", lambda folder: None)
    made = planned("one-gpu.yaml")
    asked = {"results": [{"disk_mb": 10**12}], "resources": []}
    with pytest.raises(LinguaLiftError, match=r"^source '.*' has no pinned revision"):
        run.begin(made, ROOT, {"smollm2-1.7b"}, asked, [], alone=True)
    with pytest.raises(LinguaLiftError, match=r"^results: .* free, this run needs about"):
        run.begin(made, ROOT, {"en-core-web-sm"}, asked, [], alone=True)


def test_too_little_disk_or_memory_is_said_in_gigabytes(tmp_path, monkeypatch):
    preflight.check_disks({tmp_path / "not" / "yet": 1}, "the run")
    with pytest.raises(
        LinguaLiftError, match=r"results: .* GB free, the run needs about 1000000.0 GB"
    ):
        preflight.check_disks({tmp_path / "results": 10**15}, "the run")
    monkeypatch.setattr(machine, "available_memory", lambda: None)
    preflight.check_memory(8 * 10**9, "training")
    monkeypatch.setattr(machine, "available_memory", lambda: 2 * 10**9)
    preflight.check_memory(2 * 10**9, "training")
    with pytest.raises(
        LinguaLiftError, match=r"2.0 GB of memory available, training needs about 8.0 GB"
    ):
        preflight.check_memory(8 * 10**9, "training")


def test_without_network_and_mirror_the_missing_sources_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(clients, "can_reach", lambda source: "ERROR: no route")
    with pytest.raises(
        LinguaLiftError, match=r"no network and no mirror for tiny: pip answers 'ERROR: no route'"
    ):
        preflight.check_sources([PIP], tmp_path / "r", tmp_path / "d")
    with pytest.raises(LinguaLiftError, match=r"offline, and neither in .*: tiny"):
        preflight.check_sources([PIP], tmp_path / "r", tmp_path / "d", offline=True)


def test_the_network_is_not_asked_for_what_is_at_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(clients, "can_reach", lambda source: pytest.fail("asked"))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / PACKAGE["name"]).write_text("")
    assert preflight.check_sources([PIP], tmp_path / "r", tmp_path / "d", offline=True) == []


def test_unpinned_and_mirror_only_sources_say_what_the_user_must_set(tmp_path):
    with pytest.raises(LinguaLiftError, match=r"'big' has no pinned revision.*pins.big"):
        preflight.check_pinned([HUB], tmp_path / "r", tmp_path / "d")
    with pytest.raises(
        LinguaLiftError,
        match=r"'held' .Held data. comes from a mirror folder only; set `mirror`.*held/a.tsv",
    ):
        preflight.check_sources([LOCAL], tmp_path / "r", tmp_path / "d")
    with pytest.raises(LinguaLiftError, match=r"mirror .*no such folder"):
        preflight.check_sources([LOCAL], tmp_path / "r", tmp_path / "d", mirror=tmp_path / "absent")


def test_importing_the_library_is_fast_and_leaves_heavy_packages_alone():
    modules = (
        "lingualift.languages, lingualift.retrieve.fetch, lingualift.preflight,"
        " lingualift.machine, lingualift.model.convert"
    )
    heavy = ("torch", "transformers", "spacy", "huggingface_hub", "gguf")
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(preflight.__file__).parents[1])},
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize("character", [*" \t\n'\"\\$`()&;|<>*?", "[x]", "{x,y}"])
def test_a_path_of_python_that_a_shell_takes_apart_is_refused_in_one_line(character: str) -> None:
    path = f"/home/a{character}b/.venv/bin/python"
    with pytest.raises(LinguaLiftError) as refused:
        preflight.check_paths("/home/clone", path)
    line = str(refused.value)
    assert "\n" not in line and "move the clone" in line


@pytest.mark.parametrize("character", [*"üб字%+,-.:=@_~#[{!", "x"])
def test_a_path_of_python_that_a_shell_leaves_whole_is_accepted(character: str) -> None:
    path = f"/home/a{character}b/.venv/bin/python"
    preflight.check_paths("/home/clone", path)
    said = subprocess.run(["bash", "-c", f"printf %s {path}"], capture_output=True, text=True)
    assert said.stdout == path


def test_braces_in_the_folder_of_the_clone_are_refused_in_one_line() -> None:
    with pytest.raises(LinguaLiftError, match=r"'/home/\{x\}/y': Snakemake takes '\{' .* move the"):
        preflight.check_paths("/home/{x}/y")
    preflight.check_paths("/home/a b'c\"$(d)*?[e]#&;|<>ü字/y", "/usr/bin/python3")


def test_an_account_without_a_passwd_entry_has_its_number_for_a_name(monkeypatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    known = pwd.getpwuid(os.getuid()).pw_name
    run.name_user()
    assert getpass.getuser() == known and "USER" not in os.environ

    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setenv("USER", "")  # so that it is restored
    run.name_user()
    assert getpass.getuser() == str(os.getuid())
