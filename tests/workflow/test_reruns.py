"""A change reruns what depends on it and nothing else: the jobs of dry runs on a finished tiny run
(docs/reruns.md tells what to type).
"""

import os
import time
from pathlib import Path

import pytest
import yaml

from lingualift.artifacts import sha256_file
from tests import tiny
from tests.planned import SHOWN, all_planned, planned

pytestmark = pytest.mark.workflow

TABLES = ["table mmwp", "write down what made table mmwp"]


def answered(system: str, *languages: str, benchmark: str = "mmwp-mini") -> list[str]:
    """The jobs in which a system answers in these languages, one by one, and is scored."""
    return [
        *(f"{system} answers {benchmark} in {language}" for language in languages),
        *(taken(system, language, benchmark) for language in languages),
        f"score {system} on {benchmark}",
    ]


def taken(system: str, language: str, benchmark: str = "mmwp-mini") -> str:
    """The job that makes a file of one language's answers."""
    return f"take out what {system} answers to {benchmark} in {language}"


LIFTED = answered("lingualift", "en", "sw")
TRAINED = [
    "train align",
    "train transfer",
    "train warm-start",
]  # of LinguaLIFT; Mono-SFT reads no code-switched text


def aligned(language: str) -> list[str]:
    """The jobs between a language's text and its encoded code-switched text."""
    return [
        f"clean and tokenise the {language} text",
        f"{language} vocabulary",
        f"train fastText vectors for {language}",
        f"encode the words of {language}",
        f"induce the English-{language} lexicon",
        f"code-switch the questions into {language}",
        f"encode codeswitch/{language}",
        "table of the lexicons",
        "table of the code-switched text",
    ]


def asked(language: str, *systems: str) -> list[str]:
    """The jobs that evaluate systems in one more language."""
    problems = [f"read mmwp-mini in {language}", f"encode problems/mmwp-mini/{language}"]
    return problems + [job for system in systems for job in answered(system, language)]


