"""README and docs/results.md print what `python -m dev.results` took from a run, and claim no more
than its intervals show.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from dev import results, retrieval
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.tables.results import TableSystem, readable, tidy

DEFAULT = results.RUNS["default"]
ROWS = results.read(DEFAULT)
README, PAGE = (page.read_text(encoding="utf-8") for page in results.PAGES)
LOG = (results.ROOT / "docs/log.md").read_text(encoding="utf-8")


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
    claim = "language alignment itself gains" if seen else "no gain of language alignment itself"
    (sentence,) = (part for part in text.split(". ") if "LinguaLIFT gains" in part)
    assert claim in sentence, "the sentence that states the effect says what alignment adds"
    assert f"({size} points, {between[1:-1]}, on the ablation without it)" in text


def test_the_gain_with_chance_in_the_place_of_a_reader_below_it_is_said_on_both_pages() -> None:
    gain = f"{results.gain_over_reader_or_chance(ROWS):.1f}"
    assert f"({gain} with chance in the place of what is below it)" in " ".join(README.split())
    assert f"LinguaLIFT gains {gain} points in the low-resource" in " ".join(PAGE.split())


@pytest.mark.parametrize("name", sorted(set(results.RUNS) - {"default"}))
def test_the_table_of_groups_is_that_of_its_record(name: str) -> None:
    published = results.RUNS[name]
    if not published.path.is_file():
        pytest.skip(f"{published.file}: this run has not been made")
    assert results.grouped(results.read(published), published) in PAGE


def test_what_the_page_says_of_all_languages_is_what_the_record_shows() -> None:
    rows, measured = results.read(retrieval.RECORD), retrieval.read_measured()
    assert retrieval.low_table(rows, measured) in LOG
    text = " ".join(PAGE.split())
    mean = [
        row
        for row in rows
        if row["system"] == results.METHOD and not row["seed"] and row["scope"] == row["languages"]
    ]
    beyond = {
        reference: [
            row["scope"]
            for row in mean
            if row["reference"] == reference and float(row["difference_low"]) > 0
        ]
        for reference in (results.READER, results.ABLATION)
    }
    levels = {row["scope"]: row["level"] for row in mean}
    low = [code for code in beyond[results.READER] if levels[code] == "low"]
    assert f"{len(low)} of 21 low-resource languages ({' '.join(low)})" in text
    assert f"{len(beyond[results.READER])} of 47 in all" in text
    assert not beyond[results.ABLATION] and "On the ablation: none above" in text
    assert f"its place the gain is {results.gain_over_reader_or_chance(rows):.1f}" in text
    correlation = re.search(r"rank correlation (.*)\)", retrieval.figure(rows, measured).title)
    assert correlation is not None
    assert correlation[1].replace("−", "-") in text


def test_what_the_page_says_of_sib200_is_what_the_record_shows() -> None:
    rows = results.read(results.RUNS["sib200"])
    text = " ".join(PAGE.split())
    own = [row for row in rows if not row["seed"] and row["scope"] == row["languages"]]

    def beyond(reference: str) -> tuple[list[str], list[str]]:
        held = [
            row
            for row in own
            if row["system"] == "lingualift-topics" and row["reference"] == reference
        ]
        assert len(held) == 48
        return (
            [row["scope"] for row in held if float(row["difference_low"]) > 0],
            [row["scope"] for row in held if float(row["difference_high"]) < 0],
        )

    above, below = beyond("mono-sft-topics")
    assert {row["scope"] for row in own} - set(above) == {"en"} and not below
    assert "on Mono-SFT beyond chance in every language but English" in text
    above, below = beyond("multilingual-tuned")
    assert f"above in {' '.join(above)}, below in {' '.join(below)}." in text
    above, below = beyond("lingualift-topics-without-align")
    assert f"above in {' and '.join(above)}, below in {' '.join(below)}, of 48" in text
    accuracy = {
        (row["system"], row["scope"]): round(float(row["accuracy"]), 1)
        for row in own
        if not row["reference"]
    }
    for name, code in (("Hindi", "hi"), ("Tamil", "ta")):
        assert f"{name} {accuracy['mono-sft-topics', code]}" in text
    seeds = sorted({row["seed"] for row in rows} - {""})
    assert ("**Seed 1 of three so far**" in text) is (seeds == ["1"])


def test_what_the_page_says_of_sib200s_unfinished_seed_is_what_its_marks_show() -> None:
    published = results.RUNS["sib200"]
    marks = results.read_marks(published)
    assert {row["seed"] for row in marks} == {"3"}
    right = {
        (row["system"], row["language"]): row["correct"].count("1") / len(row["correct"])
        for row in marks
    }
    assert {len(row["correct"]) for row in marks} == {204}
    rows = [row for row in results.read(published) if not row["seed"]]
    low = next(row["languages"].split() for row in rows if row["scope"] == "Low")
    asked = [code for code in low if (published.method, code) in right]
    text = " ".join(PAGE.split())
    assert f"answered in {len(asked)} of the low-resource languages" in text
    of = {(row["system"], row["scope"]): float(row["accuracy"]) for row in rows}
    systems = (published.method, "lingualift-topics-without-align", "multilingual-tuned")
    now, before = (
        [f"{np.mean([values[system, code] for code in asked]) * factor:.1f}" for system in systems]
        for values, factor in ((right, 100), (of, 1))
    )
    assert f"LinguaLIFT {now[0]}, without alignment {now[1]}, Gemma {now[2]}" in text
    assert f"(seed 1 there: {', '.join(before)})" in text


def test_a_table_is_replaced_by_its_head_alone() -> None:
    other = "\n| other | x |\n|---|---|\n| 2 | 3 |\n"
    page = f"a\n\n| system | x |\n| --- | --: |\n| one | 1 |\n{other}"
    table = "| system | y |\n| --- | --: |\n| two | 2 |"
    assert results.with_table(page, table) == f"a\n\n{table}\n{other}"
    with pytest.raises(SystemExit, match=re.escape("begins with `| absent`, found 0")):
        results.with_table(page, "| absent | y |")


LANGUAGES, ALIGNED = ["en", "de", "sw", "te"], ["de", "sw"]
TITLES = {results.READER: "Mono", results.METHOD: "Lift", results.ABLATION: "Without"}


@dataclass(frozen=True)
class DrawnRun:
    """A run of two seeds whose marks are drawn: its folder, its own table, its marks."""

    folder: Path
    table: pa.Table
    marks: dict[tuple[str, int, str, str], bool]

    def mean(self, system: str, chosen: Sequence[str], seeds: Sequence[int]) -> float:
        """Accuracy in % over these languages and seeds."""
        kept = [
            correct
            for (name, seed, language, _), correct in self.marks.items()
            if name == system and language in chosen and seed in seeds
        ]
        return 100 * sum(kept) / len(kept)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DrawnRun:
    monkeypatch.setattr(results, "RESAMPLES", 200)
    draw = np.random.default_rng(3).random
    marks = {
        key: bool(draw() < 0.5)
        for key in product(TITLES, (1, 2), LANGUAGES, [f"test-{item}" for item in range(9)])
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
    for system, seed in product(TITLES, (1, 2)):
        name = system if seed == 1 else f"{system}~{seed}"
        path = tmp_path / f"results/scores/{name}/mmwp-mini.parquet"
        path.parent.mkdir(parents=True)
        kept = pc.and_(pc.equal(scores["system"], system), pc.equal(scores["seed"], seed))
        pq.write_table(scores.filter(kept), path)
    groups = BENCHMARKS["mmwp-mini"].BENCHMARK.groups
    systems = {name: TableSystem(title, "transfer") for name, title in TITLES.items()}
    own = tidy(scores, systems, LANGUAGES, groups, ALIGNED, results.READER, 200)
    (tmp_path / "results/tables").mkdir()
    pq.write_table(own, tmp_path / "results/tables/mmwp.parquet")
    return DrawnRun(tmp_path, own, marks)


def test_a_run_gives_its_own_table_and_the_differences_of_its_marks(run: DrawnRun) -> None:
    rows = results.of_run(run.folder, DEFAULT)
    head, *lines = readable(run.table)
    shown = [line.strip("| ").split(" | ") for line in results.accuracies(rows).splitlines()]
    assert head[-1] == "Avg. gain"  # which pages say in the next table
    names = ["system", *head[5:-1]]
    assert shown[0] == ["te°" if name == "te" else name for name in names]
    assert shown[2:] == [[line[head.index(name)] for name in names] for line in lines]
    for row in rows:
        if row["reference"] and row["system"] == results.METHOD:
            chosen, seeds = row["languages"].split(), seeds_of(row)
            assert set(chosen) <= set(LANGUAGES)
            expected = run.mean(results.METHOD, chosen, seeds)
            expected -= run.mean(row["reference"], chosen, seeds)
            assert float(row["difference"]) == pytest.approx(expected, abs=1e-3)
            assert (
                float(row["difference_low"]) - 1e-3
                <= expected
                <= float(row["difference_high"]) + 1e-3
            )
    assert {row["reference"] for row in rows} == {"", results.READER, results.ABLATION}


def seeds_of(row: results.Row) -> tuple[int, ...]:
    """The seeds that a row averages."""
    return (int(row["seed"]),) if row["seed"] else (1, 2)


def test_levels_families_and_scripts_average_their_own_languages(run: DrawnRun) -> None:
    published = results.RUNS["all-languages"]
    rows = results.of_run(run.folder, published)
    members = {row["scope"]: row["languages"].split() for row in rows}
    assert members["Low, aligned"] == ["sw"]
    assert members["Low, not aligned"] == ["te"]
    assert members["Not aligned"] == ["te"]
    assert members["Indo-European-Germanic (en, de)"] == ["en", "de"]
    assert members["Latn (en, de, sw)"] == ["en", "de", "sw"]
    for row in rows:
        mean = run.mean(row["system"], members[row["scope"]], seeds_of(row))
        assert float(row["accuracy"]) == pytest.approx(mean, abs=1e-3)
    printed = results.grouped(rows, published).splitlines()
    assert printed[0].startswith("| mmwp, languages | n | Mono | Lift | Without | gain on Mono |")
    line = next(line for line in printed if line.startswith("| Indo-European-Germanic |"))
    method, reader, ablation = (
        run.mean(system, ["en", "de"], (1, 2))
        for system in (results.METHOD, results.READER, results.ABLATION)
    )
    cells = line.strip("| ").split(" | ")
    assert cells[1:5] == ["2", f"{reader:.1f}", f"{method:.1f}", f"{ablation:.1f}"]
    assert cells[5].startswith(f"{method - reader:+.1f} (")
    assert cells[6].startswith(f"{method - ablation:+.1f} (")
    assert not any("Niger-Congo" in line or "Dravidian" in line for line in printed)


def test_seeds_run_one_after_another_give_the_record_of_one_run(
    run: DrawnRun, tmp_path: Path
) -> None:
    once = replace(results.RUNS["all-languages"], marks=str(tmp_path / "once.csv"))
    together = results.of_run(run.folder, once)
    assert together == results.of_run(run.folder, results.RUNS["all-languages"])
    twice = replace(once, marks=str(tmp_path / "twice.csv"))
    scores = [*run.folder.glob("results/scores/*/mmwp-mini.parquet")]
    later = {path: path.read_bytes() for path in scores if path.parent.name.endswith("~2")}
    assert len(later) == len(TITLES) and len(scores) == 2 * len(TITLES)
    for path in later:
        path.unlink()
    first = results.of_run(run.folder, twice)
    assert {row["seed"] for row in first} == {"", "1"}
    for path in scores:
        path.unlink(missing_ok=True)
    for path, stored in later.items():
        path.write_bytes(stored)
    assert results.of_run(run.folder, twice) == together
    assert (tmp_path / "twice.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()


def test_a_record_waits_until_every_system_has_every_seed(run: DrawnRun, tmp_path: Path) -> None:
    published = replace(DEFAULT, marks=str(tmp_path / "marks.csv"))
    paths = sorted(run.folder.glob("results/scores/*/mmwp-mini.parquet"))
    scores = pa.concat_tables([pq.read_table(path) for path in paths])
    whole = pc.not_equal(scores["system"], results.READER)
    first = results.keep_marks(scores.filter(whole), published)
    assert results.lacking(first, published) == [
        f"{results.READER}, seed 1 (0 of 4 languages)",
        f"{results.READER}, seed 2 (0 of 4 languages)",
    ]
    kept = results.keep_marks(scores.filter(pc.invert(whole)), published)
    assert results.lacking(kept, published) == []
    assert [row for row in kept if row["system"] != results.READER] == first
    for row in kept:
        chosen = [row["language"]], [int(row["seed"])]
        share = 100 * row["correct"].count("1") / len(row["correct"])
        assert share == pytest.approx(run.mean(row["system"], *chosen))
        assert row["correct"][4] == str(
            int(run.marks[row["system"], chosen[1][0], row["language"], "test-4"])
        )
