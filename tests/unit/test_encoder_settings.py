"""How an encoder is read, from the configuration to names, ids, requests and checks."""

from typing import Any

import pytest

from lingualift.config import System, load_config
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, files, inputs, plan, requests
from lingualift.plan.systems import RunStage
from tests.unit.test_systems import LANGUAGES, SOURCES, SYSTEMS, merged, planned

E5: dict[str, Any] = {"encoder": {"source": "e5-small", "layer": None, "layers": [3, 12]}}
E5_WORDS = {"lexicon": {"encoder_layers": [4, 8, 12]}}


def of(overlay: dict[str, Any], *more: Any) -> Plan:
    return planned(E5, E5_WORDS, overlay, *more)


def stages(made: Plan, system: str = "lingualift") -> list[str]:
    return [stage.id for stage in made.runs[system].stages]


def test_joined_layers_and_split_digits_are_named_in_paths_and_asked_of_the_model() -> None:
    made = of({})
    run = made.runs["lingualift"]
    assert run.encoder is not None and run.encoder.read == [3, 12] and run.encoder.split_digits
    states = inputs.prediction(made, "lingualift", "mmwp-mini", "sw")["states"]
    assert states == "results/encoded/e5-small-layers3-12-digits/problems/mmwp-mini/sw"
    assert made.encoder_settings("e5-small-layers3-12-digits") == run.encoder
    assert made.encoder == "e5-small-layers3-12", "single words have no numbers"
    assert inputs.asked_model(made, "e5-small") == inputs.AskedModel(
        False, [3, 4, 8, 12], split_digits=True
    )
    for name in made.encoders:
        assert files.produced(f"results/encoded/{name}/problems/mmwp-mini/sw") is not None


def test_a_setting_that_changes_the_states_changes_the_ids_of_the_stages_that_read_them() -> None:
    chains = [
        stages(of({"encoder": change}))
        for change in (
            {},
            {"layers": [3, 11]},
            {"layers": None, "layer": 12},
            {"split_digits": False},
        )
    ]
    assert len({chain[0] for chain in chains}) == 1, "arithmetic reads text"
    assert len({chain[1] for chain in chains}) == len({chain[-1] for chain in chains}) == 4
    assert stages(of({"encoder": {"split_digits": True}})) == chains[0], "what auto has chosen"


def test_a_stage_is_read_back_as_it_was_written() -> None:
    for made in (of({}), planned(), of({"encoder": {"split_digits": False}})):
        for stage in made.stages.values():
            again = RunStage.model_validate(stage.model_dump(mode="json"))
            assert again == stage
    written = planned().runs["lingualift"].stages[1].model_dump(mode="json")["encoder"]
    assert written == {"source": "e5-small", "layer": 8, "split_digits": True}


def test_a_job_asks_for_the_width_of_all_joined_layers() -> None:
    made, single = of({}), of({"encoder": {"layers": None, "layer": 12}})
    folder = files.problems_folder("mmwp-mini").path
    joined = requests.encoding(made, "e5-small-layers3-12-digits", folder, "sw")
    alone = requests.encoding(single, "e5-small-layer12-digits", folder, "sw")
    assert joined.disk > alone.disk and joined.minutes == alone.minutes


@pytest.mark.parametrize(
    ("encoder", "llm", "split"),
    [
        ("e5-small", "smollm2-135m-instruct", True),
        ("xlm-r-large", "llama-2-7b", True),
        ("gemma3-270m", "smollm2-135m-instruct", True),
        ("gemma3-270m", "llama-2-7b", True),
        ("xlm-r-large", "gemma3-270m", True),
        ("xlm-r-large", "llama-3.1-8b", False),
    ],
)
def test_auto_splits_digits_where_the_llm_reads_them_one_by_one(
    encoder: str, llm: str, split: bool
) -> None:
    read = {"source": encoder, "layer": 6, "layers": None}
    made = of({"encoder": read, "llm": {"source": llm}})
    used = made.runs["lingualift"].encoder
    assert used is not None and used.split_digits is split


def with_digits(llm: str | None, encoder: str | None = "joined") -> Plan:
    """E5 under SmolLM, with other statements of the registry."""
    changed = {
        key: SOURCES[key].model_copy(update={"digits": digits})
        for key, digits in (("smollm2-135m-instruct", llm), ("e5-small", encoder))
    }
    config = load_config(merged(E5, E5_WORDS))
    return plan(config, LANGUAGES, {**SOURCES, **changed}, SYSTEMS)


@pytest.mark.parametrize("encoder", ["joined", "split", None])
@pytest.mark.parametrize("llm", ["joined", "split"])
def test_auto_asks_the_llm_alone_for_no_encoder_splits_every_scripts_digits(
    llm: str, encoder: str | None
) -> None:
    used = with_digits(llm, encoder).runs["lingualift"].encoder
    assert used is not None and used.split_digits is (llm == "split")


def test_auto_refuses_to_guess() -> None:
    named = "split_digits: auto does not know how 'smollm2-135m-instruct' reads"
    with pytest.raises(LinguaLiftError, match=named):
        with_digits(None)


def test_the_papers_encoders_join_digits_but_in_one_row() -> None:
    split = {
        run.system
        for overlays in (("paper.yaml",), ("paper.yaml", "released.yaml"))
        for run in planned(*overlays).runs.values()
        if run.encoder is not None and run.encoder.split_digits
    }
    assert split == {"lingualift-metamath-split-digits"}


def test_a_system_with_an_encoder_of_its_own_reads_digits_as_the_configuration_says() -> None:
    system = System(
        title="t", input="encoder", encoder={"source": "labse", "layer": 9}, stages=["warm-start"]
    )
    for choice, split in (("auto", True), (False, False)):
        overlay = {"systems": ["own"], "encoder": {"split_digits": choice}}
        used = planned(overlay, systems={"own": system}).runs["own"].encoder
        assert used is not None and used.split_digits is split


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ({"layer": 12}, "encoder: layers: give layer or layers, not both; set the other to null"),
        ({"layers": [12, 3]}, "encoder: layers: name each layer once, the lowest first"),
        ({"layers": [3, 3]}, "encoder: layers: name each layer once, the lowest first"),
        ({"layers": [3]}, "encoder.layers: List should have at least 2 items"),
        ({"layers": [3, 13]}, "encoder.layers: 13 is not a layer of 'e5-small'; it has 1 to 12"),
        ({"layers": [0, 3]}, "encoder.layers.0: Input should be greater than or equal to 1"),
        ({"split_digits": "maybe"}, "encoder.split_digits: Input should be 'auto', True or False"),
        ({"digits": True}, "unknown key 'encoder.digits'"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(encoder: dict[str, Any], message: str) -> None:
    with pytest.raises(LinguaLiftError) as caught:
        of({"encoder": encoder})
    assert message in str(caught.value) and "\n" not in str(caught.value), str(caught.value)


def test_a_choice_on_the_command_line_is_read_as_a_truth_value() -> None:
    for text, split in (("true", True), ("false", False)):
        used = of({"encoder": {"split_digits": text}}).runs["lingualift"].encoder
        assert used is not None and used.split_digits is split
