"""Run the frozen encoder once over one or more tables of texts, for all systems and seeds."""

from pathlib import Path

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.machine import device, dtype
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.model.states import encoded_languages, encoded_texts

with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    tables = {Path(path).stem: read_parquet(path) for path in snakemake.input.texts}
    encoder = Encoder(
        prepared(snakemake.input.encoder),
        snakemake.params.layer,
        dtype(snakemake.params.precision),
        device(),
        split_digits=snakemake.params.split_digits,
    )
    with job.batch_entries(snakemake.output[0], list(tables)) as stores:
        for name, store in stores.items():
            texts, languages = encoded_texts(tables[name]), encoded_languages(tables[name], name)
            encoder.store(store, texts, f"encode {name}", languages)
