"""The report of the run: one HTML file that opens offline."""

from lingualift import job
from lingualift.artifacts import write_text
from lingualift.config import load
from lingualift.report.content import Licence
from lingualift.report.page import render
from lingualift.report.read import Answered, Files, Names, read_report

with job.frame(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    files = Files(
        tables=params.tables,
        figures=params.figures,
        lexicon_table=given.lexicon_table,
        lexicons=params.lexicons,
        answered={table: Answered(**own) for table, own in params.answered.items()},
    )
    report = read_report(
        files,
        Names(params.languages, params.systems),
        load(snakemake.config),
        [Licence(**licence) for licence in params.licences],
    )
    write_text(snakemake.output[0], render(report))
