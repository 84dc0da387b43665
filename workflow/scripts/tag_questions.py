"""Tag the English task questions once with spaCy."""

from pathlib import Path

from lingualift.artifacts import read_parquet, write_parquet
from lingualift.codeswitch.tag import TAGGED_SCHEMA, load_pipeline, tag
from lingualift.job import job
from lingualift.provenance import provenance

with job(snakemake.log[0]):
    questions = read_parquet(snakemake.input.questions)
    pipeline = load_pipeline(Path(snakemake.input.tagger).parent)
    tagged = tag(questions["id"].to_pylist(), questions["question"].to_pylist(), pipeline, processes=snakemake.threads)
    write_parquet(snakemake.output[0], tagged, TAGGED_SCHEMA, provenance(snakemake.rule, {}, snakemake.input))
