"""A hub on the loopback address: what of its interface sources are pinned and checked by."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Held:
    """A repository: its main commit, files with sizes at each commit, and what its card says."""

    main: str
    files: dict[str, dict[str, int]]
    licence: str | None = "apache-2.0"
    gated: bool = False
    pull_requests: dict[str, str] = field(default_factory=dict)


@contextmanager
def serve(repositories: dict[str, Held], token: str = "hf_let_me_in") -> Iterator[tuple[str, list]]:
    """Serve repositories by `models/OWNER/NAME` or `datasets/OWNER/NAME`; the address, and the
    paths that were asked. A gated one lets those with the `token` in.
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
            if held is None:
                return self.refuse(401, "RepoNotFound")
            if rest == ["auth-check"]:
                known = self.headers.get("Authorization") == f"Bearer {token}"
                return self.refuse(403, "GatedRepo") if held.gated and not known else self.say({})
            if rest == ["refs"]:
                refs = [
                    {"name": ref, "ref": ref, "targetCommit": commit}
                    for ref, commit in held.pull_requests.items()
                ]
                return self.say({"branches": [], "converts": [], "tags": [], "pullRequests": refs})
            revision = "/".join(rest[1:]) or "main"
            commit = {"main": held.main, **held.pull_requests}.get(revision, revision)
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

        def say(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def refuse(self, status: int, code: str) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
