"""Tokens of the environment reach no file and no message of a run."""

from pathlib import Path

import pytest

from tests import tiny
from tests.workflow.test_security import SECRETS


@pytest.mark.workflow
def test_tokens_of_the_environment_are_in_no_file_and_no_message_of_a_run(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that retrieves, reads text and writes tables, its report, and one that fails."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    folder, target = tiny.copy_workflow(tmp_path / "run", mirror), "results/vocabulary/sw.parquet"
    done = tiny.snakemake(folder, target=target)
    assert done.returncode == 0, done.stderr[-3000:]
    report = tiny.snakemake(folder, "--report", "results/report.html", target=target)
    assert report.returncode == 0, report.stderr[-3000:]
    failed = tiny.snakemake(
        folder, target="results/lexicons/sw.parquet", lexicon={"gold": "no-such-source"}
    )
    assert failed.returncode != 0
    texts = [run.stdout + run.stderr for run in (done, report, failed)]
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.suffix == ".parquet" for path in files) and any(
        path.suffix == ".html" for path in files
    )
    for secret in SECRETS.values():
        assert not any(secret in text for text in texts)
        assert not [path for path in files if secret.encode() in path.read_bytes()]
