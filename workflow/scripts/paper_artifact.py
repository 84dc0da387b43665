"""One table, figure or page of answers of the paper, ours beside its own, with its record."""

from lingualift import job
from lingualift.figures.typefaces import read_typeface
from lingualift.figures.write import write_figure
from lingualift.messages import LinguaLiftError
from lingualift.paper import entry, make
from lingualift.paper.base import Table
from lingualift.paper.read import read_paper_inputs
from lingualift.paper.write import write_page, write_table

with job.frame(snakemake.log[0]):
    name, params, output = snakemake.wildcards.artifact, snakemake.params, snakemake.output
    reference = snakemake.input.get("reference", [])
    made = make(name, read_paper_inputs(name, params.files, reference, **params.facts))
    typefaces = [read_typeface(manifest) for manifest in snakemake.input.fonts]
    if name.startswith("table") != isinstance(made, Table):
        raise LinguaLiftError(f"results/paper: {name} is made as something else than its name says")
    if isinstance(made, Table):
        write_table(made, entry(name).title, output.csv, output.record)
    elif "svg" in output.keys():
        write_figure(made, output.svg, output.png, output.record, typefaces)
    else:
        write_page(made, entry(name).title, output.html, output.record, typefaces)
