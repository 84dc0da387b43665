"""Read one benchmark in one language, check it, and store its problems."""

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.benchmarks.registry import load, registered
from lingualift.evaluation.problems import PROBLEM_SCHEMA, problem_table
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    benchmark, language, reading = (
        snakemake.wildcards.benchmark,
        snakemake.wildcards.lang,
        snakemake.params.reading,
    )
    arguments = {name: value for name, value in reading.items() if name != "version"}
    benchmarks = registered(snakemake.config["benchmarks"])
    table = problem_table(load(benchmark, language, **arguments, benchmarks=benchmarks))
    stamp = provenance(
        snakemake.rule, reading, snakemake.input, benchmark=benchmark, language=language
    )
    write_parquet(snakemake.output[0], table, PROBLEM_SCHEMA, stamp)
