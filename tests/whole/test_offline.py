"""After `snakemake retrieve` the whole chain runs on a machine without any network, and makes what
another run made, to the byte.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import tiny

pytestmark = pytest.mark.workflow


def test_what_was_retrieved_suffices_without_a_network_and_a_fresh_run_gives_the_same_bytes(
    finished: Path, mirror: Path, tmp_path: Path
) -> None:
    own = tiny.copy_mirror(mirror, tmp_path / "mirror")
    folder = tiny.copy_workflow(tmp_path / "run", own)
    done = tiny.snakemake(folder, target="retrieve", offline=False)
    assert done.returncode == 0, done.stderr[-3000:]
    shutil.rmtree(own)

    prefix, environment = tiny.without_network(tmp_path / "blocked")
    probe = [
        *prefix,
        "python3",
        "-c",
        "import socket; socket.create_connection(('192.0.2.1', 80), 5)",
    ]
    assert (
        "OSError"
        in subprocess.run(probe, env=environment, capture_output=True, text=True, timeout=60).stderr
    )
    command = [*prefix, *tiny.command(target="all", offline=True, mirror=None)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = tiny.artefacts(finished), tiny.artefacts(folder)
    assert set(first) == set(second)
    assert [path for path in first if first[path] != second[path]] == []
