"""Turn a retrieved model into a folder that `from_pretrained` loads."""

from pathlib import Path

from lingualift.config import load
from lingualift.job import job
from lingualift.languages import load_languages
from lingualift.model.prepare import prepare_model
from lingualift.retrieve.fetch import verified
from lingualift.retrieve.sources import load_sources, resolve_source

with job(snakemake.log[0], snakemake.threads):
    tables = Path(snakemake.scriptdir).parents[1] / "config"
    registry = load_sources(tables / "sources.yaml", load(snakemake.config).pins)
    source = resolve_source(registry, load_languages(tables / "languages.tsv"), snakemake.wildcards.source)
    prepare_model(source, verified(snakemake.input[0]), Path(snakemake.output[0]).parent)
