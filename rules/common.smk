# Configuration, and the paths and lookups that several rule files share.

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path

from snakemake.exceptions import WorkflowError

from lingualift import resources as sizes
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.config import load, load_systems
from lingualift.errors import LinguaLiftError
from lingualift.languages import load_languages
from lingualift.plan import Share, encoder_name, plan
from lingualift.retrieve.sources import load_sources
from lingualift.run import DAY, begin, sweep
from lingualift.run import report as results_report
from lingualift.tasks.generated import GENERATORS

BASE = Path(workflow.basedir)

# For every job of this run: two processes on two cores must not wait for each other in spin locks.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

try:
    CONFIG = load(config)
    LANGUAGES = load_languages(BASE / "config/languages.tsv")
    SOURCES = load_sources(BASE / "config/sources.yaml", CONFIG.pins)
    SYSTEMS = load_systems(BASE / "config/systems")
    PLAN = plan(CONFIG, LANGUAGES, SOURCES, SYSTEMS)
except LinguaLiftError as error:
    raise WorkflowError(str(error)) from None

RUN = r"[a-z0-9][a-z0-9._-]*(~\d+)?"


wildcard_constraints:
    lang=r"[a-z]{2,3}",
    source=r"[a-z0-9][a-z0-9._-]*",
    stage=r"[a-z0-9][a-z0-9._-]*",
    run=RUN,
    benchmark=r"[a-z0-9][a-z0-9._-]*",
    task=r"[a-z0-9][a-z0-9._-]*",
    encoder=r"[a-z0-9][a-z0-9._-]*",


def manifest(key, lang=None):
    """The manifest that stands for a retrieved source (of one language, where the source is split by language)."""
    return f"{CONFIG.resources}/sources/{PLAN.source_key(key, lang)}/MANIFEST.json"


def model_files(key):
    """What stands for a prepared model folder."""
    return f"{CONFIG.resources}/models/{key}/model.json"


def encoded(encoder, name):
    """Stored states of a set of texts from an encoder of the configuration or of a system."""
    return f"results/encoded/{encoder_name(encoder)}/{name}"


def begin_run():
    """Lock, checks and licences; only in the process that the user started."""
    jobs = list(workflow.dag.needrun_jobs())
    wanted = {job.wildcards.source for job in jobs if job.rule.name == "retrieve_source"}
    sources = [PLAN.source(folder) for folder in PLAN.retrieved() if folder in wanted]
    asked = [job.resources for job in jobs if job.rule.script]
    scratch = max(
        (resources.get("disk_mb", 0) - resources.get("kept_mb", 0) for resources in asked),
        default=0,
    )
    disk = sum(resources.get("kept_mb", 0) for resources in asked) + scratch
    memory = max(
        (
            job.resources.get("mem_mb", 0)
            for job in jobs
            if job.rule.script and (workflow.local_exec or job.is_local)
        ),
        default=0,
    )
    try:
        begin(PLAN, Path("results"), BASE, sources, disk * 10**6, memory * 10**6)
        sweep(
            Path("results"), 0 if workflow.local_exec else DAY
        )  # jobs on other machines may hold no lock that this one sees
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None


def print_results():
    print(
        results_report(
            sorted(
                {
                    Path(path)
                    for job in (workflow.dag.targetjobs if workflow.dag else [])
                    for path in (workflow.dag.targetfiles & set(job.output)) or job.input
                }
            )
        ),
        flush=True,
    )
