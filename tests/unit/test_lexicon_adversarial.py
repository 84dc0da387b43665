"""The adversarial start: its gradients, a planted turn, and a training that was stopped."""

import numpy as np
import pytest
import scipy.linalg

from lingualift.config import AdversarySettings, LexiconSettings
from lingualift.lexicon import adversarial
from lingualift.lexicon.adversarial import AdversarialTraining, _Discriminator, trained
from lingualift.lexicon.normalise import (
    normalise,
)
from lingualift.lexicon.tries import train_adversaries, try_starts
from lingualift.lexicon.views import Views, WordSpace
from lingualift.messages import LinguaLiftError
from tests.unit.test_lexicon_alignment import planted, precision, refined


def test_discriminator_learns_as_the_same_layers_do_by_autograd(monkeypatch):
    import torch

    monkeypatch.setattr(adversarial, "DROPOUT", 0.0)
    random = torch.Generator().manual_seed(0)
    ours = _Discriminator(6, 8, random)
    linear = [torch.nn.Linear(6, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 1)]
    for layer, (weights, biases) in zip(linear, ours.layers, strict=True):
        layer.weight.data, layer.bias.data = weights.clone(), biases.clone()
    theirs = torch.nn.Sequential(
        linear[0], torch.nn.LeakyReLU(0.2), linear[1], torch.nn.LeakyReLU(0.2), linear[2]
    )
    descent = torch.optim.SGD(theirs.parameters(), lr=0.5)
    truth = torch.tensor([0.9, 0.9, 0.9, 0.1, 0.1])
    for _ in range(3):
        inputs = torch.randn((5, 6), generator=random)
        wanted = inputs.clone().requires_grad_()
        descent.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(
            theirs(wanted).squeeze(1), truth
        ).backward()
        assert torch.allclose(ours.gradient(inputs, truth), wanted.grad, atol=1e-7)
        descent.step()
        ours.learn(inputs, truth, 0.5)
        for layer, (weights, biases) in zip(linear, ours.layers, strict=True):
            assert torch.allclose(layer.weight, weights, atol=1e-6) and torch.allclose(
                layer.bias, biases, atol=1e-6
            )


def test_discriminator_in_bfloat16_follows_float32_and_keeps_small_steps(monkeypatch):
    import torch

    monkeypatch.setattr(adversarial, "DROPOUT", 0.0)
    exact, rounded = (
        _Discriminator(30, 40, torch.Generator().manual_seed(0), bf16) for bf16 in (False, True)
    )
    before = [layer[0].clone() for layer in rounded.layers]
    draw = torch.Generator().manual_seed(1)
    inputs, truth = torch.randn((64, 30), generator=draw), torch.rand(64, generator=draw)
    gradients = [one.gradient(inputs, truth) for one in (exact, rounded)]
    assert (
        torch.nn.functional.cosine_similarity(*(each.flatten() for each in gradients), dim=0)
        > 0.999
    )
    for one in (exact, rounded):
        one.learn(inputs, truth, 1e-3)  # a step far below bfloat16's resolution of the weights
    for layer, (ours, _), (theirs, _) in zip(before, exact.layers, rounded.layers, strict=True):
        assert (
            torch.nn.functional.cosine_similarity(
                (ours - layer).flatten(), (theirs - layer).flatten(), dim=0
            )
            > 0.99
        )


def test_discriminator_drops_inputs_anew_in_every_step(monkeypatch):
    import torch

    monkeypatch.setattr(adversarial, "DROPOUT", 0.5)
    dropped = _Discriminator(400, 8, torch.Generator().manual_seed(0))
    inputs = torch.ones(1, 400)
    first, second = (dropped.gradient(inputs, torch.ones(1)) == 0 for _ in range(2))
    assert 0.4 < first.float().mean() < 0.6  # what is dropped has no gradient
    assert not torch.equal(first, second)


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_adversary_recovers_a_planted_turn_of_less_than_a_right_angle(arithmetic, monkeypatch):
    # Skewed data: a distribution that is symmetric fits itself in several positions, and the
    # adversary finds any of them.
    generator = np.random.default_rng(0)
    vectors = (generator.gamma(1.0, 1.0, (720, 8)) - 1) * np.linspace(2, 0.5, 8)
    plane = generator.standard_normal((8, 8))
    turn = plane - plane.T
    rotation = scipy.linalg.expm(turn * (1.0 / np.linalg.norm(turn, 2)))
    noisy = vectors @ rotation + 0.02 * generator.standard_normal(vectors.shape)
    order = generator.permutation(600)
    source = normalise(vectors[:600].astype(np.float32))
    target = normalise(
        np.concatenate([noisy[:480], noisy[600:]])[order].astype(np.float32)
    )  # a fifth has no partner
    partner = np.argsort(order)
    partner[480:] = -1
    monkeypatch.setattr(adversarial, "BETA", 0.01)
    monkeypatch.setattr(adversarial, "SCALE", 2.5)
    settings = AdversarySettings(epochs=3, steps=250, hidden=64)
    pairs = trained(AdversarialTraining(source, target, 0, settings, 10, arithmetic)).pairs
    assert (partner[pairs[0]] == pairs[1]).mean() > 0.3
    assert precision(refined(source, target, pairs), partner) >= 0.95


