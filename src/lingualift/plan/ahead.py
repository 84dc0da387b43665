"""The jobs ahead of a run, for the progress line."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from lingualift.plan import Plan, work
from snakemake_logger_plugin_lingualift.estimate import Estimate, JobAhead


class Named(Protocol):
    """A rule of Snakemake."""

    name: str


class Planned(Protocol):
    """A job of Snakemake's plan."""

    jobid: int
    rule: Named
    wildcards: Any
    priority: float


def estimate(
    plan: Plan, jobs: Iterable[Planned], dependencies: Mapping[Any, Iterable[Planned]], slots: int
) -> Estimate:
    """How long these jobs take, `slots` of them at once, each with its work and with the jobs that
    it waits for.
    """
    ahead = [
        JobAhead(
            job.jobid,
            job.rule.name,
            work.seconds(plan, job.rule.name, job.wildcards),
            frozenset(other.jobid for other in dependencies[job]),
            float(job.priority),
        )
        for job in jobs
    ]
    return Estimate(ahead, slots, work.REFERENCE / work.matrix_speed())
