"""Marks for stored predictions; nothing is generated here, so a change of rule costs seconds."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from lingualift.evaluation.answers import matches, stated_answers
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.messages import LinguaLiftError

SCORE_SCHEMA = pa.schema(
    [
        pa.field("system", pa.string(), nullable=False),
        pa.field("run", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("checkpoint", pa.string()),
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("operation", pa.string(), nullable=False),
        pa.field("gold", pa.string(), nullable=False),
        pa.field("answer", pa.string()),
        pa.field("answer_strict", pa.string()),
        pa.field("correct", pa.bool_(), nullable=False),
        pa.field("correct_strict", pa.bool_(), nullable=False),
    ]
)


class Marks(NamedTuple):
    """An output read by the field's rule and by the strict one."""

    answer: str | None
    answer_strict: str | None
    correct: bool
    correct_strict: bool


def mark(kind: str, output: str, gold: str, choices: Sequence[str] = ()) -> Marks:
    """Read and mark one output; `kind` is the benchmark's kind of answer: `number`, `choice` or
    `neighbour`.
    """
    answer, strict = stated_answers(kind, choices, output)
    return Marks(answer, strict, matches(kind, answer, gold), matches(kind, strict, gold))


def score(
    predictions: pa.Table,
    kind: str,
    system: str,
    run: str,
    seed: int,
    checkpoint: str | None,
    benchmark: str,
) -> pa.Table:
    """One row a prediction with both rules' answers and marks (`SCORE_SCHEMA`); `kind` is the
    benchmark's kind of answer.
    """
    if not predictions.schema.equals(PREDICTION_SCHEMA, check_metadata=False):
        raise LinguaLiftError(
            f"predictions of {run} on {benchmark}: columns differ from what this version writes;"
            " delete them and run again"
        )
    common = {
        "system": system,
        "run": run,
        "seed": seed,
        "checkpoint": checkpoint,
        "benchmark": benchmark,
    }
    rows = [
        common
        | {name: row[name] for name in ("language", "id", "operation", "gold")}
        | mark(kind, row["output"], row["gold"], row["choices"])._asdict()
        for row in predictions.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=SCORE_SCHEMA)
