"""The adversarial start of Lample et al. (2018, §2.1): a map whose images a discriminator cannot
tell from target vectors.

Trained as in their released code: input dropout, label smoothing, several discriminator steps to
one of the map, plain gradient descent, the map's rate decayed every epoch and halved when the
criterion falls a second time, an orthogonalising step after every step of the map, and the epoch
kept whose dictionary has the highest unsupervised criterion. What they do not state is a setting:
how long an epoch is.

At the paper's length this takes hours on a processor; a folder keeps what an interrupted run has
learned.
"""

import hashlib
import logging
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from lingualift.artifacts import atomic_directory, check_directory, digest, read_json, write_json
from lingualift.errors import LinguaLiftError
from lingualift.lexicon.csls import match
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.refine import criterion
from lingualift.lexicon.starts import Pairs

logger = logging.getLogger(__name__)
CRITERION_WORDS = 10_000
SLOPE = 0.2
SAVE_MINUTES = 10.0


@dataclass(frozen=True)
class Adversary:
    """Training of the map; the defaults are the paper's (one epoch there is a million words of each
    side: 31,250 steps of 32).
    """

    epochs: int = 5
    steps: int = 31_250  # of the map, an epoch
    batch: int = 32  # words of each side
    hidden: int = 2048  # units of each of the discriminator's two hidden layers
    dropout: float = 0.1  # of the discriminator's input
    smoothing: float = 0.1
    discriminator_steps: int = 5  # to one step of the map
    learning_rate: float = 0.1
    decay: float = 0.98
    beta: float = 0.001  # orthogonalisation W <- (1 + beta) W - beta (W W') W
    frequent: int = 50_000  # words of each side that are drawn
    # length of the vectors while they train: about that of published vectors, which the released
    # code uses as they come
    scale: float = 5.0
    # of the discriminator's products on a processor, as in `lingualift.machine`; on a GPU float32
    precision: str = "float32"


@dataclass
class _Course:
    """How far a training has come."""

    step: int = 0  # of the map, over all epochs
    rate: float = 0.0
    fell: bool = False
    best: float = -1.0  # the criterion is a mean cosine
    history: list[float] = field(default_factory=list)

    def improves(self, value: float, decay: float) -> bool:
        """Note the criterion of an epoch that has ended and lower the rate; whether it is the best
        so far.
        """
        self.history.append(value)
        better = value > self.best
        if better:
            self.best = value
        elif self.fell:
            self.rate /= 2
        else:
            self.fell = True
        self.rate *= decay
        return better


def adversarial_start(
    source: np.ndarray,
    target: np.ndarray,
    *,
    seed: int,
    settings: Adversary | None = None,
    k: int = 10,
    use_gpu: bool = True,
    state: Path | None = None,
    save_minutes: float = SAVE_MINUTES,
    progress: str | None = None,
) -> tuple[Pairs, list[float]]:
    """Mutual CSLS pairs over the 10,000 most frequent words under the best epoch's map, and each
    epoch's criterion.

    `source`, `target`: normalised vectors [words, dim], most frequent first. Fewer words than a
    batch on a side is an error. `state` is a folder that keeps the training every `save_minutes`
    and at its end; one of the same vectors, seed and settings is taken up, with the same result as
    without a stop, and any other is begun anew. The caller deletes it. `progress` names a progress
    bar.
    """
    import torch

    from lingualift.machine import use_bfloat16

    how = settings or Adversary()
    for side, vectors in (("source", source), ("target", target)):
        if len(vectors) < how.batch:
            raise LinguaLiftError(
                f"the adversarial start draws {how.batch} words at once, but only {len(vectors)}"
                f" {side} words have vectors; lower the batch, give more text, or leave the"
                " start out"
            )
    device = torch.device("cuda" if use_gpu and torch.cuda.is_available() else "cpu")
    random = torch.Generator(device).manual_seed(seed)
    sides = [
        torch.from_numpy(np.ascontiguousarray(side[: how.frequent])).to(device) * how.scale
        for side in (source, target)
    ]
    dim = source.shape[1]
    mapping = torch.eye(dim, device=device)
    discriminator = _Discriminator(
        dim, how, random, device, device.type == "cpu" and use_bfloat16(how.precision, device.type)
    )
    left, right = source[:CRITERION_WORDS], target[:CRITERION_WORDS]
    k = min(k, len(left), len(right))
    truth = torch.cat(
        [
            torch.full((how.batch,), value, device=device)
            for value in (1 - how.smoothing, how.smoothing)
        ]
    )
    mistaken = 1 - truth[: how.batch]

    def draw(side: int) -> Any:
        return sides[side][
            torch.randint(len(sides[side]), (how.batch,), generator=random, device=device)
        ]

    course, pairs = _Course(rate=how.learning_rate), (np.empty(0, np.int64), np.empty(0, np.int64))
    learned = {"map": mapping} | {
        f"{depth}.{part}": values
        for depth, own in enumerate(discriminator.layers)
        for part, values in enumerate(own)
    }
    if state is not None:
        trained_on = [
            hashlib.sha256(np.ascontiguousarray(side).tobytes()).hexdigest()
            for side in (source, target)
        ]
        key = digest([asdict(how), seed, k, device.type, str(discriminator.dtype), *trained_on], 64)
        kept = _read_state(state, key)
        if kept is not None:
            course, tensors = kept
            for name, values in learned.items():
                values.copy_(tensors[name])
            discriminator.refresh()
            random.set_state(tensors["random"])
            pairs = tensors["source"].numpy(), tensors["target"].numpy()
            logger.info(
                "adversary: going on after step %d of %d (%s)",
                course.step,
                how.epochs * how.steps,
                state,
            )
    saved, last = time.monotonic(), how.epochs * how.steps
    with tqdm(
        total=last,
        initial=course.step,
        desc=progress,
        unit="step",
        disable=progress is None,
        mininterval=5,
    ) as bar:
        while course.step < last:
            for _ in range(how.discriminator_steps):
                discriminator.learn(
                    torch.cat([draw(0) @ mapping, draw(1)]), truth, how.learning_rate
                )
            words = draw(0)
            # The loss is a mean over both sides, but only the mapped one has a gradient.
            mapping.addmm_(
                words.T, discriminator.gradient(words @ mapping, mistaken), alpha=-course.rate / 2
            )
            mapping.copy_((1 + how.beta) * mapping - how.beta * (mapping @ mapping.T @ mapping))
            course.step += 1
            bar.update()
            if course.step % how.steps == 0:
                found = mapping.cpu().numpy()
                epoch = course.step // how.steps
                if np.isfinite(found).all():
                    mapped = unit(left @ found)  # the map is only nearly orthogonal
                    matched = match(mapped, right, k, use_gpu)
                    value = criterion(mapped, right, matched.best)
                    logger.info("adversarial epoch %d: criterion %.4f", epoch, value)
                    if course.improves(value, how.decay):
                        pairs = matched.mutual
                else:
                    logger.warning("the adversarial map diverged in epoch %d", epoch)
                    course.step = last
            if state is not None and (
                course.step == last or time.monotonic() - saved >= 60 * save_minutes
            ):
                found_so_far = {
                    "source": torch.from_numpy(pairs[0]),
                    "target": torch.from_numpy(pairs[1]),
                }
                _write_state(
                    state, key, course, {**learned, **found_so_far, "random": random.get_state()}
                )
                saved = time.monotonic()
    return pairs, course.history


