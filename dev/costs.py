"""What a configuration costs on GPUs, stage by stage: hours, memory and disk, by its plan.

    python -m dev.costs docs/scaling.md

The table between the markers `costs` of the file is written anew, of `config/paper.yaml`. All of it
is arithmetic over the plan: no figure here was measured on a GPU.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from snakemake.utils import update_config

from dev.scaling import fill, markdown, short
from lingualift.artifacts import write_text
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.config import load_config
from lingualift.demand import TrainingSetup, fixed_bytes, needed_bytes, tokens_that_fit
from lingualift.languages import load_languages
from lingualift.plan import Plan, files, plan, requests
from lingualift.plan.systems import RunStage, load_systems
from lingualift.retrieve.sources import load_sources
from lingualift.sizes import SWITCHED_TOKENS, ModelSize
from lingualift.training.fit import FEW_TOKENS, MOST_TOKENS

ROOT = Path(__file__).resolve().parents[1]
# An A100 of 80 GB: operations a second in bfloat16, bytes of its memory, bytes a second from it.
OPERATIONS, MEMORY, BANDWIDTH = 312e12, 80e9, 2.0e12
REACHED = 0.49  # of these operations in training: 3,800 tokens a second and GPU at 7B
ENCODING_REACHED = 0.3
START = 4 / 60  # hours until a stage's first step: imports, an LLM read by each process, examples
TOKENS = {"maths": 310, "nli": 60, "commonsense": 80, "translation": 120, "code-switched": 213}
"""LLM tokens of an example with its prompt: MetaMathQA's mean; of the others, estimates."""
QUESTION = 75  # encoder tokens of an English one
LONGEST = 1900  # of MetaMathQA
EXAMPLES = {
    "gsm8kinstruct": 8 * 7473,
    "questions": 7 * 7473,
    "commonsense": 9741 + 4957 + 3370 + 8134,
    "commonsense-multilingual": 16 * 9741,
}
"""Examples of tasks whose size the configuration leaves open: CommonsenseQA, OpenBookQA, ARC, QASC
and GSM8K as published.
"""
# Evaluation: seconds until a job asks its first question, new tokens of an answer, rows of a batch
# beside 7 B parameters, seconds of a step at 7 B, and how much longer a batch is than its mean.
JOB_START, ANSWER, ROWS, STEP, LONGER = 70, {"number": 190, "choice": 6}, 192, 0.027, 1.5
OWN_MODULES = 0.2  # GB of a checkpoint that links its parent's LLM: alignment layer or adapters


@dataclass(frozen=True)
class Cost:
    """A row of the table: GPU-hours and their physical limit, gigabytes of one GPU, of the host,
    and of disk that stays.
    """

    name: str
    jobs: int
    hours: float
    limit: float
    device: float
    host: float
    disk: float


def paper() -> Plan:
    """The plan of config/paper.yaml."""
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    overlay = yaml.safe_load((ROOT / "config/paper.yaml").read_text(encoding="utf-8"))
    update_config(values, overlay)
    config = load_config(values)
    sources = load_sources(ROOT / "config/sources.yaml", config.pins)
    languages = load_languages(ROOT / "config/languages.tsv")
    return plan(config, languages, sources, load_systems(ROOT / "config/systems"))


def costs(of: Plan) -> list[Cost]:
    """All rows: kinds of training stages, encoding, evaluation."""
    groups: dict[str, list[RunStage]] = {}
    for stage in of.stages.values():
        learns = "+".join(stage.stage.train)
        groups.setdefault(f"{stage.name}, {stage.llm.source} ({learns})", []).append(stage)
    rows = [_summed(name, [_stage(of, stage) for stage in groups[name]]) for name in groups]
    together = of.config.compute.languages_per_job
    evaluation = [_evaluation(of, 1), _evaluation(of, together)]
    return [*rows, _summed("all training", rows), _encoding(of), *evaluation]


def _summed(name: str, parts: Sequence[Cost]) -> Cost:
    return Cost(
        name,
        sum(part.jobs for part in parts),
        sum(part.hours for part in parts),
        sum(part.limit for part in parts),
        max(part.device for part in parts),
        max(part.host for part in parts),
        sum(part.disk for part in parts),
    )


def stage_tokens(of: Plan, stage: RunStage) -> tuple[float, float]:
    """Tokens of the LLM and of the encoder in one epoch of a stage."""
    parts: list[tuple[int, int, int]] = []  # examples, tokens of the LLM, of the encoder
    for (data, _), task in zip(stage.stage.parts, stage.tasks, strict=True):
        if data == "code-switched" and stage.codeswitch is not None:
            count = requests.switched(of, of.variant(stage.codeswitch))
            count *= len(of.config.languages.alignment)
            parts.append((count, TOKENS["code-switched"], SWITCHED_TOKENS))
        else:
            count = EXAMPLES.get(task) or requests.examples(of, task)
            both = QUESTION if stage.input == "both" else 0  # the question enters twice
            parts.append((count, TOKENS[of.config.tasks[task].kind] + both, QUESTION))
    available = sum(count for count, _, _ in parts)
    drawn = min(stage.stage.examples or available, available) / available
    return (
        drawn * sum(count * tokens for count, tokens, _ in parts),
        drawn * sum(count * tokens for count, _, tokens in parts),
    )


