"""What the hub says of a repository: its commit, licence, gate and files; its refusals in words.

The hub's address comes from its library's environment variable `HF_ENDPOINT`, a token from
`HF_TOKEN` alone, never one stored on this machine.
"""

import fnmatch
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any

from lingualift.messages import LinguaLiftError
from lingualift.retrieve.sources import IGNORED, PIN_COMMAND, Source

SAFE = "*.safetensors"
CONVERTER = "SFconvertbot"
"""Who opens the hub's own pull requests with converted weights."""
LISTED = 1000  # open pull requests, the newest, a few requests
SEARCHED = 100  # of these, a request each
NO_HUB = json.JSONDecodeError | UnicodeDecodeError | KeyError | TypeError
"""What an answer that is not the hub's raises in its library: no JSON, or JSON of another form."""


class HubRefusal(LinguaLiftError):
    """The hub answers that it will not deliver: another attempt is of no use."""


class HubBusy(HubRefusal):
    """The hub answers that it will not deliver now: a later attempt may be of use."""


@dataclass(frozen=True)
class Repository:
    """A hub repository at one commit: when that was made (a day), the licence that it states,
    whether it is gated, whether it holds safetensors, the bytes and the names of the files that a
    retrieval fetches.
    """

    commit: str
    date: str
    licence: str
    gated: bool
    safetensors: bool
    size: int
    files: tuple[str, ...] = ()


def repository(source: Source, revision: str | None) -> Repository:
    """The repository of a source at a revision (None: its main branch), one request. Raises
    `HubRefusal`, or an error of the hub's library where there is no answer.
    """
    with _answers(source, revision):
        found = _api().repo_info(
            source.repository or "",
            revision=revision,
            repo_type=source.repo_type,
            files_metadata=True,
        )
    wanted = [file for file in found.siblings or [] if is_wanted(source, file.rfilename)]
    return Repository(
        commit=str(found.sha),
        date=found.last_modified.date().isoformat() if found.last_modified else "unknown",
        licence=_licence(found),
        gated=bool(found.gated),
        safetensors=any(fnmatch.fnmatch(file.rfilename, SAFE) for file in wanted),
        size=sum(file.size or 0 for file in wanted),
        files=tuple(file.rfilename for file in wanted),
    )


def check_access(source: Source) -> None:
    """Raise `HubRefusal` where the repository is gated and this user may not read it."""
    with _answers(source, None):
        _api().auth_check(source.repository or "", repo_type=source.repo_type)


def check_delivery(source: Source) -> None:
    """Raise `HubRefusal` where the hub could not deliver a pinned source."""
    there = repository(source, source.revision)
    if source.repo_type == "model" and not there.safetensors:
        raise HubRefusal(without_safetensors(source, there.commit))
    if not there.files:
        raise HubRefusal(without_files(source, there.commit))
    check_access(source)


def without_safetensors(source: Source, commit: str) -> str:
    """One line: the repository has no weights that are read here, and where there are some."""
    conversion = _conversion(source)
    remedy = (
        f"its pull request {conversion[0]} has them:"
        f" `{PIN_COMMAND} {source.pin_key}={conversion[1]}`"
        if conversion
        else f"convert a copy that you trust (docs/data.md) into mirror/hub/{source.repository},"
        f" then `{PIN_COMMAND}`"
    )
    return (
        f"source '{source.key}': {source.repository} at {commit} holds no safetensors weights, and"
        f" pickled ones are never read; {remedy}"
    )


def without_files(source: Source, commit: str) -> str:
    """One line: the repository has none of the files that are fetched of it."""
    wanted = f" {' or '.join(source.allow)}, which is what is fetched" if source.allow else ""
    return (
        f"source '{source.key}': {source.repository} at {commit} holds no file{wanted}; pin a"
        f" revision that does: `{PIN_COMMAND} {source.pin_key}=REVISION`"
    )


