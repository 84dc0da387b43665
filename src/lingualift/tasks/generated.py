"""Task data that is generated, not read: a source of `tasks` by its name in the configuration."""

from collections.abc import Callable

import pyarrow as pa

from lingualift.tasks import arithmetic, unreadable, word_problems

GENERATORS: dict[str, Callable[[int, int], pa.Table]] = {
    "word-problems": word_problems.generate_problems,
    "arithmetic": arithmetic.generate_problems,
    "unreadable-problems": unreadable.generate_problems,
}
"""(examples, seed) -> questions with their responses (`word_problems.PROBLEM_SCHEMA`)."""
