"""How long a run still takes."""

import pytest

from snakemake_logger_plugin_lingualift import COSTS, USUAL, Estimate, clock


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


def test_a_rule_that_is_not_listed_has_the_usual_cost() -> None:
    estimate = Estimate({"score": 1, "unknown": 1, "total": 2})
    estimate.finish("score", 2 * COSTS["score"])
    assert estimate.seconds(2 * COSTS["score"]) == pytest.approx(2 * USUAL)


def test_times_are_said_in_minutes_and_from_an_hour_on_in_hours() -> None:
    assert [clock(seconds) for seconds in (5, 65, 3605)] == ["0:05", "1:05", "1:00:05"]
