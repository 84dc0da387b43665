"""Run the frozen encoder once over one or more sets of texts."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, dtype

with job.frame(snakemake.log[0], snakemake.threads):
    tables = [read_parquet(path) for path in snakemake.input.texts]
    encoder = Encoder(prepared(snakemake.input.encoder), snakemake.params.layer, dtype(snakemake.params.precision), device())
    for out, table in zip(snakemake.output, tables, strict=True):
        texts = table["question" if "question" in table.column_names else "source"].to_pylist()
        encoder.store(out, texts, progress="encode")
