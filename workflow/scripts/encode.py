"""Run the frozen encoder once over a set of texts."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, dtype

with job.frame(snakemake.log[0], snakemake.threads):
    table = read_parquet(snakemake.input.texts)
    texts = table["question" if "question" in table.column_names else "source"].to_pylist()
    encoder = Encoder(prepared(snakemake.input.encoder), snakemake.params.layer, dtype(snakemake.params.precision), device())
    encoder.store(snakemake.output[0], texts, progress="encode")
