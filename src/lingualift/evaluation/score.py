"""Marks for stored predictions; nothing is generated here, so a change of rule costs seconds."""

import pyarrow as pa

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.errors import LinguaLiftError
from lingualift.evaluation.answers import matches, read
from lingualift.evaluation.predictions import PREDICTION_SCHEMA

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


def score(predictions: pa.Table, system: str, run: str, seed: int, checkpoint: str | None, benchmark: str) -> pa.Table:
    """One row a prediction with both rules' answers and marks (`SCORE_SCHEMA`), read as the benchmark's answers are."""
    stated = BENCHMARKS[benchmark].BENCHMARK
    if not predictions.schema.equals(PREDICTION_SCHEMA, check_metadata=False):
        raise LinguaLiftError(
            f"predictions of {run} on {benchmark}: columns differ from what this version writes; delete them and run again"
        )
    rows = []
    for row in predictions.to_pylist():
        answer, strict = read(stated.answer, stated.choices, row["output"])
        rows.append(
            {
                "system": system,
                "run": run,
                "seed": seed,
                "checkpoint": checkpoint,
                "benchmark": benchmark,
                "language": row["language"],
                "id": row["id"],
                "operation": row["operation"],
                "gold": row["gold"],
                "answer": answer,
                "answer_strict": strict,
                "correct": matches(stated.answer, answer, row["gold"]),
                "correct_strict": matches(stated.answer, strict, row["gold"]),
            }
        )
    return pa.Table.from_pylist(rows, schema=SCORE_SCHEMA)
