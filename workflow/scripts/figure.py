"""One figure of the run, as SVG, PNG, and the record that the report shows."""

from lingualift import job
from lingualift.figures import FIGURES, draw_figure
from lingualift.figures.read import read_figure_inputs
from lingualift.figures.typefaces import read_typeface
from lingualift.figures.write import write_figure

with job.frame(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    inputs = read_figure_inputs(
        {need: params.files[need] for need in FIGURES[params.entry].needs},
        params.names,
        params.systems,
        params.bootstrap,
    )
    typefaces = [read_typeface(manifest) for manifest in snakemake.input.fonts]
    drawing = draw_figure(params.entry, inputs)
    write_figure(drawing, output.svg, output.png, output.record, typefaces)
