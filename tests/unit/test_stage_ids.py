"""Stage ids name checkpoints, so they stay what they are while code moves: a change here trains
every finished run anew.
"""

import pytest

from lingualift.artifacts import digest
from tests.unit.test_systems import planned

DIGESTS = {
    (): "0be7effa1b2dafb4",
    ("test/small.yaml",): "aa729ee666edade1",
    ("gsm8k.yaml",): "87e6deebc7ea8cf1",
    ("paper.yaml",): "2dca163f4fc60ca1",
    ("paper.yaml", "released.yaml"): "32cd53924756e35a",
}
"""A digest of the ids of every run's stages, by overlays over config/config.yaml."""
LIFTED = {
    (): ["arithmetic-119dfbfeac", "warm-start-e445e7513d", "align-70f817c8fa"],
    ("test/small.yaml",): ["arithmetic-e4a9833568", "warm-start-3ea751fda8", "align-ba2569dc05"],
    ("gsm8k.yaml",): ["arithmetic-119dfbfeac", "warm-start-2da23cdaca"],
}
"""How the chain of the system `lingualift` begins."""


@pytest.mark.parametrize("overlays", DIGESTS)
def test_the_ids_of_all_stages_of_a_shipped_configuration_are_what_they_were(
    overlays: tuple[str, ...],
) -> None:
    chains = {
        name: [stage.id for stage in run.stages] for name, run in planned(*overlays).runs.items()
    }
    first = LIFTED.get(overlays, [])
    assert not first or chains["lingualift"][: len(first)] == first
    assert digest(chains, 16) == DIGESTS[overlays]


def test_settings_of_memory_alone_and_the_place_of_the_input_do_not_enter_an_id() -> None:
    stage = planned().config.stages["align"]
    identity = stage.identity()
    later = {"optim", "four_bit", "magnitude"}
    assert not ({"micro_tokens", "gradient_checkpointing"} | later) & set(identity)
    assert stage.model_copy(update={"micro_tokens": 1}).identity() == identity
    assert stage.model_copy(update={"gradient_checkpointing": True}).identity() == identity


def test_settings_that_change_a_result_enter_an_id_where_they_are_used() -> None:
    stage = planned().config.stages["align"]
    for setting in ({"optim": "adamw-8bit"}, {"four_bit": True}, {"magnitude": True}):
        identity = stage.model_copy(update=setting).identity()
        assert identity == {**stage.identity(), **setting}
