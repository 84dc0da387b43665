"""Exact nearest neighbours by inner product, in blocks of bounded memory.

Three ways to the same answer. For small searches a plain product. FAISS's flat index (on a GPU
where a GPU build of FAISS sees one). Or, for large searches on processors that multiply 8-bit
integers in hardware, candidates from an integer product and their exact scores: the database is
centred (which moves all scores of a query alike), both sides are turned by one random rotation (so
that no coordinate stands out) and rounded to 8 bits; of every query the pairs above a running
threshold are kept, rescored in float32, and checked against the largest rounding error seen. A
query whose k-th score does not clear that error is searched again by FAISS.

Ties are broken by the smaller index, and scores are always recomputed in a fixed order of
summation: results do not depend on the way, the number of threads or the device.
"""

import importlib
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.errors import LinguaLiftError

logger = logging.getLogger(__name__)
BLOCK = 16384  # queries searched at once by FAISS: 16384 × (k + SPARE) results, a few MB
# candidates beyond k, so that equal scores at the border are ordered by index and not by chance
SPARE = 8
GROUPS = 128  # groups of columns in which the largest of a row are sought
RERANK_BLOCK = 512  # queries rescored at once: 512 × (k + SPARE) × dim floats

QUERIES, COLUMNS = (
    512,
    4096,
)  # a block of the integer product: 8 MB of int32, which stay in the processor's cache
GROUP = 64  # columns whose maximum decides whether they are looked at
MARGIN = 14  # candidates beyond k: what rounding may hide
# times the expected number of candidates of a block; more (a database of duplicates) goes to FAISS
MAXIMUM = 16
PLAIN = 1 << 26  # pairs; up to here a plain product is fastest, and spares the import of FAISS
SMALLEST = 1 << 27  # pairs; below, FAISS is as fast or faster (10,000 × 10,000)
SAFETY = 1.25  # times the largest rounding error among the candidates


@dataclass(frozen=True)
class Neighbours:
    """The best `k` database rows of each query, best first: `scores` float32 [queries, k],
    `indices` int64 [queries, k].
    """

    scores: np.ndarray
    indices: np.ndarray


def top_k(queries: np.ndarray, database: np.ndarray, k: int, use_gpu: bool = True) -> Neighbours:
    """Exact top-k by inner product. `queries` [n, d], `database` [m, d]; `k` above m is an error."""
    queries = np.ascontiguousarray(queries, np.float32)
    database = np.ascontiguousarray(database, np.float32)
    if k < 1 or k > len(database):
        raise LinguaLiftError(
            f"{k} nearest neighbours asked of {len(database)} words; use a larger vocabulary or a"
            " smaller k"
        )
    if (
        len(queries) * len(database) >= SMALLEST
        and len(database) >= COLUMNS
        and not (use_gpu and _gpus())
        and integer_products()
    ):
        return integer_top_k(queries, database, k)
    if len(queries) * len(database) <= PLAIN:
        return plain_top_k(queries, database, k)
    return flat_top_k(queries, database, k, use_gpu)


def largest_columns(values: np.ndarray, k: int) -> np.ndarray:
    """The columns int64 [n, k] of each row's `k` largest values [n, m], in no order."""
    places = _leading(values, k)
    if places is None:
        return np.argpartition(values, values.shape[1] - k, axis=1)[:, values.shape[1] - k :]
    last = places.shape[1] - k
    return np.take_along_axis(
        places,
        np.argpartition(np.take_along_axis(values, places, axis=1), last, axis=1)[:, last:],
        axis=1,
    )


def largest(values: np.ndarray, k: int) -> np.ndarray:
    """The `k` largest values [n, k] of each row [n, m], ascending."""
    places = _leading(values, k)
    found = values if places is None else np.take_along_axis(values, places, axis=1)
    last = found.shape[1] - k
    return np.sort(np.partition(found, last, axis=1)[:, last:], axis=1)


