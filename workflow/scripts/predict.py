"""Answer one benchmark in one language with one system."""

from pathlib import Path

import torch

from lingualift.artifacts import write_parquet
from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.config import Evaluation
from lingualift.evaluation.predict import load_for_generation, predict
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.retrieval import retrieve
from lingualift.job import job
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.precision import device, use_bf16
from lingualift.provenance import provenance

with job(snakemake.log[0], snakemake.threads):
    given, params, language = snakemake.input, snakemake.params, snakemake.wildcards.lang
    values = Evaluation.model_validate(params.evaluation)
    dtype = torch.bfloat16 if use_bf16(params.precision) else torch.float32
    checkpoint = Path(given.checkpoint) if "checkpoint" in given.keys() else None
    llm = Path(given.llm).parent
    problems = load(snakemake.wildcards.benchmark, language, **params.problems)
    model = load_for_generation(checkpoint, llm, dtype).to(device())
    encoder = Encoder(Path(given.encoder).parent, params.layer, dtype, device()) if "encoder" in given.keys() else None
    if BENCHMARKS[snakemake.wildcards.benchmark].BENCHMARK.answer == "neighbour":
        table = retrieve(model, encoder, problems, language, llm, values.batch)
    else:
        prompt = Prompt(**params.prompt)
        table = predict(model, encoder, problems, language, params.input, prompt, llm, values.max_new_tokens, values.batch)
    stamp = provenance(
        snakemake.rule, values.model_dump(), [given.llm], system=params.system, seed=params.seed, run=snakemake.wildcards.run,
        benchmark=snakemake.wildcards.benchmark, checkpoint=checkpoint.name if checkpoint else None,
    )  # fmt: skip
    write_parquet(snakemake.output[0], table, PREDICTION_SCHEMA, stamp)