def training_of(of: Plan, stage: RunStage) -> tuple[ModelSize, TrainingSetup, int]:
    """The LLM, what decides the stage's demand, and the tokens of its micro-batches."""
    llm, training = requests.model_size(of, stage.llm.source), requests.demand(of, stage)
    tokens = tokens_that_fit(llm, training, MEMORY)
    if stage.stage.objective == "language-modelling" and tokens < max(FEW_TOKENS, LONGEST):
        training = replace(training, checkpointing=True)
        tokens = tokens_that_fit(llm, training, MEMORY)
    share = stage.stage.batch * TOKENS["maths"] // training.gpus
    return llm, training, min(tokens, max(share, LONGEST), MOST_TOKENS)


def _stage(of: Plan, stage: RunStage) -> Cost:
    asked = requests.training(of, stage.id)
    llm, training, tokens = training_of(of, stage)
    if stage.stage.objective == "warm-start":
        device = fixed_bytes(ModelSize(llm.parameters, llm.width), training)
        return Cost(stage.id, 1, START, 0.0, device / 1e9, asked.megabytes / 1e3, OWN_MODULES)
    read, encoded = stage_tokens(of, stage)
    learns = 6 if "encoder" in training.modules else 2
    an_epoch = read * (6 if training.whole else 4) * llm.parameters
    an_epoch += encoded * learns * training.encoder
    needed = stage.stage.epochs * an_epoch
    computed = needed * (1 + 1 / 3 if training.checkpointing else 1)
    return Cost(
        stage.id,
        1,
        computed / OPERATIONS / REACHED / 3600 + START * training.gpus,
        needed / OPERATIONS / 3600,
        needed_bytes(llm, training, tokens) / 1e9,
        asked.megabytes / 1e3,
        OWN_MODULES + (2 * llm.parameters / 1e9 if training.whole else 0),
    )


def _encoding(of: Plan) -> Cost:
    """The sets of states that are kept, and those of all problems."""
    parts = []
    for key in of.states.stored:
        states = of.states.sets[key]
        parts.append((states.size, states.hours * 1e14))
    wanted = {
        (run.encoder.source, benchmark, lang)
        for run in of.runs.values()
        if run.encoder is not None
        for benchmark in of.config.benchmark_names.values()
        if run.name in of.runs_on(benchmark)
        for lang in of.languages_of(benchmark)
    }
    for source, benchmark, _ in wanted:
        model, count = requests.model_size(of, source), _problems(of, benchmark)
        tokens = count * requests.text_tokens(files.switched_folder(""))
        parts.append((tokens * 2 * model.width, tokens * 2 * model.parameters / 3600))
    operations = sum(part for _, part in parts)
    used = [of.encoders[states.encoder].source for states in of.states.sets.values()]
    largest = max(requests.model_size(of, source).parameters for source in used)
    return Cost(
        "encoding",
        len(parts),
        operations / OPERATIONS / ENCODING_REACHED + len(parts) * JOB_START / 3600,
        operations / OPERATIONS,
        2 * largest / 1e9 + 2,
        2 * largest / 1e9 + 1,
        sum(size for size, _ in parts) / 1e9,
    )


def _evaluation(of: Plan, together: int) -> Cost:
    """All answers, `together` languages of a benchmark and a system in a job."""
    hours = limit = disk = 0.0
    jobs, largest = 0, 0
    for benchmark in of.config.benchmark_names.values():
        answer = BENCHMARKS[benchmark].BENCHMARK.answer
        languages = of.languages_of(benchmark)
        batches = -(-len(languages) // together)
        for run in of.runs_on(benchmark):
            parameters = requests.model_size(of, of.run(run).llm.source).parameters
            steps = ANSWER.get(answer, 1) * _problems(of, benchmark) * len(languages) / ROWS
            size = parameters / 6.74e9
            hours += (batches * JOB_START + steps * LONGER * STEP * size) / 3600
            limit += steps * 2 * parameters / BANDWIDTH / 3600
            disk += _problems(of, benchmark) * len(languages) * 2e-6
            jobs, largest = jobs + batches, max(largest, parameters)
    name = f"evaluation, {together} language(s) a job"
    return Cost(name, jobs, hours, limit, MEMORY / 1e9, 2 * largest / 1e9 + 2, disk)


def _problems(of: Plan, benchmark: str) -> int:
    most: int = max(BENCHMARKS[benchmark].BENCHMARK.counts[of.config.evaluation.split])
    return min(most, of.config.evaluation.items or most)


def table(rows: Iterable[Cost]) -> str:
    """The Markdown table."""
    head = [
        "stage, LLM (what learns)", "jobs", "GPU-hours", "physical limit", "GPU memory, GB",
        "host memory of one, GB", "disk, GB",
    ]  # fmt: skip
    return markdown(
        head,
        [
            [
                row.name,
                row.jobs,
                *map(short, (row.hours, row.limit, row.device, row.host, row.disk)),
            ]
            for row in rows
        ],
    )


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.costs", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("file", type=Path, help="Markdown file with the markers")
    path = parser.parse_args().file
    write_text(path, fill(path.read_text(encoding="utf-8"), "costs", table(costs(paper()))))


if __name__ == "__main__":
    main()
