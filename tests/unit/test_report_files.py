"""Figures and the report from files as a run leaves them, on the configuration that ships."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from lingualift.artifacts import read_parquet, write_json, write_parquet
from lingualift.config import Config, load_config
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import PROBLEM_SCHEMA
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.figures.read import read_figure_inputs
from lingualift.languages import load_languages
from lingualift.report.content import Licence
from lingualift.report.page import render
from lingualift.report.read import Answered, Names, ReportFiles, read_report
from lingualift.report.words import in_words
from lingualift.tables.lexicons import LEXICON_TABLE_SCHEMA
from lingualift.tables.results import TIDY_SCHEMA, tidy

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = load_languages(ROOT / "config/languages.tsv")
SYSTEMS = {
    "mono-sft": ("Plain", "transfer"),
    "lingualift": ("Lifted", "align > transfer"),
    "lingualift-without-align": ("Unaligned", "transfer"),
}
RIGHT = {"mono-sft": 2, "lingualift": 8, "lingualift-without-align": 5}  # of ten problems


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8")))


def rows_of(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with an empty value of the right type where they say nothing."""
    blanks = {pa.string(): "", pa.int64(): 0, pa.int32(): 0, pa.float64(): 0.0, pa.bool_(): False}
    full = [
        {
            field.name: row.get(
                field.name,
                None if field.nullable else blanks.get(field.type, []),
            )
            for field in schema
        }
        for row in rows
    ]
    return pa.Table.from_pylist(full, schema=schema)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three systems, two languages and ten problems."""
    folder = tmp_path_factory.mktemp("run")
    ids = [f"q{number}" for number in range(10)]
    scores = []
    for system, right in RIGHT.items():
        marks = [
            {"system": system, "run": system, "seed": 1, "benchmark": "sums", "language": code}
            | {"id": key, "gold": "7", "correct": place < right, "correct_strict": place < right}
            for code in ("en", "sw")
            for place, key in enumerate(ids)
        ]
        scores.append(rows_of(SCORE_SCHEMA, marks))
        write_parquet(folder / f"{system}.parquet", scores[-1], SCORE_SCHEMA)
        for code in ("en", "sw"):
            outputs = [{"id": key, "language": code, "output": f"{system} {key}"} for key in ids]
            path = folder / f"{system}-{code}.parquet"
            write_parquet(path, rows_of(PREDICTION_SCHEMA, outputs), PREDICTION_SCHEMA)
    for code in ("en", "sw"):
        asked = [{"id": key, "question": f"{code} {key}?", "answer": "7"} for key in ids]
        write_parquet(
            folder / f"problems-{code}.parquet", rows_of(PROBLEM_SCHEMA, asked), PROBLEM_SCHEMA
        )
    table = tidy(
        pa.concat_tables(scores), SYSTEMS, ["en", "sw"], {"low": ["sw"]}, ["sw"], "mono-sft", 200
    )
    stamp = {"commit": "f" * 40, "version": "1", "configuration": {"llm": "invented"}}
    write_parquet(folder / "table.parquet", table, TIDY_SCHEMA, stamp)
    verdict = {"language": "sw", "verdict": "collapsed", "reason": "too few", "score": "combined"}
    write_parquet(
        folder / "lexicons.parquet", rows_of(LEXICON_TABLE_SCHEMA, [verdict]), LEXICON_TABLE_SCHEMA
    )
    (folder / "align-1").mkdir()
    record = {"name": "align", "seed": 1, "losses": [{"step": 1, "loss": 2.0}]}
    write_json(folder / "align-1/stage.json", record)
    write_json(folder / "figure.json", {"left_out": "Time is left out: nothing was measured."})
    return folder


def test_inputs_hold_the_ablation_with_paired_differences_where_both_systems_ran(run: Path) -> None:
    paths = {
        "table": [str(run / "table.parquet")],
        "scores": [str(run / f"{system}.parquet") for system in SYSTEMS],
        "stages": [str(run / "align-1")],
    }
    inputs = read_figure_inputs(paths, {"sw": "Swahili"}, {"align-1": ["Lifted"]}, 200)
    swahili = next(
        row
        for row in inputs.ablation
        if (row["system"], row["scope"], row["seed"]) == ("lingualift", "sw", None)
    )
    assert swahili["difference"] == pytest.approx(30.0)
    assert swahili["difference_low"] <= 30 <= swahili["difference_high"]
    assert [(stage["id"], stage["systems"]) for stage in inputs.stages] == [("align-1", ["Lifted"])]


def test_inputs_without_the_ablation_have_no_rows_of_it(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    table = tidy(
        pa.concat_tables([rows_of_scores(run, system) for system in ("mono-sft", "lingualift")]),
        {system: SYSTEMS[system] for system in ("mono-sft", "lingualift")},
        ["en", "sw"],
        {},
        [],
        "mono-sft",
        50,
    )
    write_parquet(path, table, TIDY_SCHEMA)
    paths = {"table": [str(path)], "scores": [str(run / "lingualift.parquet")]}
    assert read_figure_inputs(paths, {}, {}, 50).ablation == []


def rows_of_scores(run: Path, system: str) -> pa.Table:
    return read_parquet(run / f"{system}.parquet", SCORE_SCHEMA)


def test_report_is_read_from_the_files_of_a_run(run: Path, config: Config) -> None:
    systems = list(SYSTEMS)[:2]
    answered = Answered(
        problems={code: str(run / f"problems-{code}.parquet") for code in ("en", "sw")},
        predictions={
            (system, code): str(run / f"{system}-{code}.parquet")
            for system in systems
            for code in ("en", "sw")
        },
        scores={system: str(run / f"{system}.parquet") for system in systems},
        parallel=True,
    )
    files = ReportFiles(
        tables={"sums": str(run / "table.parquet")},
        figures={"time": str(run / "figure.json")},
        lexicon_table=str(run / "lexicons.parquet"),
        lexicons={},
        answered={"sums": answered},
    )
    licence = Licence("smollm2-135m-instruct", "A small LLM", "1", "Apache-2.0", "", "")
    report = read_report(files, Names(LANGUAGES, SYSTEMS), config, [licence])
    assert report.figures == []
    assert "Time is left out: nothing was measured." in report.left_out
    assert "Swahili is left out of stage 1: collapsed, too few." in report.left_out
    assert "LLM: A small LLM." in report.configuration
    assert ("commit", "f" * 40) in report.provenance
    assert report.configuration_text == "llm: invented\n"
    last = report.answers["sums"]["items"][-1]
    assert (last["language"], last["english"]) == ("sw", "en q9?")
    assert last["answers"] == [
        {"text": "mono-sft q9", "right": False},
        {"text": "lingualift q9", "right": False},
    ]
    page = render(report)
    assert json.dumps(last["id"]) in page and "No figure could be drawn" in page


def test_configuration_in_words_names_models_chains_and_seeds(config: Config) -> None:
    said = in_words(config, {"holy-quran": "A corpus"}, {"a": ("First", "one > two")})
    assert "Raw text: A corpus." in said
    assert "First: one, then two." in said
    assert any("hidden layer 8" in sentence for sentence in said)
    assert any(sentence.endswith("1 seed (1).") for sentence in said)
