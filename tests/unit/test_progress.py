"""How long a run still takes, and how jobs that work on several languages are named."""

import re

import pytest

from lingualift.plan import Share
from snakemake_logger_plugin_lingualift import COSTS, Estimate, clock, cost
from tests.unit.test_systems import planned


def test_the_time_left_follows_from_jobs_done_in_the_same_run() -> None:
    """Two of four trainings took 100 s each, side by side; what was never seen counts in proportion
    to its usual cost.
    """
    estimate = Estimate({"train": 4, "score": 1, "total": 5})
    assert estimate.seconds(50.0) is None
    estimate.finish("train", 100.0)
    estimate.finish("train", 100.0)
    assert estimate.done == 2
    assert estimate.seconds(100.0) == pytest.approx(
        (2 * 100 + COSTS["score"] * 100 / COSTS["train"]) / 2
    )


def test_jobs_at_work_count_for_what_they_have_done() -> None:
    """Two cores: one job of 100 s is done, two more are half done, and none waits."""
    estimate = Estimate({"train": 3, "total": 3})
    estimate.finish("train", 100.0)
    assert estimate.seconds(100.0, [("train", 50.0), ("train", 50.0)]) == pytest.approx(
        (2 * 100 - 2 * 50) / 2
    )
    assert estimate.seconds(400.0, [("train", 300.0), ("train", 300.0)]) == 0, (
        "longer than expected, but not less than nothing"
    )


def test_a_job_of_several_languages_costs_as_much_as_one_for_each() -> None:
    assert cost(Share("mmwp-mini", ("de", "es", "ar")).rule("predict")) == 3 * COSTS["predict"]
    assert cost(Share().rule("predict")) == cost("predict") == COSTS["predict"]
    assert cost("unknown") == 10.0
    assert [clock(seconds) for seconds in (5, 65, 3605)] == ["0:05", "1:05", "1:00:05"]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_every_configured_language_has_one_job_and_any_other_one_of_its_own(size: int) -> None:
    made = planned("paper.yaml", {"compute": {"languages_per_job": size}})
    alone, *together = made.shares
    assert alone == Share() and alone.rule("predict") == "predict"
    assert alone.filled({"benchmark": "mgsm", "lang": "sw", "run": "x"}) == Share("mgsm", ("sw",))
    for benchmark in made.config.benchmarks.values():
        codes = [
            code for share in together if share.benchmark == benchmark for code in share.languages
        ]
        assert codes == (made.languages_of(benchmark) if size > 1 else [])
    assert all(len(share.languages) <= size for share in together)
    assert len({share.rule("predict") for share in made.shares}) == len(made.shares)
    found = {
        code
        for code in [*made.config.languages.evaluation, "qaa", "en"]
        if re.fullmatch(made.alone(made.config.languages.evaluation), code)
    }
    assert found == ({*made.config.languages.evaluation, "qaa"} if size == 1 else {"qaa"})
