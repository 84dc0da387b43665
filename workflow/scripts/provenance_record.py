"""Everything that made a table, as text."""

from lingualift import job
from lingualift.artifacts import write_text
from lingualift.provenance import trace, trace_text

with job.frame(snakemake.log[0]):
    write_text(snakemake.output[0], trace_text(trace(snakemake.input[0])) + "\n")
