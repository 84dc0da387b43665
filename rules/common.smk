# What only Snakemake can do: the plan of this run, wildcards, and requests that grow.

import os
from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError

from lingualift.config import load
from lingualift.errors import LinguaLiftError
from lingualift.languages import load_languages
from lingualift.plan import files, inputs, plan, requests
from lingualift.plan.systems import load_systems
from lingualift.retrieve.sources import load_sources
from lingualift.run import begin
from lingualift.run import report as results_report
from lingualift.sizes import Request

BASE = Path(workflow.current_basedir).parent

# For every job of this run: two processes on two cores must not wait for each other in spin locks.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

try:
    CONFIG = load(config)
    LANGUAGES = load_languages(BASE / "config/languages.tsv")
    SOURCES = load_sources(BASE / "config/sources.yaml", CONFIG.pins)
    PLAN = plan(CONFIG, LANGUAGES, SOURCES, load_systems(BASE / "config/systems"))
except LinguaLiftError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    **files.PATTERNS,


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


SMALL = growing(Request(1000, 10))
ONE_GPU = gpus(min(CONFIG.compute.gpus, 1))
GPU_ENVIRONMENT = "../envs/gpu.yaml" if CONFIG.compute.gpus else "../envs/cpu.yaml"


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
    try:
        gpus_here = begin(
            PLAN,
            BASE,
            {job.wildcards.source for job in jobs if job.rule.name == "retrieve_source"},
            [job.resources for job in jobs if job.rule.script],
            [job.resources for job in jobs if job.rule.script and (local or job.is_local)],
            alone=local,
            own_environment=not workflow.deployment_settings.deployment_method,
        )
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None
    share_gpus(gpus_here)


def print_results():
    """The tables among the targets, as text."""
    targets = workflow.dag.targetfiles if workflow.dag else []
    print(results_report([Path(target) for target in targets]), flush=True)
