"""Beyond the paper: a learnt mixture of the encoder's layers, and adapters with magnitudes."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM

from lingualift.config import LanguageModelling
from lingualift.messages import LinguaLiftError
from lingualift.model.alignment import AlignmentLayer
from lingualift.model.lora import LoraLinear, adapt, merge_adapters
from lingualift.model.modeling import LinguaLiftModel
from lingualift.training.job import StageJob
from lingualift.training.run import starting_model
from tests.unit.test_systems import planned


def test_equal_shares_are_the_mean_of_the_layers_and_other_shares_weigh_them() -> None:
    torch.manual_seed(0)
    mixed = AlignmentLayer(12, 5, 2, "gelu", False, mixed=3)
    states = torch.randn(7, 12)
    first, second, third = states.split(4, dim=1)
    assert torch.allclose(mixed(states), mixed.mlp((first + second + third) / 3), atol=1e-6)
    assert mixed.mixture is not None
    mixed.mixture.data = torch.tensor([0.5, 0.25, 0.25]).log()
    expected = mixed.mlp(first / 2 + second / 4 + third / 4)
    assert torch.allclose(mixed(states), expected, atol=1e-6)


def test_the_shares_learn_with_the_alignment_layer() -> None:
    torch.manual_seed(0)
    mixed = AlignmentLayer(8, 3, 2, "gelu", True, mixed=2)
    states = torch.randn(50, 8)
    mixed.measure(states, torch.randn(9, 3))
    target = states[:, :3]  # the first layer holds the answer
    assert mixed.mixture is not None
    optimiser = torch.optim.Adam(mixed.parameters(), lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        (mixed(states) - target).square().mean().backward()
        optimiser.step()
    assert mixed.mixture.softmax(0)[0] > 0.6


def test_without_mixing_the_layer_is_what_it_was() -> None:
    assert AlignmentLayer(8, 3, 2, "gelu", True).mixture is None
    names = dict(AlignmentLayer(8, 3, 2, "gelu", True, mixed=2).named_parameters())
    assert names["mixture"].shape == (2,) and names["mlp.0.weight"].shape == (8, 4)


def test_the_mixture_row_reads_joined_layers_under_an_id_of_its_own() -> None:
    made = planned({"systems": ["lingualift", "lingualift-layer-mixture"]})
    row = made.runs["lingualift-layer-mixture"]
    assert row.encoder is not None and (row.encoder.read, row.encoder.mixture) == ([4, 8, 12], True)
    joined = planned(
        {"systems": ["lingualift"], "encoder": {"layer": None, "layers": [4, 8, 12]}}
    ).runs["lingualift"]
    assert row.stages[0].id == joined.stages[0].id and row.stages[1].id != joined.stages[1].id


@pytest.mark.parametrize(
    "overlays", [["one-gpu.yaml"], ["one-gpu.yaml", "one-gpu-80.yaml"], ["paper.yaml"]]
)
def test_the_rows_on_metamath_change_one_thing_each(overlays: list[str]) -> None:
    runs = planned(*overlays, "beyond-metamath.yaml").runs
    rows = {name.removeprefix("lingualift-metamath"): run.stages for name, run in runs.items()}
    lifted, dora, lora, mixture = (rows[name] for name in ("", "-dora", "-lora", "-layer-mixture"))
    assert dora[0].id == lora[0].id == lifted[0].id
    learns = dora[-1].stage
    assert isinstance(learns, LanguageModelling) and learns.train == ["llm-lora"]
    assert learns == lora[-1].stage.model_copy(update={"magnitude": True})
    assert [stage.stage for stage in mixture] == [stage.stage for stage in lifted]
    encoder = mixture[0].encoder
    assert encoder is not None and (encoder.read, encoder.mixture) == ([8, 16, 24], True)


def test_a_mixture_of_one_layer_is_refused() -> None:
    with pytest.raises(LinguaLiftError, match="mixture: mixes several layers; name them in layers"):
        planned({"encoder": {"mixture": True}})


def adapted(llama: Path, magnitude: bool) -> nn.Module:
    torch.manual_seed(3)
    llm = AutoModelForCausalLM.from_pretrained(llama)
    adapt(llm, 4, 8.0, magnitude)
    return llm


@pytest.mark.parametrize("magnitude", [False, True])
def test_an_adapted_model_starts_as_the_original_and_merges_to_the_same_function(
    llama: Path, magnitude: bool
) -> None:
    ids = torch.arange(5, 15)[None]
    plain = AutoModelForCausalLM.from_pretrained(llama)(ids).logits
    llm = adapted(llama, magnitude)
    assert torch.allclose(llm(ids).logits, plain, atol=1e-5)
    layers = [module for module in llm.modules() if isinstance(module, LoraLinear)]
    for layer in layers:
        nn.init.normal_(layer.lora_b, std=0.3)
        if layer.lora_m is not None:
            layer.lora_m.data *= 1.5
    trained = llm(ids).logits
    assert not torch.allclose(trained, plain, atol=1e-2)
    merge_adapters(llm)
    assert torch.allclose(llm(ids).logits, trained, atol=1e-4)
    assert not any("lora" in name for name, _ in llm.named_parameters())


def test_with_magnitude_the_rows_of_the_merged_weights_have_the_learnt_lengths(
    llama: Path,
) -> None:
    llm = adapted(llama, True)
    layer = next(module for module in llm.modules() if isinstance(module, LoraLinear))
    nn.init.normal_(layer.lora_b, std=0.3)
    assert layer.lora_m is not None
    layer.lora_m.data = torch.linspace(1, 2, len(layer.lora_m))
    merge_adapters(llm)
    lengths = layer.weight.norm(dim=1)
    assert torch.allclose(lengths, torch.linspace(1, 2, len(lengths)), atol=1e-5)


def test_dora_learns_three_tensors_a_layer_and_comes_back_from_its_checkpoint(
    llama: Path, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    model = LinguaLiftModel.build(str(llama))
    model.trainable(["llm-lora"], {"rank": 2, "alpha": 4.0, "magnitude": True})
    learning = {name.rpartition(".")[2] for name, p in model.named_parameters() if p.requires_grad}
    assert learning == {"lora_a", "lora_b", "lora_m"}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("lora_m"):
                parameter.mul_(1.2)
    model.save_pretrained(tmp_path / "saved")
    again = LinguaLiftModel.from_pretrained(tmp_path / "saved", llm=llama)
    ids = torch.arange(5, 15)[None]
    assert torch.allclose(again(ids)["logits"], model(ids)["logits"], atol=1e-5)


def test_the_dora_row_shares_all_but_its_last_stage_with_lora() -> None:
    made = planned({"systems": ["lingualift-lora", "lingualift-dora"]})
    lora, dora = (made.runs[f"lingualift-{name}"].stages for name in ("lora", "dora"))
    assert [one.id == other.id for one, other in zip(lora, dora, strict=True)] == [
        *[True] * 3,
        False,
    ]
    assert dora[-1].stage.identity()["magnitude"] is True
    assert "magnitude" not in lora[-1].stage.identity()


def test_magnitude_over_weights_in_four_bits_is_refused(llama: Path) -> None:
    settings = {"transfer": {"train": ["llm-lora"], "four_bit": True, "magnitude": True}}
    with pytest.raises(LinguaLiftError, match="magnitude: measures the rows of weights"):
        planned({"stages": settings})
    llm = AutoModelForCausalLM.from_pretrained(llama)
    layers = type("Linear4bit", (nn.Linear,), {"__module__": "bitsandbytes.nn"})
    for layer in llm.model.layers.modules():
        if type(layer) is nn.Linear:
            layer.__class__ = layers
    with pytest.raises(LinguaLiftError, match="weights that are not rounded; set four_bit"):
        adapt(llm, 4, 8.0, magnitude=True)


SMALL = {"rank": 4, "alpha": 8.0}


@pytest.mark.parametrize(
    "other",
    [
        {"rank": 8, "alpha": 16.0, "magnitude": True},
        {"rank": 8, "alpha": 8.0},
        {"rank": 4, "alpha": 16.0},
        {**SMALL, "magnitude": True},
    ],
)
def test_adapters_of_other_settings_begin_where_earlier_ones_ended_and_learn_as_asked(
    llama: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    first = with_learnt_adapters(LinguaLiftModel.build(str(llama)), SMALL)
    first.save_pretrained(tmp_path / "first")
    second = LinguaLiftModel.from_pretrained(tmp_path / "first", llm=llama)
    second.trainable(["llm-lora"], other)
    ids = torch.arange(5, 15)[None]
    assert torch.allclose(second(ids)["logits"], first(ids)["logits"], atol=1e-4)
    ranks = {len(p) for name, p in second.named_parameters() if name.endswith("lora_a")}
    learning = {name.rpartition(".")[2] for name, p in second.named_parameters() if p.requires_grad}
    assert second.config.lora == other and ranks == {other["rank"]}
    assert learning == {"lora_a", "lora_b", *(["lora_m"] if "magnitude" in other else [])}
    with_learnt_adapters(second, other)
    second.save_pretrained(tmp_path / "second")
    again = LinguaLiftModel.from_pretrained(tmp_path / "second", llm=llama)
    assert again.config.lora == other
    assert torch.allclose(again(ids)["logits"], second(ids)["logits"], atol=1e-5)
    again.merge_lora()
    assert torch.allclose(again(ids)["logits"], second(ids)["logits"], atol=1e-4)


def test_adapters_of_the_same_settings_go_on(llama: Path, tmp_path: Path) -> None:
    first = with_learnt_adapters(LinguaLiftModel.build(str(llama)), SMALL)
    first.save_pretrained(tmp_path / "first")
    second = LinguaLiftModel.from_pretrained(tmp_path / "first", llm=llama)
    second.trainable(["llm-lora"], SMALL)
    expected = first.state_dict()
    assert all(torch.equal(expected[name], new) for name, new in second.state_dict().items())
    assert second.config.trained == ["llm-lora"]


def with_learnt_adapters(model: LinguaLiftModel, settings: dict[str, Any]) -> LinguaLiftModel:
    model.trainable(["llm-lora"], settings)
    for layer in model.llm.modules():
        if isinstance(layer, LoraLinear):
            nn.init.normal_(layer.lora_b, std=0.3)
    return model


def test_adapters_over_weights_in_four_bits_are_not_taken_in_silently(
    llama: Path, tmp_path: Path, stage_job: StageJob
) -> None:
    llm = AutoModelForCausalLM.from_pretrained(llama)
    layers = type("Linear4bit", (nn.Linear,), {"__module__": "bitsandbytes.nn"})
    for layer in llm.model.layers.modules():
        if type(layer) is nn.Linear:
            layer.__class__ = layers
    adapt(llm, 4, 8.0)
    with pytest.raises(LinguaLiftError, match="cannot be taken into weights in 4 bits"):
        merge_adapters(llm)
    first = LinguaLiftModel.build(str(llama))
    first.trainable(["llm-lora"], SMALL)
    first.save_pretrained(tmp_path / "first")
    job = stage_job.with_settings(train=["llm-lora"], four_bit=True, lora_rank=8)
    job = job.model_copy(update={"parent": tmp_path / "first"})
    with pytest.raises(LinguaLiftError, match="adapters of rank 4; give both stages the same lora"):
        starting_model(job)
