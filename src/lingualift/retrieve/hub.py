"""What the hub says of a repository: its commit, licence, gate and files; its refusals in words.

The hub's address comes from its library's environment variable `HF_ENDPOINT`, a token from
`HF_TOKEN` alone, never one stored on this machine.
"""

import fnmatch
import os
from dataclasses import dataclass
from typing import Any

from lingualift.messages import LinguaLiftError
from lingualift.retrieve.sources import IGNORED, PIN_COMMAND, Source

SAFE = "*.safetensors"
PULL_REQUESTS = 10  # the newest that are searched for a conversion


class HubRefusal(LinguaLiftError):
    """The hub answers that it will not deliver: another attempt is of no use."""


@dataclass(frozen=True)
class Repository:
    """A hub repository at one commit: when that was made (a day), the licence that it states,
    whether it is gated, whether it holds safetensors, and the bytes that a retrieval fetches.
    """

    commit: str
    date: str
    licence: str
    gated: bool
    safetensors: bool
    size: int


def repository(source: Source, revision: str | None) -> Repository:
    """The repository of a source at a revision (None: its main branch), one request. Raises
    `HubRefusal`, or an error of the hub's library where there is no answer.
    """
    try:
        found = _api().repo_info(
            source.repository or "",
            revision=revision,
            repo_type=source.repo_type,
            files_metadata=True,
        )
    except Exception as error:  # the library's own and its HTTP client's alike
        raise_refusal(source, revision, error)
        raise
    wanted = [file for file in found.siblings or [] if _is_wanted(source, file.rfilename)]
    return Repository(
        commit=str(found.sha),
        date=found.last_modified.date().isoformat() if found.last_modified else "unknown",
        licence=_licence(found),
        gated=bool(found.gated),
        safetensors=any(fnmatch.fnmatch(file.rfilename, SAFE) for file in wanted),
        size=sum(file.size or 0 for file in wanted),
    )


def check_access(source: Source) -> None:
    """Raise `HubRefusal` where the repository is gated and this user may not read it."""
    try:
        _api().auth_check(source.repository or "", repo_type=source.repo_type)
    except Exception as error:  # as above
        raise_refusal(source, None, error)
        raise


def check_delivery(source: Source) -> None:
    """Raise `HubRefusal` where the hub could not deliver a pinned source."""
    there = repository(source, source.revision)
    if source.repo_type == "model" and not there.safetensors:
        raise HubRefusal(without_safetensors(source, there.commit))
    check_access(source)


def without_safetensors(source: Source, commit: str) -> str:
    """One line: the repository has no weights that are read here, and where there are some."""
    conversion = _conversion(source)
    remedy = (
        f"its pull request {conversion[0]} has them: `{PIN_COMMAND} {source.key}={conversion[1]}`"
        if conversion
        else f"convert a copy that you trust (docs/data.md) into mirror/hub/{source.repository},"
        f" then `{PIN_COMMAND}`"
    )
    return (
        f"source '{source.key}': {source.repository} at {commit} holds no safetensors weights, and"
        f" pickled ones are never read; {remedy}"
    )


def _conversion(source: Source) -> tuple[str, str] | None:
    """The newest pull request that holds safetensors, and its commit."""
    name, kind = source.repository or "", source.repo_type
    refs = _api().list_repo_refs(name, repo_type=kind, include_pull_requests=True)
    requests = sorted(refs.pull_requests or [], key=lambda ref: -int(ref.ref.rpartition("/")[2]))
    for ref in requests[:PULL_REQUESTS]:
        if repository(source, ref.target_commit).safetensors:
            return ref.ref, ref.target_commit
    return None


def raise_refusal(source: Source, revision: str | None, error: Exception) -> None:
    """Raise `HubRefusal` where an error of the hub's library is one, with what helps."""
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    where = f"source '{source.key}': {source.repository}"
    if isinstance(error, GatedRepoError):
        raise HubRefusal(
            f"{where} is gated: accept its terms on the hub, then `export HF_TOKEN=` your token,"
            " and run again"
        ) from error
    if isinstance(error, RevisionNotFoundError):
        raise HubRefusal(
            f"{where} has no commit or branch {revision} on the hub (any more); pin today's commit,"
            f" whose results may differ: `{PIN_COMMAND} {source.key}=main`"
        ) from error
    if isinstance(error, RepositoryNotFoundError):
        raise HubRefusal(
            f"{where} is not on the hub for you: correct its name in config/sources.yaml or, where"
            " it is private, `export HF_TOKEN=` your token"
        ) from error


def _is_wanted(source: Source, name: str) -> bool:
    """Whether a retrieval fetches a file."""
    wanted = not source.allow or any(fnmatch.fnmatch(name, pattern) for pattern in source.allow)
    return wanted and not any(fnmatch.fnmatch(name, pattern) for pattern in IGNORED)


def _licence(found: Any) -> str:
    """The licence on the repository's card; `unstated` where it names none."""
    stated = found.card_data.get("license") if found.card_data else None
    if isinstance(stated, list):
        stated = ", ".join(map(str, stated))
    tags = [tag.partition(":")[2] for tag in found.tags or [] if tag.startswith("license:")]
    return " ".join(str(stated or ", ".join(tags) or "unstated").split())


def _api() -> Any:
    from huggingface_hub import HfApi

    # never a token stored on this machine
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=os.environ.get("HF_TOKEN") or False)
