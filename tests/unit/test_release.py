"""What a release rests on: one version, a site without broken links, guides, the catalogue."""

import importlib.util
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import yaml

import lingualift
from dev.site_links import inside

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    """A Python script of `.ci` as a module."""
    loader = SourceFileLoader(name, str(ROOT / ".ci" / name))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_one_version_stands_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == lingualift.__version__
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert not re.search(r'^version = "', project, flags=re.MULTILINE)


def test_the_catalogue_would_list_this_repository_and_says_what_is_missing(tmp_path: Path) -> None:
    catalogue = script("catalogue")
    assert catalogue.faults(ROOT) == []
    (tmp_path / "README.md").write_text("A thing.\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / ".snakemake-workflow-catalog.yml").write_text("usage: {report: false}\n")
    assert [line.split(": ")[0] for line in catalogue.faults(tmp_path)] == [
        "README.md does not name Snakemake and workflows",
        "workflow/Snakefile is missing",
        "rules has no .smk file",
        "config/README.md is missing",
        ".snakemake-workflow-catalog.yml cannot be read",
    ]


def test_every_page_is_in_the_sites_contents() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert pages == set(re.findall(r"^ +- ([\w/-]+\.md)$", text, flags=re.MULTILINE))


def test_links_out_of_the_pages_become_paths() -> None:
    text = "[`config/a.yaml`](../config/a.yaml) [the rules](../rules) "
    text += "[x](data.md#y) [z](https://z.org)"
    assert inside(text, "method.md") == (
        "`config/a.yaml` the rules (`rules` in the repository) [x](data.md#y) [z](https://z.org)"
    )
    assert inside("[d](../data.md) [r](../../README.md)", "guides/a.md") == (
        "[d](../data.md) r (`README.md` in the repository)"
    )
