"""Mark one run's predictions on one benchmark."""

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import read_parquet, read_provenance, write_parquet
from lingualift.benchmarks.registry import registered
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.score import SCORE_SCHEMA, score
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    tables, benchmarks = [], registered(snakemake.config["benchmarks"])
    for path in snakemake.input:
        stamp = read_provenance(path)
        predictions = read_parquet(path, PREDICTION_SCHEMA)
        kind = benchmarks[stamp["benchmark"]].BENCHMARK.answer
        tables.append(
            score(
                predictions,
                kind,
                stamp["system"],
                stamp["run"],
                stamp["seed"],
                stamp["checkpoint"],
                stamp["benchmark"],
            )
        )
    write_parquet(
        snakemake.output[0],
        pa.concat_tables(tables),
        SCORE_SCHEMA,
        provenance(snakemake.rule, {}, snakemake.input),
    )
