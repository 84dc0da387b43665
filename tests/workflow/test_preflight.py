"""Where a run cannot succeed it says so in one line before its first job, and leaves nothing
half-written.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import tiny

pytestmark = pytest.mark.workflow
SMALL = ("config/test/small.yaml",)
PROBLEMS = "results/problems/mmwp-mini/sw.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the workflow whose mirror holds a word in each file."""
    for name in (
        "tiny-encoder/model",
        "tiny-tagger/model",
        *(f"tiny-{kind}/{code}.txt" for kind in ("text", "words") for code in tiny.LANGUAGES),
    ):
        path = tmp_path / "mirror" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a word\n")
    return tiny.copy_workflow(tmp_path / "run", tmp_path / "mirror")


def refusal(
    folder: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    prefix: tuple[str, ...] = (),
    **options: Any,
) -> str:
    """The one line in which a run that must fail before its first job says why. It starts as a
    user starts it where an environment or a prefix is given.
    """
    if environment is None and not prefix:
        done = tiny.snakemake(folder, *arguments, **options)
    else:
        done = subprocess.run(
            [*prefix, *tiny.command(*arguments, **options)],
            cwd=folder,
            env=environment or tiny.environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    lines = [line for line in done.stderr.splitlines() if ";" in line]
    assert len(lines) == 1, done.stderr[-3000:]
    written = [
        path
        for path in folder.glob("results/**/*")
        if path.is_file() and path.name not in (".run.lock", ".jobs.lock")
    ]
    assert not [path for path in written if "logs" not in path.parts]
    return lines[0].strip()


def test_too_little_disk_for_what_is_configured(folder: Path) -> None:
    line = refusal(
        folder,
        configfiles=SMALL,
        vocabulary={"size": 10**9},
        target="results/embeddings/e5-small-layer8/de",
    )
    assert line.startswith("results, resources: ") and "GB free, this run needs about" in line


def test_more_gpus_than_the_machine_has(folder: Path) -> None:
    environment = {**tiny.environment(), "CUDA_VISIBLE_DEVICES": ""}
    line = refusal(folder, configfiles=SMALL, environment=environment, compute={"gpus": 2})
    assert "compute.gpus asks for 2 GPU(s), this machine offers 0; set compute.gpus to 0" in line


def test_too_little_memory_for_what_is_configured(folder: Path) -> None:
    large = {"batch": 10**5, "micro_tokens": 10**7}
    line = refusal(folder, configfiles=SMALL, stages={"transfer": large})
    assert (
        "GB of memory available, its largest job needs about" in line
        and "configure smaller models or batches" in line
    )


def test_a_results_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / "elsewhere").write_text("a file, so no folder")
    (folder / "results").symlink_to("elsewhere")
    assert "results: cannot be written" in refusal(folder, target="retrieve")


def test_a_package_that_is_too_old(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "site/safetensors-0.1.0.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: safetensors\nVersion: 0.1.0\n")
    environment = tiny.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(old.parent), environment["PYTHONPATH"]])
    line = refusal(folder, target="retrieve", environment=environment)
    assert "package safetensors 0.1.0 does not fit >=0.8; pip install 'safetensors==" in line


@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    shutil.copy(tiny.ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    old = tmp_path / "python3.10"
    old.write_text(
        '#!/bin/sh\n[ "$1" = -c ] || exit 99\nexec python3 -c "import sys; sys.version_info = (3,'
        ' 10, 2); $2"\n'
    )
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "environment", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Python 3.10 is too old: LinguaLIFT needs 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_no_network_and_no_mirror(folder: Path, tmp_path: Path) -> None:
    prefix, environment = tiny.without_network(tmp_path / "blocked")
    environment |= {
        "npm_config_cache": str(tmp_path / "npm"),
        "PIP_NO_CACHE_DIR": "1",
    }  # else npm answers from memory
    line = refusal(
        folder,
        configfiles=SMALL,
        target="results/corpora/de.txt",
        prefix=tuple(prefix),
        environment=environment,
    )
    assert "no network and no mirror for holy-quran" in line and "set `mirror`" in line


def test_a_missing_and_an_altered_download(folder: Path, tmp_path: Path) -> None:
    target = "results/corpora/de.txt"
    held = tmp_path / "mirror/tiny-text/de.txt"
    held.unlink()
    assert "comes from a mirror folder only" in refusal(folder, target=target)
    held.write_text("another\n")
    done = tiny.snakemake(folder, target=target)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("lingualift: error: ")]
    assert (
        "de.txt: altered or incomplete: expected sha256 " in line
        and "replace this file in the mirror" in line
    )
    assert not (folder / target).exists()


def test_a_python_whose_path_a_shell_takes_apart(folder: Path, tmp_path: Path) -> None:
    """Snakemake does not quote it: the first job would end with `No such file or directory`."""
    environment = tmp_path / "of mine"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin/python").symlink_to(Path(sys.executable).resolve())
    (environment / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix) / 'bin'}\n")
    (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
    command = tiny.command(target=PROBLEMS)
    command[0] = str(environment / "bin/python")
    done = subprocess.run(
        command, cwd=folder, env=tiny.environment(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0 and not (folder / PROBLEMS).exists()
    assert f"{environment}/bin/python': Snakemake starts jobs with this Python" in done.stderr
    assert "No such file" not in done.stderr and "Traceback" not in done.stderr


def test_a_clone_below_a_folder_of_any_name_runs(folder: Path, tmp_path: Path) -> None:
    """Only the path of Python reaches a shell unquoted, and only braces are variables."""
    strange = tmp_path / "a b'c\"d$e(f)[h]*?#&;|<ü字"
    folder.rename(strange)
    done = tiny.snakemake(strange, target=PROBLEMS)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (strange / PROBLEMS).is_file()


def test_a_clone_below_a_folder_with_braces_is_refused(folder: Path, tmp_path: Path) -> None:
    braces = folder.rename(tmp_path / "a{b}c")
    assert "move the clone to a folder" in refusal(braces, target=PROBLEMS)


@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
def test_make_in_a_folder_that_a_shell_takes_apart_installs_nothing(tmp_path: Path) -> None:
    below = tmp_path / "my clone"
    below.mkdir()
    shutil.copy(tiny.ROOT / "Makefile", below)
    for name in ("requirements.lock", "pyproject.toml"):
        (below / name).touch()
    done = subprocess.run(
        ["make", "environment", f"PYTHON={sys.executable}"],
        cwd=below,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "holds a blank" in done.stderr
    assert not (below / ".venv").exists()
