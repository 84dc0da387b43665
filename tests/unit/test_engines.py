"""Which engine translates what, and configurations of mmwp-built that are refused early."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lingualift.config import load_config
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, compared, files, inputs, plan, requests
from lingualift.plan.engines import first_engine, version
from lingualift.plan.systems import load_systems
from lingualift.retrieve.sources import load_sources

ROOT = Path(__file__).parents[2]
LANGUAGES = load_languages(ROOT / "config" / "languages.tsv")
SOURCES = load_sources(ROOT / "config" / "sources.yaml")
SYSTEMS = load_systems(ROOT / "config" / "systems")
DEFAULT = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))


def planned(*codes: str, **settings: Any) -> Plan:
    values = {
        **DEFAULT,
        "languages": {"alignment": ["de"], "evaluation": list(codes)},
        "benchmarks": {"built": "mmwp-built"},
        "mmwp_built": {"engines": ["apertium"], **settings},
    }
    return plan(load_config(values), LANGUAGES, SOURCES, SYSTEMS)


def refusal(*codes: str, **settings: Any) -> str:
    with pytest.raises(LinguaLiftError) as caught:
        planned(*codes, **settings)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_apertium_translates_four_languages_into_english_alone_and_two_both_ways():
    def translated(out_of_english):
        engines = {
            code: first_engine(["apertium"], SOURCES, language, out_of_english)
            for code, language in LANGUAGES.items()
        }
        return {code for code, key in engines.items() if key}

    assert translated(False) == {"es", "ca", "eu", "is", "mk", "hr"}
    assert translated(True) == {"es", "ca"}
    both = ["apertium", "nllb-200-3.3b"]
    assert first_engine(both, SOURCES, LANGUAGES["eu"], True) == "nllb-200-3.3b"


def test_an_engines_version_names_package_or_commit():
    assert version(SOURCES["apertium"], LANGUAGES["es"]).startswith(
        "apertium-eng-spa 0.8.1-2 (pin "
    )
    nllb = SOURCES["nllb-200-3.3b"].model_copy(update={"revision": "a" * 40})
    assert version(nllb, LANGUAGES["sw"]) == f"facebook/nllb-200-3.3B {'a' * 40}"


def test_a_language_is_built_from_its_engine_or_from_its_returned_sheet(tmp_path):
    (tmp_path / "ca.xlsx").touch()
    (tmp_path / "sw.tsv").touch()
    (tmp_path / "~$ca.xlsx").touch()
    (tmp_path / "notes.txt").touch()
    made = planned("en", "es", "ca", "sw", sheets=str(tmp_path))
    assert made.built_languages == ["es", "ca", "sw"] and made.built_translated == ["es"]
    english = {"english": files.built_english()}
    assert inputs.built_problems(made, "en") == english
    assert inputs.built_problems(made, "es") == english | {"draft": files.built_draft("es")}
    assert inputs.built_problems(made, "ca") == english | {"sheets": [str(tmp_path / "ca.xlsx")]}
    assert len(compared.results_table(made, "built")["built"]) == 4
    assert made.benchmark_manifests("mmwp-built", "es") == [files.built_problems("es")]
    assert {"asdiv", "mawps", "apertium-es"} <= set(made.retrieved())
    assert "apertium-ca" not in made.retrieved()
    assert requests.built_draft(made, "es").megabytes == 1000
    unasked = plan(load_config(DEFAULT), LANGUAGES, SOURCES, SYSTEMS)
    assert {
        tuple(compared.results_table(unasked, table)["built"]) for table in DEFAULT["benchmarks"]
    } == {()}
    assert unasked.built_languages == []


def test_a_language_without_engine_or_sheet_is_refused(tmp_path):
    assert refusal("en", "es", "sw").startswith(
        "mmwp_built.engines: none of apertium translates English into 'sw', and mmwp_built.sheets"
        " has no sheet sw.tsv or sw.xlsx"
    )
    assert "translates English into 'eu'" in refusal("eu")  # its pair is into English alone
    assert "mmwp_built.engines: unknown source 'apertum'; did you mean 'apertium'?" in refusal(
        "es", engines=["apertum"]
    )
    missing = tmp_path / "none"
    assert refusal("es", sheets=str(missing)) == f"mmwp_built.sheets: there is no folder {missing}"
    for name in ("spanish.xlsx", "es.XLSX"):
        (tmp_path / name).touch()
        assert f"{tmp_path / name}: a sheet is named by its language's code" in refusal(
            "es", sheets=str(tmp_path)
        )
        (tmp_path / name).unlink()


def test_a_folder_of_sheets_that_the_workflow_writes_itself_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/mmwp-built/sheets").mkdir(parents=True)
    for folder in ("results/mmwp-built/sheets", str(tmp_path / "results")):
        assert f"{folder} belongs to the workflow" in refusal("es", sheets=folder)


def test_the_name_of_the_quality_table_is_taken():
    with pytest.raises(LinguaLiftError, match="'mmwp-built-quality' is the table of the quality"):
        load_config({**DEFAULT, "benchmarks": {"mmwp-built-quality": "mmwp-mini"}})
