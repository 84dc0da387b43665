"""Put mmwp-built together in one language, from its draft or from the sheet that came back, with a
data card.
"""

from pathlib import Path

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet, write_text
from lingualift.benchmarks.mmwp_built import BUILT_SCHEMA
from lingualift.benchmarks.mmwp_built.build import (
    built_rows,
    card,
    draft_sheet,
    english_rows,
    made_by,
)
from lingualift.benchmarks.mmwp_built.sheets import returned
from lingualift.benchmarks.mmwp_built.translation import DRAFT_SCHEMA
from lingualift.evaluation.problems import read_problems
from lingualift.languages import Language
from lingualift.provenance import git_commit, provenance

with job.frame(snakemake.log[0]):
    files, bound = snakemake.input, snakemake.params.bound
    language = Language(**snakemake.params.language)
    problems = read_problems(files.english)
    if language.code == "en":
        paths, rows = [], english_rows(problems)
    else:
        paths = [Path(path) for path in files.get("sheets", [])]
        if paths:
            english = {problem.id: problem.question for problem in problems}
            sheet = returned(paths, english, language)
        else:
            sheet = draft_sheet(read_parquet(files.draft, DRAFT_SCHEMA))
        rows = built_rows(problems, sheet, language, bound)
    stamp = provenance(
        snakemake.rule, {"bound": bound}, files, language=language.code, made_by=made_by(rows)
    )
    names = [path.name for path in paths]
    write_text(snakemake.output.card, card(rows, language, names, bound, git_commit()))
    table = pa.Table.from_pylist(rows, schema=BUILT_SCHEMA)
    write_parquet(snakemake.output.problems, table, BUILT_SCHEMA, stamp)
