"""A benchmark's problems as a file between rules, so that every reader of them (encoder, systems,
tables) sees the same rows.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from lingualift.artifacts import read_parquet
from lingualift.benchmarks.base import Problem

PROBLEM_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("operation", pa.string(), nullable=False),
        pa.field("choices", pa.list_(pa.string()), nullable=False),
        pa.field("translation", pa.string(), nullable=False),
    ]
)


def problem_table(problems: Sequence[Problem]) -> pa.Table:
    """One row a problem (`PROBLEM_SCHEMA`), in the benchmark's order."""
    return pa.Table.from_pylist(
        [{name: getattr(problem, name) for name in PROBLEM_SCHEMA.names} for problem in problems],
        PROBLEM_SCHEMA,
    )


def read_problems(path: str | Path) -> list[Problem]:
    """The problems that `problem_table` wrote."""
    rows = read_parquet(path, PROBLEM_SCHEMA).to_pylist()
    return [Problem(**{**row, "choices": tuple(row["choices"])}) for row in rows]


def texts(problems: Sequence[Problem]) -> list[str]:
    """What the encoder reads: every question, then, for retrieval, every English translation."""
    return [problem.question for problem in problems] + [
        problem.translation for problem in problems if problem.translation
    ]
