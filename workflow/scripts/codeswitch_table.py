"""Statistics of all code-switched text (Table 18)."""

import csv

from lingualift import job
from lingualift.artifacts import atomic_path, read_json, write_parquet
from lingualift.codeswitch.table import STATISTICS_SCHEMA, readable, statistics_table
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    records = [
        {"setting": setting, **read_json(path)}
        for setting, path in zip(snakemake.params.settings, snakemake.input, strict=True)
    ]
    table = statistics_table(records)
    write_parquet(
        snakemake.output.parquet,
        table,
        STATISTICS_SCHEMA,
        provenance(snakemake.rule, {}, snakemake.input),
    )
    with (
        atomic_path(snakemake.output.csv) as path,
        open(path, "w", newline="", encoding="utf-8") as handle,
    ):
        csv.writer(handle, lineterminator="\n").writerows(readable(table))
