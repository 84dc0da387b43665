"""The commands of the guides: every one is planned as it stands, with the configuration that it
names; those on text and lexicons are run on tiny data. The workflow as another's module.
"""

import json
import re
import shlex
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests import forked, tiny

pytestmark = pytest.mark.workflow
GUIDES = sorted((tiny.ROOT / "docs/guides").glob("*.md"))


def commands(guide: Path) -> list[list[str]]:
    """The arguments of each `snakemake` command of a guide."""
    blocks = re.findall(r"```sh\n(.*?)```", guide.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("snakemake ")]


def overlay(guide: Path) -> str | None:
    """The `my.yaml` that a guide has the reader write."""
    (text,) = re.findall(
        r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), flags=re.DOTALL
    ) or [None]
    return text


def planned(arguments: list[str], folder: Path) -> str:
    done = forked.snakemake([*arguments, "--dry-run"], folder, tiny.environment())
    assert done.returncode == 0, f"{arguments}: {done.stderr[-2000:]}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_command_of_a_guide_plans_jobs(guide: Path, tmp_path: Path) -> None:
    for name in tiny.WORKFLOW:
        source = tiny.ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tmp_path / name)
    (tmp_path / "my/text").mkdir(parents=True)
    for code in ("lb", "en"):
        (tmp_path / f"my/text/{code}.txt").write_text("A sentence.\n")
    if text := overlay(guide):
        (tmp_path / "my.yaml").write_text(text)
    asked = commands(guide)
    assert asked
    for arguments in asked:
        assert re.search(r"^total +\d+", planned(arguments, tmp_path), flags=re.MULTILINE)


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
