"""A few trials of the harness; fifty: `python -m tests.faults --trials 50 --seed 1`."""

from pathlib import Path

import pytest

from tests.faults.__main__ import main

pytestmark = pytest.mark.workflow


# Seeds whose trials begin late in the chain, so that seconds of work are done again, not minutes:
# a run killed while it answers, a table of answers, the dictionary that a lexicon is checked with.
@pytest.mark.parametrize(
    ("fault", "seed"), [("kill_run", 53), ("damaged_parquet", 19), ("damaged_download", 9)]
)
def test_after_a_fault_the_same_command_ends_with_the_same_tables(
    finished: Path, fault: str, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--trials", "1", "--seed", str(seed), "--fault", fault]
    assert main([*options, "--finished", str(finished)]) == 0, capsys.readouterr().out
