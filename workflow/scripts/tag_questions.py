"""Tag the English task questions once with spaCy."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.codeswitch.tag import load_pipeline, tag_file
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified

with job.frame(snakemake.log[0]):
    questions = read_parquet(snakemake.input.questions)
    questions = questions.filter(
        [language == "en" for language in questions["language"].to_pylist()]
    )
    pipeline = load_pipeline(verified(snakemake.input.tagger))
    stamp = provenance(snakemake.rule, {}, snakemake.input)
    tag_file(
        questions["id"].to_pylist(),
        questions["question"].to_pylist(),
        pipeline,
        snakemake.output[0],
        snakemake.threads,
        stamp,
    )
