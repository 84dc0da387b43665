"""The guide on text of one's own, run on tiny data; the workflow as another's module."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests import forked, tiny
from tests.workflow.test_guides import commands, overlay

pytestmark = pytest.mark.workflow


def test_the_guide_on_text_of_ones_own_makes_a_lexicon_of_it(mirror: Path, tmp_path: Path) -> None:
    """In Swahili instead of Luxembourgish, whose words the tiny encoder does not know."""
    guide = tiny.ROOT / "docs/guides/text-in-my-language.md"
    tiny.copy_workflow(tmp_path, mirror)
    shutil.copytree(mirror, tmp_path / "my")
    shutil.copytree(mirror / "tiny-text", tmp_path / "my/text")
    with (tmp_path / "my/text/sw.txt").open("a", encoding="utf-8") as text:
        text.write("this line is mine alone\n")
    (tmp_path / "my.yaml").write_text((overlay(guide) or "").replace("lb", "sw"))
    (lexicon,) = [words for words in commands(guide) if "results/lexicons/lb.parquet" in words]
    arguments = [word.replace("/lb.", "/sw.").replace("all", "2") for word in lexicon]
    arguments.insert(arguments.index("my.yaml"), tiny.CONFIG)
    done = forked.snakemake(arguments, tmp_path, tiny.environment())
    assert done.returncode == 0, done.stderr[-3000:]
    assert pq.read_table(tmp_path / "results/lexicons/sw.parquet").num_rows > 100
    lines = json.loads((tmp_path / "results/corpora/sw.json").read_text())["lines"]
    assert lines == 1 + len((mirror / "tiny-text/sw.txt").read_text().splitlines())


def test_another_workflow_uses_this_one_as_a_module(mirror: Path, tmp_path: Path) -> None:
    tiny.copy_workflow(tmp_path / "lingualift", mirror)
    mine = tmp_path / "mine"
    mine.mkdir()
    readme = (tmp_path / "lingualift/config/README.md").read_text(encoding="utf-8")
    (usage,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    usage = usage.replace('"lingualift/workflow', '"../lingualift/workflow')
    rule = """
rule mine:
    default_target: True
    input:
        "results/problems/mmwp-mini/sw.parquet",
    output:
        "mine.txt",
    shell:
        "ls {input} > {output}"
"""
    (mine / "Snakefile").write_text(usage + rule)
    whole = yaml.safe_load((tmp_path / "lingualift/config/config.yaml").read_text())
    (mine / "config.yaml").write_text(yaml.safe_dump(merged(whole, settings(mirror))))
    done = forked.snakemake(["--cores", "2"], mine, tiny.environment())
    assert done.returncode == 0, done.stderr[-3000:]
    assert (mine / "mine.txt").read_text() == "results/problems/mmwp-mini/sw.parquet\n"


def settings(mirror: Path) -> dict:
    return {**tiny.SETTINGS, "mirror": str(mirror)}


def merged(base: dict, above: dict) -> dict:
    """An overlay over a configuration, as Snakemake merges them."""
    both = dict(base)
    for key, value in above.items():
        nested = isinstance(value, dict) and isinstance(base.get(key), dict)
        both[key] = merged(base[key], value) if nested else value
    return both
