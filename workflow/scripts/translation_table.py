"""The table of translation quality."""

import csv

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import atomic_path, read_parquet, write_parquet
from lingualift.benchmarks.registry import registered
from lingualift.evaluation.problems import read_problems
from lingualift.evaluation.translation_quality import QUALITY_SCHEMA, quality, readable
from lingualift.provenance import provenance
from lingualift.translate.engine import TRANSLATION_SCHEMA

with job.frame(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    benchmarks = registered(snakemake.config["benchmarks"])
    rows = [
        quality(
            read_parquet(path, TRANSLATION_SCHEMA),
            read_problems(originals),
            benchmark,
            engine,
            path,
        )
        | {"version": benchmarks[benchmark].BENCHMARK.version or None}
        for path, originals, benchmark, engine in zip(
            files.translated, files.originals, params.benchmarks, params.engines, strict=True
        )
    ]
    table = pa.Table.from_pylist(rows, schema=QUALITY_SCHEMA)
    write_parquet(
        snakemake.output.parquet,
        table,
        QUALITY_SCHEMA,
        provenance(snakemake.rule, {"engines": params.engines}, files),
    )
    with (
        atomic_path(snakemake.output.csv) as path,
        open(path, "w", newline="", encoding="utf-8") as handle,
    ):
        csv.writer(handle, lineterminator="\n").writerows(readable(table))
