"""A few trials of the harness; fifty: `python -m tests.faults --trials 50 --seed 1`."""

from pathlib import Path

import pytest

from tests.faults.__main__ import main

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("fault", ["kill_run", "damaged_parquet", "damaged_download"])
def test_after_a_fault_the_same_command_ends_with_the_same_tables(
    finished: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["--trials", "1", "--seed", "19", "--fault", fault, "--finished", str(finished)]) == 0
    ), capsys.readouterr().out
