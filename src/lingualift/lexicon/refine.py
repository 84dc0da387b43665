"""Refinement of an orthogonal map between two fastText spaces (Lample et al. 2018; self-learning of
Artetxe et al. 2018).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lingualift.lexicon.csls import Scores, match
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.procrustes import procrustes, singular_values
from lingualift.lexicon.starts import Pairs

logger = logging.getLogger(__name__)

# (share of words kept, iterations). Half of the words, drawn anew each time, keep the search moving
# and half of the true partners in it: on half a million tokens what converged did so within 20-40
# iterations; on 200,000, where a start has few right pairs, it took up to 80. Samples of a tenth,
# which hold a hundredth of the true pairs, lost a dictionary of identical words that needed no more
# than refinement.
SCHEDULE: tuple[tuple[float, int], ...] = ((0.5, 80), (0.8, 4))
MINIMUM_PAIRS = 10


@dataclass(frozen=True)
class Alignment:
    """A map `rotation` [d, d] of source vectors into the target space, the dictionary it ended
    with, and how good it looks.

    `criterion` is Lample et al.'s unsupervised criterion: the mean cosine of each source word with
    its CSLS-nearest target. `mutual_rate` is the share of source words in mutual pairs. `best`
    int64 is the CSLS-nearest target of each source word, `back` the CSLS-nearest source of each
    target word.
    """

    rotation: np.ndarray
    pairs: Pairs
    criterion: float
    mutual_rate: float
    scores: Scores
    best: np.ndarray
    back: np.ndarray


def self_learning(
    source: np.ndarray,
    target: np.ndarray,
    pairs: Pairs,
    *,
    seed: int,
    cutoff: int = 2000,
    schedule: Sequence[tuple[float, int]] = SCHEDULE,
    k: int = 10,
    penalty: Scores | None = None,
) -> Pairs:
    """A better dictionary from a poor one: alternate Procrustes and mutual-CSLS induction on random
    samples of words.

    Of the `cutoff` most frequent words each iteration draws a share of the rows and, independently,
    of the columns. Vectors are normalised [words, dim], most frequent first; the generator depends
    on `seed` alone. `penalty`, a score of the same words (`starts.frequency_scores`), is added to
    CSLS: whole in the first iteration, then linearly less, to nothing after the last. Returns index
    pairs over the cut-off vocabulary.
    """
    generator = np.random.default_rng(seed)
    left, right = source[:cutoff], target[:cutoff]
    left_over = total = sum(iterations for _, iterations in schedule)
    for share, iterations in schedule:
        for _ in range(iterations):
            if len(pairs[0]) < MINIMUM_PAIRS:
                return pairs
            rows = (
                np.sort(
                    generator.choice(
                        len(left), max(MINIMUM_PAIRS, int(share * len(left))), replace=False
                    )
                )
                if share < 1
                else np.arange(len(left))
            )
            columns = (
                np.sort(
                    generator.choice(
                        len(right), max(MINIMUM_PAIRS, int(share * len(right))), replace=False
                    )
                )
                if share < 1
                else np.arange(len(right))
            )
            mapped = left[rows] @ procrustes(source[pairs[0]], target[pairs[1]], precise=False)
            extra = (
                None
                if penalty is None
                else Scores(penalty.source[rows], penalty.target[columns]).scaled(left_over / total)
            )
            found = match(
                mapped, right[columns], min(k, len(rows), len(columns)), extra=extra
            ).mutual
            pairs = rows[found[0]], columns[found[1]]
            left_over -= 1
    return pairs


def rotate_towards(
    source: np.ndarray, target: np.ndarray, pairs: Pairs, ridge: float = 10.0
) -> np.ndarray:
    """`source` [n, d] turned a little towards `target` [m, d] by Procrustes on `pairs`, shrunk
    towards no turn at all.

    W = argmin ‖source·W − target‖² + ridge ‖W − I‖² over orthogonal W: the spaces of one encoder
    are nearly aligned already, and a free map fits the errors among a thousand pairs (Thai lost 4
    points of P@1 with ridge 0 and gained 1 with 10; other languages 0-2).
    """
    cross = source[pairs[0]].T.astype(np.float64) @ target[pairs[1]].astype(
        np.float64
    ) + ridge * np.eye(source.shape[1])
    u, _, vt = singular_values(cross)
    return (source @ (u @ vt)).astype(np.float32)


def whiten_within_pairs(
    source: np.ndarray, target: np.ndarray, pairs: Pairs, power: float = 0.25, shrink: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Both spaces with the directions weakened in which partners differ most: vectors times
    C^(−power), unit length.

    C is the covariance of source − target over `pairs`, plus `shrink` times its mean variance on
    the diagonal (linear discriminant analysis with pairs as classes would use power 1/2 and no
    shrinkage). Over six languages P@5 and P@10 rose by 1.4 points, P@1 by 0-1.
    """
    difference = source[pairs[0]].astype(np.float64) - target[pairs[1]]
    covariance = difference.T @ difference / len(difference)
    covariance += shrink * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    variances, directions = np.linalg.eigh(covariance)
    transform = (directions * variances**-power).astype(np.float32)
    return unit(source @ transform), unit(target @ transform)


