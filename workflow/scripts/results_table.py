"""Result tables of one benchmark: by language and resource level, and by language family and
script.
"""

import csv
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lingualift import job
from lingualift.artifacts import atomic_path, read_parquet, write_parquet, write_text
from lingualift.benchmarks.mmwp_built import BUILT_SCHEMA
from lingualift.benchmarks.mmwp_built.build import post_edited_rows
from lingualift.benchmarks.registry import registered
from lingualift.evaluation.problems import read_problems
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.provenance import provenance
from lingualift.tables.chance import TITLES, chance
from lingualift.tables.gains import advice, gain_table
from lingualift.tables.lexicons import LEXICON_TABLE_SCHEMA
from lingualift.tables.reference import read_reference
from lingualift.tables.results import (
    TIDY_SCHEMA,
    readable,
    reference_rows,
    scores_of_operation,
    tidy,
    with_version,
)
from lingualift.tables.scopes import group_scopes, scopes


def write_csv(name: str, rows: Sequence[Sequence[str]]) -> None:
    """Write rows as a CSV file, whole or not at all."""
    with atomic_path(name) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(rows)


with job.frame(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    scores = pa.concat_tables([read_parquet(path, SCORE_SCHEMA) for path in files.scores])
    lexicons = read_parquet(files.lexicons, LEXICON_TABLE_SCHEMA)
    aligned = lexicons.filter(lexicons["in_stage_1"])["language"].to_pylist()
    benchmark = registered(snakemake.config["benchmarks"])[params.benchmark].BENCHMARK
    scores = scores_of_operation(scores, benchmark.shown)
    titles = {title for title, *_ in params.systems.values()}
    published = [
        row
        for path in files.get("reference", [])
        for row in read_reference(path)
        if row.title in titles
    ]
    guessed = {
        language: chance(read_problems(path), benchmark.answer)
        for language, path in zip(params.languages, files.problems, strict=True)
    }
    post_edited = {
        language: pc.mean(read_parquet(path, BUILT_SCHEMA)["post_edited"].cast("float64")).as_py()
        for language, path in zip(params.languages, files.built, strict=False)
    }
    # Where sources lie and what jobs ask for changes no figure: runs on another machine give the
    # same bytes.
    configuration = params.configuration.model_dump(
        mode="json", exclude={"mirror", "offline", "resources", "compute"}
    )
    stamp = provenance(
        snakemake.rule, {"languages": params.languages}, files, configuration=configuration
    )
    for columns, parquet, readable_csv in (
        (
            scopes(params.languages, benchmark.groups, aligned, benchmark.left_out),
            snakemake.output.parquet,
            snakemake.output.csv,
        ),
        (
            group_scopes(params.languages, params.groupings),
            snakemake.output.groups,
            snakemake.output.groups_csv,
        ),
    ):
        measured = tidy(
            scores,
            params.systems,
            params.languages,
            benchmark.groups,
            aligned,
            params.reference,
            params.bootstrap,
            columns,
        )
        others = reference_rows(
            columns,
            params.benchmark,
            benchmark.groups,
            guessed,
            TITLES[benchmark.answer],
            published,
        )
        table = with_version(pa.concat_tables([measured, others]), benchmark.version)
        if post_edited:
            table = pa.concat_tables([table, post_edited_rows(columns, post_edited)])
        write_parquet(parquet, table, TIDY_SCHEMA, stamp)
        write_csv(readable_csv, readable(table))
        if parquet == snakemake.output.parquet:
            write_csv(snakemake.output.gains, gain_table(table))
            lines = advice(table, params.methods, params.languages, params.names)
            write_text(snakemake.output.notes, "".join(f"{line}\n" for line in lines))
