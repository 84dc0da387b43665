"""Refinement of an orthogonal map between two fastText spaces (Lample et al. 2018; self-learning of
Artetxe et al. 2018).
"""

from dataclasses import dataclass

import numpy as np

from lingualift.lexicon.csls import Scores, WordPairs, match
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.procrustes import procrustes, singular_values
from lingualift.lexicon.starts import START_WORDS

# Self-learning: (share of words kept, iterations). Half of the words, drawn anew each time, keep
# the search moving and half of the true partners in it. On half a million tokens what converged
# did so within 20-40 iterations; on 200,000, where a start has few right pairs, it took up to 80.
# Samples of a tenth, which hold a hundredth of the true pairs, lost a dictionary of identical words
# that needed no more than refinement.
SCHEDULE: tuple[tuple[float, int], ...] = ((0.5, 80), (0.8, 4))
MINIMUM_PAIRS = 10  # fewer are no dictionary to learn from
# How far the encoder's space resists being turned towards its pairs: Thai lost 4 points of P@1 with
# 0 and gained 1 with 10; other languages gained 0-2.
RIDGE = 10.0
# Whitening within pairs. Linear discriminant analysis would use power 1/2 and no shrinkage; with
# these, over six languages, P@5 and P@10 rose by 1.4 points and P@1 by 0-1.
WHITENING_POWER, WHITENING_SHRINKAGE = 0.25, 0.3
REWEIGHTING_POWER = 0.5  # VecMap's


@dataclass(frozen=True)
class OrthogonalMap:
    """A map `rotation` [d, d] of source vectors into the target space, the dictionary it ended
    with, and how good it looks.

    `criterion` is Lample et al.'s unsupervised criterion: the mean cosine of each source word with
    its CSLS-nearest target. `mutual_rate` is the share of source words in mutual pairs. `best`
    int64 is the CSLS-nearest target of each source word, `back` the CSLS-nearest source of each
    target word.
    """

    rotation: np.ndarray
    pairs: WordPairs
    criterion: float
    mutual_rate: float
    scores: Scores
    best: np.ndarray
    back: np.ndarray


def self_learning(
    source: np.ndarray,
    target: np.ndarray,
    pairs: WordPairs,
    *,
    seed: int,
    k: int,
    term: Scores | None = None,
) -> WordPairs:
    """A better dictionary from a poor one: alternate Procrustes and mutual-CSLS induction on random
    samples of words.

    Of the `START_WORDS` most frequent words each iteration of `SCHEDULE` draws a share of the rows
    and, independently, of the columns. Vectors are normalised [words, dim], most frequent first;
    the generator depends on `seed` alone. `term`, a score of the same words
    (`starts.frequency_scores`), is added to CSLS: whole in the first iteration, then linearly less,
    to nothing after the last. Returns index pairs over the most frequent words.
    """
    generator = np.random.default_rng(seed)
    left, right = source[:START_WORDS], target[:START_WORDS]
    shares = [share for share, iterations in SCHEDULE for _ in range(iterations)]
    for iteration, share in enumerate(shares):
        if len(pairs[0]) < MINIMUM_PAIRS:
            return pairs
        rows, columns = (_sample(generator, len(side), share) for side in (left, right))
        mapped = left[rows] @ procrustes(source[pairs[0]], target[pairs[1]], precise=False)
        fading = None
        if term is not None:
            fading = Scores(term.source[rows], term.target[columns]).scaled(
                (len(shares) - iteration) / len(shares)
            )
        mutual = match(mapped, right[columns], min(k, len(rows), len(columns)), fading).mutual
        pairs = rows[mutual[0]], columns[mutual[1]]
    return pairs


def _sample(generator: np.random.Generator, count: int, share: float) -> np.ndarray:
    """A share of `count` words, at least as many as a dictionary needs, in ascending order."""
    return np.sort(generator.choice(count, max(MINIMUM_PAIRS, int(share * count)), replace=False))


def rotate_towards(source: np.ndarray, target: np.ndarray, pairs: WordPairs) -> np.ndarray:
    """`source` [n, d] turned a little towards `target` [m, d] by Procrustes on `pairs`, shrunk
    towards no turn at all.

    W = argmin ‖source·W − target‖² + `RIDGE` ‖W − I‖² over orthogonal W: the spaces of one encoder
    are nearly aligned already, and a free map fits the errors among a thousand pairs.
    """
    cross = source[pairs[0]].T.astype(np.float64) @ target[pairs[1]].astype(
        np.float64
    ) + RIDGE * np.eye(source.shape[1])
    u, _, vt = singular_values(cross)
    return (source @ (u @ vt)).astype(np.float32)


