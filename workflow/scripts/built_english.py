"""The English problems that mmwp-built translates: those of mmwp-english."""

from pathlib import Path

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.benchmarks.registry import load
from lingualift.evaluation.problems import PROBLEM_SCHEMA, problem_table
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]) as logger:
    folders = [Path(manifest).parent for manifest in snakemake.input]
    problems = load("mmwp-english", "en", "test", folders)
    logger.info("%d problems", len(problems))
    stamp = provenance(snakemake.rule, {}, snakemake.input, problems=len(problems))
    write_parquet(snakemake.output[0], problem_table(problems), PROBLEM_SCHEMA, stamp)
