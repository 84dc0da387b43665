"""One figure of the paper, as SVG, PNG, and its record."""

from lingualift import job
from lingualift.figures.write import write_figure
from lingualift.paper import make
from lingualift.paper.read import read_inputs

with job.frame(snakemake.log[0]):
    name, params, output = snakemake.wildcards.artifact, snakemake.params, snakemake.output
    made = make(name, read_inputs(name, params.files, snakemake.input.reference, **params.facts))
    write_figure(made, output.svg, output.png, output.record)
