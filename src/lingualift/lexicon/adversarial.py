"""The adversarial start of Lample et al. (2018, §2.1): a map whose images a discriminator cannot
tell from target vectors.

Input dropout, label smoothing, several discriminator steps to one of the map, plain gradient
descent, the map's rate decayed every epoch and halved when the criterion falls a second time, an
orthogonalising step after every step of the map, and the epoch kept whose dictionary has the
highest unsupervised criterion. Their released code differs in details: `muse.py` is their schedule.

At the paper's length this takes hours on a processor (a step 85 to 107 CPU milliseconds); a folder
keeps what an interrupted run has learned.
"""

import hashlib
import logging
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from lingualift.artifacts import atomic_directory, check_directory, digest, read_json, write_json
from lingualift.config import AdversarySettings
from lingualift.lexicon.csls import WordPairs, match
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.refine import criterion
from lingualift.messages import LinguaLiftError

logger = logging.getLogger(__name__)
# The paper's and its released code's values.
DROPOUT = 0.1  # of the discriminator's input
SMOOTHING = 0.1
DISCRIMINATOR_STEPS = 5  # to one step of the map
LEARNING_RATE, DECAY, MINIMUM_RATE = 0.1, 0.98, 1e-6
BETA = 0.001  # orthogonalisation W <- (1 + beta) W - beta (W W') W
SLOPE = 0.2  # of leaky ReLU
DRAWN_WORDS = 50_000  # most frequent words of each side that are drawn
CRITERION_WORDS = 10_000  # most frequent words that an epoch's dictionary is made of
# Length of the vectors while they train: about that of published vectors, which the released code
# uses as they come.
SCALE = 5.0
SAVE_MINUTES = 10.0
Adversary = TypeVar("Adversary", bound="AdversarialTraining")


def trained(
    training: Adversary, state: Path | None = None, progress: str | None = None
) -> Adversary:
    """An adversary after all of its epochs.

    `state` is a folder that keeps the training every `SAVE_MINUTES` and at its end; one of the same
    vectors, seed and settings is taken up, with the same result as without a stop, and any other is
    begun anew. The caller deletes it. `progress` names a progress bar.
    """
    settings = training.settings
    if state is not None:
        training.take_up(state)
    saved = time.monotonic()
    with tqdm(
        total=training.last,
        initial=training.course.step,
        desc=progress,
        unit="step",
        disable=progress is None,
        mininterval=5,
    ) as bar:
        while training.course.step < training.last:
            training.step()
            bar.update()
            if training.course.step % settings.steps == 0 and not training.end_epoch():
                training.course.step = training.last
            ended = training.course.step == training.last
            if state is not None and (ended or time.monotonic() - saved >= 60 * SAVE_MINUTES):
                training.save(state)
                saved = time.monotonic()
    return training


@dataclass
class _Course:
    """How far a training has come."""

    step: int = 0  # of the map, over all epochs
    rate: float = LEARNING_RATE
    fell: bool = False
    best: float = -1.0  # the criterion is a mean cosine
    history: list[float] = field(default_factory=list)

    def improves(self, value: float) -> bool:
        """Note the criterion of an epoch that has ended and lower the rate; whether it is the best
        so far.
        """
        self.history.append(value)
        self.rate = max(self.rate * DECAY, MINIMUM_RATE)
        if value > self.best:
            self.best = value
            return True
        if value < self.best:
            if self.fell:
                self.rate /= 2
            self.fell = True
        return False


