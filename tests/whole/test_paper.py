"""A finished run gives the paper's tables and figures by one target, and names what it lacks."""

import csv
from pathlib import Path

import pytest

from lingualift.artifacts import read_json
from tests import tiny

pytestmark = pytest.mark.workflow


def test_a_run_gives_what_its_configuration_allows_and_lists_all(copy: Path) -> None:
    done = tiny.snakemake(copy, target="paper")
    assert done.returncode == 0, done.stderr[-3000:]
    paper = copy / "results/paper"
    listed = (paper / "README.md").read_text(encoding="utf-8")
    assert listed.count("| made |") + listed.count("| empty |") == len(list(paper.glob("*.json")))
    assert listed.count("| lacking | Needs ") == 24 + 8 + 3 - len(list(paper.glob("*.json")))
    for name in ("table-01", "table-04", "table-09", "table-18", "table-20", "figure-13"):
        assert read_json(paper / f"{name}.json")["measured"] > 0
    with open(paper / "table-01.csv", newline="", encoding="utf-8") as handle:
        rows = {row["system"]: row for row in csv.DictReader(handle)}
    ours = rows["LinguaLIFT (MetaMath)"]
    assert (ours["ours"], ours["LLM"], ours["LR. (paper)"]) == ("LinguaLIFT", "tiny-llm", "41.2")
    assert ours["LR."] and not ours["LR. (difference)"]  # sw alone is not the paper's average
    spaces = read_json(paper / "figure-05.json")["caption"]
    assert "encoder" in spaces and "before stage 1" in spaces and "LLM of LinguaLIFT" in spaces
    assert "<script" not in (paper / "figure-13.html").read_text(encoding="utf-8")


def test_a_target_that_the_configuration_cannot_give_says_what_is_lacking(finished: Path) -> None:
    done = tiny.snakemake(finished, "--dry-run", target="results/paper/table-12.csv")
    assert done.returncode != 0
    assert "needs what this configuration lacks: the benchmark xnli" in done.stderr
    assert "Traceback (most recent call last)" not in done.stderr
