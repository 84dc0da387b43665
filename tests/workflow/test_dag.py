"""The dry run of every configuration that ships prints its DAG, with the jobs that it should have
(the paper's own: tests/whole/test_requests.py).
"""

import os
import re
from functools import cache
from pathlib import Path

import pytest

from tests import forked

ROOT = Path(__file__).resolve().parents[2]
PAPER = ("--configfile", "config/paper.yaml")

pytestmark = pytest.mark.workflow


@cache
def dry_run(*arguments: str) -> dict[str, int]:
    """Jobs by rule of a dry run of everything, in this repository (which it does not touch)."""
    table = printed(*arguments).rpartition("Job stats:")[2]
    return {
        rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)
    }


def printed(*arguments: str) -> str:
    """What a dry run of everything prints."""
    done = forked.snakemake(["-n", "--forceall", *arguments], ROOT, os.environ)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("kept", ["true", "false"])
def test_checkpoints_go_when_nothing_reads_them_again_where_that_is_configured(kept: str) -> None:
    text = printed("--config", "systems=[mono-sft]", f"compute={{keep_checkpoints: {kept}}}")
    removed = re.findall(r"Would remove temporary output results/checkpoints/(\w+)", text)
    assert sorted(removed) == ([] if kept == "true" else ["arithmetic", "transfer"])


def test_the_released_settings_are_laid_over_the_papers() -> None:
    jobs = dry_run(*PAPER, "config/released.yaml")
    assert (jobs["train"], jobs["codeswitch"], jobs["lexicon"]) == (4, 50, 50)


def test_real_data_on_one_machine_has_every_kind_of_system() -> None:
    jobs = dry_run("--configfile", "config/gsm8k.yaml")
    assert (jobs["train"], jobs["codeswitch"], jobs["translate"]) == (
        27,
        7,
        1,
    )  # of 61 stages in the chains of 18 systems; es alone has an engine


@pytest.mark.parametrize("size, column", [([], 0), (["config/one-gpu-80.yaml"], 1)])
def test_a_dry_run_says_what_would_be_downloaded_and_for_how_long_gpus_would_be_asked(
    size: list[str], column: int
) -> None:
    text = printed("--configfile", "config/one-gpu.yaml", *size)
    assert re.search(r"^to download: 6\.\d GB$", text, flags=re.MULTILINE)
    assert re.search(r"^smollm2-1\.7b +not pinned +~3\.4 GB +Apache-2\.0 +download$", text, re.M)
    hours = re.search(r"jobs ask for a GPU, for (\d+) hours of one in all, and (\d+) GB", text)
    page = (ROOT / "docs/one-gpu.md").read_text(encoding="utf-8")
    assert hours is not None
    for row, said in (
        ("GPU hours asked for (limits)", hours[1]),
        ("disk that stays in use", f"{hours[2]} GB"),
    ):
        written = next(line for line in page.splitlines() if line.startswith(f"| {row} |"))
        assert written.strip("| ").split(" | ")[1 + column] == said


def test_mmwp_built_is_translated_into_each_language_but_english() -> None:
    languages = '{"alignment": ["de"], "evaluation": ["en", "es", "ca"]}'
    built = ["benchmarks={built: mmwp-built, mmwp: null}", "mmwp_built={engines: [apertium]}"]
    jobs = dry_run("--config", *built, f"languages={languages}")
    assert (jobs["built_draft"], jobs["built_sheet"], jobs["built_problems"]) == (2, 2, 3)


def test_the_slurm_profile_is_understood() -> None:
    assert dry_run("--workflow-profile", "profiles/slurm") == dry_run()


def test_the_workflow_catalogues_file_leads_to_the_same_jobs() -> None:
    jobs, expected = dry_run("--snakefile", "workflow/Snakefile"), dry_run()
    assert jobs == {"default" if rule == "all" else rule: count for rule, count in expected.items()}
    assert jobs["default"] == 1


def test_no_rule_stands_in_a_loop_and_languages_that_share_a_job_share_its_rule() -> None:
    """Eleven languages of three systems: three batches each, and a file a language."""
    jobs = dry_run()
    assert (jobs["predict"], jobs["predictions"], jobs["encode"], jobs["encode_words"]) == (
        9,
        33,
        1 + 2 + 3,  # the task's questions, code-switched text, problems
        1 + 2,  # English, and the aligned languages
    )


def test_the_workflow_is_free_of_lint() -> None:
    done = forked.snakemake(["--lint"], ROOT, os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
