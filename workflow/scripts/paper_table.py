"""One table of the paper, ours beside its own."""

from lingualift import job
from lingualift.messages import LinguaLiftError
from lingualift.paper import entry, make
from lingualift.paper.base import Table
from lingualift.paper.read import read_inputs
from lingualift.paper.write import write_table

with job.frame(snakemake.log[0]):
    name, params = snakemake.wildcards.artifact, snakemake.params
    made = make(name, read_inputs(name, params.files, snakemake.input.reference, **params.facts))
    if not isinstance(made, Table):
        raise LinguaLiftError(f"results/paper: {name} is no table")
    write_table(made, entry(name).title, snakemake.output.csv, snakemake.output.record)
