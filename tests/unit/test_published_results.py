"""README and docs/results.md print what `python -m dev.results` took from a run, and claim no more
than its intervals show.
"""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from dev import results
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.tables.results import TableSystem, readable, tidy

ROWS = results.read()
README, PAGE = (page.read_text(encoding="utf-8") for page in results.PAGES)


def row(reference: str, scope: str) -> results.Row:
    """The method beside a system, over all seeds."""
    (found,) = (
        row
        for row in ROWS
        if (row["system"], row["reference"], row["scope"], row["seed"])
        == (results.METHOD, reference, scope, "")
    )
    return found


def test_the_tables_are_those_of_the_recorded_run() -> None:
    assert results.accuracies(ROWS) in README
    assert results.accuracies(ROWS) in PAGE
    assert results.differences(ROWS) in PAGE
    assert {row["seed"] for row in ROWS} == {"", "1", "2", "3"}


def test_the_sentence_of_the_readme_states_the_recorded_differences_and_intervals() -> None:
    text = " ".join(README.split())
    gained, alignment = (row(reference, "Low") for reference in (results.READER, results.ABLATION))
    size, between = results.difference(gained).removeprefix("+").split(" ", 1)
    assert f"gains {size} points {between} on Mono-SFT in the low-resource languages" in text
    assert float(gained["difference_low"]) > 0
    size, between = results.difference(alignment).split(" ", 1)
    seen = float(alignment["difference_low"]) > 0
    claim = "Language alignment itself gains" if seen else "No gain of language alignment itself"
    assert claim in text
    assert f"({size} points, {between[1:-1]}, on the ablation without it)" in text


def test_a_table_is_replaced_by_its_head_alone() -> None:
    other = "\n| other | x |\n|---|---|\n| 2 | 3 |\n"
    page = f"a\n\n| system | x |\n| --- | --: |\n| one | 1 |\n{other}"
    table = "| system | y |\n| --- | --: |\n| two | 2 |"
    assert results.with_table(page, table) == f"a\n\n{table}\n{other}"
    with pytest.raises(SystemExit, match=re.escape("begins with `| absent`, found 0")):
        results.with_table(page, "| absent | y |")


def test_a_run_gives_its_own_table_and_the_differences_of_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESAMPLES", 200)
    languages, aligned = ["en", "de", "sw", "te"], ["de", "sw"]
    titles = {results.READER: "Mono", results.METHOD: "Lift", results.ABLATION: "Without"}
    draw = np.random.default_rng(3).random
    marks = {
        key: bool(draw() < 0.5)
        for key in product(titles, (1, 2), languages, [f"test-{item}" for item in range(9)])
    }
    stated = {"checkpoint": None, "benchmark": "mmwp-mini", "operation": "add", "gold": "1"}
    answered = {"answer": "1", "answer_strict": "1"}
    scores = pa.Table.from_pylist(
        [
            {"system": system, "run": system, "seed": seed, "language": language, "id": name}
            | {"correct": correct, "correct_strict": correct, **stated, **answered}
            for (system, seed, language, name), correct in marks.items()
        ],
        schema=SCORE_SCHEMA,
    )
    for system in titles:
        for seed in (1, 2):
            name = system if seed == 1 else f"{system}~{seed}"
            path = tmp_path / f"results/scores/{name}/mmwp-mini.parquet"
            path.parent.mkdir(parents=True)
            kept = pc.and_(pc.equal(scores["system"], system), pc.equal(scores["seed"], seed))
            pq.write_table(scores.filter(kept), path)
    groups = BENCHMARKS["mmwp-mini"].BENCHMARK.groups
    systems = {name: TableSystem(title, "transfer") for name, title in titles.items()}
    own = tidy(scores, systems, languages, groups, aligned, results.READER, 200)
    (tmp_path / "results/tables").mkdir()
    pq.write_table(own, tmp_path / "results/tables/mmwp.parquet")
    rows = results.of_run(tmp_path)
    head, *lines = readable(own)
    shown = [line.strip("| ").split(" | ") for line in results.accuracies(rows).splitlines()]
    names = ["system", *head[5:]]
    assert shown[0] == names
    assert shown[2:] == [[line[head.index(name)] for name in names] for line in lines]

    def mean(system: str, chosen: list[str], seeds: tuple[int, ...]) -> float:
        kept = [
            correct
            for (name, seed, language, _), correct in marks.items()
            if name == system and language in chosen and seed in seeds
        ]
        return 100 * sum(kept) / len(kept)

    for row in rows:
        if row["reference"] and row["system"] == results.METHOD:
            chosen = {"Aligned": aligned, results.UNALIGNED: ["te"], "Low": ["sw", "te"]}.get(
                row["scope"], [row["scope"]]
            )
            if not set(chosen) <= set(languages):
                continue
            seeds = (int(row["seed"]),) if row["seed"] else (1, 2)
            expected = mean(results.METHOD, chosen, seeds) - mean(row["reference"], chosen, seeds)
            assert float(row["difference"]) == pytest.approx(expected, abs=1e-9)
            assert float(row["difference_low"]) <= expected <= float(row["difference_high"])
    assert {row["reference"] for row in rows} == {"", results.READER, results.ABLATION}
