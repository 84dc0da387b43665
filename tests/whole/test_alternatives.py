"""The group `alternatives` over a finished run: every row is trained and asked, and the table says
in which languages not to use LinguaLIFT.
"""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lingualift.plan.alternatives import ROWS
from tests import tiny

pytestmark = pytest.mark.workflow


def test_one_setting_adds_all_rows_and_the_line_below_the_table(copy: Path) -> None:
    done = tiny.snakemake(
        copy,
        systems=["alternatives"],
        alternatives={"tuned": "mono-sft", "multilingual": "tiny-encoder"},
        encoder={"split_digits": False},
        translation={"engines": ["apertium"], "without": "keep"},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    rows = pq.read_table(copy / "results/tables/mmwp.parquet").to_pylist()
    measured = {row["system"]: row for row in rows if row["origin"] == "measured"}
    assert list(measured) == ["mono-sft", "lingualift", *ROWS]
    plain, chat = (
        pq.read_table(copy / f"results/predictions/{row}/mmwp-mini/en.parquet")
        for row in ("llm-as-it-is", "llm-in-its-chat-format")
    )
    assert plain["id"] == chat["id"] and plain["output"] != chat["output"]
    readers = {name: row["reader"] for name, row in measured.items()}
    assert readers["lingualift"] == readers["llm-as-it-is"] == "mono-sft"
    assert readers["multilingual-lingualift"] == "multilingual-tuned"
    gains = (copy / "results/tables/mmwp-gains.csv").read_text(encoding="utf-8").splitlines()
    assert gains[0].startswith("language,LinguaLIFT - Mono-SFT,")
    notes = (copy / "results/tables/mmwp.notes.txt").read_text(encoding="utf-8").splitlines()
    assert len(notes) == 2 and notes[0].startswith(("Do not", "LinguaLIFT gains"))
    assert notes[0] in done.stdout
    translated = "results/translated-by/tiny-llm/mmwp-mini/sw.parquet"
    table = pq.read_table(copy / translated)
    assert table["translation"].to_pylist() != table["question"].to_pylist()
    adapted = [name.name for name in (copy / "results/checkpoints").glob("align-*")]
    assert len(adapted) == 4  # LinguaLIFT's own, over the other LLM, and two of adapters
