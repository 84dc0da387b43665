"""Everything that made a table, as text."""

from lingualift.artifacts import write_text
from lingualift.job import job
from lingualift.provenance import describe, trace

with job(snakemake.log[0]):
    write_text(snakemake.output[0], describe(trace(snakemake.input[0])) + "\n")
