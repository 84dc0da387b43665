"""The whole chain, from raw text to the table, on tiny models: what it makes. That it makes the
same again: tests/whole/test_offline.py.
"""

import contextlib
import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests import tiny
from tests.planned import planned

pytestmark = pytest.mark.workflow


def test_the_table_has_the_systems_and_languages(finished: Path) -> None:
    with open(finished / tiny.TABLE, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert {"en", "sw", "Low", "High", "Avg.", "Aligned"} < set(rows[0])
    measured = [row for row in rows if row["origin"] == "measured"]
    assert [row["system"] for row in measured] == ["Mono-SFT", "LinguaLIFT"]
    assert all(0 <= float(row[scope]) <= 100 for row in measured for scope in ("en", "sw", "Avg."))
    tidy = pq.read_table(finished / "results/tables/mmwp.parquet").to_pylist()
    assert {row["scope"] for row in tidy} >= {"en", "sw", "Avg."}
    lexicons = {
        row["language"]: row
        for row in pq.read_table(finished / "results/tables/lexicons.parquet").to_pylist()
    }
    assert {code: row["in_stage_1"] for code, row in lexicons.items()} == {"de": True, "sw": True}


def test_systems_answer_in_their_own_words(finished: Path) -> None:
    """The chain carries something from end to end: answers differ between problems, languages and
    systems.
    """
    answers = {
        (system, language): (
            pq.read_table(finished / f"results/predictions/{system}/mmwp-mini/{language}.parquet")[
                "output"
            ].to_pylist()
        )
        for system in ("mono-sft", "lingualift")
        for language in ("en", "sw")
    }
    assert len({tuple(outputs) for outputs in answers.values()}) == 4
    assert all(len(set(outputs)) > 1 for outputs in answers.values())


def test_a_second_run_has_nothing_to_do_and_says_so(finished: Path) -> None:
    done = tiny.snakemake(finished, target="all")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stderr and " jobs" not in done.stderr


def test_a_moved_folder_has_nothing_to_do(copy: Path) -> None:
    assert planned(copy) == []


def test_a_row_leads_back_to_every_download(finished: Path) -> None:
    """`lingualift provenance`, as documented, and the record that the report carries."""
    command = [
        sys.executable,
        "-m",
        "lingualift.command",
        "provenance",
        "results/tables/mmwp.parquet",
        "--system",
        "lingualift",
        "--language",
        "sw",
    ]
    done = subprocess.run(
        [*command, "--json"],
        cwd=finished,
        env=tiny.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert all(stamp["unchanged"] and stamp["rule"] for stamp in found.values())
    archives = {file["path"] for stamp in found.values() for file in stamp.get("archives") or []}
    assert {"sw.txt", "de.txt", "model.safetensors", "meta.json"} <= archives
    predictions = [path for path in found if path.startswith("results/predictions")]
    assert predictions == ["results/predictions/lingualift/mmwp-mini/sw.parquet"]
    assert found[predictions[0]]["seed"] == 1
    assert (
        sum(path.startswith("results/checkpoints/") for path in found) == 4
    )  # arithmetic, warm-start, align, transfer
    assert found["results/tables/mmwp.parquet"]["configuration"]["systems"] == [
        "mono-sft",
        "lingualift",
    ]
    record = (finished / "results/tables/mmwp.provenance.txt").read_text(encoding="utf-8")
    assert all(f"{path}  (" in record for path in found)


def test_the_report_carries_tables_and_provenance(copy: Path) -> None:
    done = tiny.snakemake(copy, "--report", "report.html", target="all")
    assert done.returncode == 0, done.stderr[-2000:]
    report = (copy / "report.html").read_text(encoding="utf-8")
    for name in ("mmwp.csv", "lexicons.csv", "mmwp.provenance.txt"):
        assert name in report


def test_a_report_holds_what_was_made_and_nothing_else_is_needed(copy: Path) -> None:
    """As after the README's command, which makes one table; `all` has more."""
    for path in (copy / "results/tables").iterdir():
        if path.name.startswith("codeswitch") or path.name.endswith("provenance.txt"):
            path.unlink()
    for target in ("all", tiny.TABLE):
        report = copy / f"{Path(target).stem}.html"
        done = tiny.snakemake(copy, "--report", report.name, target=target)
        assert done.returncode == 0, done.stderr[-3000:]
        text = report.read_text(encoding="utf-8")
        assert "tables/mmwp.csv" in text and "tables/lexicons.csv" in text
        assert "tables/codeswitch.csv" not in text


def test_a_models_card_and_its_processor_give_what_the_run_answered(finished: Path) -> None:
    """The four lines of the card, on the questions of the run, in its folder."""
    from lingualift.evaluation.problems import read_problems
    from lingualift.model.processor import LinguaLiftModel, LinguaLiftProcessor

    with contextlib.chdir(finished):
        for card in sorted(Path("results/checkpoints").glob("transfer-*/README.md")):
            text = card.read_text(encoding="utf-8")
            assert f'from_pretrained("{card.parent}")' in text and "```text" in text
        scored = pq.read_table("results/scores/lingualift/mmwp-mini.parquet")
        checkpoint = Path("results/checkpoints") / scored["checkpoint"][0].as_py()
        model = LinguaLiftModel.from_pretrained(checkpoint)
        processor = LinguaLiftProcessor.from_pretrained(checkpoint)
        for language in ("en", "sw"):
            problems = read_problems(f"results/problems/mmwp-mini/{language}.parquet")
            inputs = processor([problem.question for problem in problems])
            limit = tiny.SETTINGS["evaluation"]["max_new_tokens"]
            answers = processor.decode(model.generate(**inputs, max_new_tokens=limit))
            asked = f"results/predictions/lingualift/mmwp-mini/{language}.parquet"
            assert answers == pq.read_table(asked)["output"].to_pylist()