def _write_state(path: Path, key: str, course: _Course, tensors: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    with atomic_directory(path) as folder:
        save_file(tensors, folder / "state.safetensors")
        write_json(folder / "course.json", {"key": key, **asdict(course)})


def _read_state(path: Path, key: str) -> tuple[_Course, dict[str, Any]] | None:
    """What `path` keeps of the training that `key` names, or None."""
    from safetensors.torch import load_file

    if not path.exists():
        return None
    try:
        check_directory(path)
    except LinguaLiftError as error:
        logger.warning("the adversary begins anew: %s", error)
        return None
    course = read_json(path / "course.json")
    return (
        (_Course(**course), load_file(path / "state.safetensors"))
        if course.pop("key") == key
        else None
    )


class _Discriminator:
    """Two hidden layers with leaky ReLU (`SLOPE`): the logit that a vector is a mapped source
    vector, trained by binary cross-entropy.

    Its gradients are written out: autograd would hold and write those of the weights before they
    are added to them, which at such small batches takes as long as a product. With `bf16` the
    products are of bfloat16 copies; the weights themselves stay float32.
    """

    def __init__(
        self, dim: int, how: Adversary, random: Any, device: Any, bf16: bool = False
    ) -> None:
        import torch

        self.dropout, self.random = how.dropout, random
        self.dtype = torch.bfloat16 if bf16 else torch.float32
        self.layers = []  # [weights [outputs, inputs], biases [outputs]]
        for inputs, outputs in ((dim, how.hidden), (how.hidden, how.hidden), (how.hidden, 1)):
            shapes: list[tuple[int, ...]] = [(outputs, inputs), (outputs,)]
            self.layers.append(
                [
                    (torch.rand(shape, generator=random, device=device) * 2 - 1) * inputs**-0.5
                    for shape in shapes
                ]
            )
        self.products = [
            [values.to(self.dtype) for values in layer] for layer in self.layers
        ]  # in float32 the layers themselves

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

    def gradient(self, inputs: Any, truth: Any) -> Any:
        """Gradient [words, dim] of the mean loss by `inputs`."""
        values, kept, gradient = self._forward(inputs, truth)
        for depth in (2, 1):
            gradient = (gradient @ self.products[depth][0]) * _slope(values[depth])
        return (gradient @ self.products[0][0]).to(inputs.dtype) * kept

    def _forward(self, inputs: Any, truth: Any) -> tuple[list[Any], Any, Any]:
        """What enters each layer, the inputs' dropout, and the gradient [words, 1] by the logits."""
        import torch
        from torch.nn.functional import leaky_relu, linear

        kept = (
            torch.rand(inputs.shape, generator=self.random, device=inputs.device) >= self.dropout
        ) / (1 - self.dropout)
        values = [(inputs * kept).to(self.dtype)]
        for layer in self.products[:-1]:
            values.append(leaky_relu(linear(values[-1], *layer), SLOPE))
        logits = linear(values[-1], *self.products[-1]).to(truth.dtype)
        return values, kept, ((torch.sigmoid(logits) - truth[:, None]) / len(truth)).to(self.dtype)


def _slope(activations: Any) -> Any:
    """The derivative of leaky ReLU, from its outputs: they have the sign of its inputs."""
    return (activations > 0).to(activations.dtype) * (1 - SLOPE) + SLOPE
