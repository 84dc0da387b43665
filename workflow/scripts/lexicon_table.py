"""The table of all lexicons."""

import csv

from lingualift import job
from lingualift.artifacts import atomic_path, read_json, write_parquet
from lingualift.provenance import provenance
from lingualift.tables.lexicons import LEXICON_TABLE_SCHEMA, lexicon_table, readable

with job.frame(snakemake.log[0]):
    table = lexicon_table(
        [read_json(path) for path in snakemake.input.lexicons],
        [read_json(path) for path in snakemake.input.corpora],
    )
    write_parquet(
        snakemake.output.parquet,
        table,
        LEXICON_TABLE_SCHEMA,
        provenance(snakemake.rule, {}, snakemake.input),
    )
    with (
        atomic_path(snakemake.output.csv) as path,
        open(path, "w", newline="", encoding="utf-8") as handle,
    ):
        csv.writer(handle, lineterminator="\n").writerows(readable(table))
