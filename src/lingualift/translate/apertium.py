"""Apertium, a rule-based translator, run from Debian packages that are unpacked and not installed.

A pair's *mode* is a chain of programs. It is written as a shell command line; here it is read as a
list of argument lists and started as a chain of processes, so that no shell is involved.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lingualift.data.folders import visible_files
from lingualift.messages import LinguaLiftError

_SPECIAL = re.compile(r"([\\^$@*/<>{}\[\]~])")
_END = (  # a full stop that Apertium's own text format adds to end a sentence, and takes away again
    ".[]"
)


def translate(texts: Sequence[str], packages: Path, out_of_english: bool = False) -> list[str]:
    """English translations of single-line texts, or with `out_of_english` translations of English
    ones; `packages` holds the .deb files of Apertium and of one pair.
    """
    if not texts:
        return []
    with tempfile.TemporaryDirectory(prefix="apertium-") as name:
        root = Path(name)
        unpack_packages(packages, root)
        output = run_chain(
            read_mode(find_mode(root, out_of_english), root),
            "".join(wrap(text, number) for number, text in enumerate(texts)),
            root,
        )
    return unwrap(output, len(texts))


def unpack_packages(packages: Path, root: Path) -> None:
    """Put what the packages hold below `root`; nothing of theirs runs."""
    program = shutil.which("dpkg-deb")
    if program is None:
        raise LinguaLiftError(
            "Apertium's Debian packages need `dpkg-deb` (package dpkg); use another engine in"
            " translation.engines"
        )
    archives = visible_files(packages, "**/*.deb")
    if not archives:
        raise LinguaLiftError(
            f"{packages}: holds no Debian packages; delete the folder and retrieve it again"
        )
    for package in archives:
        done = subprocess.run(
            [program, "--extract", str(package), str(root)],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise LinguaLiftError(
                f"{package}: damaged Debian package ({done.stderr.strip()[:200]}); delete it and"
                " run again"
            )


def find_mode(root: Path, out_of_english: bool = False) -> Path:
    """The one mode into English, or out of it, without a variant ('spa-eng', not 'spa-eng_US')."""
    pattern = r"(eng|en)-[a-z]+" if out_of_english else r"[a-z]+-(eng|en)"
    modes = [
        path
        for path in root.glob("usr/share/apertium/modes/*.mode")
        if re.fullmatch(pattern, path.stem)
    ]
    if len(modes) != 1:
        raise LinguaLiftError(
            f"Apertium: expected one pair {'out of' if out_of_english else 'into'} English, found"
            f" {', '.join(sorted(path.stem for path in modes)) or 'none'}"
        )
    return modes[0]


def read_mode(mode: Path, root: Path) -> list[list[str]]:
    """A mode's programs with their arguments; its data lie below `root`, unknown words come out
    without marks.
    """
    try:
        words = shlex.split(mode.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # bytes that are no text, a quotation without end
        raise LinguaLiftError(
            f"Apertium: mode {mode.stem} cannot be read ({error}); delete its packages and run"
            " again"
        ) from error
    chain: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            chain.append([])
        elif word == "$1":
            chain[-1].append("-n")  # generate without marks for what is unknown
        elif word != "$2":  # the tagger's options: none
            chain[-1].append(str(root / word.lstrip("/")) if word.startswith("/") else word)
    for command in chain:
        if (
            not command
            or not re.fullmatch(r"[a-z][a-z-]*", command[0])
            or not (root / "usr/bin" / command[0]).is_file()
        ):
            raise LinguaLiftError(
                f"Apertium: mode {mode.stem} runs {' '.join(command[:1]) or 'nothing'}, which its"
                " packages do not hold"
            )
    return chain


def run_chain(chain: Sequence[Sequence[str]], text: str, root: Path) -> str:
    """Run the programs below `root`, each reading what the one before writes."""
    libraries = os.pathsep.join(
        str(path) for path in sorted((root / "usr/lib").glob("*-linux-gnu*"))
    )
    environment = {"PATH": str(root / "usr/bin"), "LD_LIBRARY_PATH": libraries, "LC_ALL": "C.UTF-8"}
    processes: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as stream, tempfile.TemporaryFile() as errors:
        stream.write(text.encode())
        stream.seek(0)
        try:
            for command in chain:
                program = [str(root / "usr/bin" / command[0]), *command[1:]]
                source = processes[-1].stdout if processes else stream
                processes.append(
                    subprocess.Popen(
                        program,
                        stdin=source,
                        stdout=subprocess.PIPE,
                        stderr=errors,
                        env=environment,
                    )
                )
                if len(processes) > 1 and processes[-2].stdout is not None:
                    processes[-2].stdout.close()  # the next program holds it now
            output = processes[-1].communicate()[0]
            broken = -signal.SIGPIPE  # a program whose reader has failed
            failed = [
                command[0]
                for command, process in zip(chain, processes, strict=True)
                if process.wait() not in (0, broken)
            ]
        except OSError as error:
            raise LinguaLiftError(
                f"Apertium cannot be run ({error}); its packages are for Debian 12 on x86-64"
            ) from None
        finally:
            for process in processes:
                if process.poll() is None:
                    process.kill()
        if failed:
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().splitlines()
            raise LinguaLiftError(
                f"Apertium: {failed[0]} failed ({words[-1][:200] if words else 'no message'})"
            )
    return output.decode(errors="replace")


def wrap(text: str, number: int) -> str:
    """A text in Apertium's stream format, ended by a sentence end and a block that carries its
    number through the chain.
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())) + f"{_END}[;{number};]"


def unwrap(output: str, count: int) -> list[str]:
    """The texts of a stream of `wrap`ped ones."""
    pieces = re.split(r"\[;(\d+);\]", output)
    if [int(number) for number in pieces[1::2]] != list(range(count)):
        raise LinguaLiftError(f"Apertium: {count} sentences went in, {len(pieces) // 2} came out")
    return [
        " ".join(re.sub(r"\\(.)", r"\1", piece.replace(_END, "")).split())
        for piece in pieces[:-1:2]
    ]
