"""Invented data stand for published sets: a folder's registry pins them, the readers read them."""

import shutil
from pathlib import Path

import pytest

from lingualift.artifacts import sha256_file
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.languages import load_languages
from lingualift.retrieve.sources import Source, load_sources
from lingualift.tasks.loaders import load_task_data
from tests import invented

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = load_languages(ROOT / "config/languages.tsv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("invented")
    (made / "config").mkdir()
    shutil.copy2(ROOT / "config/sources.yaml", made / "config")
    invented.write_published(made / "mirror")
    invented.pin_invented(made)
    return made


def retrieved(sources: dict[str, Source], key: str) -> list[Source]:
    """The parts of a source that config/test/paper.yaml retrieves."""
    if key == "gsm8k":
        return [sources[key]]
    english = ["en"] if key in ("mgsm", "msvamp") else []
    return [sources[key].for_language(LANGUAGES[code]) for code in [*english, "de", "sw"]]


@pytest.mark.parametrize("key", invented.KEYS)
def test_every_invented_file_is_there_as_the_folders_registry_pins_it(
    folder: Path, key: str
) -> None:
    for source in retrieved(load_sources(folder / "config/sources.yaml"), key):
        assert source.files
        for file in source.files:
            path = folder / "mirror" / source.mirror / file.name
            assert file.sha256 == sha256_file(path), path


@pytest.mark.parametrize("name", ["mgsm", "msvamp", "sib200-sentences", "tatoeba"])
def test_readers_find_as_many_problems_as_are_published_in_every_language(
    folder: Path, name: str
) -> None:
    module = BENCHMARKS[name]
    benchmark = module.BENCHMARK
    source = folder / "mirror" / benchmark.sources[0]
    for language in ("de", "sw"):
        code = getattr(LANGUAGES[language], benchmark.code) if benchmark.code else language
        problems = list(module.read([source], language, code, "test"))
        assert len(problems) in benchmark.counts["test"]
        assert len({problem.question for problem in problems}) == len(problems)


def test_translated_questions_have_the_solutions_of_their_english(folder: Path) -> None:
    mirror = folder / "mirror"
    folders = [("gsm8k", None, mirror / "gsm8k")]
    folders += [("gsm8kinstruct", code, mirror / f"gsm8kinstruct/{code}-en") for code in ("de",)]
    table = load_task_data(folders, "maths", ["en", "de"], {"de": "German"}, None)
    rows = {language: [] for language in ("en", "de")}
    for row in table.to_pylist():
        rows[row["language"]].append(row["response"])
    assert rows["en"] == rows["de"] and len(rows["de"]) == 250
