"""Draw the solved English questions of a task that prompts begin with."""

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet
from lingualift.evaluation.worked_examples import draw_worked_examples
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    count, task = int(snakemake.wildcards.shots), snakemake.wildcards.task
    table = draw_worked_examples(read_parquet(snakemake.input[0]), count, task)
    stamp = provenance(snakemake.rule, {"count": count}, snakemake.input)
    write_parquet(snakemake.output[0], table, table.schema, stamp)
