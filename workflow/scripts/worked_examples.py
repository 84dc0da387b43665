"""Draw the solved English questions of a task that prompts begin with."""

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet
from lingualift.evaluation.worked_examples import draw
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    count, task = int(snakemake.wildcards.shots), snakemake.wildcards.task
    table = draw(read_parquet(snakemake.input[0]), count, task)
    stamp = provenance(snakemake.rule, {"count": count}, snakemake.input)
    write_parquet(snakemake.output[0], table, table.schema, stamp)
