"""Let an LLM as it is translate the questions of one benchmark and language into English."""

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.evaluation.problems import read_problems
from lingualift.machine import dtype
from lingualift.model.layout import Prompt
from lingualift.model.prepare import prepared
from lingualift.provenance import provenance
from lingualift.translate.by_llm import translate
from lingualift.translate.engine import TRANSLATION_SCHEMA, translated_parts, translation_table

with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    files, params, lang = snakemake.input, snakemake.params, snakemake.wildcards.lang
    problems = read_problems(files.problems)
    prompt, llm = Prompt(**params.prompt), prepared(files.llm)
    english = translated_parts(
        [problem.question for problem in problems],
        lang,
        lambda sentences: translate(sentences, llm, prompt, params.batch, dtype(params.precision)),
    )
    stamp = provenance(snakemake.rule, {"prompt": params.prompt}, files)
    table = translation_table(problems, lang, english)
    write_parquet(snakemake.output[0], table, TRANSLATION_SCHEMA, stamp)
