"""Run the frozen encoder once over one or more sets of texts, a benchmark's problems or a table's
texts, for all systems and seeds.
"""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.evaluation.problems import read_problems, texts
from lingualift.machine import device, dtype
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared

with job.frame(snakemake.log[0], snakemake.threads):
    given = snakemake.input
    if "problems" in given.keys():
        asked = [texts(read_problems(path)) for path in given.problems]
    else:
        tables = [read_parquet(path) for path in given.texts]
        asked = [
            table["question" if "question" in table.column_names else "source"].to_pylist()
            for table in tables
        ]
    encoder = Encoder(
        prepared(given.encoder), snakemake.params.layer, dtype(snakemake.params.precision), device()
    )
    for out, own in zip(snakemake.output, asked, strict=True):
        encoder.store(out, own, progress="encode")