def reweight(
    source: np.ndarray, target: np.ndarray, pairs: Pairs, power: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Both spaces mapped with symmetric re-weighting (Artetxe et al. 2018, "A robust self-learning
    method", §3.4), unit length.

    Over the dictionary X, Z (rows of `pairs`) each side is whitened by W = (XᵀX)^(-1/2), rotated by
    the singular vectors of the whitened cross-covariance U S Vᵀ, weighted by S^power and
    de-whitened in the rotated basis. No orthogonal map any more: measure the criterion before it.
    Fewer pairs than dimensions leave the spaces unweighted, rotated by Procrustes, for whitening
    needs full rank.
    """
    x, z = source[pairs[0]].astype(np.float64), target[pairs[1]].astype(np.float64)
    if len(x) <= x.shape[1]:
        return unit(source @ procrustes(source[pairs[0]], target[pairs[1]])), unit(target)
    (to_x, from_x), (to_z, from_z) = _whitening(x), _whitening(z)
    u, strength, vt = singular_values((x @ to_x).T @ (z @ to_z))
    weight = strength**power
    left = to_x @ u * weight @ (u.T @ from_x @ u)
    right = to_z @ vt.T * weight @ (vt @ from_z @ vt.T)
    return unit(source @ left.astype(np.float32)), unit(target @ right.astype(np.float32))


def _whitening(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(VᵀV)^(-1/2) and (VᵀV)^(1/2) of [n, d]; directions without variance stay as they are."""
    variances, directions = np.linalg.eigh(vectors.T @ vectors)
    roots = np.sqrt(np.where(variances > 1e-9 * variances.max(), variances, 1.0))
    return directions / roots @ directions.T, directions * roots @ directions.T


def refine(
    source: np.ndarray,
    target: np.ndarray,
    pairs: Pairs,
    *,
    rounds: int = 3,
    cutoff: int = 10000,
    k: int = 10,
    use_gpu: bool = True,
    frequencies: tuple[np.ndarray, np.ndarray] | None = None,
    penalty: Scores | None = None,
) -> Alignment:
    """`rounds` of Procrustes on the mutual CSLS dictionary of the `cutoff` most frequent words
    (Lample et al. 2018, §2.2), from `pairs`.

    Vectors are normalised [words, dim]. Fewer than ten pairs give the identity map (and with it a
    criterion that says so). With the words' `frequencies` (counts [words] of each side) a pair
    weighs as the logarithm of its rarer word's; `penalty`, a score of the same words, is added to
    CSLS wherever words are matched.
    """
    left, right = source[:cutoff], target[:cutoff]
    extra = None if penalty is None else Scores(penalty.source[:cutoff], penalty.target[:cutoff])
    k = min(k, len(left), len(right))
    for turn in range(rounds + 1):
        weights = (
            None
            if frequencies is None
            else np.log1p(np.minimum(frequencies[0][pairs[0]], frequencies[1][pairs[1]]))
        )
        rotation = (
            procrustes(source[pairs[0]], target[pairs[1]], weights)
            if len(pairs[0]) >= MINIMUM_PAIRS
            else np.eye(source.shape[1], dtype=np.float32)
        )
        mapped = (left @ rotation).astype(np.float32)
        found = match(mapped, right, k, use_gpu, extra)
        if turn < rounds:
            pairs = found.mutual
    value = criterion(mapped, right, found.best)
    return Alignment(
        rotation,
        found.mutual,
        value,
        len(found.mutual[0]) / len(left),
        found.scores,
        found.best,
        found.back,
    )


def criterion(source: np.ndarray, target: np.ndarray, best: np.ndarray) -> float:
    """The mean cosine of each mapped source word with its best target, int [n] (§3.5 of Lample et
    al. 2018).
    """
    return float((source * target[best]).sum(axis=1, dtype=np.float64).mean())