def _leading(values: np.ndarray, k: int) -> np.ndarray | None:
    """Columns [n, fewer] among which each row's `k` largest are: those of the k groups whose maxima
    are largest. None for short rows.
    """
    rows, columns = values.shape
    if columns < 4 * GROUPS or k >= GROUPS:
        return None
    whole = columns // GROUPS * GROUPS
    maxima = values[:, :whole].reshape(rows, -1, GROUPS).max(axis=1)
    groups = np.argpartition(maxima, GROUPS - k, axis=1)[:, GROUPS - k :]
    places = (groups[:, None, :] + np.arange(0, whole, GROUPS)[:, None]).reshape(rows, -1)
    return np.concatenate(
        [places, np.broadcast_to(np.arange(whole, columns), (rows, columns - whole))], axis=1
    )


def plain_top_k(queries: np.ndarray, database: np.ndarray, k: int) -> Neighbours:
    """`top_k` by products of 512 queries with the whole database."""
    wanted = min(k + SPARE, len(database))
    parts = [
        _rescore(block, database, largest_columns(block @ database.T, wanted), k)
        for block in (
            queries[start : start + RERANK_BLOCK] for start in range(0, len(queries), RERANK_BLOCK)
        )
    ]
    if not parts:
        return Neighbours(np.empty((0, k), np.float32), np.empty((0, k), np.int64))
    return Neighbours(
        np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    )


def flat_top_k(
    queries: np.ndarray, database: np.ndarray, k: int, use_gpu: bool = True
) -> Neighbours:
    """`top_k` by FAISS's flat index."""
    index = _flat_index(database, use_gpu)
    wanted = min(k + SPARE, len(database))
    scores = np.empty((len(queries), k), np.float32)
    indices = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), BLOCK):
        _, found = index.search(queries[start : start + BLOCK], wanted)
        for at in range(0, len(found), RERANK_BLOCK):
            rows = slice(start + at, start + min(at + RERANK_BLOCK, len(found)))
            scores[rows], indices[rows] = _rescore(
                queries[rows], database, found[at : at + RERANK_BLOCK], k
            )
    return Neighbours(scores, indices)


