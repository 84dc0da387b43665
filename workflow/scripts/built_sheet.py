"""Write the sheet of one language for its annotators, as TSV and XLSX."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.benchmarks.mmwp_built.build import draft_sheet
from lingualift.benchmarks.mmwp_built.sheets import write_tsv_sheet, write_xlsx_sheet
from lingualift.benchmarks.mmwp_built.translation import DRAFT_SCHEMA

with job.frame(snakemake.log[0]):
    rows = list(draft_sheet(read_parquet(snakemake.input[0], DRAFT_SCHEMA)).values())
    write_tsv_sheet(snakemake.output.tsv, rows)
    write_xlsx_sheet(snakemake.output.xlsx, rows, snakemake.params.title)
