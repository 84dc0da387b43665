"""Result tables of one benchmark."""

import csv

import pyarrow as pa

from lingualift.artifacts import atomic_path, read_parquet, write_parquet
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.config import load
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.job import job
from lingualift.provenance import provenance
from lingualift.tables.lexicons import LEXICON_TABLE_SCHEMA
from lingualift.tables.results import TIDY_SCHEMA, readable, tidy

with job(snakemake.log[0]):
    params = snakemake.params
    scores = pa.concat_tables([read_parquet(path, SCORE_SCHEMA) for path in snakemake.input.scores])
    lexicons = read_parquet(snakemake.input.lexicons, LEXICON_TABLE_SCHEMA)
    aligned = lexicons.filter(lexicons["in_stage_1"])["language"].to_pylist()
    groups = BENCHMARKS[params.benchmark].BENCHMARK.groups
    reference = "mono-sft" if "mono-sft" in params.systems else None
    table = tidy(scores, params.systems, params.languages, groups, aligned, reference, params.bootstrap)
    # Where sources lie and what jobs ask for changes no figure: runs on another machine give the same bytes.
    configuration = load(snakemake.config).model_dump(mode="json", exclude={"mirror", "offline", "resources", "compute"})
    stamp = provenance(snakemake.rule, {"languages": params.languages}, snakemake.input, configuration=configuration)
    write_parquet(snakemake.output.parquet, table, TIDY_SCHEMA, stamp)
    with atomic_path(snakemake.output.csv) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(readable(table))
