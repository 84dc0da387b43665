"""Benchmarks other than mmwp-mini as jobs of a real run on tiny models, from their own files."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lingualift.artifacts import read_provenance
from lingualift.benchmarks.mmwp_built.sheets import SheetRow, write_tsv_sheet
from lingualift.benchmarks.registry import load
from tests import tiny

pytestmark = pytest.mark.workflow

DATA = Path(os.environ.get("LINGUALIFT_DATA") or Path(__file__).parents[3] / "shared" / "data")
PLAIN = "plain: {title: LLM as it is, input: text, stages: []}\n"


def test_every_kind_of_answer_goes_from_the_published_files_to_a_table(
    copy: Path, mirror: Path, tmp_path: Path
) -> None:
    """Numbers (MGSM), choices (XNLI) and retrieval (Tatoeba), by a trained system and by an LLM as
    it is.
    """
    names = ("mgsm", "xnli", "tatoeba")
    for name in names:
        if not (DATA / name).is_dir():
            pytest.skip(f"{DATA / name} is absent: set LINGUALIFT_DATA to the folder that holds it")
    (copy / "config/systems/plain.yaml").write_text(PLAIN, encoding="utf-8")
    done = tiny.snakemake(
        copy,
        target=" ".join(f"results/tables/{name}.csv" for name in names),
        mirror=str(
            tiny.linked_mirror(mirror, tmp_path / "mirror", *(DATA / name for name in names))
        ),
        languages={"evaluation": ["de"]},
        systems=["lingualift", "plain"],
        benchmarks={"mmwp": None} | {name: name for name in names},
        prompts={"nli": {"template": "{question}"}},
        evaluation={"items": 8, "sources": {"xnli": "xnli"}},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    titles = {
        "mgsm": {"LinguaLIFT", "LLM as it is"},
        "xnli": {"LLM as it is"},
        "tatoeba": {"LinguaLIFT", "LLM as it is"},
    }
    for name in names:
        with open(copy / f"results/tables/{name}.csv", newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        measured = [row for row in rows if row["origin"] == "measured"]
        assert {row["system"] for row in measured} == titles[name]
        assert {(row["benchmark"], row["n"]) for row in measured} == {(name, "8")}
        tidy = [
            row
            for row in pq.read_table(copy / f"results/tables/{name}.parquet").to_pylist()
            if row["origin"] == "measured"
        ]
        assert {(row["scope"], row["seed"]) for row in tidy} >= {
            ("de", None),
            ("de", 1),
            ("High", None),
            ("Avg.", 1),
        }
        (chance,) = (float(row["de"]) for row in rows if row["origin"] == "chance")
        assert chance == pytest.approx({"xnli": 33.3, "tatoeba": 12.5}.get(name, chance), abs=0.06)
    answers = pq.read_table(copy / "results/predictions/lingualift/tatoeba/de.parquet").to_pylist()
    assert {row["stop_reason"] for row in answers} == {"neighbour"} and len(
        {row["output"] for row in answers}
    ) > 1


def returned_sheet(path: Path, post_edit: str) -> None:
    """A sheet of mmwp-built's problems for Spanish, whose translations are the English with another
    first word; the first problem is post-edited.
    """
    english = load("mmwp-english", "en", "test", [DATA / "asdiv", DATA / "mawps"])
    rows = [
        SheetRow(entry.id, entry.question, f"Digo: {entry.question}", "", "", "engine 1")
        for entry in english
    ]
    rows[0] = replace(rows[0], post_edit=post_edit.format(english[0].question))
    write_tsv_sheet(path, rows)


def test_returned_sheets_become_problems_their_card_and_the_table_of_their_quality(
    tmp_path: Path, mirror: Path
) -> None:
    """No engine is asked for a language whose sheet is there."""
    for name in ("asdiv", "mawps"):
        if not (DATA / name).is_dir():
            pytest.skip(f"{DATA / name} is absent: set LINGUALIFT_DATA to the folder that holds it")
    own = tiny.linked_mirror(mirror, tmp_path / "mirror", DATA / "asdiv", DATA / "mawps")
    folder = tiny.copy_workflow(tmp_path / "run", own)
    (folder / "annotated").mkdir()
    run = {
        "target": "results/tables/mmwp-built-quality.csv results/problems/mmwp-built/es.parquet",
        "languages": {"alignment": ["de"], "evaluation": ["en", "es"]},
        "benchmarks": {"mmwp": None, "built": "mmwp-built"},
        "mmwp_built": {"engines": ["apertium"], "sheets": "annotated"},
    }
    returned_sheet(folder / "annotated/es.tsv", "Pregunto: {} 99999?")
    done = tiny.snakemake(folder, **run)
    text = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in text
    assert "annotated/es.tsv, line 2: the post-edit of" in text
    assert not (folder / "results/mmwp-built/problems/es.parquet").exists()

    returned_sheet(folder / "annotated/es.tsv", "Pregunto: {}")
    done = tiny.snakemake(folder, **run)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    built = folder / "results/mmwp-built/problems/es.parquet"
    stamp = read_provenance(built)
    made = stamp["made_by"]
    assert made["engines"] == {"engine 1": 901}
    assert (made["problems"], made["post_edited"]) == (901, 1)
    asked = pq.read_table(folder / "results/problems/mmwp-built/es.parquet")["question"].to_pylist()
    assert asked[0].startswith("Pregunto: ") and asked[1].startswith("Digo: ")
    card = built.with_suffix(".md").read_text(encoding="utf-8")
    assert "- returned sheets: es.tsv" in card and "- post-edited: 1 problems (0.1 %)" in card
    with open(
        folder / "results/tables/mmwp-built-quality.csv", newline="", encoding="utf-8"
    ) as table:
        rows = list(csv.DictReader(table))
    assert [(row["language"], row["n"], row["post-edited %"]) for row in rows] == [
        ("es", "901", "0.1"),
        ("Avg.", "", "0.1"),
    ]
    assert {row["benchmark"] for row in rows} == {"mmwp-built"}
