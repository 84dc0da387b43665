"""From a row of a table back to what made it."""

import importlib.metadata
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from lingualift.artifacts import atomic_directory, sha256_file, write_json, write_parquet
from lingualift.command import main
from lingualift.messages import LinguaLiftError
from lingualift.provenance import checksum, git_commit, provenance, trace

TABLE = pa.table({"x": [1]})


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two systems in two languages, as the rules lay them out."""
    monkeypatch.chdir(tmp_path)
    write_json(
        "resources/sources/llm/MANIFEST.json",
        {"key": "llm", "version": "1.2", "archives": [{"path": "llm.whl", "sha256": "aa"}]},
    )
    write_json("resources/models/llm/model.json", {"source": "llm", "version": "1.2", "files": {}})
    scores = []
    for system in ("lifted", "lifted~2", "plain"):
        checkpoint = Path(f"results/checkpoints/transfer-{system}")
        with atomic_directory(checkpoint) as folder:
            (folder / "model.safetensors").write_bytes(system.encode())
            write_json(
                folder / "stage.json",
                {
                    "provenance": provenance(
                        "train", {"steps": 2}, ["resources/models/llm/model.json"], seed=7
                    )
                },
            )
        predictions = []
        for language in ("en", "sw"):
            path = f"results/predictions/{system}/mmwp-mini/{language}.parquet"
            write_parquet(
                path,
                TABLE,
                TABLE.schema,
                provenance("predict", {}, [str(checkpoint)], seed=7, system=system),
            )
            predictions.append(path)
        scores.append(f"results/scores/{system}/mmwp-mini.parquet")
        write_parquet(scores[-1], TABLE, TABLE.schema, provenance("score", {}, predictions))
    write_parquet(
        "results/tables/mmwp.parquet",
        TABLE,
        TABLE.schema,
        provenance("results_table", {}, scores, configuration={"seeds": [7]}),
    )
    return tmp_path


def test_a_row_leads_to_its_own_files_and_no_others(results: Path) -> None:
    found = trace("results/tables/mmwp.parquet", "lifted", "sw")
    assert list(found) == [
        "results/tables/mmwp.parquet",
        "results/scores/lifted/mmwp-mini.parquet",
        "results/scores/lifted~2/mmwp-mini.parquet",
        "results/predictions/lifted/mmwp-mini/sw.parquet",
        "results/predictions/lifted~2/mmwp-mini/sw.parquet",
        "results/checkpoints/transfer-lifted", "results/checkpoints/transfer-lifted~2",
        "resources/models/llm/model.json", "resources/sources/llm/MANIFEST.json",
    ]  # fmt: skip
    assert all(stamp["unchanged"] for stamp in found.values())
    assert found["results/checkpoints/transfer-lifted"]["seed"] == 7
    assert found["results/tables/mmwp.parquet"]["software"]["torch"] == importlib.metadata.version(
        "torch"
    )
    assert found["resources/sources/llm/MANIFEST.json"]["archives"] == [
        {"path": "llm.whl", "sha256": "aa"}
    ]
    assert found["results/predictions/lifted/mmwp-mini/sw.parquet"]["sha256"] == sha256_file(
        "results/predictions/lifted/mmwp-mini/sw.parquet"
    )


def test_what_changed_since_is_said(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json("resources/models/llm/model.json", {"source": "llm", "version": "1.3", "files": {}})
    main(["provenance", "results/tables/mmwp.csv", "--system", "plain", "--language", "en"])
    text = capsys.readouterr().out
    assert (
        text.count("CHANGED since") == 1
        and '"1.3"' in text
        and '"seeds"' in text
        and "commit" in text
    )
    assert text.count('"python"') == 1  # what made the files is said once, not for each
    main(["provenance", "results/tables/mmwp.parquet", "--json"])
    assert not json.loads(capsys.readouterr().out)["resources/models/llm/model.json"]["unchanged"]


def test_a_row_that_is_not_there_is_refused(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LinguaLiftError, match="no predictions of system 'lift'"):
        trace("results/tables/mmwp.parquet", "lift")
    assert main(["provenance", "results/tables/other.parquet"]) == 1
    assert "no such file; make it with" in capsys.readouterr().err


def test_a_sealed_folders_checksum_follows_its_content(tmp_path: Path) -> None:
    sums = set()
    for content in (b"a", b"b", b"a"):
        with atomic_directory(tmp_path / "folder") as folder:
            (folder / "x").write_bytes(content)
        sums.add(checksum(tmp_path / "folder"))
    assert len(sums) == 2


def test_a_job_ends_soon_after_the_run_that_started_it(tmp_path: Path) -> None:
    """A run (Python) starts a job through a shell, as Snakemake does, and is killed."""
    job = (
        "import sys, time; from lingualift import job\nwith job.frame(sys.argv[1]):"
        " open(sys.argv[2], 'w').close(); time.sleep(60)"
    )
    (tmp_path / "job.py").write_text(job)
    run = (
        f"import subprocess; subprocess.run(['bash', '-c', 'set -e; {sys.executable} job.py log pid"
        " & echo $!; wait'])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", run],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as first:
        assert first.stdout is not None
        pid = int(first.stdout.readline())
        until = time.monotonic() + 30
        while not (tmp_path / "pid").exists() and time.monotonic() < until:
            time.sleep(0.05)
        first.kill()
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert "is gone: stopping" in (tmp_path / "log").read_text()


def test_what_transformers_reports_goes_to_the_log_of_the_job_not_to_the_terminal(
    tmp_path: Path,
) -> None:
    job = (
        "from transformers.utils import logging\nfrom lingualift import job\n"
        "with job.frame('log'):\n    logging.get_logger('transformers.models').warning('MISSING')"
    )
    done = subprocess.run(
        [sys.executable, "-c", job],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "MISSING" not in done.stdout + done.stderr
    assert "MISSING" in (tmp_path / "log").read_text()


def test_a_run_waits_for_jobs_of_a_killed_one(tmp_path: Path) -> None:
    from lingualift.run import _wait_for_jobs, sweep

    hold = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_SH);"
        " print(flush=True); time.sleep(1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / ".jobs.lock")], stdout=subprocess.PIPE
    ) as job:
        assert job.stdout is not None and job.stdout.readline()
        with pytest.raises(LinguaLiftError, match="jobs of an earlier run are still at work here"):
            _wait_for_jobs(tmp_path / ".jobs.lock", patience=0.2)
        _wait_for_jobs(tmp_path / ".jobs.lock", patience=30)
    for name in (".x.parquet.abc.tmp.parquet", ".y.abc.tmp", "kept.parquet"):
        (tmp_path / name).touch()
    sweep(tmp_path, older_than=60)
    assert len(list(tmp_path.iterdir())) == 4
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".jobs.lock", "kept.parquet"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device", "results/x"),
        OSError("4096 requested and 0 written"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail] PytorchStreamWriter failed writing file data/3"),
    ],
)
def test_a_full_disk_is_one_line_in_any_librarys_words(error: Exception) -> None:
    from lingualift.job import refused_by_system

    line = refused_by_system(error)
    assert line is not None and "No space left on device; free space" in line and "\n" not in line
    assert refused_by_system(ValueError("shapes do not fit")) is None


def test_the_commit_says_where_the_checkout_differs_and_an_image_what_it_was_built_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "src/lingualift/provenance.py"
    module.parent.mkdir(parents=True)
    module.write_text("1\n")
    monkeypatch.setattr("lingualift.provenance.__file__", str(module))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    uncached = git_commit.__wrapped__
    assert uncached() == "unknown"
    monkeypatch.setenv("LINGUALIFT_COMMIT", "c0ffee")
    assert uncached() == "c0ffee"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["commit", "--quiet", "--message=one"],
        ["tag", "v1"],
    ):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert uncached() == head
    module.write_text("2\n")
    assert uncached() == head + "-dirty"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of a checkout that this package is taken to lie in."""
    module = tmp_path / "src/lingualift/provenance.py"
    module.parent.mkdir(parents=True)
    module.write_text("1\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    monkeypatch.setattr("lingualift.provenance.__file__", str(module))
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return head.stdout.strip()


def test_the_commit_of_a_checkout_of_another_user_is_known(
    checkout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for its tests
    assert git_commit.__wrapped__() == checkout


def test_a_checkout_that_git_cannot_read_is_warned_of(
    checkout: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / ".git/HEAD").write_bytes(b"\xff\n")
    assert git_commit.__wrapped__() == "unknown"
    assert f"{tmp_path}: git cannot tell the commit (fatal: " in caplog.text
    caplog.clear()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("LINGUALIFT_COMMIT", "c0ffee")
    assert git_commit.__wrapped__() == "c0ffee"
    assert "git cannot tell the commit" in caplog.text and "'c0ffee' is noted" in caplog.text


def test_a_package_below_another_projects_checkout_is_not_of_its_commit(
    checkout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "venv/lib/python3/site-packages/lingualift/provenance.py"
    monkeypatch.setattr("lingualift.provenance.__file__", str(installed))
    assert git_commit.__wrapped__() == "unknown"


def test_a_process_with_a_name_that_is_not_text_is_found(tmp_path: Path) -> None:
    from lingualift.job import _process

    program = tmp_path / os.fsdecode(b"a) \xff(")
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "30"]) as process:
        try:
            found = _process(process.pid)
            assert found is not None and found[1] == os.getpid() and found[2].isdigit()
        finally:
            process.kill()
