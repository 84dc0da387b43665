# What only Snakemake can do: the plan of this run, wildcards, and requests that grow.

import os
import sys
from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError

from lingualift.config import load_config
from lingualift.messages import LinguaLiftError
from lingualift.languages import load_languages
from lingualift.paper import ARTIFACTS
from lingualift.plan import files, inputs, paper, plan, requests, shared, shown, states, work
from lingualift.plan.systems import load_systems
from lingualift.preflight import check_paths
from lingualift.retrieve.sources import load_sources
from lingualift.run import begin, is_dry_run, name_user, to_report
from lingualift.run import report as results_report
from lingualift.sizes import Request
from snakemake.logging import logger
from snakemake_logger_plugin_lingualift.estimate import Estimate, JobAhead

BASE = Path(workflow.current_basedir).parent

# For every job of this run: two processes on two cores must not wait for each other in spin locks.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
name_user()

try:
    check_paths(BASE)
    CONFIG = load_config(config)
    LANGUAGES = load_languages(BASE / "config/languages.tsv")
    SOURCES = load_sources(BASE / "config/sources.yaml", CONFIG.pins)
    PLAN = plan(CONFIG, LANGUAGES, SOURCES, load_systems(BASE / "config/systems"))
except LinguaLiftError as error:
    raise WorkflowError(str(error)) from None


# A real run says it when it begins; of a dry run nothing is executed but this file.
if workflow.is_main_process and is_dry_run():
    print(states.described(PLAN), file=sys.stderr)


wildcard_constraints:
    **files.PATTERNS,
    table="|".join(CONFIG.benchmarks),
    figure="|".join(shown.all_figures(PLAN)),


def growing(request):
    """Memory (MB) and runtime (minutes) that grow with every attempt, disk (MB), and how much of
    it stays; `request`: a `Request`, or a function of wildcards that returns one.
    """
    asked = request if callable(request) else lambda wildcards: request
    return {
        "mem_mb": lambda wildcards, attempt: asked(wildcards).megabytes * attempt,
        "runtime": lambda wildcards, attempt: asked(wildcards).minutes * attempt,
        "disk_mb": lambda wildcards: asked(wildcards).disk,
        "kept_mb": lambda wildcards: asked(wildcards).kept,
    }


def gpus(count):
    """A request for GPUs, where the configuration has any."""
    return {"gpu": count} if count else {}


def shown_in_report(path, caption, category, **labels):
    """A file that `snakemake --report` carries, with its caption."""
    caption = f"../workflow/report/{caption}.rst"
    return report(path, caption=caption, category=category, labels=labels)


def paper_reading(wildcards):
    """What a table or figure is made from; what the configuration lacks for it is one line."""
    try:
        return paper.reading(PLAN, wildcards.artifact)
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None


def printed_accuracies(wildcards):
    """The paper's accuracies of its benchmarks, by a relative path: a moved folder has nothing to
    do.
    """
    return [
        os.path.relpath(BASE / f"config/reference/{slot}.csv")
        for slot in ARTIFACTS[wildcards.artifact].benchmarks
    ]


def passing(checkpoint):
    """A checkpoint that goes when nothing of the run will read it again, where the configuration
    says so; `--notemp` keeps it all the same.
    """
    return checkpoint if CONFIG.compute.keep_checkpoints else temp(checkpoint)


SMALL = growing(Request(1000, 10))
ONE_GPU = gpus(min(CONFIG.compute.gpus, 1))
GPU_ENVIRONMENT = "../envs/gpu.yaml" if CONFIG.compute.gpus else "../envs/cpu.yaml"
ANSWER_ENVIRONMENT = "../envs/vllm.yaml" if CONFIG.evaluation.engine == "vllm" else GPU_ENVIRONMENT


def share_gpus(count):
    """Start no more jobs than `count` GPUs of this machine serve, unless `--resources gpu=N` says
    otherwise; which GPU is whose: `lingualift.job.own_gpus`.
    """
    if count and "gpu" not in workflow.global_resources:
        workflow.register_resource("gpu", count)
        workflow.scheduler.global_resources["gpu"] = count


def begin_run():
    """Lock, checks and licences; only in the process that the user started."""
    jobs = list(workflow.dag.needrun_jobs())
    local = workflow.local_exec
    read = {str(path) for job in jobs for path in job.input}
    try:
        shared.check_pins(PLAN, read, {str(path) for job in jobs for path in job.output})
        gpus_here = begin(
            PLAN,
            BASE,
            {job.wildcards.source for job in jobs if job.rule.name == "retrieve_source"},
            [job.resources for job in jobs if job.rule.script],
            [job.resources for job in jobs if job.rule.script and (local or job.is_local)],
            stages=[
                job.wildcards.stage
                for job in jobs
                if job.rule.name == "train" and (local or job.is_local)
            ],
            alone=local,
            own_environment=not workflow.deployment_settings.deployment_method,
        )
        tell_jobs_ahead(jobs)
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None
    share_gpus(gpus_here)


def tell_jobs_ahead(jobs):
    """What the progress line reckons with: each job's work, and what it waits for."""
    ahead = [
        JobAhead(
            job.jobid,
            job.rule.name,
            work.seconds(PLAN, job.rule.name, job.wildcards),
            frozenset(other.jobid for other in workflow.dag.dependencies[job]),
            float(job.priority),
        )
        for job in jobs
    ]
    slots = workflow.cores if workflow.local_exec else workflow.nodes
    estimate = Estimate(ahead, slots or 1, work.REFERENCE / work.matrix_speed())
    logger.info("jobs ahead", extra={"jobs_ahead": estimate})


def print_results():
    """The tables among the targets as text, and where the rest is."""
    jobs = workflow.dag.targetjobs if workflow.dag else []
    paths = {
        Path(path)
        for job in jobs
        for path in (workflow.dag.targetfiles & set(job.output)) or job.input
    }
    print(results_report(sorted(paths)), flush=True)
