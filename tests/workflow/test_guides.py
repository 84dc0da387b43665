"""The commands of the guides: every one is planned as it stands, with the configuration that it
names. Those on text are run in tests/whole/test_guides.py.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest

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
