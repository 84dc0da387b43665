"""Parallel sentences as points in every space of Figure 5."""

from pathlib import Path

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.evaluation.predict import load_for_generation
from lingualift.evaluation.problems import read_problems, texts
from lingualift.machine import device, dtype
from lingualift.model.prepare import prepared
from lingualift.model.states import load_states
from lingualift.paper.read import SentenceFiles
from lingualift.paper.sentences import (
    SENTENCE_SCHEMA,
    SentenceReader,
    alignment_layer,
    before_stage_one,
    llm_vectors,
    mean_states,
    select,
    sentence_points,
    stacked,
)
from lingualift.plan.paper import SENTENCES
from lingualift.provenance import provenance

with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    params = snakemake.params
    files = SentenceFiles(**params.files)
    problems = {code: read_problems(path) for code, path in files.problems.items()}
    stores = {
        encoder: {code: load_states(path, texts(problems[code])) for code, path in paths.items()}
        for encoder, paths in files.states.items()
    }
    sentences, states = select(problems, stores, SENTENCES)
    encoded = states[files.encoder]
    before = before_stage_one(files.before, files.after, params.seed)
    vectors = {
        "encoder": stacked(encoded, mean_states),
        "aligned, before stage 1": stacked(encoded, lambda of: mean_states(of, before)),
    }
    after = alignment_layer(files.after)
    vectors["aligned, after stage 1"] = stacked(encoded, lambda of: mean_states(of, after))
    for system, (checkpoint, llm, layout, encoder) in files.systems.items():
        folder, precision = prepared(llm), dtype(params.precision)
        trained = Path(checkpoint) if checkpoint else None
        model = load_for_generation(trained, folder, precision).to(device())
        reader = SentenceReader(model, folder, layout, states[encoder] if encoder else None)
        space = f"LLM of {params.titles[system]}"
        vectors[space] = llm_vectors(sentences, reader, params.layer)
    rows = [
        row
        for space, of in vectors.items()
        for row in sentence_points(space, params.benchmark, sentences, of)
    ]
    stamp = provenance(snakemake.rule, {"sentences": SENTENCES}, snakemake.input)
    table = pa.Table.from_pylist(rows, schema=SENTENCE_SCHEMA)
    write_parquet(snakemake.output[0], table, SENTENCE_SCHEMA, stamp)
