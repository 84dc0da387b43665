"""Retrieve one source from its registry or the mirror."""

from pathlib import Path

from lingualift import job
from lingualift.config import load
from lingualift.languages import load_languages
from lingualift.retrieve.fetch import retrieve
from lingualift.retrieve.sources import load_sources, resolve_source

with job.frame(snakemake.log[0]):
    # Not parameters of the rule: the source's pin says what it holds; where it came from, and the
    # pins of others, change nothing.
    where, tables = load(snakemake.config), Path(snakemake.scriptdir).parents[1] / "config"
    registry = load_sources(tables / "sources.yaml", where.pins)
    source = resolve_source(
        registry, load_languages(tables / "languages.tsv"), snakemake.wildcards.source
    )
    retrieve(
        source,
        Path(snakemake.output[0]).parent,
        Path(where.resources) / "downloads",
        where.mirror,
        where.offline,
    )
