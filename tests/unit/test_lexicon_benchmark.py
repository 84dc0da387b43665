"""`speed/lexicon.py`, small."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "speed/lexicon.py"


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def table(text: str) -> list[dict[str, str]]:
    names, *rows = (
        [cell.strip() for cell in re.split(r" {2,}", line.strip())] for line in text.splitlines()
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_every_start_recovers_a_planted_turn():
    rows = table(run("planted", "--words", "600", "--starts", "similarity", "identical", "seed"))
    assert [row["start"] for row in rows] == ["similarity", "identical", "seed"]
    assert all(float(row["P@1"]) >= 95 and row["verdict"] == "good" for row in rows)


@pytest.fixture(autouse=True)
def beside_the_script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)


def test_seeds_are_averaged_by_language_and_method():
    names = [
        "language",
        "tokens",
        "method",
        "seed",
        "verdict",
        "runs",
        "criterion",
        "null",
        "agreement",
    ]
    names += ["P@1 words", "P@1 MUSE", "P@1 test", "P@1 pages", "CPU s"]
    judged = ["good", "1/1", 0.6, 0.5, 0.9]
    rows = [
        ["es", 9, "similarity", 0, *judged, 40.0, None, None, 66.0, 4.0],
        ["es", 9, "similarity", 1, *judged, 42.0, None, None, 68.0, 6.0],
        ["es", 9, "VecMap 2000", 0, *[None] * 5, 41.0, None, None, 67.0, 90.0],
    ]
    averaged = importlib.import_module(SCRIPT.stem).means([names, *rows])
    assert averaged[0] == [
        "language",
        "method",
        "seeds",
        *(name for kind in names[9:13] for name in (kind, "+-")),
        "CPU s",
    ]
    assert averaged[1] == [
        "es",
        "similarity",
        2,
        41.0,
        pytest.approx(2**0.5),
        None,
        None,
        None,
        None,
        67.0,
        pytest.approx(2**0.5),
        5.0,
    ]
    assert averaged[2] == [
        "es",
        "VecMap 2000",
        1,
        41.0,
        None,
        None,
        None,
        None,
        None,
        67.0,
        None,
        90.0,
    ]


def test_words_of_parallel_pages_are_paired_by_where_they_occur():
    texts = [
        ("red house", "etxe gorria"),
        ("red car", "auto gorria"),
        ("blue house", "etxe urdina"),
        ("blue car", "auto urdina"),
    ] * 6
    assert dict(importlib.import_module("help_texts").page_pairs(texts)) == {
        "house": "etxe",
        "car": "auto",
        "blue": "urdina",
        "red": "gorria",
    }


def test_verdicts_stand_beside_precision(tmp_path):
    for name, verdict, precision in (
        ("a", "good", 40.0),
        ("b", "collapsed", 0.5),
        ("c", "weak", 12.0),
    ):
        evidence = {
            "language": name,
            "verdict": verdict,
            "score": "fasttext",
            "held_out": None,
            "start_agreement": precision / 50,
        }
        figures = {"fasttext": {"words": 9, "precision": {"1": precision}}}
        (tmp_path / f"{name}.json").write_text(
            json.dumps({**evidence, "gold": {"a-dictionary": figures}}), encoding="utf-8"
        )
    out = run("verdict", str(tmp_path))
    assert (
        "collapsed: 1 lexicons, P@1 0.5 to 0.5" in out
        and "rank correlation of P@1 and start_agreement: 1.00 over 3" in out
    )
