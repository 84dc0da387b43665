"""The frame of a job: what its libraries print goes to its log, its one line to the terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINTS = """
import logging, os, sys, warnings
from lingualift import job
from lingualift.messages import LinguaLiftError

library = logging.getLogger("library")  # Transformers', too, keeps the stream it met
library.addHandler(logging.StreamHandler(sys.stderr))
library.propagate = False
kept = sys.stdout

with job.frame(sys.argv[1]):
    print("1 printed")
    print("2 to standard error", file=sys.stderr)
    library.warning("3 LOAD REPORT")
    kept.write("4 to a stream that was kept")
    os.write(1, b"5 by C\\n")
    os.write(2, b"6 by C to standard error\\n")
    os.system("echo 7 by a program; echo 8 to standard error >&2")
    warnings.warn("9 warned")
    END
print("after the job")
"""


@pytest.mark.parametrize(
    ("end", "output", "error"),
    [
        ("pass", "after the job\n", ""),
        ("raise LinguaLiftError('x: y; do z')", "", "lingualift: error: x: y; do z\n"),
        (
            "raise OSError(28, 'No space left on device', '/full')",
            "",
            "lingualift: error: /full: No space left on device; free space (the folder of results,"
            " or that of temporary files), then run again\n",
        ),
    ],
)
def test_nothing_that_a_jobs_libraries_print_reaches_the_terminal(
    tmp_path: Path, end: str, output: str, error: str
) -> None:
    log = tmp_path / "job.log"
    done = subprocess.run(
        [sys.executable, "-c", PRINTS.replace("END", end), str(log)], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == (output, error)
    text = log.read_text(encoding="utf-8")
    for begins in ("1 printed", "2 to", "3 LOAD", "4 to a", "5 by", "6 by", "7 by", "8 to"):
        assert text.count(begins) == 1, begins
    assert "9 warned" in text


def test_variables_of_the_environment_that_would_change_results_are_dropped_and_named(
    tmp_path: Path,
) -> None:
    """Accelerate would train in bfloat16 where `precision: float32` asks for the other."""
    log = tmp_path / "job.log"
    dropped = {
        "ACCELERATE_MIXED_PRECISION": "bf16",
        "NVIDIA_TF32_OVERRIDE": "1",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
    }
    shown = "print(sorted(os.environ), torch.get_float32_matmul_precision())"
    script = "import torch\n" + PRINTS.replace("END", shown)
    environment = os.environ | dropped | {"ACCELERATED": "kept"}
    subprocess.run([sys.executable, "-c", script, str(log)], env=environment, check=True)
    text = log.read_text(encoding="utf-8")
    assert "'ACCELERATED'" in text and "] highest" in text
    for name in dropped:
        assert f"'{name}'" not in text
        assert name in next(line for line in text.splitlines() if "would change results" in line)


def test_a_fault_of_the_program_has_its_traceback_on_the_terminal_and_in_the_log(
    tmp_path: Path,
) -> None:
    log = tmp_path / "job.log"
    script = PRINTS.replace("END", "{}['absent']")
    done = subprocess.run([sys.executable, "-c", script, str(log)], capture_output=True, text=True)
    assert done.stderr.startswith("Traceback") and done.stderr.endswith("KeyError: 'absent'\n")
    assert "LOAD REPORT" not in done.stderr and done.stdout == ""
    assert "please report it" in log.read_text(encoding="utf-8")
