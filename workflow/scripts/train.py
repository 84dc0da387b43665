"""Train one stage of a chain."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lingualift import job
from lingualift.machine import device, use_bfloat16
from lingualift.model.prepare import prepared
from lingualift.plan.systems import RunStage
from lingualift.provenance import provenance
from lingualift.training.job import StageJob
from lingualift.training.launch import launch


def files_of(tables: Iterable[Mapping[str, Any] | None]) -> list[str]:
    """Every file and folder that a stage reads of its tables of texts."""
    names = ("texts", "states", "lexicon")
    return [table[name] for table in tables if table for name in names if table[name]]


with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    files, params = snakemake.input, snakemake.params
    run = RunStage.model_validate(params.stage)
    reference = asdict(params.reference) if params.reference else None
    models = [files.llm, files.get("encoder"), files.get("parent")]
    read = [*filter(None, models), *files_of([*params.texts, reference])]
    stage_job = StageJob(
        stage=run.stage,
        name=run.name,
        layout=run.input,
        seed=run.seed,
        out=Path(snakemake.output[0]),
        llm=prepared(files.llm),
        encoder=prepared(files.encoder) if run.encoder else None,
        layer=run.encoder.read if run.encoder else None,
        split_digits=run.encoder is not None and run.encoder.split_digits,
        mixture=run.encoder is not None and run.encoder.mixture,
        alignment=run.alignment,
        parent=Path(files.parent) if "parent" in files.keys() else None,
        data=params.texts,
        reference=reference,
        names=params.languages,
        stamp=provenance(snakemake.rule, run.model_dump(mode="json"), read, seed=run.seed),
        bf16=use_bfloat16(params.precision, device()),
    )
    launch(stage_job, snakemake.resources.get("gpu", 0))
