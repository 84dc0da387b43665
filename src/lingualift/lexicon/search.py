"""Exact nearest neighbours by inner product, in blocks of bounded memory.

Two ways to the same answer: a plain product for small searches, FAISS's flat index for large ones
(on a GPU where a GPU build of FAISS sees one). Ties are broken by the smaller index, and scores are
always recomputed in a fixed order of summation. So results do not depend on the way, the number of
threads or the device.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.messages import LinguaLiftError

SEARCHED = 16384  # queries FAISS searches at once: their results are a few MB
RESCORED = 512  # queries multiplied or rescored at once: RESCORED × candidates × dim floats
# Candidates beyond k, so that equal scores at the border are ordered by index and not by chance.
SPARE = 8
GROUPS = 128  # groups of columns in which the largest of a row are sought
PLAIN = 1 << 26  # pairs; up to here a plain product is fastest, and spares the import of FAISS


@dataclass(frozen=True)
class Neighbours:
    """The best `k` database rows of each query, best first: `scores` float32 [queries, k],
    `indices` int64 [queries, k].
    """

    scores: np.ndarray
    indices: np.ndarray


def top_k(queries: np.ndarray, database: np.ndarray, k: int) -> Neighbours:
    """Exact top-k by inner product of `queries` [n, d] and `database` [m, d]; `k` above m is an
    error.
    """
    queries = np.ascontiguousarray(queries, np.float32)
    database = np.ascontiguousarray(database, np.float32)
    if k < 1 or k > len(database):
        raise LinguaLiftError(
            f"{k} nearest neighbours asked of {len(database)} words; use a larger vocabulary or a"
            " smaller k"
        )
    small = len(queries) * len(database) <= PLAIN
    return (plain_top_k if small else flat_top_k)(queries, database, k)


def plain_top_k(queries: np.ndarray, database: np.ndarray, k: int) -> Neighbours:
    """`top_k` by products of a block of queries with the whole database."""
    wanted = min(k + SPARE, len(database))
    return _rescored(
        queries, database, k, RESCORED, lambda block: largest_columns(block @ database.T, wanted)
    )


def flat_top_k(queries: np.ndarray, database: np.ndarray, k: int) -> Neighbours:
    """`top_k` by FAISS's flat index."""
    index = _flat_index(database)
    wanted = min(k + SPARE, len(database))
    return _rescored(queries, database, k, SEARCHED, lambda block: index.search(block, wanted)[1])


def _rescored(
    queries: np.ndarray,
    database: np.ndarray,
    k: int,
    size: int,
    candidates_of: Callable[[np.ndarray], np.ndarray],
) -> Neighbours:
    """The best `k` among the candidates int [queries, more than k] that `candidates_of` names for
    each `size` queries.
    """
    scores = np.empty((len(queries), k), np.float32)
    indices = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), size):
        candidates = np.sort(candidates_of(queries[start : start + size]), axis=1)
        for offset in range(0, len(candidates), RESCORED):
            columns = candidates[offset : offset + RESCORED]
            rows = slice(start + offset, start + offset + len(columns))
            # A sum along the last axis has one order whatever the threads, unlike a matrix product.
            exact = (queries[rows, None, :] * database[columns]).sum(axis=2, dtype=np.float32)
            order = np.argsort(-exact, axis=1, kind="stable")[:, :k]
            scores[rows] = np.take_along_axis(exact, order, axis=1)
            indices[rows] = np.take_along_axis(columns, order, axis=1)
    return Neighbours(scores, indices)


def faiss_gpus() -> int:
    """How many GPUs FAISS sees: none in its build for processors."""
    faiss: Any = importlib.import_module("faiss")
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def _flat_index(database: np.ndarray) -> Any:
    faiss: Any = importlib.import_module("faiss")
    index = faiss.IndexFlatIP(database.shape[1])
    if faiss_gpus():
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    index.add(database)
    return index


def largest_columns(values: np.ndarray, k: int) -> np.ndarray:
    """The columns int64 [n, k] of each row's `k` largest values [n, m], in no order."""
    columns = _leading_columns(values, k)
    if columns is None:
        return np.argpartition(values, values.shape[1] - k, axis=1)[:, values.shape[1] - k :]
    last = columns.shape[1] - k
    return np.take_along_axis(
        columns,
        np.argpartition(np.take_along_axis(values, columns, axis=1), last, axis=1)[:, last:],
        axis=1,
    )


def largest(values: np.ndarray, k: int) -> np.ndarray:
    """The `k` largest values [n, k] of each row [n, m], ascending."""
    columns = _leading_columns(values, k)
    leading = values if columns is None else np.take_along_axis(values, columns, axis=1)
    last = leading.shape[1] - k
    return np.sort(np.partition(leading, last, axis=1)[:, last:], axis=1)


def _leading_columns(values: np.ndarray, k: int) -> np.ndarray | None:
    """Columns [n, fewer] among which each row's `k` largest are: those of the k groups whose maxima
    are largest. None for short rows.
    """
    rows, count = values.shape
    if count < 4 * GROUPS or k >= GROUPS:
        return None
    whole = count // GROUPS * GROUPS
    maxima = values[:, :whole].reshape(rows, -1, GROUPS).max(axis=1)
    groups = np.argpartition(maxima, GROUPS - k, axis=1)[:, GROUPS - k :]
    columns = (groups[:, None, :] + np.arange(0, whole, GROUPS)[:, None]).reshape(rows, -1)
    return np.concatenate(
        [columns, np.broadcast_to(np.arange(whole, count), (rows, count - whole))], axis=1
    )
