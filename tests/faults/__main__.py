"""Break tiny runs of the workflow in seeded, random ways, and check that the same command still
ends with the same tables.

`python -m tests.faults --trials 50 --seed 1`. Every trial starts from a copy of one finished run of
which a random part is taken away, lets a fault happen, and then gives the command that a user
would: the run again, after what a refusal says to delete is deleted.

- recovered: the command ended with byte-identical tables
- refused: it ended with one clear line; after what the line says to delete was deleted, the tables
are byte-identical
- lost: anything else. There must be none.
"""

import argparse
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests import tiny

LIMIT = 900  # seconds that a run may take
# What is taken away before a trial: the later parts of the results, so that little has to be done
# again.
PARTS = (
    ("tables",),
    ("tables", "scores"),
    ("tables", "scores", "predictions"),
    ("tables", "scores", "predictions", "checkpoints"),
    ("tables", "scores", "predictions", "checkpoints", "encoded"),
    ("tables", "scores", "predictions", "checkpoints", "encoded", "codeswitch", "lexicons"),
)

DOWNLOADS = {
    "tiny-text-sw": ("tiny-text/sw.txt", ["results/corpora/sw.*"]),
    "tiny-words-de": ("tiny-words/de.txt", ["results/lexicons/de.*"]),
    "tiny-tagger": ("tiny-tagger", ["results/tasks", "results/codeswitch"]),
    "tiny-encoder": (
        "tiny-encoder",
        ["resources/models/tiny-encoder", *(f"results/{part}" for part in PARTS[4])],
    ),
}
"""Where a download lies in the mirror, and what lies between it and the tables: nobody asks for a
download again while that is there.
"""


@dataclass
class Trial:
    """A copy of the finished run on its way through a fault."""

    folder: Path
    mirror: Path
    rng: random.Random
    said: str = ""

    def start(self, limit: int | None = None) -> subprocess.Popen[str]:
        """Start the run; with `limit` no file may grow beyond so many bytes."""

        def before() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        log = open(self.folder / "run.log", "w", encoding="utf-8")
        command = tiny.command(target="all", mirror=str(self.mirror))
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=tiny.environment(),
            stdout=log,
            stderr=log,
            text=True,
            preexec_fn=before,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[str]) -> int:
        """Wait for a run; its exit code, and what it said."""
        code = process.wait(LIMIT)
        self.said = (self.folder / "run.log").read_text(encoding="utf-8")
        return code

    def run(self, limit: int | None = None) -> int:
        return self.end(self.start(limit))

    def refusal(self) -> str | None:
        """The one line that says what is wrong."""
        lines = re.findall(
            r"^(?:lingualift: error: |WorkflowError(?: in file .*)?:\n)(.+)$",
            self.said,
            flags=re.MULTILINE,
        )
        return next(
            (line.strip() for line in lines if "did not complete successfully" not in line), None
        )

    def remove(self, parts: tuple[str, ...]) -> None:
        for part in parts:
            shutil.rmtree(self.folder / "results" / part, ignore_errors=True)

    def jobs(self, process: subprocess.Popen[str], name: str = "") -> list[int]:
        """Processes of the run's scripts (whose name holds `name`)."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and os.getsid(int(entry.name)) == process.pid:
                    words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    if len(words) > 1 and "/.snakemake/scripts/" in words[1] and name in words[1]:
                        found.append(int(entry.name))
        return found

    def wait_for_job(self, process: subprocess.Popen[str], name: str = "") -> int | None:
        """A job's process at a random moment of its life; None where the run ended first."""
        while process.poll() is None:
            if found := self.jobs(process, name):
                time.sleep(self.rng.uniform(0, 6))
                return self.rng.choice(self.jobs(process, name) or found)
            time.sleep(0.05)
        return None


# ---------------------------------------------------------------- faults


def kill_run(trial: Trial) -> None:
    """kill -9 of the run alone, at a random moment; its jobs are left to themselves."""
    trial.remove(trial.rng.choice(PARTS[2:]))
    process = trial.start()
    with suppress(subprocess.TimeoutExpired):
        process.wait(trial.rng.uniform(2, 40))
    process.kill()
    process.wait()


def kill_job(trial: Trial, name: str = "", how: signal.Signals = signal.SIGKILL) -> None:
    """A signal to one job at a random moment."""
    trial.remove(PARTS[3] if name else trial.rng.choice(PARTS))
    process = trial.start()
    job = trial.wait_for_job(process, name)
    if job is not None:
        with suppress(ProcessLookupError):
            os.kill(job, how)
    trial.end(process)


