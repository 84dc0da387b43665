"""Run the frozen encoder once over a benchmark's problems in one language, for all systems and seeds."""

import torch

from lingualift.evaluation.problems import read_problems, texts
from lingualift.job import job
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, use_bf16

with job(snakemake.log[0], snakemake.threads):
    asked = texts(read_problems(snakemake.input.problems))
    dtype = torch.bfloat16 if use_bf16(snakemake.params.precision) else torch.float32
    encoder = Encoder(prepared(snakemake.input.encoder), snakemake.params.layer, dtype, device())
    encoder.store(snakemake.output[0], asked, progress="encode")
