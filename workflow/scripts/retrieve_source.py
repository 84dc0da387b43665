"""Retrieve one source from its registry or the mirror."""

from pathlib import Path

from lingualift.job import job
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.sources import Source

with job(snakemake.log[0]):
    retrieve(
        Source.model_validate(snakemake.params.source),
        Path(snakemake.output[0]).parent,
        snakemake.params.downloads,
        snakemake.params.mirror,
        snakemake.params.offline,
    )
