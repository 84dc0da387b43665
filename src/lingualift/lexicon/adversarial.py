"""The adversarial start of Lample et al. (2018, §2.1): a map whose images a discriminator cannot tell from target vectors.

Trained as in their released code: input dropout, label smoothing, several discriminator steps to one of the map, plain gradient descent,
the map's rate decayed every epoch and halved when the criterion falls a second time, an orthogonalising step after every step of the map,
and the epoch kept whose dictionary has the highest unsupervised criterion. What they do not state is a setting: how long an epoch is.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.errors import LinguaLiftError
from lingualift.lexicon.csls import match
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.refine import criterion
from lingualift.lexicon.starts import Pairs

logger = logging.getLogger(__name__)
CRITERION_WORDS = 10_000
SLOPE = 0.2


@dataclass(frozen=True)
class Adversary:
    """Training of the map; the defaults are the paper's (one epoch there is a million words of each side: 31,250 steps of 32)."""

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
    scale: float = 5.0  # length of the vectors while they train: about that of published vectors, which the released code uses as they come
    precision: str = "float32"  # of the discriminator's products on a processor, as in `lingualift.precision`; on a GPU float32


def adversarial_start(
    source: np.ndarray, target: np.ndarray, *, seed: int, settings: Adversary | None = None, k: int = 10, use_gpu: bool = True
) -> tuple[Pairs, list[float]]:
    """Mutual CSLS pairs over the 10,000 most frequent words under the best epoch's map, and each epoch's criterion.

    `source`, `target`: normalised vectors [words, dim], most frequent first. Fewer words than a batch on a side is an error.
    """
    import torch

    from lingualift.precision import use_bf16

    how = settings or Adversary()
    for side, vectors in (("source", source), ("target", target)):
        if len(vectors) < how.batch:
            raise LinguaLiftError(
                f"the adversarial start draws {how.batch} words at once, but only {len(vectors)} {side} words have vectors; "
                "lower the batch, give more text, or leave the start out"
            )
    device = torch.device("cuda" if use_gpu and torch.cuda.is_available() else "cpu")
    random = torch.Generator(device).manual_seed(seed)
    sides = [torch.from_numpy(np.ascontiguousarray(side[: how.frequent])).to(device) * how.scale for side in (source, target)]
    dim = source.shape[1]
    mapping = torch.eye(dim, device=device)
    discriminator = _Discriminator(dim, how, random, device, device.type == "cpu" and use_bf16(how.precision))
    left, right = source[:CRITERION_WORDS], target[:CRITERION_WORDS]
    k = min(k, len(left), len(right))
    truth = torch.cat([torch.full((how.batch,), value, device=device) for value in (1 - how.smoothing, how.smoothing)])
    mistaken = 1 - truth[: how.batch]

    def draw(side: int) -> Any:
        return sides[side][torch.randint(len(sides[side]), (how.batch,), generator=random, device=device)]

    nothing = np.empty(0, np.int64), np.empty(0, np.int64)
    rate, fell, best, history = how.learning_rate, False, (-np.inf, nothing), []
    for epoch in range(how.epochs):
        for _ in range(how.steps):
            for _ in range(how.discriminator_steps):
                discriminator.learn(torch.cat([draw(0) @ mapping, draw(1)]), truth, how.learning_rate)
            words = draw(0)
            # The loss is a mean over both sides, but only the mapped one has a gradient.
            mapping.addmm_(words.T, discriminator.gradient(words @ mapping, mistaken), alpha=-rate / 2)
            mapping.copy_((1 + how.beta) * mapping - how.beta * (mapping @ mapping.T @ mapping))
        found = mapping.cpu().numpy()
        if not np.isfinite(found).all():
            logger.warning("the adversarial map diverged in epoch %d", epoch + 1)
            break
        mapped = unit(left @ found)  # the map is only nearly orthogonal
        matched = match(mapped, right, k, use_gpu)
        value = criterion(mapped, right, matched.best)
        history.append(value)
        logger.info("adversarial epoch %d: criterion %.4f", epoch + 1, value)
        if value > best[0]:
            best = value, matched.mutual
        elif fell:
            rate /= 2
        else:
            fell = True
        rate *= how.decay
    return best[1], history


class _Discriminator:
    """Two hidden layers with leaky ReLU (`SLOPE`): the logit that a vector is a mapped source vector, trained by binary cross-entropy.

    Its gradients are written out: autograd would hold and write those of the weights before they are added to them, which at such small
    batches takes as long as a product. With `bf16` the products are of bfloat16 copies; the weights themselves stay float32.
    """

    def __init__(self, dim: int, how: Adversary, random: Any, device: Any, bf16: bool = False) -> None:
        import torch

        self.dropout, self.random = how.dropout, random
        self.dtype = torch.bfloat16 if bf16 else torch.float32
        self.layers = []  # [weights [outputs, inputs], biases [outputs]]
        for inputs, outputs in ((dim, how.hidden), (how.hidden, how.hidden), (how.hidden, 1)):
            shapes: list[tuple[int, ...]] = [(outputs, inputs), (outputs,)]
            self.layers.append([(torch.rand(shape, generator=random, device=device) * 2 - 1) * inputs**-0.5 for shape in shapes])
        self.products = [[values.to(self.dtype) for values in layer] for layer in self.layers]  # in float32 the layers themselves

    def learn(self, inputs: Any, truth: Any, rate: float) -> None:
        """One step of gradient descent on the mean loss of `inputs` [words, dim] against `truth` [words] (0 to 1)."""
        values, _, gradient = self._forward(inputs, truth)
        for depth in (2, 1, 0):
            below = gradient @ self.products[depth][0] if depth else None
            weights, biases = self.layers[depth]
            if self.dtype == weights.dtype:
                weights.addmm_(gradient.T, values[depth], alpha=-rate)
            else:
                weights.add_(gradient.T @ values[depth], alpha=-rate)
            biases.sub_(gradient.sum(0), alpha=rate)
            for product, learned in zip(self.products[depth], self.layers[depth], strict=True):
                if product is not learned:
                    product.copy_(learned)
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

        kept = (torch.rand(inputs.shape, generator=self.random, device=inputs.device) >= self.dropout) / (1 - self.dropout)
        values = [(inputs * kept).to(self.dtype)]
        for layer in self.products[:-1]:
            values.append(leaky_relu(linear(values[-1], *layer), SLOPE))
        logits = linear(values[-1], *self.products[-1]).to(truth.dtype)
        return values, kept, ((torch.sigmoid(logits) - truth[:, None]) / len(truth)).to(self.dtype)


def _slope(activations: Any) -> Any:
    """The derivative of leaky ReLU, from its outputs: they have the sign of its inputs."""
    return (activations > 0).to(activations.dtype) * (1 - SLOPE) + SLOPE
