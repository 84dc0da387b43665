"""Turn a retrieved model into a folder that `from_pretrained` loads, and see that it can be what
the configuration wants of it.
"""

from pathlib import Path

from lingualift import job
from lingualift.config import load, load_systems
from lingualift.languages import load_languages
from lingualift.model.prepare import prepare_model
from lingualift.plan import plan
from lingualift.retrieve.fetch import verified
from lingualift.retrieve.sources import load_sources

with job.frame(snakemake.log[0], snakemake.threads):
    tables, config = Path(snakemake.scriptdir).parents[1] / "config", load(snakemake.config)
    languages, registry = (
        load_languages(tables / "languages.tsv"),
        load_sources(tables / "sources.yaml", config.pins),
    )
    made = plan(config, languages, registry, load_systems(tables / "systems"))
    llm, layers = made.asked_of(
        snakemake.wildcards.source
    )  # not a parameter: another layer must not make all models anew
    prepare_model(
        made.source(snakemake.wildcards.source),
        verified(snakemake.input[0]),
        Path(snakemake.output[0]).parent,
        llm,
        layers,
    )