class AdversarialTraining:
    """The map and its discriminator as they learn; `pairs` is the best epoch's dictionary so far,
    mutual CSLS pairs of the 10,000 most frequent words, `best` its map.

    `source`, `target`: vectors [words, dim], most frequent first, normalised but for MUSE's
    schedule; fewer words than a batch on a side are an error. `k` is CSLS's. `precision` is that of
    the discriminator's products on a processor (`lingualift.machine`); on a GPU they are float32.
    """

    drawn_words = DRAWN_WORDS
    scale = SCALE
    map_dropout = True  # whether inputs are dropped in the step of the map, too

    def __init__(
        self,
        source: np.ndarray,
        target: np.ndarray,
        seed: int,
        settings: AdversarySettings,
        k: int,
        precision: str = "float32",
    ) -> None:
        import torch

        from lingualift.machine import device, use_bfloat16

        for side, space in (("source", source), ("target", target)):
            if len(space) < settings.batch:
                raise LinguaLiftError(
                    f"the adversarial start draws {settings.batch} words at once, but only"
                    f" {len(space)} {side} words have vectors; lower the batch, give more text,"
                    " or leave the start out"
                )
        self.settings = settings
        self.device = torch.device(device())
        self.random = torch.Generator(self.device).manual_seed(seed)
        self.sides = [
            torch.from_numpy(np.array(side[: self.drawn_words], np.float32)).to(self.device)
            * self.scale
            for side in (source, target)
        ]
        self.map = torch.eye(source.shape[1], device=self.device)
        self.best = self.map.clone()
        self.discriminator = _Discriminator(
            source.shape[1],
            settings.hidden,
            self.random,
            bf16=self.device.type == "cpu" and use_bfloat16(precision, self.device.type),
        )
        self.source, self.target = source, target
        self.k = min(k, *(len(side[:CRITERION_WORDS]) for side in (source, target)))
        # The discriminator's answers: mapped source vectors first, then target vectors.
        self.truth = torch.full((2 * settings.batch,), SMOOTHING, device=self.device)
        self.truth[: settings.batch] = 1 - SMOOTHING
        self.mistaken = 1 - self.truth[: settings.batch]
        self.course = _Course()
        self.last = settings.epochs * settings.steps
        self.pairs: WordPairs = (np.empty(0, np.int64), np.empty(0, np.int64))
        vectors = [
            hashlib.sha256(np.ascontiguousarray(side).tobytes()).hexdigest()
            for side in (source, target)
        ]
        rules = [self.drawn_words, self.scale, self.map_dropout]
        self.key = digest([settings.model_dump(), seed, self.k, rules, *vectors], 64)
        self.arithmetic = f"{self.device.type} {self.discriminator.dtype}"

    def step(self) -> None:
        """One step of the map, after those of the discriminator."""
        import torch

        for _ in range(DISCRIMINATOR_STEPS):
            vectors = torch.cat([self._draw(0) @ self.map, self._draw(1)])
            self.discriminator.learn(vectors, self.truth, LEARNING_RATE)
        words = self._draw(0)
        gradient = self.discriminator.gradient(words @ self.map, self.mistaken, self.map_dropout)
        # The loss is a mean over both sides, but only the mapped one has a gradient.
        self.map.addmm_(words.T, gradient, alpha=-self.course.rate / 2)
        self.map.copy_((1 + BETA) * self.map - BETA * (self.map @ self.map.T @ self.map))
        self.course.step += 1

    def _draw(self, side: int) -> Any:
        import torch

        words = self.sides[side]
        rows = torch.randint(
            len(words), (self.settings.batch,), generator=self.random, device=self.device
        )
        return words[rows]

    def end_epoch(self) -> bool:
        """Note the criterion of the map, and its dictionary where it is the best so far; False if
        the map has diverged or its rate is too small.
        """
        fitted = self.map.cpu().numpy()
        epoch = self.course.step // self.settings.steps
        if not np.isfinite(fitted).all():
            logger.warning("the adversarial map diverged in epoch %d", epoch)
            return False
        value, pairs = self.judged(fitted)
        logger.info("adversarial epoch %d: criterion %.4f", epoch, value)
        if self.course.improves(value):
            self.pairs = pairs
            self.best = self.map.clone()
        return self.course.rate >= MINIMUM_RATE

    def judged(self, fitted: np.ndarray) -> tuple[float, WordPairs]:
        """The criterion of a map and its dictionary: mutual pairs of the most frequent words."""
        left, right = self.source[:CRITERION_WORDS], self.target[:CRITERION_WORDS]
        mapped = unit(left @ fitted)  # the map is only nearly orthogonal
        matched = match(mapped, right, self.k)
        return criterion(mapped, right, matched.best), matched.mutual

    def _learned(self) -> dict[str, Any]:
        return {"map": self.map, "best": self.best} | {
            f"{depth}.{part}": values
            for depth, layer in enumerate(self.discriminator.layers)
            for part, values in enumerate(layer)
        }

    def save(self, path: Path) -> None:
        """Keep the training in the folder `path`."""
        import torch
        from safetensors.torch import save_file

        tensors = {
            **self._learned(),
            "source": torch.from_numpy(self.pairs[0]),
            "target": torch.from_numpy(self.pairs[1]),
            "random": self.random.get_state(),
        }
        with atomic_directory(path) as folder:
            save_file(tensors, folder / "state.safetensors")
            of = {"key": self.key, "arithmetic": self.arithmetic}
            write_json(folder / "course.json", {**of, **asdict(self.course)})

    def take_up(self, path: Path) -> None:
        """Go on with what the folder `path` keeps of this training; anything else is left alone.
        One that has ended is taken from whatever device it ended on: its pairs and its best map
        are all of it.
        """
        from safetensors.torch import load_file

        if not path.exists():
            return
        try:
            check_directory(path)
        except LinguaLiftError as error:
            logger.warning("the adversary begins anew: %s", error)
            return
        course = read_json(path / "course.json")
        key, arithmetic = course.pop("key"), course.pop("arithmetic", None)
        if key != self.key:
            return
        tensors = load_file(path / "state.safetensors")
        pairs = tensors["source"].numpy(), tensors["target"].numpy()
        if course["step"] == self.last:
            self.course, self.pairs = _Course(**course), pairs
            self.best.copy_(tensors["best"])
            return
        if arithmetic != self.arithmetic:
            return
        self.course, self.pairs = _Course(**course), pairs
        for name, values in self._learned().items():
            values.copy_(tensors[name])
        self.discriminator.refresh()
        self.random.set_state(tensors["random"])
        logger.info(
            "adversary: going on after step %d of %d (%s)", self.course.step, self.last, path
        )


