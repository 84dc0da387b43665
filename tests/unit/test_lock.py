"""A run on a file system without locks goes on with a warning, in each place that takes one."""

import errno
import fcntl
import logging
import multiprocessing
from pathlib import Path

import pytest

from lingualift import job, lock
from lingualift.messages import LinguaLiftError
from lingualift.run import hold

WITHOUT = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL]


@pytest.fixture(params=WITHOUT, ids=[errno.errorcode[number] for number in WITHOUT])
def no_locks(request, monkeypatch):
    """A file system whose `flock` fails, as Lustre's and some NFS servers' do."""

    def flock(handle, operation):
        raise OSError(request.param, "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(lock, "_warned", set())


def test_a_run_begins_without_locks_and_warns_once(tmp_path, no_locks, caplog):
    with caplog.at_level(logging.WARNING):
        hold(tmp_path)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: this file system has no locks (no locks here): going on without; start no"
        " second run on this folder while one is at work (Lustre has locks when mounted with -o"
        " flock)"
    ]


def test_a_retrieval_goes_on_without_locks(tmp_path, no_locks, caplog):
    with lock.locked(tmp_path / "source"):
        assert "has no locks" in caplog.text


def test_a_job_goes_on_without_locks(tmp_path, no_locks, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job.JOBS.parent.mkdir()
    job.JOBS.touch()
    done = False
    with job.frame("results/logs/x.log"):
        done = True
    assert done and "has no locks" in Path("results/logs/x.log").read_text()


def test_another_fault_of_the_system_is_not_taken_for_a_lack_of_locks(tmp_path, monkeypatch):
    def flock(handle, operation):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="broken"), lock.locked(tmp_path / "source"):
        pass


def _hold(folder: Path, ready, end) -> None:
    hold(folder)
    ready.set()
    end.wait(30)


def test_where_there_are_locks_a_second_run_is_refused(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, end = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready, end))
    process.start()
    try:
        assert ready.wait(30)
        with pytest.raises(LinguaLiftError, match=rf"another run \(process {process.pid}\)"):
            hold(tmp_path)
        (tmp_path / ".run.lock").write_bytes(b"\xff")  # whatever another program left there
        with pytest.raises(LinguaLiftError, match="another run"):
            hold(tmp_path)
    finally:
        end.set()
        process.join()
