"""What a configuration asks a scheduler for, rule by rule, and what a finished run used.

    python dev/scaling.py docs/scaling.md

Run in the workflow's folder. The tables between the markers of the file are written anew:
what `config/paper.yaml` asks for, and, with `--results FOLDER`, what the records of a finished run
of `config/config.yaml` hold beside its requests.
"""

import argparse
import csv
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from lingualift.artifacts import write_text
from lingualift.messages import LinguaLiftError


@dataclass(frozen=True)
class Job:
    """One job of a configuration, its request at the first attempt, and where its record and
    outputs will lie.
    """

    rule: str
    megabytes: int
    minutes: int
    disk: int
    kept: int
    gpus: int
    threads: int
    record: str
    outputs: tuple[str, ...]


def requests(*configfiles: str, snakefile: str = "Snakefile") -> list[Job]:
    """Every job that these configuration files lead to in this folder."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import (
        ConfigSettings,
        DAGSettings,
        OutputSettings,
        Quietness,
        ResourceSettings,
    )

    with SnakemakeApi(OutputSettings(quiet=set(Quietness))) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=tuple(map(Path, configfiles))),
            snakefile=Path(snakefile),
        )
        # The graph alone: a dry run formats the messages of all 21,000 jobs, half of its time.
        with redirect_stdout(io.StringIO()):
            workflow.dag(dag_settings=DAGSettings(forceall=True)).printrulegraph()
        jobs = [job for job in workflow._workflow.dag.jobs if job.rule.script]
        return [
            Job(
                job.rule.name,
                int(job.resources.get("mem_mb", 0)),
                int(job.resources.get("runtime", 0)),
                int(job.resources.get("disk_mb", 0)),
                int(job.resources.get("kept_mb", 0)),
                int(job.resources.get("gpu", 0)),
                job.threads,
                str(job.benchmark or ""),
                tuple(map(str, job.output)),
            )
            for job in jobs
        ]


def asked(jobs: Sequence[Job]) -> str:
    """A Markdown table: by rule the number of jobs, what the largest asks for, and hours and disk
    of all.
    """
    head = [
        "rule",
        "jobs",
        "memory of one, GB",
        "GPUs of one",
        "time of one, h",
        "CPU hours",
        "GPU hours",
        "disk, GB",
    ]
    rows = []
    for rule in dict.fromkeys(job.rule for job in jobs):
        of_rule = [job for job in jobs if job.rule == rule]
        most = [
            max(getattr(job, name) for job in of_rule) for name in ("megabytes", "gpus", "minutes")
        ]
        rows.append(
            [
                rule,
                len(of_rule),
                short(most[0] / 1000),
                most[1],
                short(most[2] / 60),
                *map(short, _totals(of_rule)),
            ]
        )
    rows.append(["all", len(jobs), "", "", "", *map(short, _totals(jobs))])
    return markdown(head, rows)


def _totals(jobs: Iterable[Job]) -> tuple[float, float, float]:
    """CPU hours, GPU hours and gigabytes that stay, all as asked for."""
    jobs = list(jobs)
    hours = [job.minutes / 60 for job in jobs]
    return (
        sum(time * job.threads for time, job in zip(hours, jobs, strict=True)),
        sum(time * job.gpus for time, job in zip(hours, jobs, strict=True)),
        sum(job.kept for job in jobs) / 1000,
    )


def measured(jobs: Sequence[Job], folder: Path) -> str:
    """A Markdown table: by rule the largest job's measured memory, time and disk below `folder`
    beside the request of that job.
    """
    head = [
        "rule",
        "jobs",
        "memory used, MB",
        "asked",
        "time used, s",
        "asked, s",
        "written, MB",
        "asked",
    ]
    rows = []
    for rule in dict.fromkeys(job.rule for job in jobs):
        used = [
            (job, *record)
            for job in jobs
            if job.rule == rule and (record := _record(job, folder)) is not None
        ]
        if not used:
            continue
        memory = max(used, key=lambda entry: entry[1])
        time = max(used, key=lambda entry: entry[2])
        disk = max(used, key=lambda entry: entry[3])
        row = [
            rule,
            len(used),
            round(memory[1]),
            memory[0].megabytes,
            short(time[2]),
            60 * time[0].minutes,
            short(disk[3]),
            disk[0].disk,
        ]
        rows.append(row)
    if not rows:
        raise LinguaLiftError(
            f"{folder}: holds no benchmark record of this configuration; give the `results` folder"
            " of a finished run"
        )
    return markdown(head, rows)


def _record(job: Job, folder: Path) -> tuple[float, float, float] | None:
    """(MB of memory, seconds, MB written) of a finished job; its memory is 0 where it ended before
    the first look.
    """
    path = folder.parent / job.record
    if not job.record or not path.is_file():
        return None
    with open(path, newline="", encoding="utf-8") as handle:
        runs = list(csv.DictReader(handle, delimiter="\t"))
    memory = [float(run["max_rss"]) for run in runs if re.fullmatch(r"[0-9.]+", run["max_rss"])]
    written = 0
    for output in map(folder.parent.joinpath, job.outputs):
        written += sum(
            path.stat().st_size
            for path in ([output] if output.is_file() else output.rglob("*"))
            if path.is_file()
        )
    return max(memory, default=0.0) * 1.048576, max(float(run["s"]) for run in runs), written / 1e6


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def fill(text: str, name: str, table: str) -> str:
    """`text` with `table` between `<!-- name -->` and `<!-- end of name -->`."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
    changed, count = re.subn(
        pattern, lambda match: f"{match[1]}\n{table}\n\n{match[2]}", text, flags=re.DOTALL
    )
    if count != 1:
        raise LinguaLiftError(
            f"expected one pair of markers <!-- {name} --> and <!-- end of {name} -->, found"
            f" {count}"
        )
    return changed


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(
        prog="python dev/scaling.py", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("file", type=Path, help="Markdown file with the markers")
    parser.add_argument("--results", type=Path, help="results folder of a finished default run")
    options = parser.parse_args()
    text = fill(
        options.file.read_text(encoding="utf-8"), "paper", asked(requests("config/paper.yaml"))
    )
    if options.results:
        text = fill(text, "default", measured(requests(), options.results))
    write_text(options.file, text)


if __name__ == "__main__":
    main()
