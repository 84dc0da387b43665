"""Stored encoder states: choosing and joining texts copies nothing, and an interrupted store is
taken up where it stopped.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from lingualift.messages import LinguaLiftError
from lingualift.model import encoder as encoder_module
from lingualift.model import states as states_module
from lingualift.model.encoder import Encoder
from lingualift.model.states import States, load_states

TEXTS = [
    f"Maria has {number} apples" + " and pears" * (number % 4) + "." for number in range(20)
] + ["Maria has 3 apples and pears and pears."]


@given(
    st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=6), min_size=1, max_size=4), st.data()
)
def test_taking_joining_and_gathering_equal_plain_lists(
    sizes: list[list[int]], data: st.DataObject
) -> None:
    generator = np.random.default_rng(0)
    lists = [[generator.normal(size=(tokens, 3)) for tokens in part] for part in sizes]
    plain = [array for part in lists for array in part]
    joined = States.join([States.of_arrays(part) for part in lists])
    chosen = data.draw(st.lists(st.integers(0, len(plain) - 1), min_size=1, max_size=8))
    taken = joined.take(chosen)
    assert taken.counts().tolist() == [len(plain[index]) for index in chosen]
    np.testing.assert_array_equal(taken.rows(), np.concatenate([plain[index] for index in chosen]))
    pairs = [(text, place) for text, count in enumerate(taken.counts()) for place in range(count)]
    texts, places = (np.asarray(column) for column in zip(*pairs, strict=True))
    np.testing.assert_array_equal(taken.gather(texts, places), taken.rows())


def test_states_of_different_widths_are_not_joined() -> None:
    with pytest.raises(LinguaLiftError, match="different encoders"):
        States.join([States.of_arrays([np.zeros((1, 2))]), States.of_arrays([np.zeros((1, 3))])])


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few texts a batch, each noted as soon as it is written."""
    monkeypatch.setattr(encoder_module, "BATCH_TOKENS", 30)
    monkeypatch.setattr(states_module, "FLUSH_SECONDS", 0)


def interrupted_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let encoding end at its fourth batch; returns the sizes of the batches, as they are begun."""
    original, calls = Encoder._run, []

    def dies(self, tokens, chosen, layers=None):  # type: ignore[no-untyped-def]
        calls.append(len(chosen))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(self, tokens, chosen, layers)

    monkeypatch.setattr(Encoder, "_run", dies)
    return calls


def test_an_interrupted_store_goes_on_where_it_stopped_and_gives_the_same_bytes(
    causal_encoder: Path, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder(causal_encoder, 2, torch.float32)
    encoder.store(tmp_path / "whole", TEXTS)
    calls = interrupted_once(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        encoder.store(tmp_path / "cut", TEXTS)
    assert not (tmp_path / "cut").exists()
    with open(tmp_path / "cut.partial/states.npy", "ab") as file:
        file.write(b"rows that were not noted")
    encoder.store(tmp_path / "cut", TEXTS)
    assert sum(calls) - calls[3] == len(set(TEXTS)), (
        "no batch was encoded twice but the one that was cut"
    )
    for name in ("states.npy", "spans.npy", "texts.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    stored = load_states(tmp_path / "cut", TEXTS)
    assert isinstance(stored.blocks[0], np.memmap)
    np.testing.assert_array_equal(stored.of(3), load_states(tmp_path / "whole", TEXTS).of(3))


@pytest.mark.parametrize("change", ["precision", "weights"])
def test_an_interrupted_store_of_another_precision_or_model_is_begun_anew(
    causal_encoder: Path,
    tmp_path: Path,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    other = shutil.copytree(causal_encoder, tmp_path / "other")
    (file,) = other.glob("*.safetensors")
    larger = {name: tensor * 1.5 for name, tensor in load_file(file).items()}
    save_file(larger, file, {"format": "pt"})
    before = (
        Encoder(causal_encoder, 2, torch.bfloat16)
        if change == "precision"
        else Encoder(other, 2, torch.float32)
    )
    now = Encoder(causal_encoder, 2, torch.float32)
    now.store(tmp_path / "whole", TEXTS)
    interrupted_once(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        before.store(tmp_path / "cut", TEXTS)
    now.store(tmp_path / "cut", TEXTS)
    written = (tmp_path / "cut/states.npy").read_bytes()
    assert written == (tmp_path / "whole/states.npy").read_bytes()


def test_a_store_that_is_cut_short_is_refused(causal_encoder: Path, tmp_path: Path) -> None:
    Encoder(causal_encoder, 2, torch.float32).store(tmp_path / "s", TEXTS)
    content = (tmp_path / "s/states.npy").read_bytes()
    (tmp_path / "s/states.npy").write_bytes(content[:-100])
    with pytest.raises(LinguaLiftError, match="damaged"):
        load_states(tmp_path / "s", TEXTS)
