"""Every job of the paper's configuration says what it needs, and docs/scaling.md tells of every
rule. Its plan of some thousand jobs takes most of a minute.
"""

import json
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.conftest import shared

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import json, sys
from dev.scaling import requests
jobs = requests(*sys.argv[1:])
rows = [[j.rule, j.megabytes, j.minutes, j.disk, j.gpus, j.threads] for j in jobs]
json.dump(rows, sys.stderr)
"""

GPU = {"adversary", "predict", "encode", "encode_words", "translate"}

pytestmark = pytest.mark.workflow


def requests(*configfiles: str) -> list[tuple[str, int, int, int, int, int]]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *configfiles],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(entry) for entry in json.loads(done.stderr[done.stderr.rindex("[[") :])]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, int, int, int, int]]:
    """What the paper's configuration asks for, worked out once for all processes of the tests."""
    with shared(tmp_path_factory, "paper.json") as path:
        if not path.exists():
            path.write_text(json.dumps(requests("config/paper.yaml")), encoding="utf-8")
        return [tuple(job) for job in json.loads(path.read_text(encoding="utf-8"))]


def test_the_papers_configuration_has_all_its_jobs(
    jobs: list[tuple[str, int, int, int, int, int]],
) -> None:
    counts = Counter(rule for rule, *_ in jobs)
    assert counts["pretrained_vectors"] == 51  # with English
    assert counts["lexicon"] == counts["target_vocabulary"] == 50
    assert counts["codeswitch"] == 50 * (
        1 + 5 + 13
    )  # LinguaLIFT's own setting, other ratios, sets of parts of speech
    assert counts["train"] == 124  # of 152 stages in the chains of 88 systems
    assert counts["predict"] > 1000 and counts["translate"] > 100
    assert (
        counts["tag_questions"] == 1 and counts["prepare_model"] == 1 + 2 + 10 + 7 + 1
    )  # LLMs, encoders, published checkpoints, NLLB
    assert not {"fasttext", "corpus", "encode_words"} & set(counts)


def test_every_job_of_the_papers_configuration_says_what_it_needs_and_docs_list_its_rule(
    jobs: list[tuple[str, int, int, int, int, int]],
) -> None:
    page = (ROOT / "docs/scaling.md").read_text(encoding="utf-8").partition("<!-- paper -->")[2]
    for rule, megabytes, minutes, disk, gpus, threads in jobs:
        assert min(megabytes, minutes, disk, threads) > 0, rule
        assert gpus in ((1, 8) if rule == "train" else (int(rule in GPU),)), rule
    stages = Counter(gpus for rule, _, _, _, gpus, _ in jobs if rule == "train")
    assert stages[8] > 100 and stages[1] == 124 - stages[8]  # warm starts are one process
    listed = re.findall(r"^\| (\w+) \|", page, flags=re.MULTILINE)
    assert set(listed) - {"rule", "all"} == {rule for rule, *_ in jobs}, (
        "run `python dev/scaling.py docs/scaling.md`"
    )


def test_forty_eight_languages_are_hundreds_of_queue_entries_that_fit_their_partition(
    jobs: list[tuple[str, int, int, int, int, int]],
) -> None:
    """As Snakemake sums a group: jobs that fill all lanes take turns, the others run side by side,
    as many as there are lanes.
    """
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    partitions = yaml.safe_load(
        (ROOT / "profiles/slurm/partitions.yaml").read_text(encoding="utf-8")
    )["partitions"]
    days = {
        name: int(limits["max_runtime"].removesuffix("d")) for name, limits in partitions.items()
    }
    lanes, attempts = profile["resources"]["lane"], profile["retries"] + 1
    counts = Counter(profile["groups"].get(rule, f"{rule} alone") for rule, *_ in jobs)
    entries = {
        group: math.ceil(count / profile["group-components"].get(group, 1))
        for group, count in counts.items()
    }
    assert (
        sum(entries.values()) - entries["retrieve_source alone"] < 1200
    )  # retrieval stays on the login node
    for rule, _, minutes, _, gpus, _ in jobs:
        if rule not in profile["groups"]:
            continue
        together = profile["group-components"][profile["groups"][rule]]
        lane = profile["set-resources"].get(rule, {}).get("lane", 1)
        turns = math.ceil(together / (lanes // lane))
        assert attempts * turns * minutes <= 24 * 60 * days["gpu" if gpus else "cpu"], rule
