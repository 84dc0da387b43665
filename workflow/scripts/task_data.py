"""English task data: generated word problems."""

from lingualift.artifacts import write_parquet
from lingualift.config import Task
from lingualift.job import job
from lingualift.provenance import provenance
from lingualift.tasks.word_problems import generate

with job(snakemake.log[0]):
    task = Task.model_validate(snakemake.params.task)
    table = generate(task.examples, task.seed)
    write_parquet(snakemake.output[0], table, table.schema, provenance(snakemake.rule, task.model_dump(), snakemake.input))