class _Discriminator:
    """Two hidden layers with leaky ReLU (`SLOPE`): the logit that a vector is a mapped source
    vector, trained by binary cross-entropy.

    Its gradients are written out: autograd would hold and write those of the weights before they
    are added to them, which at such small batches takes as long as a product. With `bf16` the
    products are of bfloat16 copies; the weights themselves stay float32.
    """

    def __init__(self, dim: int, hidden: int, random: Any, bf16: bool = False) -> None:
        import torch

        self.random = random
        self.dtype = torch.bfloat16 if bf16 else torch.float32
        self.layers = []  # [weights [outputs, inputs], biases [outputs]]
        for inputs, outputs in ((dim, hidden), (hidden, hidden), (hidden, 1)):
            shapes: list[tuple[int, ...]] = [(outputs, inputs), (outputs,)]
            self.layers.append(
                [
                    (torch.rand(shape, generator=random, device=random.device) * 2 - 1)
                    * inputs**-0.5
                    for shape in shapes
                ]
            )
        # What products are of: in float32 the layers themselves.
        self.products = [[values.to(self.dtype) for values in layer] for layer in self.layers]

    def refresh(self, *depths: int) -> None:
        """Copy the weights of some layers (none named: of all) to where products take them from."""
        for depth in depths or range(len(self.layers)):
            for product, learned in zip(self.products[depth], self.layers[depth], strict=True):
                if product is not learned:
                    product.copy_(learned)

    def learn(self, inputs: Any, truth: Any, rate: float) -> None:
        """One step of gradient descent on the mean loss of `inputs` [words, dim] against `truth`
        [words] (0 to 1).
        """
        values, _, gradient = self._forward(inputs, truth)
        for depth in (2, 1, 0):
            below = gradient @ self.products[depth][0] if depth else None
            weights, biases = self.layers[depth]
            if self.dtype == weights.dtype:
                weights.addmm_(gradient.T, values[depth], alpha=-rate)
            else:
                weights.add_(gradient.T @ values[depth], alpha=-rate)
            biases.sub_(gradient.sum(0), alpha=rate)
            self.refresh(depth)
            if below is not None:
                gradient = below * _slope(values[depth])

    def gradient(self, inputs: Any, truth: Any, dropout: bool = True) -> Any:
        """Gradient [words, dim] of the mean loss by `inputs`."""
        values, kept, gradient = self._forward(inputs, truth, dropout)
        for depth in (2, 1):
            gradient = (gradient @ self.products[depth][0]) * _slope(values[depth])
        return (gradient @ self.products[0][0]).to(inputs.dtype) * kept

    def _forward(self, inputs: Any, truth: Any, dropout: bool = True) -> tuple[list[Any], Any, Any]:
        """What enters each layer, the inputs' dropout, the gradient [words, 1] by the logits."""
        import torch
        from torch.nn.functional import leaky_relu, linear

        kept = torch.ones_like(inputs)
        if dropout:
            drawn = torch.rand(inputs.shape, generator=self.random, device=inputs.device)
            kept = (drawn >= DROPOUT) / (1 - DROPOUT)
        values = [(inputs * kept).to(self.dtype)]
        for layer in self.products[:-1]:
            values.append(leaky_relu(linear(values[-1], *layer), SLOPE))
        logits = linear(values[-1], *self.products[-1]).to(truth.dtype)
        return values, kept, ((torch.sigmoid(logits) - truth[:, None]) / len(truth)).to(self.dtype)


def _slope(activations: Any) -> Any:
    """The derivative of leaky ReLU, from its outputs: they have the sign of its inputs."""
    return (activations > 0).to(activations.dtype) * (1 - SLOPE) + SLOPE
