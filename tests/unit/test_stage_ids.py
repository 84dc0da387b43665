"""The ids of every shipped chain are those of `stage_ids.json`: a checkpoint that was trained is
found again, however the code that names it is written.

Where a change of the method means other checkpoints, write the file anew:
`python -m tests.unit.test_stage_ids`.
"""

import json
from pathlib import Path

import pytest

from lingualift.config import chain, load
from tests.unit.test_config import DEFAULT, ROOT, SYSTEMS, over_default

FROZEN = Path(__file__).with_name("stage_ids.json")
OVERLAYS = {
    "config": [],
    "test/small": ["test/small"],
    "gsm8k": ["gsm8k"],
    "gsm8k-small": ["gsm8k", "gsm8k-small"],
    "paper": ["paper"],
    "released": ["paper", "released"],
}
"""Every shipped configuration, as the overlays over config/config.yaml that make it."""


def chain_ids(overlays: list[str]) -> dict[str, str]:
    """The ids of every chain of a configuration, one line a system."""
    values = over_default([ROOT / "config" / f"{name}.yaml" for name in overlays])
    config = load(values)
    return {
        name: " ".join(stage.id for stage in chain(config, SYSTEMS[name], config.seeds[0]))
        for name in config.systems
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_stage_ids_of_a_shipped_configuration_stay(name: str) -> None:
    assert chain_ids(OVERLAYS[name]) == json.loads(FROZEN.read_text(encoding="utf-8"))[name]


def test_settings_of_memory_alone_and_the_place_of_the_input_do_not_enter_an_id() -> None:
    config = load(DEFAULT)
    stage = config.stages["align"]
    frozen = stage.identity()
    assert "micro_batch" not in frozen and "gradient_checkpointing" not in frozen
    assert stage.model_copy(update={"micro_batch": 1}).identity() == frozen


if __name__ == "__main__":
    frozen = {name: chain_ids(overlays) for name, overlays in OVERLAYS.items()}
    FROZEN.write_text(json.dumps(frozen, indent=1) + "\n", encoding="utf-8")
