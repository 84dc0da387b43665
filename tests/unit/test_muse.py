"""MUSE's schedule, step by step against a transcription of its published rules: `unsupervised.py`,
`src/trainer.py`, `src/dico_builder.py` and `src/evaluation/evaluator.py` with their default values.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn
from torch.nn import functional

from lingualift.config import AdversarySettings, LexiconSettings
from lingualift.lexicon import adversarial, muse
from lingualift.lexicon.adversarial import trained
from lingualift.lexicon.build import build_lexicon
from lingualift.lexicon.muse import MuseTraining, muse_map
from lingualift.lexicon.views import WordSpace
from tests.unit.test_lexicon_alignment import planted

DIM, K = 8, 10
SETTINGS = AdversarySettings(preset="muse", epochs=4, steps=12, batch=16, hidden=24)
DRAWN, CRITERION, DICTIONARY = 90, 60, 80


def spaces() -> tuple[np.ndarray, np.ndarray]:
    """Vectors of unequal lengths, as published ones are, in unequal numbers."""
    random = np.random.default_rng(3)
    source = random.standard_normal((130, DIM)) * np.linspace(2, 0.5, DIM)
    turn = scipy.linalg.expm(np.triu(np.full((DIM, DIM), 0.2), 1) * 1.0)
    turn, _ = np.linalg.qr(turn)
    target = source[:120] @ turn + 0.3 * random.standard_normal((120, DIM))
    return source.astype(np.float32), target.astype(np.float32)


@dataclass
class Transcribed:
    """MUSE's trainer, written anew with autograd: W multiplies column vectors, as theirs."""

    source: torch.Tensor
    target: torch.Tensor
    random: torch.Generator
    discriminator: nn.Sequential
    mapping: torch.Tensor = field(default_factory=lambda: torch.eye(DIM))
    rate: float = 0.1
    decrease: bool = False
    best_metric: float = -1e12
    best: torch.Tensor = field(default_factory=lambda: torch.eye(DIM))
    rates: list[float] = field(default_factory=list)
    metrics: list[float] = field(default_factory=list)

    def words(self, side: torch.Tensor) -> torch.Tensor:
        batch = SETTINGS.batch
        return side[torch.randint(DRAWN, (batch,), generator=self.random)]

    def dis_step(self) -> None:
        x = torch.cat([self.words(self.source) @ self.mapping.T, self.words(self.target)])
        y = torch.full((2 * SETTINGS.batch,), 0.1)
        y[: SETTINGS.batch] = 1 - 0.1
        keep = (torch.rand(x.shape, generator=self.random) >= 0.1) / (1 - 0.1)  # train()
        loss = functional.binary_cross_entropy(self.discriminator(x * keep).view(-1), y)
        self.discriminator.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in self.discriminator.parameters():
                parameter -= 0.1 * parameter.grad

    def mapping_step(self) -> None:
        mapping = self.mapping.clone().requires_grad_()
        # eval(): no dropout; the target half of the batch has no part in the gradient
        predicted = self.discriminator(self.words(self.source) @ mapping.T).view(-1)
        wanted = torch.full((SETTINGS.batch,), 0.1)
        each = functional.binary_cross_entropy(predicted, wanted, reduction="sum")
        (each / (2 * SETTINGS.batch)).backward()
        w = self.mapping - self.rate * mapping.grad
        self.mapping = (1 + 0.001) * w - 0.001 * w.mm(w.T.mm(w))

    def candidates(self, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """S2T by CSLS over all words; pairs of which a member is above the rank go."""
        mapped, target = (self.source @ self.mapping.T).numpy(), self.target.numpy()
        mapped = mapped / np.linalg.norm(mapped, axis=1, keepdims=True)
        target = target / np.linalg.norm(target, axis=1, keepdims=True)
        cosine = mapped @ target.T
        of_source = np.sort(cosine, 1)[:, -K:].mean(1)
        of_target = np.sort(cosine, 0)[-K:].mean(0)
        scores = 2 * cosine - of_source[:, None] - of_target[None]
        best = scores[:rank].argmax(1)
        rows = np.arange(len(best))
        keep = np.maximum(rows, best) <= rank
        return rows[keep], best[keep]

    def metric(self) -> float:
        rows, best = self.candidates(CRITERION)
        mapped = (self.source @ self.mapping.T)[rows]
        return float(functional.cosine_similarity(mapped, self.target[best]).mean())

    def save_best(self, metric: float) -> None:
        self.metrics.append(metric)
        if metric > self.best_metric:
            self.best_metric, self.best = metric, self.mapping.clone()

    def update_lr(self, metric: float) -> None:
        self.rate = max(1e-6, self.rate * 0.98)
        if metric < self.best_metric:
            if self.decrease:
                self.rate *= 0.5
            self.decrease = True
        self.rates.append(self.rate)

    def refine(self) -> None:
        self.mapping = self.best.clone()
        for _ in range(5):
            rows, best = self.candidates(DICTIONARY)
            cross = self.target[best].T.double() @ self.source[rows].double()
            u, _, vt = scipy.linalg.svd(cross.numpy())
            self.mapping = torch.from_numpy(u @ vt).float()
            self.save_best(self.metric())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MuseTraining, "drawn_words", DRAWN)
    monkeypatch.setattr(muse, "CRITERION_RANK", CRITERION)
    monkeypatch.setattr(muse, "DICTIONARY_RANK", DICTIONARY)


