"""Turn a retrieved model into a folder that `from_pretrained` loads."""

from pathlib import Path

from lingualift.job import job
from lingualift.languages import load_languages
from lingualift.model.prepare import prepare_model
from lingualift.retrieve.sources import load_sources, resolve_source

with job(snakemake.log[0], snakemake.threads):
    registry, languages = snakemake.params.tables
    source = resolve_source(load_sources(registry, snakemake.params.pins), load_languages(languages), snakemake.wildcards.source)
    prepare_model(source, Path(snakemake.input[0]).parent, Path(snakemake.output[0]).parent)
