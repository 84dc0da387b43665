"""Which fonts a run retrieves: those of its scripts, and offline no more than it has."""

from pathlib import Path
from typing import Any

import pytest

from lingualift.config import Config, load_config
from lingualift.data.mapping import read_mapping
from lingualift.languages import load_languages
from lingualift.plan import plan, shown
from lingualift.plan.fonts import font_sources
from lingualift.plan.systems import load_systems
from lingualift.retrieve.sources import load_sources

CONFIG = Path(__file__).resolve().parents[2] / "config"
LANGUAGES = load_languages(CONFIG / "languages.tsv")
SOURCES = load_sources(CONFIG / "sources.yaml")
DEFAULT = ["arabic", "bengali", "devanagari", "telugu", "thai"]


def config(folder: Path, **changes: Any) -> Config:
    """The default configuration with its resources in a folder of the test's own."""
    values = read_mapping(CONFIG / "config.yaml", "settings")
    return load_config(values | {"resources": str(folder / "resources")} | changes)


def names(found: list[str]) -> list[str]:
    """The scripts' names of sources."""
    return [key.removeprefix("noto-sans-") for key in found]


def test_the_default_run_retrieves_the_fonts_of_its_scripts_and_lists_their_licence(
    tmp_path: Path,
) -> None:
    made = plan(config(tmp_path), LANGUAGES, SOURCES, load_systems(CONFIG / "systems"))
    retrieved = [key for key in made.retrieved() if key.startswith("noto-sans")]
    assert names(retrieved) == DEFAULT
    assert sum(SOURCES[key].size or 0 for key in retrieved) < 7_000_000
    folders = [Path(path).parent.name for path in shown.fonts(made)]
    assert folders == retrieved
    listed = {row["key"]: row["licence"] for row in shown.licences(made)}
    assert {listed[key] for key in retrieved} == {"OFL-1.1"}


def test_latin_greek_and_cyrillic_need_no_font(tmp_path: Path) -> None:
    languages = {"alignment": ["de", "ru"], "evaluation": ["en", "el", "sr", "sw"]}
    assert font_sources(config(tmp_path, languages=languages), LANGUAGES, SOURCES) == []


@pytest.mark.parametrize("at", ["mirror", "resources/downloads"])
def test_offline_a_font_is_asked_for_only_where_it_is_at_hand(tmp_path: Path, at: str) -> None:
    (tmp_path / "mirror").mkdir()
    offline = config(tmp_path, offline=True, mirror=str(tmp_path / "mirror"))
    assert font_sources(offline, LANGUAGES, SOURCES) == []
    archive = tmp_path / at / SOURCES["noto-sans-thai"].files[0].name
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(b"")
    assert names(font_sources(offline, LANGUAGES, SOURCES)) == ["thai"]


def test_every_script_of_the_language_table_has_a_font_but_what_machines_have_and_cjk() -> None:
    """Fonts of Chinese, Japanese and Korean come in over a hundred files each."""
    scripts = {language.script for language in LANGUAGES.values()}
    held = {source.script for source in SOURCES.values() if source.script}
    assert scripts - held == {"Latn", "Cyrl", "Grek", "Hans", "Jpan", "Hang"}
    assert held <= scripts
