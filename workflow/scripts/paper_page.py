"""One of the paper's pages of answers."""

from lingualift import job
from lingualift.paper import entry, make
from lingualift.paper.read import read_inputs
from lingualift.paper.write import write_page

with job.frame(snakemake.log[0]):
    name, params = snakemake.wildcards.artifact, snakemake.params
    made = make(name, read_inputs(name, params.files, [], **params.facts))
    write_page(made, entry(name).title, snakemake.output.html, snakemake.output.record)
