"""CSLS (Lample et al. 2018, equation 2.3) by exact search.

    CSLS(x, y) = 2 cos(x, y) − r_T(x) − r_S(y)

where r_T(x) is the mean cosine of x with its k nearest targets and r_S(y) of y with its k nearest
sources. CSLS, and any weighted sum of CSLS scores, is an inner product of two augmented vectors, so
one exact inner-product search (`search.py`) serves every score (`Scores`).
"""

from dataclasses import dataclass

import numpy as np

from lingualift.lexicon.search import Neighbours, largest, top_k

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

    def forward(self, k: int, use_gpu: bool = True) -> Neighbours:
        """The best `k` targets of each source."""
        return top_k(self.source, self.target, k, use_gpu)

    def backward(self, k: int, use_gpu: bool = True) -> Neighbours:
        """The best `k` sources of each target."""
        return top_k(self.target, self.source, k, use_gpu)

    def pairs(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """The scores float32 of chosen pairs, given by equally long index arrays."""
        return (self.source[source] * self.target[target]).sum(axis=1, dtype=np.float32)


def combine(*parts: Scores) -> Scores:
    """The sum of scores over the same words."""
    return Scores(
        np.ascontiguousarray(np.concatenate([part.source for part in parts], axis=1)),
        np.ascontiguousarray(np.concatenate([part.target for part in parts], axis=1)),
    )


def mean_similarity(
    queries: np.ndarray, database: np.ndarray, k: int, use_gpu: bool = True
) -> np.ndarray:
    """The mean inner product float32 [n] of each query with its `k` nearest database rows (r of the
    CSLS equation).
    """
    return (
        top_k(queries, database, k, use_gpu)
        .scores.mean(axis=1, dtype=np.float64)
        .astype(np.float32)
    )


def csls(source: np.ndarray, target: np.ndarray, k: int = 10, use_gpu: bool = True) -> Scores:
    """CSLS between unit vectors `source` [n, d] and `target` [m, d] with neighbourhoods of `k`
    words.
    """
    return _augmented(
        source,
        target,
        mean_similarity(source, target, k, use_gpu),
        mean_similarity(target, source, k, use_gpu),
    )


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
    mutual: tuple[np.ndarray, np.ndarray]


def match(
    source: np.ndarray,
    target: np.ndarray,
    k: int = 10,
    use_gpu: bool = True,
    extra: Scores | None = None,
) -> Match:
    """`csls` (plus the score `extra`) with its best and mutual pairs; from one matrix of
    similarities where that is small (four searches cost more).
    """
    if len(source) * len(target) > DENSE:
        scores = csls(source, target, k, use_gpu)
        scores = scores if extra is None else combine(scores, extra)
        best, back = (
            scores.forward(1, use_gpu).indices[:, 0],
            scores.backward(1, use_gpu).indices[:, 0],
        )
    else:
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
        best = similarity.argmax(axis=1)
        back = np.concatenate(
            [
                np.ascontiguousarray(similarity.T[rows]).argmax(axis=1)
                for rows in _blocks(len(target))
            ]
        )
    rows = np.flatnonzero(back[best] == np.arange(len(best)))
    return Match(scores, best, back, (rows, best[rows]))


def _blocks(count: int) -> list[slice]:
    # Arrays of a few megabytes come from memory that is there already; larger ones are mapped anew,
    # and cost more than the arithmetic.
    return [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]


def _mean_of_largest(values: np.ndarray, k: int) -> np.ndarray:
    return (
        largest(np.ascontiguousarray(values), k).mean(axis=1, dtype=np.float64).astype(np.float32)
    )


def mutual_pairs(
    scores: Scores, use_gpu: bool = True, found: Neighbours | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of words that are each other's best: source indices (ascending) and target indices,
    int64 [pairs].

    `found`: the best targets of each source, where they have been searched.
    """
    forward = (found or scores.forward(1, use_gpu)).indices[:, 0]
    asked = np.unique(forward)  # no other target can be in a mutual pair
    backward = top_k(scores.target[asked], scores.source, 1, use_gpu).indices[:, 0]
    source = np.flatnonzero(backward[np.searchsorted(asked, forward)] == np.arange(len(forward)))
    return source, forward[source]
