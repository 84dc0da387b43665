"""Translate the English problems of mmwp-built into one language and back, and flag them."""

from functools import partial

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.benchmarks.mmwp_built.translation import DRAFT_SCHEMA, draft_rows, drafts
from lingualift.evaluation.problems import read_problems
from lingualift.languages import Language
from lingualift.model.prepare import prepared
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified
from lingualift.translate.engine import translate_sentences

with job.frame(snakemake.log[0], snakemake.threads) as logger:
    files, params = snakemake.input, snakemake.params
    language = Language(**params.language)
    problems = read_problems(files.english)
    ways = {
        way: partial(
            translate_sentences,
            language=language,
            engine=engine["kind"],
            folder=verified(files[way]) if engine["kind"] == "apt" else prepared(files[way]),
            batch=params.batch,
            out_of_english=way == "forth",
        )
        for way, engine in params.engines.items()
    }
    made = drafts([problem.question for problem in problems], language, ways["forth"], ways["back"])
    forth, back = (params.engines[way]["version"] for way in ("forth", "back"))
    engine = f"{forth}, both ways" if forth == back else f"{forth}, back: {back}"
    rows = draft_rows(problems, made, language, engine, params.bound)
    logger.info("%d of %d problems flagged", sum(bool(row["flags"]) for row in rows), len(rows))
    stamp = provenance(
        snakemake.rule,
        {"engines": params.engines, "bound": params.bound},
        files,
        language=language.code,
    )
    table = pa.Table.from_pylist(rows, schema=DRAFT_SCHEMA)
    write_parquet(snakemake.output[0], table, DRAFT_SCHEMA, stamp)