def altered_text(folder: Path, language: str, mirror: Path) -> None:
    """A user replaces a language's text: another file, another checksum in the registry."""
    text = mirror / f"tiny-text/{language}.txt"
    lines = text.read_text(encoding="utf-8").splitlines()
    text.write_text("\n".join(lines[: len(lines) // 2]) + "\n", encoding="utf-8")
    path = folder / "config/sources.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    for file in entries["tiny-text"]["files"]:
        if file["language"] == language:
            file |= {"sha256": sha256_file(text), "size": text.stat().st_size}
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")


def test_another_text_of_one_language(copy: Path, mirror: Path) -> None:
    own = tiny.copy_mirror(mirror, copy / "mirror")
    altered_text(copy, "sw", own)
    jobs = planned(copy, mirror=str(own))
    assert jobs == sorted(["retrieve tiny-text-sw", *aligned("sw"), *TRAINED, *LIFTED, *TABLES])


def test_a_pin_of_another_source_changes_nothing(finished: Path) -> None:
    assert planned(finished, pins={"tiny-text/hi.txt": "0" * 64}) == []


def test_another_mirror_changes_nothing(finished: Path, mirror: Path, tmp_path: Path) -> None:
    assert planned(finished, mirror=str(tmp_path), offline=False) == []


def test_a_language_for_evaluation_only(finished: Path) -> None:
    jobs = planned(finished, languages={"evaluation": ["en", "sw", "hi"]})
    assert jobs == sorted([*asked("hi", "mono-sft", "lingualift"), *TABLES])


def test_a_language_for_alignment_too(finished: Path) -> None:
    """Nothing of the other languages but what their common model answers; nothing of the system
    that is not aligned.
    """
    jobs = planned(
        finished, languages={"evaluation": ["en", "sw"], "alignment": ["de", "sw", "hi"]}
    )
    assert jobs == sorted(
        [
            "retrieve tiny-text-hi",
            "retrieve tiny-words-hi",
            *aligned("hi"),
            *TRAINED,
            *LIFTED,
            *TABLES,
        ]
    )


def test_a_language_less_is_only_left_out(finished: Path) -> None:
    jobs = planned(finished, languages={"evaluation": ["en"]})
    assert jobs == sorted(["score lingualift on mmwp-mini", "score mono-sft on mmwp-mini", *TABLES])


def test_one_more_system(finished: Path) -> None:
    """It shares the warm start of the system that is there."""
    jobs = planned(finished, systems=["mono-sft", "lingualift", "lingualift-warm-start-only"])
    assert jobs == sorted(
        ["train transfer", *answered("lingualift-warm-start-only", "en", "sw"), *TABLES]
    )


def test_one_more_seed(finished: Path) -> None:
    jobs = planned(finished, seeds=[1, 2])
    answers = [*answered("mono-sft~2", "en", "sw"), *answered("lingualift~2", "en", "sw")]
    assert jobs == sorted([*TRAINED, "train arithmetic", "train transfer", *answers, *TABLES])


def test_a_change_of_the_tables(finished: Path) -> None:
    assert planned(finished, tables={"bootstrap": 300}) == TABLES
    assert planned(finished, "--forcerun", "results_table") == TABLES


def test_figures_and_the_report_follow_the_tables(finished: Path) -> None:
    jobs = all_planned(finished, "--forcerun", "results_table")
    drawn = [job for job in jobs if SHOWN.match(job)]
    assert drawn == [
        "figure accuracy-mmwp",
        "figure gain-lexicon-mmwp",
        "figure time",
        "report of the run",
    ]


def test_another_rule_of_scoring_generates_nothing(finished: Path) -> None:
    assert planned(finished, "--forcerun", "score") == sorted(
        ["score mono-sft on mmwp-mini", "score lingualift on mmwp-mini", *TABLES]
    )


def test_another_setting_of_a_late_stage_leaves_the_early_ones(finished: Path) -> None:
    stages = {**tiny.SETTINGS["stages"], "align": {"examples": 16}}
    jobs = planned(finished, stages=stages)
    assert jobs == sorted(["train align", "train transfer", *LIFTED, *TABLES])


def test_another_micro_batch_trains_its_stage_anew_for_it_rounds_otherwise(finished: Path) -> None:
    stages = {**tiny.SETTINGS["stages"], "align": {"examples": 32, "micro_tokens": 200}}
    jobs = planned(finished, stages=stages)
    assert jobs == sorted(["train align", "train transfer", *LIFTED, *TABLES])


def test_one_more_benchmark_leaves_the_first_alone(finished: Path) -> None:
    jobs = planned(finished, benchmarks={"mmwp": "mmwp-mini", "more": "mgsm"})
    problems = [f"read mgsm in {language}" for language in ("en", "sw")]
    problems += [f"encode problems/mgsm/{language}" for language in ("en", "sw")]
    answers = [
        job
        for system in ("mono-sft", "lingualift")
        for job in answered(system, "en", "sw", benchmark="mgsm")
    ]
    tables = ["table more", "write down what made table more"]
    assert sorted(job for job in jobs if not job.startswith("retrieve ")) == sorted(
        [*answers, *problems, *tables]
    )


def test_more_gpus_change_nothing(finished: Path) -> None:
    assert planned(finished, compute={"gpus": 1}) == []


def test_a_row_in_the_table_of_languages_changes_nothing(copy: Path) -> None:
    path = copy / "config/languages.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    known = next(line for line in lines if line.startswith("sw\t")).split("\t")
    path.write_text(
        "\n".join([*lines, "\t".join(["qaa", "Newish", "Newish", "qaa", *known[4:]])]) + "\n",
        encoding="utf-8",
    )
    assert planned(copy) == []


def test_of_two_clones_that_share_resources_the_second_makes_nothing_of_them_again(
    finished: Path, mirror: Path, tmp_path: Path
) -> None:
    """Its scripts are younger than what the first has retrieved and prepared."""
    second = tiny.copy_workflow(tmp_path / "second", mirror)
    now = time.time() + 60
    for script in (second / "workflow/scripts").iterdir():
        os.utime(script, (now, now))
    jobs = planned(second, resources=str(finished / "resources"))
    assert TABLES[0] in jobs
    assert not [job for job in jobs if job.startswith(("retrieve ", "prepare model "))]


def test_a_clone_with_another_pin_does_not_read_what_another_clone_retrieved(
    finished: Path, mirror: Path, tmp_path: Path
) -> None:
    second = tiny.copy_workflow(tmp_path / "second", mirror)
    shared = {"resources": str(finished / "resources"), "pins": {"tiny-llm": "f" * 40}}
    done = tiny.snakemake(second, target=tiny.TABLE, **shared)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "models/tiny-llm: is not what this configuration pins" in done.stderr
    assert not list(second.glob("results/*/*.parquet"))


def test_a_model_that_is_not_whole_is_prepared_again(copy: Path) -> None:
    (copy / "resources/models/tiny-llm/config.json").unlink()
    assert "prepare model tiny-llm" in planned(copy, "--forcerun", "prepare_model")
