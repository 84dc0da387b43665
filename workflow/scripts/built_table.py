"""The table of mmwp-built's quality."""

import csv

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import atomic_path, read_parquet, write_parquet
from lingualift.benchmarks.mmwp_built import BUILT_SCHEMA
from lingualift.benchmarks.mmwp_built.build import QUALITY_SCHEMA, built_quality, readable
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    languages = snakemake.params.languages
    rows = [
        built_quality(read_parquet(path, BUILT_SCHEMA).to_pylist(), language)
        for language, path in zip(languages, snakemake.input, strict=True)
    ]
    table = pa.Table.from_pylist(rows, schema=QUALITY_SCHEMA)
    stamp = provenance(snakemake.rule, {"languages": languages}, snakemake.input)
    write_parquet(snakemake.output.parquet, table, QUALITY_SCHEMA, stamp)
    with (
        atomic_path(snakemake.output.csv) as path,
        open(path, "w", newline="", encoding="utf-8") as handle,
    ):
        csv.writer(handle, lineterminator="\n").writerows(readable(table))
