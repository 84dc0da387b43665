"""Several hidden layers joined to one state: what a layer gives alone stands side by side, from the
store to the checkpoint.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.layout import LAYOUTS, compose, load_tokenizer
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import load_states
from lingualift.training.batches import collate
from tests.unit.test_families import (
    ENCODERS,
    LANGUAGES,
    PROMPT,
    QUESTIONS,
    encoder_folder,
    one_step,
)
from tests.unit.test_systems import planned
from tests.whole.test_system_chains import OVERLAY, train, write_inputs


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


@pytest.mark.parametrize("family", ENCODERS)
def test_joined_states_are_those_of_the_single_layers_side_by_side(family: str, root: Path) -> None:
    folder, _ = encoder_folder(root, family)
    both, *single = (
        Encoder(folder, layers, torch.float32).states(QUESTIONS, languages=LANGUAGES)
        for layers in ([1, 2], 1, 2)
    )
    assert both[0].shape[1] == 48
    for states, first, second in zip(both, *single, strict=True):
        np.testing.assert_allclose(states, np.concatenate([first, second], -1), atol=2e-6)


def test_a_decoders_joined_layers_reach_up_to_its_last_one(causal_encoder: Path) -> None:
    joined = Encoder(causal_encoder, [1, 3], torch.float32).states(QUESTIONS)
    single = [Encoder(causal_encoder, layer, torch.float32).states(QUESTIONS) for layer in (1, 3)]
    for states, first, last in zip(joined, *single, strict=True):
        np.testing.assert_allclose(states, np.concatenate([first, last], -1), atol=2e-6)


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
def test_layers_above_the_highest_one_read_are_not_computed(family: str, root: Path) -> None:
    folder, _ = encoder_folder(root, family)
    whole = Encoder(folder, [1, 2], torch.float32)
    lowest = Encoder(folder, 1, torch.float32)
    assert [len(encoder.backbone.network.encoder.layer) for encoder in (whole, lowest)] == [2, 1]
    for states, both in zip(lowest.states(QUESTIONS), whole.states(QUESTIONS), strict=True):
        np.testing.assert_allclose(states, both[:, : lowest.dim], atol=2e-6)


@pytest.mark.parametrize("family", ENCODERS)
def test_a_words_states_are_those_of_its_own_tokens(family: str, root: Path) -> None:
    encoder = Encoder(encoder_folder(root, family)[0], 2, torch.float32)
    words = [" house", " river"]
    before, after = encoder.tokenize.added
    _, offsets = encoder.tokenize(words)
    assert all(start == end for start, end in offsets[0][:before])
    assert all(start < end for start, end in offsets[0][before : len(offsets[0]) - after])
    every = encoder.states(words, [1, 2], languages=["en", "en"])
    bare = encoder.word_states(words, [1, 2], "en")
    for states, own in zip(every, bare, strict=True):
        assert own.shape[1] == states.shape[1] - before - after > 0
        np.testing.assert_array_equal(own, states[:, before : states.shape[1] - after])


def test_a_layer_that_an_encoder_has_not_is_refused_among_several(causal_encoder: Path) -> None:
    with pytest.raises(LinguaLiftError, match=r"encoder\.layers: 9 is not a layer of .*1 to 3"):
        Encoder(causal_encoder, [2, 9])


def test_an_interrupted_store_of_joined_layers_goes_on_and_another_layers_is_begun_anew(
    causal_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lingualift.model.states.FLUSH_SECONDS", 0)
    encoder = Encoder(causal_encoder, [1, 2], torch.float32)
    encoder.store(tmp_path / "whole", QUESTIONS)
    run, done = Encoder._run, []

    def stopping(self: Encoder, *arguments: object) -> torch.Tensor:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return run(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoder, "_run", stopping)
    with pytest.raises(KeyboardInterrupt):
        encoder.store(tmp_path / "cut", QUESTIONS)
    counted: list[int] = []

    def counting(self: Encoder, *arguments: object) -> torch.Tensor:
        counted.append(1)
        return run(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoder, "_run", counting)
    encoder.store(tmp_path / "cut", QUESTIONS)
    assert len(counted) == len(QUESTIONS) - 2, "two of as many batches were done"
    for name in ("states.npy", "spans.npy"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    (tmp_path / "cut").rename(tmp_path / "cut.partial")
    (tmp_path / "cut.partial/progress.json").write_text(
        '{"done": 2, "key": {"texts": null, "layer": [1, 3]}}'
    )
    counted.clear()
    encoder.store(tmp_path / "cut", QUESTIONS)
    assert len(counted) == len(QUESTIONS)
    stored = load_states(tmp_path / "cut", QUESTIONS)
    assert stored.dim == 48 and len(stored) == len(QUESTIONS)


def test_a_chain_trains_on_joined_layers_and_its_checkpoint_loads_and_answers(
    tmp_path: Path, llama: Path, causal_encoder: Path
) -> None:
    made = planned("gsm8k.yaml", OVERLAY, {"systems": ["lingualift"]})
    write_inputs(made, causal_encoder, tmp_path, [1, 3])
    stages = made.runs["lingualift"].stages
    for stage in stages:
        end = train(made, stage, tmp_path, llama, causal_encoder, [1, 3])
    model = LinguaLiftModel.from_pretrained(end).eval()
    assert model.config.encoder["layer"] == [1, 3] and model.config.encoder_dim == 48
    assert "| encoder, layers 1, 3 joined |" in (end / "README.md").read_text()
    encoder = Encoder(causal_encoder, [1, 3], torch.float32)
    tokens, states = encoder.tokenize.tokens(QUESTIONS), encoder.encode(QUESTIONS)
    tokenizer = load_tokenizer(llama)
    examples = [
        compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(count), " 23")
        for count in states.counts()
    ]
    batch = collate(examples, pad=2)
    cached = model(**batch, encoder_states=torch.from_numpy(states.rows()))["loss"]
    live = model(**batch, **tokens.batch(range(len(QUESTIONS))))["loss"]
    torch.testing.assert_close(live, cached, rtol=1e-5, atol=1e-5)
    asked = compose(LAYOUTS["encoder"], tokenizer, PROMPT, "", int(states.counts()[0]))
    ids, segments = (torch.from_numpy(part[None]).long() for part in (asked.ids, asked.segments))
    first = torch.from_numpy(states.of(0))
    answer = model.generate(ids, torch.ones_like(ids), segments, first, max_new_tokens=4)
    assert answer.shape[0] == 1 and answer.shape[1] >= 1
    (tmp_path / stages[-1].id).rename(tmp_path / "first")
    write_inputs(made, causal_encoder, tmp_path, [1, 2])
    with pytest.raises(LinguaLiftError, match=r"of layer \[1, 3\], .* of layer \[1, 2\]"):
        train(made, stages[-1], tmp_path, llama, causal_encoder, [1, 2])


def test_a_chain_trains_on_split_digits_and_its_checkpoint_says_so(
    tmp_path: Path, llama: Path, causal_encoder: Path
) -> None:
    made = planned("gsm8k.yaml", OVERLAY, {"systems": ["lingualift"]})
    write_inputs(made, causal_encoder, tmp_path, 2, split_digits=True)
    stages = made.runs["lingualift"].stages
    for stage in stages:
        end = train(made, stage, tmp_path, llama, causal_encoder, 2, split_digits=True)
    encoder = LinguaLiftModel.from_pretrained(end).config.encoder
    assert (encoder["layer"], encoder["split_digits"]) == (2, True)
    assert "| encoder, layer 2, digits one token each |" in (end / "README.md").read_text()
    end.rename(tmp_path / "first")
    write_inputs(made, causal_encoder, tmp_path, 2)
    with pytest.raises(LinguaLiftError, match=r"an encoder that reads digits otherwise"):
        train(made, stages[-1], tmp_path, llama, causal_encoder, 2)


@pytest.mark.parametrize("family", ["mt5", "xlm-roberta", "qwen2"])
def test_an_encoder_learns_through_joined_layers_and_is_restored_from_its_checkpoint(
    family: str, root: Path, llama: Path, tmp_path: Path
) -> None:
    folder, _ = encoder_folder(root, family)
    modules = ["alignment", "boundary", "encoder"]
    model = one_step(llama, folder, [1, 2], modules, tmp_path / "work", live=True).eval()
    model.save_pretrained(tmp_path / "saved")
    again = LinguaLiftModel.from_pretrained(tmp_path / "saved").eval()
    states = [
        Encoder(folder, [1, 2], torch.float32, backbone=backbone).states(QUESTIONS)[1]
        for backbone in (model.encoder, again.encoder, None)
    ]
    np.testing.assert_allclose(states[1], states[0], atol=1e-6)
    for layer in (slice(24), slice(24, 48)):
        assert not np.allclose(states[1][:, layer], states[2][:, layer], atol=1e-4)
