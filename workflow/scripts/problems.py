"""Read one benchmark in one language, check it, and store its problems."""

from lingualift.artifacts import write_parquet
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.evaluation.problems import PROBLEM_SCHEMA, problem_table
from lingualift.job import job
from lingualift.provenance import provenance

with job(snakemake.log[0]):
    benchmark, language, split = snakemake.wildcards.benchmark, snakemake.wildcards.lang, snakemake.params.split
    table = problem_table(BENCHMARKS[benchmark].load(language, split))
    stamp = provenance(snakemake.rule, {"split": split}, snakemake.input, benchmark=benchmark, language=language)
    write_parquet(snakemake.output[0], table, PROBLEM_SCHEMA, stamp)
