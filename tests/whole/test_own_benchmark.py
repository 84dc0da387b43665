"""A benchmark of the user's own, by configuration alone, through the whole workflow."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import tiny

pytestmark = pytest.mark.workflow
MINE = {"files": "my/{lang}.tsv", "kind": "maths", "groups": {"low": ["sw"]}}
CONFIG = f"benchmarks={json.dumps({'mine': MINE})}"
ROWS = [("Ana ana 3, anapata 4. Ngapi?", "7"), ("Ali ana 9, anatoa 4. Ngapi?", "5")]


def test_it_is_answered_scored_and_has_its_own_table(copy: Path) -> None:
    (copy / "my").mkdir()
    lines = ["question\tanswer", *(f"{question}\t{answer}" for question, answer in ROWS), ""]
    (copy / "my/sw.tsv").write_text("\n".join(lines), encoding="utf-8")
    table = "results/tables/mine.csv"
    done = tiny.snakemake(copy, "--config", CONFIG, target=table)
    assert done.returncode == 0, done.stderr[-2000:]
    with open(copy / table, newline="", encoding="utf-8") as handle:
        rows = {row["system"]: row for row in csv.DictReader(handle)}
    assert {"Mono-SFT", "LinguaLIFT"} <= set(rows) and rows["LinguaLIFT"]["Low"] != ""
    answers = pq.read_table(copy / "results/predictions/lingualift/mine/sw.parquet").to_pylist()
    assert [answer["gold"] for answer in answers] == [answer for _, answer in ROWS]
    marks = pq.read_table(copy / "results/scores/lingualift/mine.parquet").to_pylist()
    accuracy = 100 * sum(mark["correct"] for mark in marks) / len(marks)
    assert float(rows["LinguaLIFT"]["sw"]) == pytest.approx(accuracy, abs=0.05)
    assert (copy / tiny.TABLE).is_file()  # the other benchmark's answers stay as they are


def test_a_file_that_is_not_there_ends_the_run_before_any_job(copy: Path) -> None:
    done = tiny.snakemake(copy, "--config", CONFIG, target="results/tables/mine.csv")
    assert done.returncode == 1
    assert "benchmarks.mine.files: my/sw.tsv is not there" in done.stderr