def transcribed(training: MuseTraining) -> Transcribed:
    """The reference, with the same discriminator and random numbers at the start."""
    layers: list[nn.Module] = []
    for place, (weights, biases) in enumerate(training.discriminator.layers):
        linear = nn.Linear(weights.shape[1], weights.shape[0])
        linear.weight.data, linear.bias.data = weights.clone(), biases.clone()
        layers += [linear, nn.LeakyReLU(0.2) if place < 2 else nn.Sigmoid()]
    random = torch.Generator().manual_seed(0)
    random.set_state(training.random.get_state())
    source, target = (torch.from_numpy(side) for side in spaces())
    return Transcribed(source, target, random, nn.Sequential(*layers))


def test_every_step_epoch_and_round_is_that_of_the_published_rules(small: None) -> None:
    training = MuseTraining(*spaces(), seed=5, settings=SETTINGS, k=K, precision="float32")
    reference = transcribed(training)
    for _ in range(SETTINGS.epochs):
        for _ in range(SETTINGS.steps):
            for _ in range(5):
                reference.dis_step()
            reference.mapping_step()
            training.step()
            torch.testing.assert_close(training.map, reference.mapping.T, rtol=1e-4, atol=1e-5)
        assert training.end_epoch()
        metric = reference.metric()
        reference.save_best(metric)
        reference.update_lr(metric)
        assert training.course.rate == pytest.approx(reference.rates[-1])
    assert training.course.history == pytest.approx(reference.metrics, rel=1e-4)
    torch.testing.assert_close(training.best, reference.best.T, rtol=1e-4, atol=1e-5)

    reference.refine()
    made = muse_map(trained(MuseTraining(*spaces(), 5, SETTINGS, K)))
    np.testing.assert_allclose(made.rotation, reference.best.T.numpy(), rtol=1e-3, atol=1e-4)
    assert reference.best_metric > max(reference.metrics[: SETTINGS.epochs])  # a round is kept


def test_the_rate_halves_when_the_criterion_is_below_the_best_a_second_time(small: None) -> None:
    training = MuseTraining(*spaces(), seed=5, settings=SETTINGS, k=K, precision="float32")
    rates = []
    for value in (0.5, 0.4, 0.45, 0.6, 0.3):
        training.course.improves(value)
        rates.append(training.course.rate)
    halved = [1, 1, 0.5, 0.5, 0.25]
    expected = [0.1 * 0.98 ** (turn + 1) * factor for turn, factor in enumerate(halved)]
    assert rates == pytest.approx(expected)