def _rescore(
    queries: np.ndarray, database: np.ndarray, candidates: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    candidates = np.sort(candidates, axis=1)
    # A sum along the last axis has one order whatever the threads, unlike a matrix product.
    scores = (queries[:, None, :] * database[candidates]).sum(axis=2, dtype=np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(candidates, order, axis=1)


def _gpus() -> int:
    faiss: Any = importlib.import_module("faiss")
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def _flat_index(database: np.ndarray, use_gpu: bool) -> Any:
    faiss: Any = importlib.import_module("faiss")
    index = faiss.IndexFlatIP(database.shape[1])
    if use_gpu and _gpus():
        index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)
    index.add(database)
    return index


def integer_products() -> bool:
    """Whether this processor sums products of 8-bit integers without overflow (VNNI), and torch
    offers them.
    """
    torch: Any = importlib.import_module("torch")
    supported = getattr(torch.cpu, "_is_vnni_supported", None)
    return hasattr(torch, "_int_mm") and supported is not None and bool(supported())


def integer_top_k(queries: np.ndarray, database: np.ndarray, k: int) -> Neighbours:
    """`top_k` by candidates from an 8-bit product; equal to `flat_top_k`. Takes 2 bytes a value
    beside the two arrays.
    """
    torch: Any = importlib.import_module("torch")
    count, dim = database.shape
    width = -(-dim // 16) * 16
    rotation = np.zeros((dim, width), np.float32)
    rotation[:, :dim], _ = np.linalg.qr(np.random.default_rng(0).standard_normal((dim, dim)))
    mean = database.mean(axis=0, dtype=np.float64).astype(np.float32)
    turned = (database - mean) @ rotation
    scale = max(float(np.abs(turned).max()), 1e-30) / 127
    padded = torch.zeros((-(-count // COLUMNS) * COLUMNS, width), dtype=torch.int8)
    padded[:count] = torch.from_numpy(np.rint(turned / scale, out=turned).astype(np.int8))
    del turned
    wanted = min(k + MARGIN, count)

    scores = np.empty((len(queries), k), np.float32)
    indices = np.empty((len(queries), k), np.int64)
    open_rows: list[np.ndarray] = []
    for start in range(0, len(queries), QUERIES):
        block = queries[start : start + QUERIES]
        turned = block @ rotation
        scales = np.maximum(np.abs(turned).max(axis=1), 1e-30) / 127
        whole = torch.zeros(
            (max(len(block), 32), width), dtype=torch.int8
        )  # the product wants more than a few rows
        whole[: len(block)] = torch.from_numpy(np.rint(turned / scales[:, None]).astype(np.int8))
        found = _candidates(torch, whole, padded, len(block), count, wanted)
        if found is None:
            open_rows.append(np.arange(start, start + len(block)))
            continue
        rows, columns, approximate, thresholds = found
        exact = np.empty(len(rows), np.float32)
        for at in range(0, len(rows), 8192):
            part = slice(at, at + 8192)
            exact[part] = (block[rows[part]] * database[columns[part]]).sum(
                axis=1, dtype=np.float32
            )
        offset = block @ mean
        errors = np.abs(exact - offset[rows] - approximate * (scales[rows] * scale))
        first = np.searchsorted(rows, np.arange(len(block)))
        order = np.lexsort((columns, -exact, rows))
        chosen = order[first[:, None] + np.arange(k)]
        scores[start : start + len(block)], indices[start : start + len(block)] = (
            exact[chosen],
            columns[chosen],
        )
        if wanted < count:
            hidden = (
                offset + thresholds * scales * scale + SAFETY * errors.max()
            )  # no pair that was left out is better
            open_rows.append(start + np.flatnonzero(exact[chosen[:, -1]] <= hidden))
    again = np.concatenate(open_rows) if open_rows else np.empty(0, np.int64)
    if len(again):
        logger.debug("%d of %d queries searched again in float32", len(again), len(queries))
        exactly = flat_top_k(queries[again], database, k, use_gpu=False)
        scores[again], indices[again] = exactly.scores, exactly.indices
    return Neighbours(scores, indices)


def _candidates(torch: Any, block: Any, database: Any, rows: int, count: int, wanted: int) -> Any:
    """(query, column, integer score) of every pair at or above its query's threshold, by query and
    column, and the thresholds.

    The threshold is the `wanted`-th largest maximum of a group of columns, so that at least
    `wanted` pairs reach it. None: too many do.
    """
    lowest = torch.iinfo(torch.int32).min
    best = torch.full((rows, wanted), lowest, dtype=torch.int32)
    found: list[tuple[Any, Any, Any]] = []
    total = 0
    products = torch.empty((len(block), COLUMNS), dtype=torch.int32)
    for start in range(0, len(database), COLUMNS):
        product = torch._int_mm(block, database[start : start + COLUMNS].T, out=products)[:rows]
        if start + COLUMNS > count:
            product[:, count - start :] = lowest
        groups = product.view(rows, -1, GROUP)
        maxima = groups.amax(dim=2)
        best = torch.cat([best, maxima], dim=1).topk(wanted, dim=1, sorted=True).values
        limit = best[:, -1]
        row, group = (maxima >= limit[:, None]).nonzero(as_tuple=True)
        values = groups[row, group]
        hit, inner = (values >= limit[row].clamp(min=lowest + 1)[:, None]).nonzero(as_tuple=True)
        total += len(hit)
        if total > MAXIMUM * rows * wanted:
            return None
        found.append((row[hit], start + group[hit] * GROUP + inner, values[hit, inner]))
    row, column, value = (torch.cat(parts) for parts in zip(*found, strict=True))
    kept = value >= best[:, -1][row]
    row, column, value = row[kept], column[kept], value[kept]
    order = torch.argsort(row, stable=True)  # columns come in ascending order already
    return (
        row[order].numpy(),
        column[order].numpy(),
        value[order].numpy().astype(np.float32),
        best[:, -1].numpy().astype(np.float32),
    )
