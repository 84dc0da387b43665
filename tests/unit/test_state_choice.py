"""Which encoder states are kept on disk: by bytes, readers and cost."""

from dataclasses import replace

import pytest

from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, inputs, states
from lingualift.plan.files import TextFolder
from lingualift.plan.states import StateSet
from lingualift.run import is_dry_run
from tests.unit.test_systems import planned


def with_setting(plan: Plan, setting: str) -> Plan:
    encoder = plan.config.encoder.model_copy(update={"states": setting})
    return replace(plan, config=plan.config.model_copy(update={"encoder": encoder}))


def some_set(size: float, hours: float, passes: float, required: bool = False) -> StateSet:
    return StateSet("e", TextFolder("tasks", "maths"), int(size), hours, passes, required)


@pytest.mark.parametrize(
    ("size", "hours", "passes", "kept"),
    [
        (0.2e9, 0.0, 1, True),  # small
        (97e9, 0.49, 93, True),  # read by 31 stages
        (173e9, 0.88, 3, False),  # by one
        (173e9, 0.88, 11, True),  # 8.8 hours for 173 GB
    ],
)
def test_a_set_is_kept_where_it_is_small_or_saves_more_hours_than_its_bytes_are_worth(
    size: float, hours: float, passes: float, kept: bool
) -> None:
    assert some_set(size, hours, passes).kept("auto") == kept
    assert some_set(size, hours, passes).kept("store")
    assert not some_set(size, hours, passes).kept("step")
    assert some_set(size, hours, passes, required=True).kept("step")  # of a warm start


def test_the_papers_configuration_keeps_less_than_one_and_a_half_terabytes_of_states() -> None:
    paper = planned("paper.yaml")
    stored = [states for key, states in paper.states.sets.items() if key in paper.states.stored]
    assert 0.1e12 < sum(states.size for states in stored) < 1.2e12  # and problems, below .3 TB
    everything = with_setting(paper, "store").states
    assert sum(everything.sets[key].size for key in everything.stored) > 3e12
    assert ("mt5-xl", "tasks/metamath") in paper.states.stored
    assert ("mt5-xl", "codeswitch/ratio-0.2") not in paper.states.stored


@pytest.mark.parametrize("overlays", [(), ("test/small.yaml",)])
def test_a_run_on_two_cores_keeps_all_states(overlays: tuple[str, ...]) -> None:
    small = planned(*overlays)
    assert small.states.stored == set(small.states.sets)
    assert "made in the step" not in states.choice_summary(small)


def test_a_stage_waits_for_the_states_that_it_reads_and_for_no_others() -> None:
    paper = planned("paper.yaml")
    stages = {stage.name: stage for stage in paper.runs["lingualift-metamath-ratio-0.2"].stages}
    sparse = inputs.training(paper, stages["align"].id)
    assert "states" not in sparse and "encoder" in sparse
    assert inputs.stage_reference(paper, stages["align"]).states is None
    assert inputs.training(paper, stages["transfer"].id)["states"] == [
        "results/encoded/mt5-xl/tasks/metamath/questions"
    ]
    for setting, stored in (("store", True), ("step", False)):
        plan = with_setting(paper, setting)
        assert ("states" in inputs.training(plan, stages["align"].id)) == stored


def test_a_stage_whose_encoder_learns_waits_for_no_states() -> None:
    learning = {"stages": {"langbridge": {"train": ["encoder", "alignment", "boundary"]}}}
    paper = planned("paper.yaml", learning)
    last = paper.runs["langbridge-metamath"].stages[-1]
    assert "encoder" in last.stage.train
    assert "states" not in inputs.training(with_setting(paper, "store"), last.id)


def test_what_was_chosen_is_one_line_with_the_gigabytes_kept() -> None:
    line = states.choice_summary(planned("paper.yaml"))
    assert line.startswith("encoder states (auto): 3 set(s) kept, 236.7 GB; 48 made in the step")
    assert "\n" not in line


def test_a_system_cannot_choose_for_the_states_that_it_shares() -> None:
    from lingualift.config import System
    from lingualift.plan.systems import models

    system = System(title="s", input="encoder", stages=["align"], encoder={"states": "step"})
    with pytest.raises(LinguaLiftError, match=r"states is a setting of the whole run"):
        models(planned().config, system)


@pytest.mark.parametrize(
    ("arguments", "dry"),
    [(["-n"], True), (["-np", "x"], True), (["--dry-run"], True), (["--nolock", "x"], False)],
)
def test_a_dry_run_is_told_by_its_command(arguments: list[str], dry: bool) -> None:
    assert is_dry_run(["snakemake", *arguments]) == dry
