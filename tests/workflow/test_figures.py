"""A finished run has its figures and its report, by one rule each."""

import html
import re
from pathlib import Path

import pytest

from lingualift.artifacts import read_json
from lingualift.figures import figure_names
from lingualift.retrieve.sources import load_sources
from tests import tiny
from tests.planned import all_planned

pytestmark = pytest.mark.workflow
SOURCES = load_sources(tiny.ROOT / "config/sources.yaml")


def names(folder: Path) -> list[str]:
    """The figures that the run's result tables ask for."""
    found = (folder / "results/tables").glob("*.provenance.txt")
    return sorted(figure_names([path.name.removesuffix(".provenance.txt") for path in found]))


def test_every_figure_is_there_as_svg_png_and_record(finished: Path) -> None:
    figures = finished / "results/figures"
    assert sorted(path.stem for path in figures.glob("*.json")) == names(finished)
    for name in names(finished):
        record = read_json(figures / f"{name}.json")
        svg = (figures / f"{name}.svg").read_text(encoding="utf-8")
        assert (figures / f"{name}.png").stat().st_size > 1000
        assert ("spec" in record) != ("left_out" in record)
        said = record.get("title") or record["left_out"]
        assert said.split()[0] in svg


def test_the_report_shows_each_figure_or_says_why_not(finished: Path) -> None:
    page = (finished / "results/report.html").read_text(encoding="utf-8")
    for name in names(finished):
        record = read_json(finished / f"results/figures/{name}.json")
        if "spec" in record:
            assert f'data-figure="{name}"' in page
        else:
            assert html.escape(record["left_out"]) in page
    assert re.findall(r'(?:src|href)="(?!#)', page.partition("<script type=")[0]) == []


def test_a_run_prints_the_reports_path_last(finished: Path) -> None:
    if not (said := finished / "run.log").is_file():
        pytest.skip("LINGUALIFT_TINY: what that run printed is not kept")
    assert said.read_text(encoding="utf-8").splitlines()[-1] == "report: results/report.html"


def test_the_report_of_snakemake_carries_figures_and_page(copy: Path) -> None:
    done = tiny.snakemake(copy, "--report", "report.html", target="all")
    assert done.returncode == 0, done.stderr[-2000:]
    carried = (copy / "report.html").read_text(encoding="utf-8")
    assert "results/report.html" in carried
    for name in names(copy):
        assert f"results/figures/{name}.svg" in carried


def test_a_figure_waits_for_the_font_of_a_script_where_it_is_at_hand(
    finished: Path, tmp_path: Path
) -> None:
    """The run is offline: without the archive it does without the font."""
    (source,) = (source for source in SOURCES.values() if source.script == "Deva")
    languages = {"evaluation": ["en", "sw", "hi"]}
    target = "results/figures/neighbours.svg"
    jobs = all_planned(finished, target=target, languages=languages)
    assert jobs == ["figure neighbours"]
    (tmp_path / source.files[0].name).write_bytes(b"")
    jobs = all_planned(finished, target=target, languages=languages, mirror=str(tmp_path))
    assert jobs == ["figure neighbours", f"retrieve {source.key}"]
