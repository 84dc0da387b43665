"""Translate the questions of one benchmark and language into English."""

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.evaluation.problems import read_problems
from lingualift.languages import Language
from lingualift.model.prepare import prepared
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified
from lingualift.translate.engine import (
    TRANSLATION_SCHEMA,
    translate_questions,
    translation_table,
)

with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    files, params = snakemake.input, snakemake.params
    language = Language(**params.language)
    problems = read_problems(files.problems)
    folder = verified(files.engine) if params.kind == "apt" else prepared(files.engine)
    questions = [problem.question for problem in problems]
    english = translate_questions(questions, language, params.kind, folder, params.batch)
    table = translation_table(problems, language.code, english)
    stamp = provenance(snakemake.rule, {"engine": params.engine}, files)
    write_parquet(snakemake.output[0], table, TRANSLATION_SCHEMA, stamp)
