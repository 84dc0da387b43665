"""Training: batch plans, frozen parts, resuming, and the warm start's targets."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from lingualift import machine
from lingualift.config import LanguageModelling, WarmStart
from lingualift.messages import LinguaLiftError
from lingualift.model.alignment import AlignmentLayer
from lingualift.model.encoder import Encoder
from lingualift.model.layout import LAYOUTS, Prompt, compose
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States
from lingualift.training import progress
from lingualift.training.batches import Cutting, padding_share, plan_batches
from lingualift.training.job import StageJob
from lingualift.training.language_modelling import train_language_modelling
from lingualift.training.trainer import PlannedTrainer
from lingualift.training.warm_start import token_targets, train_warm_start

PROMPT = Prompt("{question}\nAnswer:", "Solve. ")
QUESTIONS = [f"Maria has {number} apples and {number + 3} pears." for number in range(2, 26)]


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=200),
    st.integers(1, 32),
    st.integers(1, 3),
    st.integers(0, 9),
)
def test_a_plan_uses_every_example_once_an_epoch_in_global_batches(
    lengths: list[int], batch: int, epochs: int, seed: int
) -> None:
    plan = plan_batches(lengths, batch, epochs, seed)
    counts = np.bincount(np.concatenate(plan), minlength=len(lengths))
    assert (counts == epochs).all()
    assert all(len(chosen) <= batch for chosen in plan)


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=60),
    st.integers(1, 900),
    st.integers(1, 4),
    st.booleans(),
)
def test_micro_batches_hold_no_more_tokens_than_fit_and_one_number_on_every_device(
    lengths: list[int], tokens: int, world: int, packed: bool
) -> None:
    sizes = np.sort(np.asarray(lengths))
    cutting = Cutting(tokens, world, packed)
    cut = cutting.cut(sizes, np.arange(len(sizes)))
    assert np.array_equal(np.concatenate(cut), np.arange(len(sizes)))
    assert len(cut) % world == 0
    assert all(
        len(chosen) == 1 or cutting.size(sizes[chosen]) <= tokens for chosen in cut if len(chosen)
    )
    fewer = Cutting(int(sizes.sum() * len(sizes)), world, packed).cut(sizes, np.arange(len(sizes)))
    assert len(fewer) == world


def test_micro_batches_of_skewed_lengths_have_equal_tokens() -> None:
    """Lengths like MetaMathQA's: a mean of 300 tokens, a tail to 1,900."""
    lengths = np.random.default_rng(0).lognormal(5.6, 0.45, 20_000).clip(40, 1900).astype(int)
    plan = plan_batches(lengths, 128, 1, 1)
    for packed in (True, False):
        cutting = Cutting(4096, 8, packed)
        cuts = [[cutting.size(lengths[c]) for c in cutting.cut(lengths, batch)] for batch in plan]
        shares = [sum(sizes) / len(sizes) / max(sizes) for sizes in cuts]
        assert np.mean(shares) > 0.95
        assert max(map(max, cuts)) <= 4096


def test_the_global_batches_do_not_depend_on_the_micro_batch() -> None:
    lengths = np.random.default_rng(0).integers(20, 90, 300)
    plan = plan_batches(lengths, 16, 2, 5)
    for cutting in (Cutting(10**6), Cutting(200), Cutting(200, 4, True)):
        joined = [np.concatenate(cutting.cut(lengths, batch)) for batch in plan]
        assert all(np.array_equal(left, right) for left, right in zip(joined, plan, strict=True))


def test_padding_stays_below_five_percent_on_question_like_lengths() -> None:
    lengths = np.random.default_rng(1).normal(60, 15, 2000).clip(20, 120).astype(int)
    assert padding_share(lengths, plan_batches(lengths, 8, 1, 0)) < 0.05


def prepared(llama: Path, causal_encoder: Path) -> tuple[LinguaLiftModel, list, States]:
    encoder = Encoder(causal_encoder, 2, torch.float32)
    torch.manual_seed(3)
    model = LinguaLiftModel.build(
        str(llama), {"path": "e", "fingerprint": "f", "layer": 2}, encoder.dim, 2, "gelu", True
    )
    states = encoder.encode(QUESTIONS)
    tokenizer = AutoTokenizer.from_pretrained(llama)
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(count), f" {number}")
        for number, count in enumerate(states.counts())
    ]
    return model, examples, states


def language_modelling_job(out: Path, train: list[str], **settings: Any) -> StageJob:
    """A job of language modelling for a model and examples that are given beside it."""
    stage = LanguageModelling.model_validate(
        {
            "objective": "language-modelling",
            "data": "maths",
            "prompt": "maths",
            "train": train,
            "batch": 8,
            "micro_tokens": 200,
            **settings,
        }
    )
    return StageJob(
        stage=stage,
        name="t",
        layout="encoder",
        seed=1,
        out=out,
        llm=out,
        encoder=None,
        layer=None,
        alignment=None,
        parent=None,
        data=[],
        reference=None,
        names={},
        bf16=False,
        stamp={},
    )


