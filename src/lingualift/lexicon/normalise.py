"""Normalisation of word spaces before alignment; every function maps float arrays [words, dim] to
float32 [words, dim].

Encoder states need standardising first: a few of their dimensions are a hundred times larger than
the rest and would decide every similarity.
"""

import numpy as np

CLIP = 6.0  # deviations; standardised encoder states beyond are cut off
DIRECTION_WORDS = 10_000  # most frequent words that decide the leading directions of a space
SAMPLE = 3000  # rows, at least, from which the subspace iteration finds directions
SPARE_DIRECTIONS = 32  # directions that the iteration carries beyond those asked for


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row divided by its Euclidean length; zero rows stay zero."""
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def center(vectors: np.ndarray) -> np.ndarray:
    """Each column's mean subtracted."""
    vectors = np.asarray(vectors, np.float32)
    return vectors - vectors.mean(0, dtype=np.float64).astype(np.float32)


def normalise(vectors: np.ndarray) -> np.ndarray:
    """Unit length, centred, unit length (Artetxe et al. 2018)."""
    return np.ascontiguousarray(unit(center(unit(vectors))), np.float32)


def standardise_and_clip(vectors: np.ndarray) -> np.ndarray:
    """Each column to mean 0 and deviation 1 over the rows, then limited to ±`CLIP`; constant
    columns become 0.
    """
    vectors = np.asarray(vectors, np.float32)
    deviation = vectors.std(0, dtype=np.float64).astype(np.float32)
    scaled = np.divide(
        center(vectors), deviation, out=np.zeros_like(vectors), where=deviation > 1e-6
    )
    return np.clip(scaled, -CLIP, CLIP)


def remove_components(vectors: np.ndarray, count: int) -> np.ndarray:
    """Centered rows without their `count` leading principal directions (Mu and Viswanath 2018),
    unit length.
    """
    vectors = center(vectors)
    top = _directions(vectors, count)
    return unit(vectors - (vectors @ top) @ top.T)


def leading_directions(vectors: np.ndarray, dim: int) -> np.ndarray:
    """Rows in the `dim` leading principal directions of the most frequent words, unit length;
    `vectors` themselves where they have no more.
    """
    if vectors.shape[1] <= dim:
        return vectors
    frequent = vectors[:DIRECTION_WORDS]
    _, directions = np.linalg.eigh(frequent.T.astype(np.float64) @ frequent)
    return unit(vectors @ directions[:, ::-1][:, :dim].astype(np.float32))


def reduce_together(
    source: np.ndarray, target: np.ndarray, dim: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both spaces projected on the `dim` leading directions of their union, unit length; unchanged
    when they have no more than `dim`.

    One projection for both, so inner products between them survive.
    """
    if source.shape[1] <= dim or len(source) + len(target) <= dim:
        return unit(source), unit(target)
    directions = _directions(np.concatenate([source, target]), dim)
    return unit(source @ directions), unit(target @ directions)


def _directions(vectors: np.ndarray, count: int) -> np.ndarray:
    """The `count` leading right singular directions [dim, count], by seeded subspace iteration
    (Halko et al. 2011): an exact decomposition of thousands of dimensions would take minutes.

    Of many rows every n-th will do: at least `SAMPLE`, and four a direction.
    """
    vectors = np.ascontiguousarray(vectors[:: max(1, len(vectors) // max(SAMPLE, 4 * count))])
    # A subspace of hundreds of directions need not be exact, for all of it is kept.
    iterations = 8 if count < 64 else 1
    spare = min(SPARE_DIRECTIONS, vectors.shape[1] - count)
    basis = (
        np.random.default_rng(0)
        .standard_normal((vectors.shape[1], count + spare))
        .astype(np.float32)
    )
    for _ in range(iterations):
        basis, _ = np.linalg.qr(vectors.T @ (vectors @ basis))
    projected = (vectors @ basis).astype(np.float64)
    _, rotation = np.linalg.eigh(projected.T @ projected)
    return (basis @ rotation[:, ::-1][:, :count].astype(np.float32)).astype(np.float32)
