"""Processor time of the default run beside that of an earlier commit, on the same machine in the
same hour.

`python speed/default.py FOLDER --earlier COMMIT` makes two clones of this checkout below FOLDER and
runs `results/tables/mmwp.csv` in them one after the other, then prints processor seconds by kind of
job and their ratio. `--seconds A B` reads two finished runs instead. The last commit before the
encoder of the default run was changed is 5417c54.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(folder: Path, commit: str, resources: Path) -> float:
    """Processor seconds of the default run of a commit in a new clone at `folder`, all its
    processes together.
    """
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "results/tables/mmwp.csv"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*command, "--config", f"resources={resources}"], cwd=folder, env=environment, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds_by_job(folder: Path) -> Counter[str]:
    """Processor seconds of a finished run by kind of job, as Snakemake sampled them."""
    seconds: Counter[str] = Counter()
    timings = folder / "results/timings"
    for path in timings.glob("**/*.tsv"):
        with path.open(newline="") as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
        kind = path.relative_to(timings).parts[0]
        if kind == "train":
            kind = path.stem.rpartition("-")[0]
        seconds[kind] += sum(float(row["cpu_time"]) for row in rows)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="an empty folder for both runs")
    parser.add_argument("--earlier", default="5417c54", help="a commit of this repository")
    parser.add_argument("--seconds", type=Path, nargs=2, metavar=("EARLIER", "NOW"))
    options = parser.parse_args()
    if (options.folder is None) == (options.seconds is None):
        parser.error("give a folder, or two finished runs with --seconds")
    totals: list[float] | None = None
    folders = options.seconds
    if folders is None:
        base = options.folder.resolve()
        folders = [base / "earlier", base / "now"]
        commits = [options.earlier, "HEAD"]
        totals = [
            run(folder, commit, base / "resources")
            for folder, commit in zip(folders, commits, strict=True)
        ]
    earlier, now = (seconds_by_job(folder) for folder in folders)
    print(f"{'CPU seconds':28}{'earlier':>10}{'now':>10}{'ratio':>8}")
    for kind in sorted({*earlier, *now}, key=lambda kind: -max(earlier[kind], now[kind])):
        ratio = f"{now[kind] / earlier[kind]:8.2f}" if earlier[kind] else ""
        print(f"{kind:28}{earlier[kind]:10.0f}{now[kind]:10.0f}{ratio}")
    sums = [sum(earlier.values()), sum(now.values())]
    print(f"{'all jobs':28}{sums[0]:10.0f}{sums[1]:10.0f}{sums[1] / sums[0]:8.2f}")
    if totals is not None:
        print(
            f"{'with Snakemake':28}{totals[0]:10.0f}{totals[1]:10.0f}{totals[1] / totals[0]:8.2f}"
        )


if __name__ == "__main__":
    main()
