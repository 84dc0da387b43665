"""The whole chain, from raw text to the table, on tiny models: what it makes, and that it makes the same again."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import tiny
from tests.workflow.conftest import planned

pytestmark = pytest.mark.workflow


def artefacts(folder: Path) -> dict[str, bytes]:
    """What a run computes, by path: tables, scores, predictions, trained weights, lexicons, code-switched text."""
    kinds = ("tables/*.*", "scores/*/*.parquet", "predictions/*/*/*.parquet", "checkpoints/*/*.safetensors", "lexicons/*", "codeswitch/*")
    files = [path for kind in kinds for path in sorted((folder / "results").glob(kind))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_table_has_the_systems_and_languages(finished: Path) -> None:
    with open(finished / tiny.TABLE, newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    assert header[1:6] == ["system", "seeds", "n", "en", "sw"]
    assert {"Low", "High", "Avg.", "Aligned"} < set(header)
    assert [row[1] for row in rows] == ["Mono-SFT", "LinguaLIFT"]
    tidy = pq.read_table(finished / "results/tables/mmwp.parquet").to_pylist()
    assert all(0 <= row["low"] <= row["accuracy"] <= row["high"] <= 100 for row in tidy)
    lexicons = {row["language"]: row for row in pq.read_table(finished / "results/tables/lexicons.parquet").to_pylist()}
    assert {code: row["in_stage_1"] for code, row in lexicons.items()} == {"de": True, "sw": True}


def test_systems_answer_in_their_own_words(finished: Path) -> None:
    """The chain carries something from end to end: answers differ between problems, languages and systems."""
    answers = {
        (system, language): pq.read_table(finished / f"results/predictions/{system}/mmwp-mini/{language}.parquet")["output"].to_pylist()
        for system in ("mono-sft", "lingualift")
        for language in ("en", "sw")
    }
    assert len({tuple(outputs) for outputs in answers.values()}) == 4
    assert all(len(set(outputs)) > 1 for outputs in answers.values())


def test_a_second_run_has_nothing_to_do(finished: Path) -> None:
    assert planned(finished) == []


def test_a_moved_folder_has_nothing_to_do(copy: Path) -> None:
    assert planned(copy) == []


def test_a_fresh_run_gives_the_same_bytes(finished: Path, mirror: Path, tmp_path: Path) -> None:
    """Every artefact, not the tables alone: models of this size answer so few problems that tables could agree by chance."""
    again = tiny.copy_workflow(tmp_path / "again", mirror)
    done = tiny.snakemake(again, target="all")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    first, second = artefacts(finished), artefacts(again)
    assert set(first) == set(second)
    assert [path for path in first if first[path] != second[path]] == []
