"""The aggregation, applied to the paper's per-language figures, gives the averages that the paper
prints.

Needs the paper's figures (`LINGUALIFT_PAPER`, default ../shared/paper: results.csv); skips with the
reason where they are absent.
"""

import csv
import os
from pathlib import Path

import pyarrow as pa
import pytest

from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.tables.reference import read_reference
from lingualift.tables.results import tidy

PAPER = Path(
    os.environ.get("LINGUALIFT_PAPER") or Path(__file__).parents[2].parent / "shared" / "paper"
)
LANGUAGES = [language for members in GROUPS.values() for language in members]
SCOPES = {
    "group:low": "Low",
    "group:medium": "Medium",
    "group:high": "High",
    "group:average": "Avg.",
}

# Table 1's rows whose per-language figures stand in a table of the appendix, under another name.
APPENDIX = {
    "MAmmoTH": ("Table 7", "MAmmoTH-7B"),
    "WizardMath": ("Table 7", "WizardMath-7B"),
    "MetaMath": ("Table 7", "MetaMath-7B"),
    "OpenMath2": ("Table 7", "OpenMath2"),
    "MathOctopus-Parallel": ("Table 8", "MathOctopus-Parallel-7B"),
    "MathOctopus-MAPO-DPO": ("Table 8", "MathOctopus-MAPO-DPO-7B"),
    "MetaMathOctopus-MAPO-DPO": ("Table 8", "MetaMathOctopus-MAPO-DPO-7B"),
    "QAlign-MetaMathQA": ("Table 8", "QAlign-MetaMathQA-7B"),
    "Translate-En (MetaMath)": ("Table 9", "Translate-En"),
    "LangBridge (MetaMath)": ("Table 9", "Langbridge"),
    "MindMerger-Soft (MetaMath)": ("Table 9", "MindMerger"),
    "LinguaLIFT (MetaMath)": ("Table 9", "AlignIFT-MetaMath"),
}


@pytest.fixture(scope="module")
def published() -> dict[str, dict[str, dict[str, float]]]:
    """Accuracy by table, system and language or group of the MMWP tables."""
    path = PAPER / "results.csv"
    if not path.is_file():
        pytest.skip(
            "the paper's results.csv is absent: set LINGUALIFT_PAPER to the folder that holds it"
        )
    found: dict[str, dict[str, dict[str, float]]] = {}
    with open(path, encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["benchmark"] == "mmwp":
                found.setdefault(row["table"], {}).setdefault(row["system"], {})[
                    row["language"]
                ] = float(row["accuracy"])
    return found


def averages(systems: dict[str, dict[str, float]]) -> dict[tuple[str, str], float]:
    """What our table says when a system's accuracy in each language is the paper's figure."""
    rows = [
        {
            "system": system,
            "seed": 1,
            "benchmark": "mmwp",
            "id": "all",
            "language": language,
            "correct": share,
            "correct_strict": share,
        }
        for system, figures in systems.items()
        for language, share in ((language, figures[language] / 100) for language in LANGUAGES)
    ]
    table = tidy(
        pa.Table.from_pylist(rows),
        {system: (system, "") for system in systems},
        LANGUAGES,
        GROUPS,
        [],
        None,
        10,
    )
    return {
        (row["system"], row["scope"]): row["accuracy"]
        for row in table.to_pylist()
        if row["seed"] is None
    }


def unlike(
    ours: dict[tuple[str, str], float], published: dict[str, dict[str, float]]
) -> dict[tuple[str, str], tuple[float, float]]:
    """(published, ours) where an average of a system differs by more than 0.1."""
    compared = {
        (system, scope): (figures[group], ours[system, scope])
        for system, figures in published.items()
        for group, scope in SCOPES.items()
        if group in figures
    }
    assert len(compared) >= 3 * len(published)
    return {key: pair for key, pair in compared.items() if abs(pair[0] - pair[1]) > 0.1}


@pytest.mark.parametrize("name", ["Table 7", "Table 8", "Table 9"])
def test_group_averages_follow_from_the_per_language_figures(published, name):
    assert unlike(averages(published[name]), published[name]) == {}


EXCEPTIONS = {
    ("Table 13", "Mono-SFT"): {"average"},
    ("Table 14", "LinguaLIFT"): {"low", "average"},
    ("Table 16", "LinguaLIFT"): {"low", "average"},
    ("Table 17", "w/o freezing Language Alignment Layer in Task-Transfer"): {"high", "average"},
}
"""Rows of the paper whose averages do not follow from its own per-language figures: all that there
are.
"""
REFERENCE = Path(__file__).parents[2] / "config" / "reference"


@pytest.mark.parametrize(
    ("name", "checked"), [("mmwp", 12), ("mgsm", 27), ("msvamp", 24), ("xnli", 7), ("xcsqa", 7)]
)
def test_printed_averages_follow_from_printed_languages_but_for_the_named_exceptions(name, checked):
    groups = BENCHMARKS[name].BENCHMARK.groups
    rows = [
        own
        for own in read_reference(REFERENCE / f"{name}.csv", by="table")
        if set(own.figures) >= {x for g in groups.values() for x in g}
    ]
    assert len(rows) == checked
    found = {
        (own.tables[0], own.title): set(own.conflicts(groups))
        for own in rows
        if own.conflicts(groups)
    }
    names = {own.title for own in rows}
    assert {key[0]: value for key, value in found.items()} == {
        key[0]: value
        for key, value in EXCEPTIONS.items()
        if any(own.tables == [key[0]] for own in rows)
    }, (found, names)


def test_the_reference_files_hold_exactly_the_papers_figures():
    path = PAPER / "results.csv"
    if not path.is_file():
        pytest.skip(
            "the paper's results.csv is absent: set LINGUALIFT_PAPER to the folder that holds it"
        )
    with open(path, encoding="utf-8", newline="") as handle:
        paper = [
            (
                row["benchmark"],
                row["table"],
                row["base_model"],
                row["system"],
                row["language"].removeprefix("group:"),
                row["accuracy"],
            )
            for row in csv.DictReader(handle)
        ]
    ours = []
    for file in REFERENCE.glob("*.csv"):
        with open(file, encoding="utf-8", newline="") as handle:
            ours += [
                (
                    file.stem,
                    row["table"],
                    row["base_model"],
                    row["system"],
                    row["language"],
                    row["accuracy"],
                )
                for row in csv.DictReader(handle)
            ]
    assert sorted(ours) == sorted(paper)


def test_averages_of_table_1_follow_from_the_appendix(published):
    ours = averages({system: published[table][name] for system, (table, name) in APPENDIX.items()})
    assert unlike(ours, {system: published["Table 1"][system] for system in APPENDIX}) == {}
