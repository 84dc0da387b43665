"""Answer one benchmark in one language with one system."""

from pathlib import Path

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.evaluation.predict import load_for_generation, predict
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import read_problems, texts
from lingualift.model.encoder import Encoder
from lingualift.model.layout import Prompt
from lingualift.model.prepare import prepared
from lingualift.model.states import load_states
from lingualift.precision import device, dtype
from lingualift.provenance import provenance
from lingualift.translate.engine import in_english

with job.frame(snakemake.log[0], snakemake.threads):
    given, params = snakemake.input, snakemake.params
    values, precision = params.evaluation, dtype(params.precision)
    checkpoint = Path(given.checkpoint) if "checkpoint" in given.keys() else None
    llm = prepared(given.llm)
    problems = read_problems(given.problems)
    if "translated" in given.keys():
        problems = in_english(problems, read_parquet(given.translated), given.translated)
    output = Path(snakemake.output[0])
    partial = output.with_name(output.name + ".partial")
    model = load_for_generation(checkpoint, llm, precision).to(device())
    if model.encoder is not None:  # a stage has trained it: stored states are the frozen encoder's
        encoder = Encoder(model.config.encoder["path"], model.config.encoder["layer"], precision, device(), model.encoder)
        states = encoder.encode(texts(problems), progress="encode")
    else:
        states = load_states(given.states, texts(problems)) if "states" in given.keys() else None
    table = predict(
        model,
        states,
        problems,
        snakemake.wildcards.lang,
        BENCHMARKS[snakemake.wildcards.benchmark].BENCHMARK.answer,
        params.input,
        Prompt(**params.prompt),
        llm,
        values["max_new_tokens"],
        values["batch"],
        likelihood=values.get("choices") == "likelihood",
        retrieval_layer=values.get("retrieval_layer"),
        partial=partial,
        weights=checkpoint,
    )
    stamp = provenance(
        snakemake.rule, values, snakemake.input, system=params.system, seed=params.seed,
        run=snakemake.wildcards.run, benchmark=snakemake.wildcards.benchmark, checkpoint=checkpoint.name if checkpoint else None,
    )  # fmt: skip
    write_parquet(output, table, PREDICTION_SCHEMA, stamp)
    partial.unlink(missing_ok=True)
