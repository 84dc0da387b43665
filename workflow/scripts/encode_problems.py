"""Run the frozen encoder once over a benchmark's problems in one or more languages, for all systems and seeds."""

from lingualift import job
from lingualift.evaluation.problems import read_problems, texts
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, dtype

with job.frame(snakemake.log[0], snakemake.threads):
    asked = [texts(read_problems(path)) for path in snakemake.input.problems]
    encoder = Encoder(prepared(snakemake.input.encoder), snakemake.params.layer, dtype(snakemake.params.precision), device())
    for out, own in zip(snakemake.output, asked, strict=True):
        encoder.store(out, own, progress="encode")
