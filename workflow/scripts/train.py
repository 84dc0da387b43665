"""Train one stage of a chain."""

from pathlib import Path

from lingualift.config import Alignment, RunStage
from lingualift.job import job
from lingualift.model.layout import Prompt
from lingualift.precision import use_bf16
from lingualift.training.run import run_stage

with job(snakemake.log[0], snakemake.threads):
    given = snakemake.input
    run = RunStage.model_validate(snakemake.params.stage)
    switched = "corpora" in given.keys()
    parts = zip(snakemake.params.languages, given.corpora, given.states, given.evidence, strict=True) if switched else ()
    run_stage(
        run.stage,
        run.name,
        run.input,
        run.seed,
        out=Path(snakemake.output[0]),
        llm=Path(given.llm).parent,
        encoder=Path(given.encoder).parent if "encoder" in given.keys() else None,
        layer=snakemake.params.layer,
        alignment=Alignment.model_validate(snakemake.params.alignment),
        prompt=Prompt(**snakemake.params.prompt) if snakemake.params.prompt else None,
        parent=Path(given.parent) if "parent" in given.keys() else None,
        task=Path(given.task),
        task_states=Path(given.task_states) if "task_states" in given.keys() else None,
        code_switched={language: (Path(corpus), Path(states), Path(evidence)) for language, corpus, states, evidence in parts},
        bf16=use_bf16(snakemake.params.precision),
    )
