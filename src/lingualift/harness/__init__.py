"""Checkpoints in lm-evaluation-harness and lighteval, and this project's benchmarks as tasks of the
former. Neither harness is a dependency.
"""

from pathlib import Path

TASKS = Path(__file__).with_name("tasks")
MAX_NEW_TOKENS = 256  # where a task names no limit, as lm-evaluation-harness's own models have it
