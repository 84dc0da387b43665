"""Task data: generated word problems, or published data sets."""

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.benchmarks.registry import english_questions
from lingualift.config import Task
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified
from lingualift.tasks.generated import GENERATORS
from lingualift.tasks.held_out import BenchmarkQuestions
from lingualift.tasks.loaders import load_task_data

with job.frame(snakemake.log[0]):
    task = Task.model_validate(snakemake.params.task)
    if task.sources[0] in GENERATORS:
        table = GENERATORS[task.sources[0]](task.examples, task.seed)
    else:
        folders = [
            (key, lang, verified(path))
            for (key, lang), path in zip(
                snakemake.params.folders, snakemake.input.get("sources", []), strict=True
            )
        ]
        for manifest in snakemake.input.get("held_out", []):
            verified(manifest)
        asked = {
            benchmark: english_questions(benchmark, **reading)
            for benchmark, reading in snakemake.params.held_out.items()
        }
        table = load_task_data(
            folders,
            task.kind,
            task.languages,
            snakemake.params.languages,
            task.examples,
            BenchmarkQuestions(asked),
        )
    write_parquet(
        snakemake.output[0],
        table,
        table.schema,
        provenance(snakemake.rule, task.model_dump(), snakemake.input),
    )
