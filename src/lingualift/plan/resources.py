"""What rules ask a scheduler for, as Snakemake's resources."""

from collections.abc import Callable
from typing import Any

from lingualift.sizes import Request


def growing(request: Request | Callable[[Any], Request]) -> dict[str, Callable[..., int]]:
    """Memory (MB) and runtime (minutes) that grow with every attempt, disk (MB), and how much of
    it stays; `request` is one of a rule's jobs alike, or one by their wildcards.
    """

    def asked(wildcards: Any) -> Request:
        return request(wildcards) if callable(request) else request

    return {
        "mem_mb": lambda wildcards, attempt: asked(wildcards).megabytes * attempt,
        "runtime": lambda wildcards, attempt: asked(wildcards).minutes * attempt,
        "disk_mb": lambda wildcards: asked(wildcards).disk,
        "kept_mb": lambda wildcards: asked(wildcards).kept,
    }


def gpu_request(count: Any) -> dict[str, Any]:
    """A request for GPUs, a number or a function of wildcards; nothing for none."""
    return {"gpu": count} if count else {}
