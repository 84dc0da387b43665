"""Train one stage of a chain."""

from pathlib import Path

from lingualift import job
from lingualift.config import RunStage
from lingualift.languages import load_languages
from lingualift.machine import device, use_bfloat16
from lingualift.model.layout import Prompt
from lingualift.model.prepare import prepared
from lingualift.provenance import provenance
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.launch import launch

# Not a parameter of the rule: another row in the table of languages changes no stage.
names = {
    code: language.name
    for code, language in load_languages(
        Path(snakemake.scriptdir).parents[1] / "config/languages.tsv"
    ).items()
}

with job.frame(snakemake.log[0], snakemake.threads):
    given, params = snakemake.input, snakemake.params
    run = RunStage.model_validate(params.stage)
    texts, prompts = (
        [Path(path) for path in given.texts],
        [prompt and Prompt(**prompt) for prompt in params.prompts],
    )
    states = [Path(path) for path in given.states] if run.encoder else [None] * len(texts)
    evidence = {Path(path).stem: Path(path) for path in given.evidence} if run.codeswitch else {}
    switched = [evidence.get(path.stem) if "codeswitch" in path.parts else None for path in texts]
    stage_job = StageJob(
        stage=run.stage,
        name=run.name,
        layout=run.input,
        seed=run.seed,
        out=Path(snakemake.output[0]),
        llm=prepared(given.llm),
        encoder=prepared(given.encoder) if run.encoder else None,
        layer=run.encoder.layer if run.encoder else None,
        alignment=run.alignment,
        parent=Path(given.parent) if "parent" in given.keys() else None,
        data=[StageTexts(*parts) for parts in zip(texts, states, prompts, switched, strict=True)],
        reference=(
            StageTexts(Path(given.reference), Path(given.reference_states), None)
            if run.encoder
            else None
        ),
        names=names,
        stamp=provenance(snakemake.rule, run.model_dump(mode="json"), given, seed=run.seed),
        bf16=use_bfloat16(params.precision, device()),
    )
    launch(stage_job, getattr(snakemake.resources, "gpu", 0))