def test_the_constants_are_the_published_defaults() -> None:
    assert (MuseTraining.drawn_words, MuseTraining.scale) == (75_000, 1.0)
    assert (muse.CRITERION_RANK, muse.DICTIONARY_RANK, muse.ROUNDS) == (10_000, 15_000, 5)
    defaults = AdversarySettings(preset="muse")
    sizes = (defaults.epochs, defaults.steps, defaults.batch, defaults.hidden)
    assert sizes == (5, 1_000_000 // 32, 32, 2048)
    rules = (adversarial.DROPOUT, adversarial.SMOOTHING, adversarial.DISCRIMINATOR_STEPS)
    assert rules == (0.1, 0.1, 5)
    course = (adversarial.LEARNING_RATE, adversarial.DECAY, adversarial.MINIMUM_RATE)
    assert course == (0.1, 0.98, 1e-6) and adversarial.BETA == 0.001


def test_the_kept_map_is_muses_own_and_is_looked_up_over_published_vectors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No refinement of this project's is laid over it."""
    source, target, _ = planted(200, 10)
    longer = source * np.linspace(1, 3, len(source), dtype=np.float32)[:, None]
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((10, 10)))[0]
    pairs = np.arange(100), np.arange(100)
    calls = []

    def made(training: MuseTraining) -> muse.MuseMap:
        calls.append(training.source)
        return muse.MuseMap(rotation.astype(np.float32), pairs)

    monkeypatch.setattr("lingualift.lexicon.tries.trained", lambda training, *_: training)
    monkeypatch.setattr("lingualift.lexicon.tries.muse_map", made)
    words = [f"s{index}" for index in range(len(longer))]
    others = [f"t{index}" for index in range(len(target))]
    settings = LexiconSettings(
        starts=["adversarial"],
        adversarial={"preset": "muse"},
        use_frequencies=False,
        encoder_layers=[],
        top_k=1,
    )
    lexicon = build_lexicon(
        WordSpace(words, np.ones(len(words)), longer),
        WordSpace(others, np.ones(len(others)), target),
        settings,
        seed=0,
    )
    np.testing.assert_array_equal(calls[0], longer)  # as published, neither unit nor centred
    mapped = longer @ rotation.astype(np.float32)
    mapped /= np.linalg.norm(mapped, axis=1, keepdims=True)
    unit = target / np.linalg.norm(target, axis=1, keepdims=True)
    cosine = mapped @ unit.T
    near = np.sort(cosine, 1)[:, -10:].mean(1), np.sort(cosine, 0)[-10:].mean(0)
    best = (2 * cosine - near[0][:, None] - near[1][None]).argmax(1)
    found = lexicon.table.to_pandas().set_index("source")["target"]
    assert (found.loc[words] == [others[index] for index in best]).mean() > 0.99


@pytest.mark.parametrize(
    "best_round", [0, 2, 5], ids=["of the adversary", "the second round", "the last round"]
)
def test_of_all_epochs_and_rounds_the_map_with_the_highest_criterion_is_kept(
    best_round: int, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[np.ndarray] = []
    brief = SETTINGS.model_copy(update={"epochs": 1})
    pairs = np.arange(5), np.arange(5)

    def falling(self: MuseTraining, fitted: np.ndarray) -> tuple[float, object]:
        judged.append(fitted.copy())
        return (0.9 if len(judged) - 1 == best_round else 0.5 - 0.01 * len(judged)), pairs

    monkeypatch.setattr(MuseTraining, "judged", falling)
    made = muse_map(trained(MuseTraining(*spaces(), 5, brief, K)))
    assert len(judged) == 1 + 5
    np.testing.assert_array_equal(made.rotation, judged[best_round])
