# Configuration, and the paths and lookups that several rule files share.

from dataclasses import asdict
from pathlib import Path

from snakemake.exceptions import WorkflowError

from lingualift import resources as sizes
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.config import load, load_systems
from lingualift.errors import LinguaLiftError
from lingualift.languages import load_languages
from lingualift.plan import plan
from lingualift.retrieve.sources import load_sources
from lingualift.run import begin, report

BASE = Path(workflow.basedir)

try:
    CONFIG = load(config)
    LANGUAGES = load_languages(BASE / "config/languages.tsv")
    SOURCES = load_sources(BASE / "config/sources.yaml", CONFIG.pins)
    SYSTEMS = load_systems(BASE / "config/systems")
    PLAN = plan(CONFIG, LANGUAGES, SOURCES, SYSTEMS)
except LinguaLiftError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    lang=r"[a-z]{2,3}",
    source=r"[a-z0-9][a-z0-9._-]*",
    stage=r"[a-z0-9-]+",
    run=r"[a-z0-9][a-z0-9._-]*(~\d+)?",
    benchmark=r"[a-z0-9-]+",
    task=r"[a-z0-9][a-z0-9._-]*",
    encoder=r"[a-z0-9][a-z0-9._-]*",


def growing(request):
    """Memory (MB) and runtime (minutes) that grow with every attempt; `request` is a `sizes.Request` or a function of the wildcards."""
    asked = request if callable(request) else lambda wildcards: request
    return {
        "mem_mb": lambda wildcards, attempt: asked(wildcards).megabytes * attempt,
        "runtime": lambda wildcards, attempt: asked(wildcards).minutes * attempt,
    }


SMALL = growing(sizes.Request(1000, 10))


def gpus(count):
    """A request for GPUs, where the configuration has any."""
    return {"gpu": count} if count else {}


ONE_GPU = gpus(min(CONFIG.compute.gpus, 1))
GPU_ENVIRONMENT = "../envs/gpu.yaml" if CONFIG.compute.gpus else "../envs/cpu.yaml"


def parameters(key):
    """A model's parameters, as far as the registry knows them."""
    return SOURCES[key].parameters or sizes.UNKNOWN_PARAMETERS


def width(key):
    """Size of a model's hidden states, as far as the registry knows it."""
    return SOURCES[key].width or sizes.UNKNOWN_WIDTH


def questions(task):
    """How many examples a task has, as far as the configuration tells."""
    return CONFIG.tasks[task].examples or sizes.UNKNOWN


def switched():
    """How many questions are code-switched for each language."""
    return CONFIG.codeswitch.queries or questions(CONFIG.codeswitch.task)


def vectors_dimension():
    """Dimensions of a language's word vectors over all spaces that the lexicon uses."""
    encoder = 2 * len(CONFIG.lexicon.encoder_layers) * width(CONFIG.encoder.source) if "encoder" in CONFIG.lexicon.starts else 0
    return CONFIG.fasttext.dimension + encoder


def manifest(key, lang=None):
    """The manifest that stands for a retrieved source (of one language, where the source is split by language)."""
    return f"{CONFIG.resources}/sources/{PLAN.source_key(key, lang)}/MANIFEST.json"


def model_files(key):
    """What stands for a prepared model folder."""
    return f"{CONFIG.resources}/models/{key}/model.json"


def encoded(name):
    """Stored encoder states of a set of texts."""
    return f"results/encoded/{PLAN.encoder}/{name}"


def begin_run():
    """Lock, checks and licences; only in the process that the user started."""
    wanted = {job.wildcards.source for job in workflow.dag.needrun_jobs() if job.rule.name == "retrieve_source"}
    sources = [PLAN.source(folder) for folder in PLAN.retrieved() if folder in wanted]
    try:
        begin(PLAN, Path("results"), BASE, sources)
    except LinguaLiftError as error:
        raise WorkflowError(str(error)) from None


def print_results():
    print(report([Path(target) for target in workflow.dag.targetfiles] if workflow.dag else []), flush=True)
