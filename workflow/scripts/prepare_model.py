"""Turn a retrieved model into a folder that `from_pretrained` loads."""

from pathlib import Path

from lingualift.job import job
from lingualift.model.prepare import prepare_model
from lingualift.retrieve.sources import Source

with job(snakemake.log[0], snakemake.threads):
    prepare_model(Source.model_validate(snakemake.params.source), Path(snakemake.input[0]).parent, Path(snakemake.output[0]).parent)
