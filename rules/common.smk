# What only Snakemake can do: the plan of this run, wildcards, and requests that grow.

import atexit
import os
import sys
from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError

from lingualift import machine
from lingualift.config import load_config
from lingualift.messages import LinguaLiftError
from lingualift.languages import load_languages
from lingualift.paper import ARTIFACTS
from lingualift.plan import (
    ahead,
    compared,
    files,
    inputs,
    paper,
    plan,
    requests,
    shared,
    shown,
    states,
)
from lingualift.plan.resources import gpu_request, growing
from lingualift.plan.systems import load_systems
from lingualift.preflight import check_paths
from lingualift.retrieve.fetch import content_pin
from lingualift.retrieve.sources import load_sources
from lingualift.run import begin, foreseen, is_dry_run, name_user, to_report
from lingualift.run import results_summary, wake_seldom
from lingualift.sizes import Request
from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

BASE = Path(workflow.current_basedir).parent

machine.wait_without_spinning()  # for every job of this run: two processes on two cores
name_user()

try:
    check_paths(BASE)
    CONFIG = load_config(config)
    LANGUAGES = load_languages(BASE / "config/languages.tsv")
    SOURCES = load_sources(BASE / "config/sources.yaml", CONFIG.pins)
    PLAN = plan(CONFIG, LANGUAGES, SOURCES, load_systems(BASE / "config/systems"))
except LinguaLiftError as error:
    raise WorkflowError(str(error)) from None


def say_what_a_dry_run_would_begin_with():
    """GPU hours, disk and downloads of the jobs that a dry run has listed."""
    dag = workflow.dag
    if dag is not None and (jobs := list(dag.needrun_jobs(exclude_finished=False))):
        print(foreseen(PLAN, *asked_by(jobs)), file=sys.stderr)


# A real run says it when it begins; of a dry run nothing is executed but this file.
if workflow.is_main_process and is_dry_run():
    for note in PLAN.notes:
        print(f"lingualift: note: {note}", file=sys.stderr)
    print(states.choice_summary(PLAN), file=sys.stderr)
    atexit.register(say_what_a_dry_run_would_begin_with)


# With --sdm apptainer jobs run in this image. None is in a registry: Apptainer.def builds it.
IMAGE = "lingualift.sif"
if DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method:
    if not os.path.isfile(IMAGE):
        raise WorkflowError(
            f"{IMAGE} is not there, and no registry has it; build it: apptainer build"
            f" --build-arg COMMIT=$(git rev-parse HEAD) {IMAGE} Apptainer.def"
        )


container: IMAGE


wildcard_constraints:
    **files.PATTERNS,
    table="|".join(CONFIG.benchmarks),
    figure="|".join(shown.all_figures(PLAN)),


def shown_in_report(path, caption, category, **labels):
    """A file that `snakemake --report` carries, with its caption."""
    caption = f"../workflow/report/{caption}.rst"
    return report(path, caption=caption, category=category, labels=labels)


def paper_reading(wildcards):
    """What a table or figure is made from; what the configuration lacks for it is one line."""
    try:
        return paper.artifact_files(PLAN, wildcards.artifact)
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None


def passing(checkpoint):
    """A checkpoint that goes when nothing of the run will read it again, where the configuration
    says so; `--notemp` keeps it all the same.
    """
    return checkpoint if CONFIG.compute.keep_checkpoints else temp(checkpoint)


SMALL = growing(Request(1000, 10))
ONE_GPU = gpu_request(min(CONFIG.compute.gpus, 1))
GPU_ENVIRONMENT = "../envs/gpu.yaml" if CONFIG.compute.gpus else "../envs/cpu.yaml"
ANSWER_ENVIRONMENT = "../envs/vllm.yaml" if CONFIG.evaluation.engine == "vllm" else GPU_ENVIRONMENT


def share(resource, amount):
    """Start no more jobs at once than an amount of this machine's resource serves, unless
    `--resources` says otherwise; which GPU is whose: `lingualift.job.own_gpus`.
    """
    if amount and resource not in workflow.global_resources:
        workflow.register_resource(resource, amount)
        workflow.scheduler.global_resources[resource] = amount


def stores(job):
    """Whether a job writes to the folder that clones may share."""
    return any(path.startswith(f"{CONFIG.resources}/") for path in job.output)


def asked_by(jobs):
    """The sources that jobs retrieve, and what they ask for by the folder that they write to."""
    return (
        {job.wildcards.source for job in jobs if job.rule.name == "retrieve_source"},
        {
            "results": [job.resources for job in jobs if job.rule.script and not stores(job)],
            CONFIG.resources: [job.resources for job in jobs if stores(job)],
        },
    )


def begin_run():
    """Lock, checks and licences; only in the process that the user started."""
    wake_seldom(workflow.scheduler)
    jobs = list(workflow.dag.needrun_jobs())
    local = workflow.local_exec
    read = {str(path) for job in jobs for path in job.input}
    try:
        shared.check_pins(PLAN, read, {str(path) for job in jobs for path in job.output})
        gpus_here = begin(
            PLAN,
            BASE,
            *asked_by(jobs),
            [job.resources for job in jobs if job.rule.script and (local or job.is_local)],
            stages=[
                job.wildcards.stage
                for job in jobs
                if job.rule.name == "train" and (local or job.is_local)
            ],
            alone=local,
            own_environment=not workflow.deployment_settings.deployment_method,
        )
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None
    share("gpu", gpus_here)
    if local:  # two training jobs of the default run side by side need 9 GB
        share("mem_mb", (machine.available_memory() or 0) // 10**6)
    slots = (workflow.cores if local else workflow.nodes) or 1
    left = ahead.estimate(PLAN, jobs, workflow.dag.dependencies, slots)
    logger.info("jobs ahead", extra={"jobs_ahead": left})


def print_results():
    """The tables among the targets as text, and where the rest is."""
    jobs = workflow.dag.targetjobs if workflow.dag else []
    paths = {
        Path(path)
        for job in jobs
        for path in (workflow.dag.targetfiles & set(job.output)) or job.input
    }
    print(results_summary(sorted(paths)), flush=True)
