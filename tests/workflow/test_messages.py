"""Mistakes in the configuration end a run before its first job, with a line that names the key and
the way out.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forked

ROOT = Path(__file__).resolve().parents[2]


def dry_run(target: str, **config: object) -> subprocess.CompletedProcess[str]:
    arguments = [f"{key}={json.dumps(value)}" for key, value in config.items()]
    command = ["-n", target, *(["--config", *arguments] if arguments else [])]
    return forked.snakemake(command, ROOT, os.environ)


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"codeswitch": {"ratoi": 0.5}}, "unknown key 'codeswitch.ratoi'; did you mean 'ratio'?"),
        (
            {"codeswitch": {"ratio": 1.5}},
            "codeswitch.ratio: Input should be less than or equal to 1",
        ),
        ({"languages": {"alignment": ["xq"]}}, "languages.alignment: unknown language 'xq'"),
        ({"languages": {"alignment": ["kr"]}}, "unknown language 'kr'; did you mean 'ko'?"),
        (
            {"languages": {"evaluation": [False]}},
            "without quotes as false; write it in quotes, or nb for Norwegian",
        ),
        ({"languages": {"alignment": ["eu"]}}, "'eu' has no text in corpus 'holy-quran'"),
        (
            {"languages": {"evaluation": ["../x; touch y"]}},
            "languages.evaluation.0: not the code of a language",
        ),
        ({"systems": ["lingualif"]}, "unknown system 'lingualif'; did you mean 'lingualift'?"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(config: dict[str, object], line: str) -> None:
    done = dry_run("all", **config)
    assert done.returncode != 0
    assert line in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr


@pytest.mark.workflow
def test_an_unknown_run_suggests_the_nearest() -> None:
    done = dry_run("results/predictions/linguallift/mmwp-mini/sw.parquet")
    assert done.returncode != 0
    assert "did you mean 'lingualift'?" in done.stderr


@pytest.mark.workflow
def test_a_target_in_a_language_that_the_table_lacks_is_one_line() -> None:
    done = dry_run("results/corpora/kr.txt")
    assert done.returncode != 0
    assert "unknown language 'kr'; did you mean 'ko'?" in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr


@pytest.mark.workflow
def test_two_runs_in_one_folder_are_refused_and_a_killed_run_leaves_no_lock(tmp_path: Path) -> None:
    take = (
        "import sys, time; from pathlib import Path; from lingualift.run import hold;"
        " hold(Path(sys.argv[1]))"
    )
    holder = take + "; print('held', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        second = subprocess.run(
            [sys.executable, "-c", holder, str(tmp_path)], capture_output=True, text=True
        )
        assert second.returncode != 0
        assert f"another run (process {first.pid})" in second.stderr
        first.kill()
    assert subprocess.run([sys.executable, "-c", take, str(tmp_path)]).returncode == 0


@pytest.mark.workflow
def test_an_image_that_no_registry_has_is_asked_for_before_anything_runs() -> None:
    asked = ["-n", "--sdm", "apptainer", "--", "results/problems/mmwp-mini/sw.parquet"]
    done = forked.snakemake(asked, ROOT, os.environ)
    assert done.returncode != 0
    assert "lingualift.sif is not there, and no registry has it; build it" in done.stderr
