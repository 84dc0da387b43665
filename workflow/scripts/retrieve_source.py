"""Retrieve one source from its registry or the mirror."""

from pathlib import Path

from lingualift.config import load
from lingualift.job import job
from lingualift.languages import load_languages
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.sources import load_sources, resolve_source

with job(snakemake.log[0]):
    registry, languages = snakemake.params.tables
    source = resolve_source(load_sources(registry, snakemake.params.pins), load_languages(languages), snakemake.wildcards.source)
    # Not parameters of the rule: where a pinned file came from changes nothing that depends on it.
    where = load(snakemake.config)
    retrieve(source, Path(snakemake.output[0]).parent, Path(where.resources) / "downloads", where.mirror, where.offline)
