"""What rules ask a scheduler for, which printed figures they read, and the jobs ahead of a run."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from lingualift.paper import ARTIFACTS
from lingualift.plan import ahead, compared, work
from lingualift.plan.resources import gpu_request, growing
from lingualift.sizes import Request
from tests.unit.test_systems import planned

ROOT = Path(__file__).parents[2]


def test_memory_and_time_grow_with_each_attempt_and_disk_does_not() -> None:
    asked = growing(Request(1500, 20, disk=700, kept=30))
    assert [asked["mem_mb"](None, attempt=attempt) for attempt in (1, 2, 3)] == [1500, 3000, 4500]
    assert [asked["runtime"](None, attempt=attempt) for attempt in (1, 3)] == [20, 60]
    assert (asked["disk_mb"](None), asked["kept_mb"](None)) == (700, 30)


def test_a_request_may_depend_on_the_wildcards_of_a_job() -> None:
    asked = growing(lambda wildcards: Request(wildcards.n * 100, wildcards.n))
    assert asked["mem_mb"](SimpleNamespace(n=7), attempt=2) == 1400
    assert asked["runtime"](SimpleNamespace(n=7), attempt=2) == 14


def test_no_gpu_is_asked_for_where_there_are_none() -> None:
    def by_stage(wildcards: object) -> int:
        return 2

    assert (
        gpu_request(0) == {}
        and gpu_request(3) == {"gpu": 3}
        and gpu_request(by_stage) == {"gpu": by_stage}
    )


def test_printed_figures_are_found_by_a_relative_path_and_absent_ones_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config/reference/groups"
    folder.mkdir(parents=True)
    (folder / "mmwp.csv").touch()
    monkeypatch.chdir(tmp_path)
    assert compared.printed(tmp_path, "mmwp", "groups/mmwp") == ["config/reference/groups/mmwp.csv"]


@pytest.mark.parametrize("artifact", ARTIFACTS)
def test_every_benchmark_of_an_item_of_the_paper_has_its_printed_figures(artifact: str) -> None:
    slots = ARTIFACTS[artifact].benchmarks
    assert len(compared.printed(ROOT, *slots)) == len(slots)


def test_jobs_ahead_have_their_work_and_wait_for_one_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "matrix_speed", lambda: work.REFERENCE / 2)
    made = planned()
    source, corpus = (
        SimpleNamespace(jobid=number, rule=SimpleNamespace(name=name), wildcards=None, priority=4)
        for number, name in ((3, "problems"), (8, "corpus"))
    )
    dependencies = {3: [], 8: [source]}
    by_number = type("ById", (dict,), {"__getitem__": lambda self, job: dependencies[job.jobid]})
    left = ahead.estimate(made, [source, corpus], by_number(), 2)
    assert left.ahead[3].after == frozenset() and left.ahead[8].after == {3}
    assert [left.ahead[number].work for number in (3, 8)] == [1.0, 5.0]
    assert left.ahead[3].priority == 4.0 and (left.cores, left.slowness) == (2, 2.0)
