"""Train one stage of a chain."""

from pathlib import Path

from lingualift import job
from lingualift.model.layout import Prompt
from lingualift.model.prepare import prepared
from lingualift.plan.inputs import StageTexts
from lingualift.plan.systems import RunStage
from lingualift.precision import use_bf16
from lingualift.provenance import provenance
from lingualift.training.launch import StageJob, launch
from lingualift.training.run import Data


def data(table: StageTexts) -> Data:
    """What the trainer reads of a table of texts."""
    return Data(
        Path(table.texts),
        Path(table.states) if table.states else None,
        Prompt(**table.prompt) if table.prompt else None,
        Path(table.lexicon) if table.lexicon else None,
    )


with job.frame(snakemake.log[0], snakemake.threads):
    files, params = snakemake.input, snakemake.params
    run = RunStage.model_validate(params.stage)
    texts = [StageTexts(**table) for table in params.texts]
    reference = params.reference
    read = [files.llm, files.get("encoder"), files.get("parent")]
    for table in [*texts, reference]:
        read += [table.texts, table.states, table.lexicon] if table else []
    stage_job = StageJob(
        stage=run.stage,
        name=run.name,
        layout=run.input,
        seed=run.seed,
        out=Path(snakemake.output[0]),
        llm=prepared(files.llm),
        encoder=prepared(files.encoder) if run.encoder else None,
        layer=run.encoder.layer if run.encoder else None,
        alignment=run.alignment,
        parent=Path(files.parent) if "parent" in files.keys() else None,
        data=[data(table) for table in texts],
        reference=data(reference) if reference else None,
        names=params.languages,
        stamp=provenance(
            snakemake.rule, run.model_dump(mode="json"), filter(None, read), seed=run.seed
        ),
        bf16=use_bf16(params.precision),
    )
    launch(stage_job, getattr(snakemake.resources, "gpu", 0))