def _conversion(source: Source) -> tuple[str, str] | None:
    """An open pull request that holds safetensors, and its commit: the hub's own conversion before
    those that name safetensors in their title and all others, of each the oldest first. None also
    where the hub does not list them.
    """
    try:
        with _answers(source, None):
            found = _api().get_repo_discussions(
                source.repository or "",
                repo_type=source.repo_type,
                discussion_type="pull_request",
                discussion_status="open",
            )
            requests = list(islice(found, LISTED))
    except HubBusy:
        raise
    except HubRefusal:
        return None
    requests.sort(
        key=lambda one: (one.author != CONVERTER, "safetensors" not in one.title.lower(), one.num)
    )
    for reference in (f"refs/pr/{one.num}" for one in requests[:SEARCHED]):
        try:
            there = repository(source, reference)
        except HubBusy:
            raise
        except HubRefusal:  # one whose commits are gone
            continue
        if there.safetensors:
            return reference, there.commit
    return None


@contextmanager
def _answers(source: Source, revision: str | None) -> Iterator[None]:
    """What the hub's library and its HTTP client raise for an answer becomes `HubRefusal`; what
    they raise where there is none stays as it is.
    """
    try:
        yield
    except Exception as error:
        raise_refusal(source, revision, error)
        raise


def raise_refusal(source: Source, revision: str | None, error: Exception) -> None:
    """Raise `HubRefusal` where an error of the hub's library is one, with what helps; `HubBusy`
    where waiting does.
    """
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    cause = error.__cause__  # a download wraps what ended it
    answer = cause if isinstance(cause, HfHubHTTPError | NO_HUB) else error
    where = f"source '{source.key}': {source.repository}"
    if isinstance(answer, NO_HUB) or _is_page(answer):
        raise HubRefusal(
            f"{where}: what answers is not the hub, but perhaps a network's or proxy's login page;"
            " log in there, or set HTTPS_PROXY or HF_ENDPOINT, and run again"
        ) from error
    if isinstance(answer, GatedRepoError):
        raise HubRefusal(
            f"{where} is gated: accept its terms on the hub, then `export HF_TOKEN=` your token,"
            " and run again"
        ) from error
    if isinstance(answer, RevisionNotFoundError):
        raise HubRefusal(
            f"{where} has no commit or branch {revision} on the hub (any more); pin today's commit,"
            f" whose results may differ: `{PIN_COMMAND} {source.pin_key}=main`"
        ) from error
    if isinstance(answer, RepositoryNotFoundError):
        raise HubRefusal(
            f"{where} is not on the hub for you: correct its name in config/sources.yaml or, where"
            " it is private, `export HF_TOKEN=` your token"
        ) from error
    if isinstance(answer, DisabledRepoError):
        raise HubRefusal(
            f"{where} is disabled on the hub; take another source, or put a copy into"
            f" mirror/hub/{source.repository}"
        ) from error
    if isinstance(answer, HfHubHTTPError):
        kind, words = _refused(answer.response.status_code)
        raise kind(f"{where}: {words}") from error


def _is_page(answer: Exception) -> bool:
    """Whether a status comes with a web page and not from the hub, whose own faults (429, 500 and
    above) may come with one, too.
    """
    response = getattr(answer, "response", None)
    if response is None:
        return False
    own = "X-Error-Code" in response.headers or response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    page = "html" in response.headers.get("Content-Type", "")
    login = (
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED,
    )
    return response.status_code in login or (page and not own and response.status_code < 500)


def _refused(status: int) -> tuple[type[HubRefusal], str]:
    """What an HTTP status of the hub means for its user, whichever repository is asked for."""
    if status == HTTPStatus.UNAUTHORIZED:
        return HubRefusal, (
            "the hub does not know the token in HF_TOKEN; renew it, or `unset HF_TOKEN` where no"
            " source is gated"
        )
    if status == HTTPStatus.FORBIDDEN:
        return HubRefusal, (
            "the hub forbids reading it (403); `export HF_TOKEN=` a token of an account that may"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return HubBusy, (
            "the hub had too many requests from here (429); wait some minutes, or `export"
            " HF_TOKEN=` your token, and run again"
        )
    said = f"{status} {HTTPStatus(status).phrase}" if status in list(HTTPStatus) else str(status)
    if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
        return HubBusy, f"the hub has a fault of its own ({said}); run again later"
    return HubRefusal, f"the hub answers {said}; set HF_ENDPOINT to the address of a hub"


def is_wanted(source: Source, name: str) -> bool:
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
