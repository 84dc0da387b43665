"""Run the frozen encoder once over a set of texts."""

import torch

from lingualift.artifacts import read_parquet
from lingualift.job import job
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, use_bf16

with job(snakemake.log[0], snakemake.threads):
    table = read_parquet(snakemake.input.texts)
    texts = table["question" if "question" in table.column_names else "source"].to_pylist()
    dtype = torch.bfloat16 if use_bf16(snakemake.params.precision) else torch.float32
    encoder = Encoder(prepared(snakemake.input.encoder), snakemake.params.layer, dtype, device())
    encoder.store(snakemake.output[0], texts, progress="encode")
