"""What the paper's configuration costs, by its plan: the table of docs/scaling.md, its targets."""

from pathlib import Path

import pytest

from dev.costs import MEMORY, Cost, costs, paper, table
from lingualift.plan import Plan, requests

PAGE = Path(__file__).resolve().parents[2] / "docs/scaling.md"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return paper()


@pytest.fixture(scope="module")
def rows(plan: Plan) -> dict[str, Cost]:
    return {row.name: row for row in costs(plan)}


def test_the_page_holds_the_table_that_the_plan_gives(rows: dict[str, Cost]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    page = text.partition("<!-- costs -->")[2].partition("<!-- end of costs -->")[0]
    assert page.strip() == table(rows.values()), "run `python -m dev.costs docs/scaling.md`"


def test_training_and_states_keep_to_their_targets(rows: dict[str, Cost]) -> None:
    assert rows["all training"].limit < rows["all training"].hours <= 2400
    assert rows["encoding"].disk <= 1500
    assert rows["all training"].disk <= 1000  # a stage that leaves the LLM alone links its file
    assert rows["evaluation, 8 language(s) a job"].hours <= 60


def test_every_stage_fits_eight_cards_of_80_gb_also_at_13b(rows: dict[str, Cost]) -> None:
    large = [row for name, row in rows.items() if "13b" in name]
    assert len(large) == 7
    assert all(row.device <= MEMORY / 1e9 for row in rows.values())


def test_stage_one_asks_for_what_eight_processes_load_at_its_first_attempt(plan: Plan) -> None:
    """Each maps an LLM of 13.5 GB in bfloat16, and the encoder where it runs in the step."""
    for stage in plan.stages.values():
        if stage.name == "align" and stage.llm.source == "llama-2-7b":
            encoder = 2 * requests.planned_encoder_parameters(plan, stage)
            parameters = requests.model_size(plan, "llama-2-7b").parameters
            loaded = 8 * (2 * parameters + encoder) / 1e6
            assert requests.training(plan, stage.id).megabytes > loaded + 8 * 1000
