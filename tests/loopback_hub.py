"""A hub on the loopback address: what of its interface sources are pinned and checked by."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 10  # discussions in one answer


@dataclass
class Fault:
    """An answer of the hub, or of a proxy before it, in a repository's place."""

    status: int
    message: str = ""
    page: bool = False


@dataclass
class PullRequest:
    """Who opened it, under which title, with which commit; a closed one is not served as open."""

    commit: str
    author: str = "someone"
    title: str = "A change"
    status: str = "open"


@dataclass
class Held:
    """A repository: its main commit, files with sizes at each commit, and what its card says."""

    main: str
    files: dict[str, dict[str, int]]
    licence: str | None = "apache-2.0"
    gated: bool = False
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    fault: Fault | None = None


@contextmanager
def serve(repositories: dict[str, Held], token: str = "hf_let_me_in") -> Iterator[tuple[str, list]]:
    """Serve repositories by `models/OWNER/NAME` or `datasets/OWNER/NAME`; the address, and the
    paths that were asked. A gated one lets those with the `token` in; another token is refused.
    """
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            asked.append(path)
            if path.count("/") < 4:  # what the library asks beside repositories
                return self.refuse(404, "EntryNotFound")
            kind, owner, name, *rest = path.removeprefix("/api/").split("/")
            held = repositories.get(f"{kind}/{owner}/{name}")
            if self.headers.get("Authorization") not in (None, f"Bearer {token}"):
                return self.fail(Fault(401, "Invalid credentials in Authorization header"))
            if held is None:
                return self.refuse(401, "RepoNotFound")
            if held.fault is not None:
                return self.fail(held.fault)
            if rest == ["auth-check"]:
                known = "Authorization" in self.headers
                return self.refuse(403, "GatedRepo") if held.gated and not known else self.say({})
            if rest == ["discussions"]:
                return self.say(self.discussions(held, f"{owner}/{name}"))
            revision = "/".join(rest[1:]) or "main"
            pulled = {f"refs/pr/{number}": one.commit for number, one in held.pull_requests.items()}
            commit = {"main": held.main, **pulled}.get(revision, revision)
            if commit not in held.files:
                return self.refuse(404, "RevisionNotFound")
            files = held.files[commit].items()
            card = {"license": held.licence} if held.licence else {}
            return self.say(
                {
                    "id": f"{owner}/{name}",
                    "sha": commit,
                    "lastModified": "2025-02-03T04:05:06.000Z",
                    "gated": "manual" if held.gated else False,
                    "cardData": card,
                    "tags": [],
                    "siblings": [{"rfilename": file, "size": size} for file, size in files],
                }
            )

        def discussions(self, held: Held, repository: str) -> dict[str, Any]:
            """A page of the pull requests of the status that is asked for, the newest first."""
            query = parse_qs(urlsplit(self.path).query)
            wanted = [
                {
                    "title": one.title,
                    "num": number,
                    "author": {"name": one.author},
                    "createdAt": "2025-02-03T04:05:06.000Z",
                    "status": one.status,
                    "repo": {"name": repository, "type": "model"},
                    "isPullRequest": True,
                }
                for number, one in sorted(held.pull_requests.items(), reverse=True)
                if query.get("status") in (None, [one.status])
            ]
            start = int(query["p"][0]) * PAGE
            page = wanted[start : start + PAGE]
            return {"discussions": page, "count": len(wanted), "start": start}

        def say(self, answer: Any) -> None:
            self.answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

        def refuse(self, status: int, code: str) -> None:
            self.answer(status, b"", {"X-Error-Code": code})

        def fail(self, fault: Fault) -> None:
            kind = "text/html" if fault.page else "application/json"
            body = b"<html>Please log in.</html>" if fault.page else b"{}"
            self.answer(
                fault.status, body, {"Content-Type": kind, "X-Error-Message": fault.message}
            )

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
