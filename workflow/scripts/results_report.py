"""The report of the run: one HTML file that opens offline."""

from lingualift import job
from lingualift.artifacts import write_text
from lingualift.figures.typefaces import read_typeface
from lingualift.report.content import Licence
from lingualift.report.page import render
from lingualift.report.read import Answered, Names, ReportFiles, read_report

with job.frame(snakemake.log[0]):
    inputs, params = snakemake.input, snakemake.params
    files = ReportFiles(
        tables=params.tables,
        figures=params.figures,
        lexicon_table=inputs.lexicon_table,
        lexicons=params.lexicons,
        answered={table: Answered(**paths) for table, paths in params.answered.items()},
    )
    report = read_report(
        files,
        Names(params.languages, params.systems),
        params.config,
        [Licence(**licence) for licence in params.licences],
    )
    typefaces = [read_typeface(manifest) for manifest in inputs.fonts]
    write_text(snakemake.output[0], render(report, typefaces))
