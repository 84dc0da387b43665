"""What the pages name is there: links, headings, files, modules, and commands that run a file."""

import re
from itertools import chain
from pathlib import Path

import pytest
import yaml

from tests.unit.test_systems import planned

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src/lingualift"
PAGES = sorted(chain(ROOT.glob("*.md"), ROOT.glob("docs/**/*.md"), ROOT.glob("config/*.md")))
GUIDES = [page for page in PAGES if page.name != "CHANGELOG.md"]
# Folders of the repository; `results/` and `resources/` are made by runs.
FOLDERS = "config dev docs envs profiles rules speed src tests workflow lingualift"
PLACEHOLDER = re.compile(r"[A-Z]{3,}|[<>…{}*]")  # `results/RULE`, `config/{name}.yaml`


def links(text: str) -> list[tuple[str, str]]:
    """(path, heading) of every relative link; either may be empty."""
    found = re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)", text)
    return [(path, heading) for path, heading in found if path or heading]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from their text."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", line.lower()) for line in lines)
    return {line.replace(" ", "-") for line in plain}


def named(text: str) -> set[str]:
    """Paths of the repository in backticks, or behind `python` in a command."""
    quoted = re.findall(r"`([\w./-]+/[\w./-]*)`", text)
    commands = re.findall(r"\bpython ([\w/]+\.py)\b", text)
    paths = [path for path in [*quoted, *commands] if not PLACEHOLDER.search(path)]
    top = FOLDERS.split()
    return {path for path in paths if path.split("/")[0] in top or path.endswith((".py", ".smk"))}


def modules(text: str) -> set[str]:
    """Dotted names of the library's and the maintainers' modules, and what follows `python -m`."""
    return set(re.findall(r"\b((?:lingualift|dev|tests)(?:\.[a-z_]+)+)\b(?!\.md)", text))


def exists(path: str) -> bool:
    """A path of the repository, or of the library (`model/encoder.py`)."""
    name = path.removeprefix("lingualift/")
    return (ROOT / path).exists() or (LIBRARY / name).exists()


def module_exists(name: str) -> bool:
    """A module, or a function or class of one."""
    parts = name.split(".")
    root = ROOT / "src" if parts[0] == "lingualift" else ROOT
    for end in (len(parts), len(parts) - 1):
        base = root.joinpath(*parts[:end])
        module = (
            base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        )
        if not module.is_file():
            continue
        rest = parts[end:]
        return not rest or rest[0] in module.read_text(encoding="utf-8")
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [path for path in sorted(named(text)) if not exists(path)]
    missing += [name for name in sorted(modules(text)) if not module_exists(name)]
    for path, heading in links(text):
        target = page.parent / path if path else page
        if not target.exists():
            missing.append(path)
        elif heading and heading not in headings(target):
            missing.append(f"{path}#{heading}")
    assert missing == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_page_has_100_columns_but_for_tables_and_code(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    long = [line for line in text.splitlines() if len(line) > 100 and "|" not in line]
    assert long == []


def test_what_is_not_there_is_noticed() -> None:
    text = (
        "`src/lingualift/no.py` [x](no.md) [y](method.md#nowhere) `lingualift.no.where` `results/a`"
    )
    assert [path for path in named(text) if not exists(path)] == ["src/lingualift/no.py"]
    assert links(text) == [("no.md", ""), ("method.md", "nowhere")]
    assert "nowhere" not in headings(ROOT / "docs/method.md")
    assert [name for name in modules(text) if not module_exists(name)] == ["lingualift.no.where"]


AS_WRITTEN = {
    "CC0-1.0": "CC0",
    "Llama-3.2-Community": "Llama 3.2",
    "Llama-3.1-Community": "3.1 Community License",
    "see-model-card": "see the model card",
    "see-dataset-card": "see the",
    "see-original": "",
    "yours": "",
}
"""What docs/data.md writes for a licence that is no SPDX name; its prose says the last two."""


def test_every_source_that_may_be_downloaded_is_listed_with_its_licence() -> None:
    def plain(text: str) -> str:
        return re.sub(r"[-\s]+", " ", text).lower()

    lines = (ROOT / "docs/data.md").read_text(encoding="utf-8").splitlines()
    registered = yaml.safe_load((ROOT / "config/sources.yaml").read_text(encoding="utf-8"))
    missing = [
        (key, source["licence"])
        for key, source in registered.items()
        if not any(
            plain(AS_WRITTEN.get(source["licence"], source["licence"])) in plain(line)
            for line in lines
            if f"`{key}`" in line
        )
    ]
    assert missing == []


def test_nothing_in_the_default_run_is_under_terms_that_are_no_open_licence() -> None:
    made = planned()
    stated = {folder: made.source(folder).licence for folder in made.retrieved()}
    assert set(stated.values()) == {"Apache-2.0", "MIT", "Unicode-3.0", "OFL-1.1"}
    assert len(stated) > 6, "the models, the text, the words and the fonts"