def kill_training(trial: Trial) -> None:
    """kill -9 of a training step."""
    kill_job(trial, ".train.py")


def end_training(trial: Trial) -> None:
    """SIGTERM to a training step, as Slurm sends it before a limit."""
    kill_job(trial, ".train.py", signal.SIGTERM)


def full_disk(trial: Trial) -> None:
    """No file may grow beyond a random size: every write may be the one that fails (a file system
    of one's own needs root).
    """
    trial.remove(trial.rng.choice(PARTS[1:]))
    trial.run(limit=trial.rng.choice([2_000, 8_000, 30_000, 100_000]))


def damage(trial: Trial, path: Path) -> None:
    """Cut a file, or alter one bit; sometimes behind the back of the modification time."""
    times = path.stat()
    whole = bytearray(path.read_bytes())
    if trial.rng.random() < 0.4:
        whole = whole[: trial.rng.randrange(len(whole))]
    else:
        whole[trial.rng.randrange(len(whole))] ^= 1 << trial.rng.randrange(8)
    replacement = path.with_name(
        path.name + ".damaged"
    )  # a new file: the mirror may hold a hard link to the old one
    replacement.write_bytes(whole)
    os.replace(replacement, path)
    if trial.rng.random() < 0.5:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def damaged_parquet(trial: Trial) -> None:
    """A table between steps."""
    trial.remove(trial.rng.choice(PARTS[:4]))
    damage(trial, trial.rng.choice(sorted(trial.folder.glob("results/**/*.parquet"))))


def damaged_checkpoint(trial: Trial) -> None:
    """The weights of a checkpoint, or stored states."""
    trial.remove(PARTS[2])
    files = [
        *trial.folder.glob("results/checkpoints/*/*.safetensors"),
        *trial.folder.glob("results/encoded/**/states.*"),
    ]
    damage(trial, trial.rng.choice(sorted(files)))


def damaged_download(trial: Trial) -> None:
    """A file in the mirror, or what was retrieved and prepared from it."""
    if trial.rng.random() < 0.5:
        key = trial.rng.choice(sorted(DOWNLOADS))
        held, between = DOWNLOADS[key]
        trial.remove(PARTS[0])
        made = [path for pattern in between for path in trial.folder.glob(pattern)]
        for path in [*made, trial.folder / "resources/sources" / key]:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
        folder = trial.mirror / held
        files = (
            [folder]
            if folder.is_file()
            else sorted(path for path in folder.rglob("*") if path.is_file())
        )
        path = trial.rng.choice([file for file in files if file.stat().st_size])
        kept = path.read_bytes()
        damage(trial, path)
        code = trial.run()
        if code == 0 or "sha256" not in trial.said or str(path) not in trial.said:
            raise AssertionError(f"an altered download was not refused: {path}")
        path.write_bytes(kept)  # the line says: replace this file in the mirror
        return
    trial.remove(trial.rng.choice(PARTS[3:]))
    folders = [
        path
        for kind in ("models", "sources")
        for path in (trial.folder / "resources" / kind).glob("tiny-*")
    ]
    files = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_size
    )
    damage(
        trial,
        trial.rng.choice(
            [path for path in files if path.name not in ("MANIFEST.json", "model.json")]
        ),
    )


def two_runs(trial: Trial) -> None:
    """Two runs started at once in the same folder: one works, the other says so."""
    trial.remove(trial.rng.choice(PARTS[1:4]))
    first = trial.start()
    time.sleep(trial.rng.uniform(0, 3))
    shutil.copy(trial.folder / "run.log", trial.folder / "first.log")
    second = tiny.snakemake(trial.folder, target="all", mirror=str(trial.mirror))
    code = first.wait(LIMIT)
    if (
        code == 0
        and second.returncode == 0
        and "Nothing to be done" not in second.stdout + second.stderr
    ):
        raise AssertionError("two runs worked in one folder at the same time")
    if code != 0 and second.returncode != 0:
        raise AssertionError("neither of two runs worked")


