"""Run the frozen encoder once over a benchmark's problems in one language, for all systems and seeds."""

from lingualift import job
from lingualift.evaluation.problems import read_problems, texts
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, dtype

with job.frame(snakemake.log[0], snakemake.threads):
    asked = texts(read_problems(snakemake.input.problems))
    encoder = Encoder(prepared(snakemake.input.encoder), snakemake.params.layer, dtype(snakemake.params.precision), device())
    encoder.store(snakemake.output[0], asked, progress="encode")
