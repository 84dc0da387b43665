"""The list of the paper's tables and figures with their states."""

from lingualift import job
from lingualift.artifacts import read_json, write_text
from lingualift.paper.index import index

with job.frame(snakemake.log[0]):
    records = {name: read_json(path) for name, path in snakemake.params.records.items()}
    write_text(snakemake.output[0], index(records, snakemake.params.lacking))