def same(first, second) -> bool:
    return all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


def test_an_adversary_depends_on_its_seed_alone_and_refuses_few_words():
    import torch

    source, target, _ = planted(200, 10)
    short = AdversarySettings(epochs=2, steps=5, hidden=16)

    def pairs(seed):
        return trained(AdversarialTraining(source, target, seed, short, 10)).pairs

    first = pairs(1)
    assert same(first, pairs(1)) and not same(first, pairs(2))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2 if threads == 1 else 1)
        assert same(first, pairs(1))
    finally:
        torch.set_num_threads(threads)
    with pytest.raises(LinguaLiftError, match="draws 300 words at once, but only 200 source words"):
        AdversarialTraining(source, target, 1, AdversarySettings(batch=300), 10)


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_an_adversary_that_was_stopped_goes_on_to_the_same_pairs(arithmetic, tmp_path, monkeypatch):
    source, target, _ = planted(200, 10)
    settings = AdversarySettings(epochs=3, steps=5, hidden=16)
    state, learn, steps = tmp_path / "work" / "adversarial", _Discriminator.learn, 0

    def run(state=state, seed=1):
        return trained(
            AdversarialTraining(source, target, seed, settings, 10, arithmetic), state
        ).pairs

    def stopped(*arguments):
        nonlocal steps
        steps += 1
        if steps > 9 * adversarial.DISCRIMINATOR_STEPS:  # in the second epoch
            raise KeyboardInterrupt
        learn(*arguments)

    expected = run(state=None)
    monkeypatch.setattr(adversarial, "SAVE_MINUTES", 0)
    monkeypatch.setattr(_Discriminator, "learn", stopped)
    with pytest.raises(KeyboardInterrupt):
        run()
    # Six more: the fifteen steps less the nine that are kept.
    steps = 3 * adversarial.DISCRIMINATOR_STEPS
    assert same(run(), expected)
    steps = 9 * adversarial.DISCRIMINATOR_STEPS  # not one more: an ended training is kept too
    assert same(run(), expected)
    with pytest.raises(KeyboardInterrupt):  # of another seed nothing is
        run(seed=2)
    steps = 0
    kept = state / "state.safetensors"
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(KeyboardInterrupt):  # nor of a damaged one
        run()


def test_a_lexicon_takes_the_adversaries_that_another_job_has_trained(tmp_path, monkeypatch):
    """On another device: here in another arithmetic."""
    source, target, _ = planted(200, 10)
    spaces = [
        WordSpace([f"{side}{row}" for row in range(len(vectors))], np.arange(200, 0, -1), vectors)
        for side, vectors in (("s", source), ("t", target))
    ]
    adversary = AdversarySettings(epochs=2, steps=5, hidden=16)
    settings = LexiconSettings(
        starts=["similarity", "adversarial"],
        encoder_layers=[1],
        restarts=2,
        adversarial=adversary,
    )
    train_adversaries(*spaces, settings, seed=1, work=tmp_path, precision="bfloat16")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adversarial", "adversarial#2"]
    monkeypatch.setattr(_Discriminator, "learn", None)
    tries = try_starts(Views.of(*spaces, settings), settings, seed=1, work=tmp_path)
    assert {"adversarial", "adversarial#2", "similarity"} <= set(tries.by_name)
    with pytest.raises(TypeError):  # of another seed nothing is there
        try_starts(Views.of(*spaces, settings), settings, seed=2, work=tmp_path)
