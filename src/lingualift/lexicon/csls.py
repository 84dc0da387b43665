"""CSLS (Lample et al. 2018, equation 2.3) by exact search.

    CSLS(x, y) = 2 cos(x, y) − r_T(x) − r_S(y)

where r_T(x) is the mean cosine of x with its k nearest targets and r_S(y) of y with its k nearest
sources. CSLS, and any weighted sum of CSLS scores, is an inner product of two augmented vectors, so
one exact inner-product search (`search.py`) serves every score (`Scores`).
"""

from dataclasses import dataclass

import numpy as np

from lingualift.lexicon.search import Neighbours, largest, top_k

WordPairs = tuple[np.ndarray, np.ndarray]
"""Pairs of words as index arrays int64 [pairs]: of the source words, of the target words."""
DENSE = 1 << 26  # similarities held at once: 268 MB
BLOCK = 512  # of their rows or columns that are sorted at once


@dataclass(frozen=True)
class Scores:
    """A score of every (source, target) pair as an inner product: score[i, j] = source[i] ·
    target[j].

    `source` float32 [n, d], `target` float32 [m, d]. Add scores with `combine`; weigh one with
    `scaled`.
    """

    source: np.ndarray
    target: np.ndarray

    def scaled(self, factor: float) -> "Scores":
        """The score times `factor`."""
        return Scores((self.source * np.float32(factor)).astype(np.float32), self.target)

    def forward(self, k: int) -> Neighbours:
        """The best `k` targets of each source."""
        return top_k(self.source, self.target, k)

    def backward(self, k: int) -> Neighbours:
        """The best `k` sources of each target."""
        return top_k(self.target, self.source, k)


def combine(*parts: Scores) -> Scores:
    """The sum of scores over the same words."""
    return Scores(
        np.ascontiguousarray(np.concatenate([part.source for part in parts], axis=1)),
        np.ascontiguousarray(np.concatenate([part.target for part in parts], axis=1)),
    )


def csls(source: np.ndarray, target: np.ndarray, k: int) -> Scores:
    """CSLS between unit vectors `source` [n, d] and `target` [m, d] with neighbourhoods of `k`
    words.
    """
    return _augmented(
        source, target, _mean_similarity(source, target, k), _mean_similarity(target, source, k)
    )


def _mean_similarity(queries: np.ndarray, database: np.ndarray, k: int) -> np.ndarray:
    """The mean inner product float32 [n] of each query with its `k` nearest database rows (r of the
    CSLS equation).
    """
    return top_k(queries, database, k).scores.mean(axis=1, dtype=np.float64).astype(np.float32)


def _augmented(
    source: np.ndarray, target: np.ndarray, near_source: np.ndarray, near_target: np.ndarray
) -> Scores:
    ones = np.ones
    return Scores(
        np.column_stack([2 * source, -near_source, ones(len(source), np.float32)]).astype(
            np.float32
        ),
        np.column_stack([target, ones(len(target), np.float32), -near_target]).astype(np.float32),
    )


@dataclass(frozen=True)
class Match:
    """CSLS scores of two spaces, the best target of each source int64 [n], the best source of each
    target, and the mutual pairs (source ascending).
    """

    scores: Scores
    best: np.ndarray
    back: np.ndarray
    mutual: WordPairs


def match(source: np.ndarray, target: np.ndarray, k: int, extra: Scores | None = None) -> Match:
    """`csls` (plus the score `extra`) with its best and mutual pairs; from one matrix of
    similarities where that is small (four searches cost more).
    """
    small = len(source) * len(target) <= DENSE
    scores, best, back = (_match_densely if small else _match_by_search)(source, target, k, extra)
    rows = np.flatnonzero(back[best] == np.arange(len(best)))
    return Match(scores, best, back, (rows, best[rows]))


def _match_by_search(
    source: np.ndarray, target: np.ndarray, k: int, extra: Scores | None
) -> tuple[Scores, np.ndarray, np.ndarray]:
    scores = csls(source, target, k)
    if extra is not None:
        scores = combine(scores, extra)
    return scores, scores.forward(1).indices[:, 0], scores.backward(1).indices[:, 0]


def _match_densely(
    source: np.ndarray, target: np.ndarray, k: int, extra: Scores | None
) -> tuple[Scores, np.ndarray, np.ndarray]:
    similarity = source @ target.T
    near_source = np.concatenate(
        [_mean_of_largest(similarity[rows], k) for rows in _blocks(len(source))]
    )
    near_target = np.concatenate(
        [_mean_of_largest(similarity.T[rows], k) for rows in _blocks(len(target))]
    )
    scores = _augmented(source, target, near_source, near_target)
    similarity *= 2
    similarity -= near_target
    similarity -= near_source[:, None]
    if extra is not None:
        scores = combine(scores, extra)
        for block in _blocks(len(source)):
            similarity[block] += extra.source[block] @ extra.target.T
    back = [
        np.ascontiguousarray(similarity.T[rows]).argmax(axis=1) for rows in _blocks(len(target))
    ]
    return scores, similarity.argmax(axis=1), np.concatenate(back)


def _blocks(count: int) -> list[slice]:
    # Arrays of a few megabytes come from memory that is there already; larger ones are mapped anew,
    # and cost more than the arithmetic.
    return [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]


def _mean_of_largest(values: np.ndarray, k: int) -> np.ndarray:
    return (
        largest(np.ascontiguousarray(values), k).mean(axis=1, dtype=np.float64).astype(np.float32)
    )


def mutual_pairs(scores: Scores, nearest: Neighbours) -> WordPairs:
    """The pairs of words that are each other's best, source ascending. `nearest`: the best targets
    of each source.
    """
    forward = nearest.indices[:, 0]
    asked = np.unique(forward)  # no other target can be in a mutual pair
    backward = top_k(scores.target[asked], scores.source, 1).indices[:, 0]
    source = np.flatnonzero(backward[np.searchsorted(asked, forward)] == np.arange(len(forward)))
    return source, forward[source]