def whiten_within_pairs(
    source: np.ndarray, target: np.ndarray, pairs: WordPairs
) -> tuple[np.ndarray, np.ndarray]:
    """Both spaces with the directions weakened in which partners differ most: vectors times
    C^(−`WHITENING_POWER`), unit length.

    C is the covariance of source − target over `pairs`, plus `WHITENING_SHRINKAGE` times its mean
    variance on the diagonal.
    """
    difference = source[pairs[0]].astype(np.float64) - target[pairs[1]]
    covariance = difference.T @ difference / len(difference)
    variance = WHITENING_SHRINKAGE * np.trace(covariance) / len(covariance)
    covariance += variance * np.eye(len(covariance))
    variances, directions = np.linalg.eigh(covariance)
    transform = (directions * variances**-WHITENING_POWER).astype(np.float32)
    return unit(source @ transform), unit(target @ transform)


def reweight(
    source: np.ndarray, target: np.ndarray, pairs: WordPairs
) -> tuple[np.ndarray, np.ndarray]:
    """Both spaces mapped with symmetric re-weighting (Artetxe et al. 2018, "A robust self-learning
    method", §3.4), unit length.

    Over the dictionary X, Z (rows of `pairs`) each side is whitened by W = (XᵀX)^(-1/2) and rotated
    by the singular vectors of the whitened cross-covariance U S Vᵀ. It is then weighted by
    S^`REWEIGHTING_POWER` and de-whitened in the rotated basis. The map is no longer orthogonal:
    measure the criterion before it. Fewer pairs than dimensions leave the spaces unweighted,
    rotated by Procrustes, for whitening needs full rank.
    """
    x, z = source[pairs[0]].astype(np.float64), target[pairs[1]].astype(np.float64)
    if len(x) <= x.shape[1]:
        return unit(source @ procrustes(source[pairs[0]], target[pairs[1]])), unit(target)
    (to_x, from_x), (to_z, from_z) = _whitening(x), _whitening(z)
    u, strength, vt = singular_values((x @ to_x).T @ (z @ to_z))
    weight = strength**REWEIGHTING_POWER
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
    pairs: WordPairs,
    *,
    rounds: int,
    words: int,
    k: int,
    frequencies: tuple[np.ndarray, np.ndarray] | None = None,
    term: Scores | None = None,
) -> OrthogonalMap:
    """`rounds` of Procrustes on the mutual CSLS dictionary of the `words` most frequent words
    (Lample et al. 2018, §2.2), from `pairs`.

    Vectors are normalised [words, dim]. Fewer than ten pairs give the identity map (and with it a
    criterion that says so). With the words' `frequencies` (counts [words] of each side) a pair
    weighs as the logarithm of its rarer word's; `term`, a score of the same words, is added to CSLS
    wherever words are matched.
    """
    left, right = source[:words], target[:words]
    extra = None if term is None else Scores(term.source[:words], term.target[:words])
    k = min(k, len(left), len(right))
    for turn in range(rounds + 1):
        weights = None
        if frequencies is not None:
            weights = np.log1p(np.minimum(frequencies[0][pairs[0]], frequencies[1][pairs[1]]))
        rotation = np.eye(source.shape[1], dtype=np.float32)
        if len(pairs[0]) >= MINIMUM_PAIRS:
            rotation = procrustes(source[pairs[0]], target[pairs[1]], weights)
        mapped = (left @ rotation).astype(np.float32)
        matched = match(mapped, right, k, extra)
        if turn < rounds:
            pairs = matched.mutual
    return OrthogonalMap(
        rotation,
        matched.mutual,
        criterion(mapped, right, matched.best),
        len(matched.mutual[0]) / len(left),
        matched.scores,
        matched.best,
        matched.back,
    )


def criterion(source: np.ndarray, target: np.ndarray, best: np.ndarray) -> float:
    """The mean cosine of each mapped source word with its best target, int [n] (§3.5 of Lample et
    al. 2018).
    """
    return float((source * target[best]).sum(axis=1, dtype=np.float64).mean())
