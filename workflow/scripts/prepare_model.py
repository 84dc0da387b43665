"""Turn a retrieved model into a folder that `from_pretrained` loads, and see that it can be what
the configuration wants of it.
"""

from pathlib import Path

from lingualift import job
from lingualift.model.prepare import prepare_model
from lingualift.retrieve.fetch import verified

with job.frame(snakemake.log[0], snakemake.threads):
    prepare_model(
        snakemake.params.source,
        verified(snakemake.input[0]),
        Path(snakemake.output[0]).parent,
        snakemake.params.asked.llm,
        snakemake.params.asked.layers,
        snakemake.params.asked.split_digits,
        snakemake.params.asked.chats,
        snakemake.params.asked.language_tokens,
    )
