"""CSLS (Lample et al. 2018, equation 2.3) by exact search.

    CSLS(x, y) = 2 cos(x, y) − r_T(x) − r_S(y)

where r_T(x) is the mean cosine of x with its k nearest targets and r_S(y) of y with its k nearest sources. CSLS, and any weighted sum of
CSLS scores, is an inner product of two augmented vectors, so one exact inner-product search (`search.py`) serves every score (`Scores`).
"""

from dataclasses import dataclass

import numpy as np

from lingualift.lexicon.search import Neighbours, top_k


@dataclass(frozen=True)
class Scores:
    """A score of every (source, target) pair as an inner product: score[i, j] = source[i] · target[j].

    `source` float32 [n, d], `target` float32 [m, d]. Add scores with `combine`; weigh one with `scaled`.
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


def mean_similarity(queries: np.ndarray, database: np.ndarray, k: int, use_gpu: bool = True) -> np.ndarray:
    """The mean inner product float32 [n] of each query with its `k` nearest database rows (r of the CSLS equation)."""
    return top_k(queries, database, k, use_gpu).scores.mean(axis=1, dtype=np.float64).astype(np.float32)


def csls(source: np.ndarray, target: np.ndarray, k: int = 10, use_gpu: bool = True) -> Scores:
    """CSLS between unit vectors `source` [n, d] and `target` [m, d] with neighbourhoods of `k` words."""
    near_source = mean_similarity(source, target, k, use_gpu)
    near_target = mean_similarity(target, source, k, use_gpu)
    ones = np.ones
    return Scores(
        np.column_stack([2 * source, -near_source, ones(len(source), np.float32)]).astype(np.float32),
        np.column_stack([target, ones(len(target), np.float32), -near_target]).astype(np.float32),
    )


def mutual_pairs(scores: Scores, use_gpu: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of words that are each other's best: source indices (ascending) and target indices, int64 [pairs]."""
    forward = scores.forward(1, use_gpu).indices[:, 0]
    backward = scores.backward(1, use_gpu).indices[:, 0]
    source = np.flatnonzero(backward[forward] == np.arange(len(forward)))
    return source, forward[source]
