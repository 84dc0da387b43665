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


def adversarial_start(
    source: np.ndarray, target: np.ndarray, *, seed: int, settings: Adversary | None = None, k: int = 10, use_gpu: bool = True
) -> tuple[Pairs, list[float]]:
    """Mutual CSLS pairs over the 10,000 most frequent words under the best epoch's map, and each epoch's criterion.

    `source`, `target`: normalised vectors [words, dim], most frequent first. Fewer words than a batch on a side is an error.
    """
    import torch

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
    mapping = torch.eye(dim, device=device, requires_grad=True)
    discriminator = _Discriminator(dim, how, random, device)
    left, right = source[:CRITERION_WORDS], target[:CRITERION_WORDS]
    k = min(k, len(left), len(right))
    truth = torch.cat([torch.full((how.batch,), value, device=device) for value in (1 - how.smoothing, how.smoothing)])
    loss = torch.nn.functional.binary_cross_entropy_with_logits

    def batch() -> Any:
        rows = [torch.randint(len(side), (how.batch,), generator=random, device=device) for side in sides]
        return sides[0][rows[0]], sides[1][rows[1]]

    nothing = np.empty(0, np.int64), np.empty(0, np.int64)
    rate, fell, best, history = how.learning_rate, False, (-np.inf, nothing), []
    for epoch in range(how.epochs):
        for _ in range(how.steps):
            for _ in range(how.discriminator_steps):
                ours, theirs = batch()
                with torch.no_grad():
                    inputs = torch.cat([ours @ mapping, theirs])
                error = loss(discriminator(inputs), truth)
                gradients = torch.autograd.grad(error, discriminator.parameters)
                with torch.no_grad():
                    torch._foreach_add_(discriminator.parameters, gradients, alpha=-how.learning_rate)
            ours, theirs = batch()
            error = loss(discriminator(torch.cat([ours @ mapping, theirs])), 1 - truth)
            (gradient,) = torch.autograd.grad(error, [mapping])
            with torch.no_grad():
                mapping -= rate * gradient
                mapping.copy_((1 + how.beta) * mapping - how.beta * (mapping @ mapping.T @ mapping))
        found = mapping.detach().cpu().numpy()
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
    """Two hidden layers with leaky ReLU (0.2): the logit that a vector is a mapped source vector."""

    def __init__(self, dim: int, how: Adversary, random: Any, device: Any) -> None:
        import torch

        self.dropout, self.random = how.dropout, random
        self.parameters = []
        for inputs, outputs in ((dim, how.hidden), (how.hidden, how.hidden), (how.hidden, 1)):
            bound = inputs**-0.5
            for shape in ((outputs, inputs), (outputs,)):
                values = (torch.rand(shape, generator=random, device=device) * 2 - 1) * bound
                self.parameters.append(values.requires_grad_())

    def __call__(self, inputs: Any) -> Any:
        import torch
        from torch.nn.functional import leaky_relu, linear

        kept = torch.rand(inputs.shape, generator=self.random, device=inputs.device) >= self.dropout
        values = inputs * kept / (1 - self.dropout)
        for layer in range(2):
            values = leaky_relu(linear(values, *self.parameters[2 * layer : 2 * layer + 2]), 0.2)
        return linear(values, *self.parameters[4:]).squeeze(1)
