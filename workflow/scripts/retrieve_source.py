"""Retrieve one source from its registry or the mirror."""

from pathlib import Path

from lingualift import job
from lingualift.retrieve.fetch import retrieve

with job.frame(snakemake.log[0]):
    origin = snakemake.params.origin
    retrieve(
        snakemake.params.source,
        Path(snakemake.output[0]).parent,
        Path(origin.downloads),
        origin.mirror,
        origin.offline,
    )