def read_only(trial: Trial) -> None:
    """A results folder that cannot be written."""
    trial.remove(PARTS[2])
    results = trial.folder / "results"
    mounted = (
        subprocess.run(
            ["mount", "--bind", "-o", "ro", str(results), str(results)], capture_output=True
        ).returncode
        == 0
    )
    modes = {path: path.stat().st_mode for path in [results, *results.rglob("*")] if path.is_dir()}
    try:
        if mounted:
            subprocess.run(["mount", "-o", "remount,ro,bind", str(results)], capture_output=True)
        elif os.geteuid() == 0:
            return  # root writes everywhere
        else:
            for path in modes:
                path.chmod(0o555)
        if trial.run() == 0 or "results" not in (trial.refusal() or ""):
            raise AssertionError("a read-only folder was not refused by name")
    finally:
        if mounted:
            subprocess.run(["umount", str(results)], capture_output=True)
        for path, mode in modes.items():
            path.chmod(mode)


FAULTS: tuple[Callable[[Trial], None], ...] = (
    kill_run,
    kill_job,
    kill_training,
    end_training,
    full_disk,
    damaged_parquet,
    damaged_checkpoint,
    damaged_download,
    two_runs,
    read_only,
)


# ---------------------------------------------------------------- trials


def tables(folder: Path) -> dict[str, bytes]:
    """The tables of a run, by name."""
    return {
        path.name: path.read_bytes() for path in sorted((folder / "results/tables").glob("*.*"))
    }


def same_tables(found: dict[str, bytes], expected: dict[str, bytes]) -> bool:
    """Whether tables are byte for byte as expected; a provenance may differ where it says that a
    file behind a table has changed since.
    """
    differing = {
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    }
    return all(
        name.endswith(".provenance.txt") and b"CHANGED since" in found.get(name, b"")
        for name in differing
    )


def outcome(
    trial: Trial, fault: Callable[[Trial], None], expected: dict[str, bytes]
) -> tuple[str, str]:
    """Let a fault happen and give the command again: ('recovered' | 'refused' | 'lost', what was
    said).
    """
    refusals = []
    try:
        fault(trial)
        for _ in range(4):
            if trial.run() == 0:
                same = same_tables(tables(trial.folder), expected)
                return ("refused" if refusals else "recovered") if same else "lost", "; ".join(
                    refusals
                ) or ("" if same else "other tables")
            line = trial.refusal()
            told = re.search(
                r"^(?P<place>\S+?): .*\bdelete (?P<what>\S+?)[,;.]? (?:and|with)\b", line or ""
            )
            if line is None or told is None:
                return "lost", line or trial.said[-600:]
            refusals.append(line)
            path = trial.folder / (told["place"] if told["what"] == "it" else told["what"])
            if not path.exists():
                return "lost", f"says to delete what is not there: {line}"
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return "lost", f"refused again and again: {refusals[-1]}"
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return "lost", str(error)


def main(arguments: list[str] | None = None) -> int:
    """Run the trials and print a summary; 0 where nothing was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--fault", choices=[fault.__name__ for fault in FAULTS], help="this one only"
    )
    parser.add_argument(
        "--finished", type=Path, help="a finished tiny run to start from (default: make one)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folders of lost trials")
    given = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="lingualift-faults-"))
    finished = given.finished
    if finished is None:
        finished = tiny.write_tiny(work / "finished")
        done = tiny.snakemake(finished, target="all")
        if done.returncode != 0:
            print(done.stderr[-2000:], file=sys.stderr)
            return 1
    mirror = (
        finished / yaml.safe_load((finished / tiny.CONFIG).read_text(encoding="utf-8"))["mirror"]
    )
    expected, counts, kept = tables(finished), Counter(), False
    for number in range(given.trials):
        rng = random.Random(f"{given.seed}-{number}")
        chosen = [fault for fault in FAULTS if given.fault in (None, fault.__name__)]
        fault = chosen[number % len(chosen)] if given.trials >= len(chosen) else rng.choice(chosen)
        folder = work / f"trial-{number}"
        shutil.copytree(finished, folder, symlinks=True, ignore=shutil.ignore_patterns("mirror"))
        trial = Trial(folder, shutil.copytree(mirror, folder / "mirror"), rng)
        began = time.monotonic()
        result, said = outcome(trial, fault, expected)
        counts[result] += 1
        took = f"{time.monotonic() - began:.0f} s"
        print(
            f"{number + 1}/{given.trials} {fault.__name__}: {result}"
            f" ({took}){': ' + said if said else ''}",
            flush=True,
        )
        if result == "lost" and given.keep:
            kept = True
            print(f"  kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if not kept:
        shutil.rmtree(work, ignore_errors=True)
    print(
        f"trials {given.trials}, recovered {counts['recovered']}, refused {counts['refused']}, lost"
        f" {counts['lost']}"
    )
    return int(counts["lost"] > 0)


if __name__ == "__main__":
    sys.exit(main())