def weights(model: LinguaLiftModel) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_frozen_parameters_are_bit_identical_after_a_stage(
    llama: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    model, examples, states = prepared(llama, causal_encoder)
    before = weights(model)
    job = language_modelling_job(tmp_path / "w", ["alignment", "boundary"], learning_rate=1e-2)
    train_language_modelling(job, model, examples, states, 2)
    changed = {
        name.split(".")[0]
        for name, tensor in weights(model).items()
        if not torch.equal(tensor, before[name])
    }
    assert changed == {"alignment", "boundary"}


def test_freeze_embeddings_leaves_the_tied_table_alone_and_trains_the_rest(
    llama: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    model, examples, states = prepared(llama, causal_encoder)
    before = weights(model)
    job = language_modelling_job(
        tmp_path / "w", ["llm"], epochs=2, learning_rate=1e-2, freeze_embeddings=True
    )
    train_language_modelling(job, model, examples, states, 2)
    same = {name for name, tensor in weights(model).items() if torch.equal(tensor, before[name])}
    tables = {"llm.model.embed_tokens.weight", "llm.lm_head.weight"}
    assert {name for name in same if name.startswith("llm.")} == tables
    model.save_pretrained(tmp_path / "saved")
    loaded = LinguaLiftModel.from_pretrained(tmp_path / "saved")
    assert all(
        torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in weights(model).items()
    )


def test_freeze_layers_leaves_the_first_layers_alone_and_refuses_more_than_there_are(
    llama: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    model, examples, states = prepared(llama, causal_encoder)
    before = weights(model)
    frozen = {"freeze_embeddings": True, "freeze_layers": 1}
    job = language_modelling_job(tmp_path / "w", ["llm"], epochs=2, learning_rate=1e-2, **frozen)
    train_language_modelling(job, model, examples, states, 2)
    changed = {
        name for name, tensor in weights(model).items() if not torch.equal(tensor, before[name])
    }
    assert changed == {
        name for name in before if name.startswith(("llm.model.layers.1.", "llm.model.norm."))
    }
    with pytest.raises(LinguaLiftError, match=r"freeze_layers: 3 is more than the LLM's 2 layers"):
        model.trainable(["llm"], freeze_layers=3)


def test_training_lowers_the_loss_and_the_micro_batches_change_nothing(
    llama: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    results = []
    for tokens in (800, 80):
        model, examples, states = prepared(llama, causal_encoder)
        job = language_modelling_job(
            tmp_path / "w",
            ["llm", "alignment", "boundary"],
            epochs=10,
            micro_tokens=tokens,
            learning_rate=5e-3,
            schedule="cosine",
            warmup=0.1,
        )
        record = train_language_modelling(job, model, examples, states, 2)
        results.append(weights(model))
        assert record["losses"][-1]["loss"] < record["losses"][0]["loss"] - 1
    for name, tensor in results[0].items():
        torch.testing.assert_close(results[1][name], tensor, rtol=1e-3, atol=1e-4, msg=name)


def test_an_interrupted_stage_resumes_to_the_same_weights(
    llama: Path, causal_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SAVE_SECONDS", 0.0)
    settings = {"epochs": 4, "learning_rate": 5e-3, "schedule": "cosine", "warmup": 0.1}

    def train(out: Path) -> dict[str, torch.Tensor]:
        model, examples, states = prepared(llama, causal_encoder)
        job = language_modelling_job(out, ["llm"], **settings)
        train_language_modelling(job, model, examples, states, 2)
        return weights(model)

    expected = train(tmp_path / "whole")

    class Killed(BaseException):
        pass

    original = progress.Progress.on_step_end

    def dies(self, args, state, control, **kwargs):  # type: ignore[no-untyped-def]
        if state.global_step == 6:
            raise Killed
        original(self, args, state, control, **kwargs)

    monkeypatch.setattr(progress.Progress, "on_step_end", dies)
    with pytest.raises(Killed):
        train(tmp_path / "cut")
    monkeypatch.setattr(progress.Progress, "on_step_end", original)
    assert list((tmp_path / "cut.partial").glob("checkpoint-*")), "a checkpoint was kept"
    resumed = train(tmp_path / "cut")
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_a_stage_without_examples_is_refused(llama: Path, tmp_path: Path) -> None:
    with pytest.raises(LinguaLiftError, match="no training examples"):
        train_language_modelling(
            language_modelling_job(tmp_path / "w", ["llm"], learning_rate=1e-2),
            LinguaLiftModel.build(str(llama)),
            [],
            None,
            2,
        )


def test_training_the_alignment_of_a_text_only_model_is_refused(llama: Path) -> None:
    with pytest.raises(LinguaLiftError, match="does not have"):
        LinguaLiftModel.build(str(llama)).trainable(["alignment"])


def test_warm_start_targets_follow_the_words_and_digits_go_one_to_one() -> None:
    # "los 14 libros" stands for "the 14 books"
    words = [
        {"start": 0, "end": 3, "source_start": 0, "source_end": 3},
        {"start": 4, "end": 6, "source_start": 4, "source_end": 6},
        {"start": 7, "end": 13, "source_start": 7, "source_end": 12},
    ]
    encoder_offsets = [
        (0, 3),
        (3, 5),
        (5, 6),
        (6, 9),
        (9, 11),
        (11, 13),
    ]  # ' 1' carries its space, 'libros' has three tokens
    llm_offsets = [(0, 3), (3, 5), (5, 6), (6, 9), (9, 12)]  # the| 1|4| bo|oks
    targets = token_targets(encoder_offsets, llm_offsets, [10, 11, 12, 13, 14], words)
    assert targets == [[10], [11], [12], [13, 14], [13, 14], [13, 14]]


def test_warm_start_maps_states_to_the_embeddings_they_stand_for_on_the_jobs_device(
    llama: Path, causal_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[Any] = []
    moved = AlignmentLayer.to
    monkeypatch.setattr(machine, "device", lambda: "cpu:0")
    monkeypatch.setattr(
        AlignmentLayer, "to", lambda self, device: devices.append(device) or moved(self, device)
    )
    model, _, states = prepared(llama, causal_encoder)
    assert model.alignment is not None
    model.alignment.measure(torch.from_numpy(states.rows()), model.get_input_embeddings().weight)
    ids = [[[int(3 + place % 5)] for place in range(count)] for count in states.counts()]
    stage = WarmStart(
        objective="warm-start",
        data="code-switched",
        train=["alignment"],
        steps=300,
        batch=256,
        learning_rate=5e-3,
    )
    record = train_warm_start(model, states, ids, stage, seed=1)
    assert record["losses"][-1]["loss"] < 0.6 * record["losses"][0]["loss"]
    assert devices == ["cpu:0"]
    assert "boundary" in model.config.trained, (
        "the checkpoint must carry the boundary vectors that the next stage starts from"
    )


def test_a_warm_start_may_be_as_short_as_one_likes(llama: Path, causal_encoder: Path) -> None:
    model, _, states = prepared(llama, causal_encoder)
    ids = [[[3] for _ in range(count)] for count in states.counts()]
    for steps in range(1, 22):
        stage = WarmStart(
            objective="warm-start",
            data="code-switched",
            train=["alignment"],
            steps=steps,
            batch=2,
            learning_rate=5e-3,
        )
        assert train_warm_start(model, states, ids, stage, seed=1)["steps"] == steps


RATES = {"alignment": 6e-4, "boundary": 3e-4, "llm": 2e-5}
DECAYS = {"alignment": 0.0, "boundary": 0.0, "llm": 0.01}


def test_every_module_learns_at_its_own_rate_with_its_own_decay(
    llama: Path, causal_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, examples, states = prepared(llama, causal_encoder)
    made: list[torch.optim.Optimizer] = []
    create = PlannedTrainer.create_optimizer

    def noted(self: PlannedTrainer, *arguments: Any) -> torch.optim.Optimizer:
        made.append(create(self, *arguments))
        return made[-1]

    monkeypatch.setattr(PlannedTrainer, "create_optimizer", noted)
    job = language_modelling_job(
        tmp_path / "w", list(RATES), learning_rate=RATES, weight_decay=DECAYS
    )
    train_language_modelling(job, model, examples, states, 2)
    groups = {
        id(parameter): (group["initial_lr"], group["weight_decay"])
        for group in made[0].param_groups
        for parameter in group["params"]
    }
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert len(groups) == len(learning)
    for name, parameter in learning.items():
        module = name.split(".")[0]
        plain = name.endswith("bias") or "norm" in name
        assert groups[id(parameter)] == (RATES[module], 0.0 if plain else DECAYS[module]), name


def test_equal_rates_by_module_give_what_one_number_gives(
    llama: Path, causal_encoder: Path, tmp_path: Path
) -> None:
    trained = []
    for rate in (1e-3, {"alignment": 1e-3, "boundary": 1e-3}):
        model, examples, states = prepared(llama, causal_encoder)
        job = language_modelling_job(tmp_path / "w", ["alignment", "boundary"], learning_rate=rate)
        train_language_modelling(job, model, examples, states, 2)
        trained.append(weights(model))
    assert all(torch.equal(value, trained[1][name]) for name, value in trained[0].items())
