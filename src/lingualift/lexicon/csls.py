"""Exact nearest neighbours and CSLS (Lample et al. 2018, equation 2.3) with FAISS, in blocks of bounded memory.

    CSLS(x, y) = 2 cos(x, y) − r_T(x) − r_S(y)

where r_T(x) is the mean cosine of x with its k nearest targets and r_S(y) of y with its k nearest sources. CSLS, and any weighted sum of
CSLS scores, is an inner product of two augmented vectors, so one exact inner-product search serves every score (`Scores`).
Ties are broken by the smaller index, and the scores of the retained candidates are recomputed in a fixed order of summation: results do
not depend on the number of threads or on the device.
"""

import importlib
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.errors import LinguaLiftError

logger = logging.getLogger(__name__)
BLOCK = 16384  # queries searched at once: 16384 × (k + SPARE) results, a few MB
SPARE = 8  # candidates beyond k, so that equal scores at the border are ordered by index and not by chance
RERANK_BLOCK = 512  # queries rescored at once: 512 × (k + SPARE) × dim floats


@dataclass(frozen=True)
class Neighbours:
    """The best `k` database rows of each query, best first: `scores` float32 [queries, k], `indices` int64 [queries, k]."""

    scores: np.ndarray
    indices: np.ndarray


def top_k(queries: np.ndarray, database: np.ndarray, k: int, use_gpu: bool = True) -> Neighbours:
    """Exact top-k by inner product. `queries` [n, d], `database` [m, d]; `k` above m is an error.

    A GPU build of FAISS is used where one is installed and sees a device; the answer is the same.
    """
    queries = np.ascontiguousarray(queries, np.float32)
    database = np.ascontiguousarray(database, np.float32)
    if k < 1 or k > len(database):
        raise LinguaLiftError(f"{k} nearest neighbours asked of {len(database)} words; use a larger vocabulary or a smaller k")
    index = _flat_index(database, use_gpu)
    wanted = min(k + SPARE, len(database))
    scores = np.empty((len(queries), k), np.float32)
    indices = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), BLOCK):
        _, found = index.search(queries[start : start + BLOCK], wanted)
        for at in range(0, len(found), RERANK_BLOCK):
            rows = slice(start + at, start + min(at + RERANK_BLOCK, len(found)))
            scores[rows], indices[rows] = _rescore(queries[rows], database, found[at : at + RERANK_BLOCK], k)
    return Neighbours(scores, indices)


def _rescore(queries: np.ndarray, database: np.ndarray, candidates: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    candidates = np.sort(candidates, axis=1)
    # A sum along the last axis has one order whatever the threads, unlike a matrix product.
    scores = (queries[:, None, :] * database[candidates]).sum(axis=2, dtype=np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(candidates, order, axis=1)


def _flat_index(database: np.ndarray, use_gpu: bool) -> Any:
    faiss: Any = importlib.import_module("faiss")
    index = faiss.IndexFlatIP(database.shape[1])
    if use_gpu and hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0:
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    index.add(database)
    return index


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
