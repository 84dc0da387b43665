"""Gains over the same LLM reading the question itself, and the line that says where not to use a
system, from hand-made marks with known values.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.report.content import result_table
from lingualift.run import results_summary
from lingualift.tables.gains import advice, gain_table
from lingualift.tables.results import readable, tidy

ITEMS = 40
RIGHT = {
    "mono": {"de": 40, "sw": 0, "hi": 20},
    "lift": {"de": 0, "sw": 40, "hi": 20},
    "plain": {"de": 20, "sw": 0, "hi": 20},
}
"""How many of the first of 40 problems a system answers correctly."""
SYSTEMS = {
    "mono": ("Mono", "transfer", ""),
    "lift": ("Lift", "align > transfer", "mono"),
    "plain": ("Plain", "", "mono"),
}
LANGUAGES = ["de", "sw", "hi"]
NAMES = {"de": "German", "sw": "Swahili", "hi": "Hindi"}


def scores(right: dict[str, dict[str, int]] = RIGHT) -> pa.Table:
    rows = [
        {
            **dict.fromkeys(SCORE_SCHEMA.names, ""),
            "system": system,
            "run": system,
            "seed": 1,
            "benchmark": "sums",
            "language": language,
            "id": f"p{item:02d}",
            "correct": item < count,
            "correct_strict": item < count,
        }
        for system, counts in right.items()
        for language, count in counts.items()
        for item in range(ITEMS)
    ]
    return pa.Table.from_pylist(rows, schema=SCORE_SCHEMA)


def table(systems: dict[str, tuple[str, str, str]] = SYSTEMS) -> pa.Table:
    groups = {"low": ("sw", "hi"), "high": ("de",)}
    return tidy(scores(), systems, LANGUAGES, groups, ["sw"], "mono", 500)


def averaged(made: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    rows = made.to_pylist()
    return {(row["system"], row["scope"]): row for row in rows if row["seed"] is None}


def test_a_gain_is_the_accuracy_minus_that_of_the_reader_with_its_paired_interval() -> None:
    rows = averaged(table())
    lift = {scope: rows["lift", scope] for scope in (*LANGUAGES, "Avg.")}
    assert [lift[scope]["gain"] for scope in LANGUAGES] == pytest.approx([-100, 100, 0])
    assert lift["Avg."]["gain"] == pytest.approx(0)
    # all wrong against all right, whatever is drawn; the same answers, whatever is drawn
    assert [lift["de"][key] for key in ("gain_low", "gain_high")] == pytest.approx([-100, -100])
    assert [lift["hi"][key] for key in ("gain_low", "gain_high")] == pytest.approx([0, 0])
    assert {row["reader"] for row in lift.values()} == {"mono"}
    assert rows["plain", "de"]["gain"] == pytest.approx(-50)
    # half of 40 problems wrong: a binomial's deviation is 7.9 points, so 1.96 of them are 15.5
    assert rows["plain", "de"]["gain_low"] == pytest.approx(-65.5, abs=2.6)
    for row in (rows["lift", "de"], rows["plain", "hi"]):
        assert [row["gain"], row["gain_low"], row["gain_high"]] == pytest.approx(
            [row["difference"], row["difference_low"], row["difference_high"]]
        )


def test_the_reader_itself_and_a_system_without_one_have_no_gain() -> None:
    rows = averaged(table({**SYSTEMS, "plain": ("Plain", "", "")}))
    for system in ("mono", "plain"):
        assert rows[system, "sw"]["gain"] is rows[system, "sw"]["reader"] is None


def test_the_readable_gains_have_a_row_a_language_and_a_column_a_system() -> None:
    header, *rows = gain_table(table())
    assert header == ["language", "Lift - Mono", "Plain - Mono"]
    assert rows[0][:2] == ["de", "-100.0 (-100.0 to -100.0)"]
    assert rows[1] == ["sw", "+100.0 (+100.0 to +100.0)", "+0.0 (+0.0 to +0.0)"]
    assert [row[0] for row in rows] == ["de", "sw", "hi", "Low", "High", "Avg.", "Aligned"]


def test_every_table_ends_with_the_gain_of_its_average() -> None:
    header, *rows = readable(table())
    last = {row[1]: row[-1] for row in rows}
    assert header[-1] == "Avg. gain" and last["Mono"] == ""
    assert last["Lift"] == "+0.0 (+0.0 to +0.0)" and last["Plain"].startswith("-16.7 (-2")


def test_the_line_below_a_table_names_the_languages_that_it_should_not_be_used_in() -> None:
    _, line = advice(table(), ["lift"], LANGUAGES, NAMES)
    assert line == (
        "Do not use Lift in German: the same LLM reading the question itself (Mono) is better there"
        " (95 % interval of the gain below 0). Do not count on Lift in Hindi: no gain over Mono is"
        " shown there (the interval holds 0)."
    )
    assert advice(table(), [], LANGUAGES, NAMES) == []


def test_a_table_says_of_which_languages_stage_1_saw_no_lexicon() -> None:
    languages, names = ["en", *LANGUAGES], {**NAMES, "en": "English"}
    unseen, _ = advice(table(), ["lift"], languages, names)
    assert unseen == "Stage 1 saw no lexicon of German, Hindi."
    assert not advice(table(), ["lift"], ["en", "sw"], names)[0].startswith("Stage 1")
    assert not advice(table(), ["lift"], ["de", "hi"], names)[0].startswith("Stage 1")


def test_the_line_says_so_where_a_system_gains_everywhere_or_nothing_is_to_compare_with() -> None:
    (everywhere,) = advice(table(), ["lift"], ["sw"], NAMES)
    assert everywhere == (
        "Lift gains over Mono in every language of this table (95 % intervals above 0)."
    )
    _, unknown = advice(table({"lift": ("Lift", "align", "")}), ["lift"], LANGUAGES, NAMES)
    assert "cannot say where not to use it" in unknown


def test_the_report_has_a_column_for_each_gain_and_the_line_below() -> None:
    shown = result_table("sums", table().to_pylist(), NAMES, ["Do not use Lift."])
    assert [(column.title, column.origin) for column in shown.systems[-2:]] == [
        ("Lift, gain over Mono", "gain"),
        ("Plain, gain over Mono", "gain"),
    ]
    german = next(row for row in shown.languages if row.name == "German")
    assert [(cell.text, cell.interval) for cell in german.cells[-2:-1]] == [
        ("-100.0", "-100 to -100")
    ]
    assert len(german.cells) == len(shown.systems) and shown.note == "Do not use Lift."


def test_a_run_ends_with_the_table_its_gains_and_the_line_below(tmp_path: Path) -> None:
    for name, rows in (
        ("sums.csv", [["benchmark", "system", "de"], ["sums", "Lift", "0.0"]]),
        ("sums-gains.csv", gain_table(table())),
        ("lexicons.csv", [["language", "verdict"], ["sw", "good"]]),
    ):
        text = "".join(",".join(row) + "\n" for row in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "sums.notes.txt").write_text("Do not use Lift.\n", encoding="utf-8")
    said = results_summary([tmp_path / "lexicons.csv", tmp_path / "sums.csv"])
    placed = [
        said.index(part)
        for part in (
            "verdict",
            "sums  ",
            "sums-gains.csv",
            "-100.0 (-100.0 to -100.0)",
            "Do not use",
        )
    ]
    assert placed == sorted(placed)
    assert said.count("-gains.csv") == 1
    (tmp_path / "sums-gains.csv").write_text("language\n", encoding="utf-8")
    assert "-gains.csv" not in results_summary([tmp_path / "sums.csv"]), "no system has a reader"
