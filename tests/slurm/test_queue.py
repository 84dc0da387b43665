"""The whole chain through a real queue: the same bytes, fewer entries than jobs, GPUs where they
are used, more for what ran out.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny
from tests.slurm import cluster

QUEUE = (
    *(
        "--workflow-profile",
        "profiles/slurm",
        "--slurm-status-command",
        "squeue",
        "--slurm-init-seconds-before-status-checks",
        "2",  # a look that finds no job ended waits 12 seconds, the next 22: most jobs end in 14
    ),
    *("--slurm-keep-successful-logs", "--latency-wait", "5", "--jobs", "3"),
)
GPU_RULES = {"train", "predict", "encode", "encode_words", "translate"}
REASON = cluster.obstacle()

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(REASON is not None, reason=f"no Slurm: {REASON}"),
]


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running Slurm; the file that lists its finished jobs."""
    with cluster.slurm(tmp_path_factory.mktemp("slurm")) as jobs:
        yield jobs


@pytest.fixture(scope="module", autouse=True)
def counted_gpu() -> Iterator[None]:
    """Let jobs take the counted GPU for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).with_name("counted_gpu")), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, mirror: Path, queue: Path, counted_gpu: None
) -> Path:
    """The folder of a tiny run that went through the queue; its first stage that trains the LLM got
    SIGTERM, as before a limit.
    """
    folder = tiny.copy_workflow(tmp_path_factory.mktemp("queued"), mirror)
    command = tiny.command(*QUEUE, target="all", compute={"gpus": 1})
    with open(folder / "run.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=tiny.environment(), stdout=log, stderr=subprocess.STDOUT
        )
    stopped = None
    while process.poll() is None:
        if stopped is None and (stopped := training(folder)) is not None:
            # what --signal=TERM@900 does 15 minutes before the limit, which no test awaits
            subprocess.run(["scancel", "--signal=TERM", stopped], check=True, capture_output=True)
            (folder / "stopped").write_text(stopped)
        time.sleep(0.1)
    assert process.returncode == 0, (folder / "run.log").read_text()[-5000:]
    return folder


def training(folder: Path) -> str | None:
    """The number of a queued job that is at its training steps, and has enough of them to be
    stopped in between.
    """
    for log in (folder / "results/logs/train").glob("*.log"):
        if (match := re.search(r": training from step 0 of (\d+)", log.read_text())) and int(
            match[1]
        ) > 50:
            (number,) = (folder / f"results/logs/slurm/rule_train/{log.stem}").glob("*.log")
            return number.stem
    return None


def ended(jobs: Path) -> dict[str, dict[str, str]]:
    """Slurm's finished jobs by number: partition, state, limits."""
    lines = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in jobs.read_text().splitlines()]
    return {line["JobId"]: line for line in lines}


def test_what_the_queue_makes_is_byte_for_byte_what_one_machine_makes(
    run: Path, finished: Path
) -> None:
    """Tables, and every artefact before them, the weights of the stage that was stopped too."""
    queued, alone = tiny.artefacts(run), tiny.artefacts(finished)
    assert set(queued) == set(alone)
    assert [path for path in alone if queued[path] != alone[path]] == []


def test_a_stage_stopped_ahead_of_its_limit_saves_and_goes_on_in_an_entry_of_its_own(
    run: Path, queue: Path
) -> None:
    number = (run / "stopped").read_text()
    (first,) = (run / "results/logs/slurm/rule_train").glob(f"*/{number}.log")
    states = [
        ended(queue)[log.stem]["JobState"]
        for log in sorted(first.parent.glob("*.log"), key=lambda log: int(log.stem))
    ]
    assert states == ["FAILED", "COMPLETED"]
    log = (run / f"results/logs/train/{first.parent.name}.log").read_text()
    match = re.search(r"resuming from \S+/checkpoint-(\d+)$", log, flags=re.MULTILINE)
    assert match and int(match[1]) > 0
    assert f": training from step {match[1]} of " in log


def test_jobs_go_where_they_belong_and_alike_ones_share_an_entry(run: Path, queue: Path) -> None:
    entries = ended(queue)
    names = {
        log.stem: log.relative_to(run / "results/logs/slurm").parts[0]
        for log in (run / "results/logs/slurm").rglob("*.log")
    }
    assert names.pop((run / "stopped").read_text()) == "rule_train"
    assert names and set(names) <= set(entries)
    for number, name in names.items():
        assert entries[number]["JobState"] == "COMPLETED", name
        if name.startswith("rule_"):
            wanted = "gpu" if name.removeprefix("rule_") in GPU_RULES else "cpu"
            assert entries[number]["Partition"] == wanted, name
    assert {entries[number]["Partition"] for number in names} == {"cpu", "gpu"}
    records = [
        path for path in (run / "results/timings").rglob("*.tsv") if path.parts[-2] != "retrieve"
    ]
    assert len(names) < len(records)
    assert not any(
        name.startswith("rule_retrieve") for name in names.values()
    )  # stays where the network is


def test_every_job_has_a_log_with_its_rule_and_language_in_the_name(run: Path) -> None:
    logs = run / "results/logs"
    for language in ("de", "sw"):
        assert "done in" in (logs / f"lexicons/{language}.log").read_text()
    for record in (run / "results/timings").rglob("*.tsv"):
        log = logs / record.relative_to(run / "results/timings").with_suffix(".log")
        assert "done in" in log.read_text(), log


def test_a_job_out_of_memory_is_repeated_with_more(run: Path, queue: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(run, tmp_path / "copy", symlinks=True)
    shutil.rmtree(folder / "results/logs/slurm")
    (folder / "results/tasks/maths/questions.parquet").unlink()
    little = (
        "--set-resources",
        "task_data:mem_mb=60*attempt**4",
    )  # 60, then 960 MB; Python alone needs more than the first
    done = tiny.snakemake(
        folder, *QUEUE, *little, target="results/tasks/maths/questions.parquet", compute={"gpus": 1}
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    numbers = sorted((log.stem for log in (folder / "results/logs/slurm").rglob("*.log")), key=int)
    entries = [ended(queue)[number] for number in numbers]
    asked = [re.search(r"mem=(\d+)M", entry["Tres"]) for entry in entries]
    assert [
        (entry["JobState"] == "COMPLETED", match and match[1])
        for entry, match in zip(entries, asked, strict=True)
    ] == [
        (False, "60"),
        (True, "960"),
    ]
