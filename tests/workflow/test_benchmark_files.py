"""What ends a run early whose benchmark's own files are wrong."""

from pathlib import Path

import pytest

from tests import tiny

pytestmark = pytest.mark.workflow
ROWS = [
    f"Anna has {number} apples and gets 2 more. How many?\t{number + 2}" for number in range(800)
]


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            lambda rows: [*rows[:41], "Anna has 3 apples.", *rows[42:]],
            "mmwp_sw.tsv, line 42: 1 cells, expected 2",
        ),
        (lambda rows: None, "mmwp_sw.tsv"),
    ],
)
def test_a_bad_file_ends_a_run_with_one_line_before_anything_is_computed(
    tmp_path: Path, mirror: Path, spoil, line: str
) -> None:
    """In a folder where nothing has been made yet."""
    own = tiny.linked_mirror(mirror, tmp_path / "mirror")
    (own / "mmwp").mkdir()
    for language in ("en", "sw"):
        rows = spoil(ROWS) if language == "sw" else ROWS
        if rows is not None:
            (own / f"mmwp/mmwp_{language}.tsv").write_text("\n".join(rows), encoding="utf-8")
    folder = tiny.copy_workflow(tmp_path / "run", own)
    done = tiny.snakemake(folder, target="results/tables/mmwp.csv", benchmarks={"mmwp": "mmwp"})
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert line in text and "Traceback" not in text
    assert (
        not (folder / "results/checkpoints").exists()
        and not (folder / "results/embeddings").exists()
    )
