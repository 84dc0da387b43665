"""Normalisation of word spaces before alignment; every function maps float arrays [words, dim] to float32 [words, dim].

Artetxe et al. (2018) and Lample et al. (2018) use sequences of "unit" and "center"; encoder states need standardising first, because
a few of their dimensions are a hundred times larger than the rest and would decide every similarity.
"""

from collections.abc import Callable, Sequence

import numpy as np

from lingualift.errors import LinguaLiftError, nearest


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row divided by its Euclidean length; zero rows stay zero."""
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def center(vectors: np.ndarray) -> np.ndarray:
    """Each column's mean subtracted."""
    vectors = np.asarray(vectors, np.float32)
    return vectors - vectors.mean(0, dtype=np.float64).astype(np.float32)


STEPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"unit": unit, "center": center}


def normalise(vectors: np.ndarray, steps: Sequence[str] = ("unit", "center", "unit")) -> np.ndarray:
    """The named steps in order; an unknown name is an error."""
    for step in steps:
        if step not in STEPS:
            raise LinguaLiftError(f"normalisation step '{step}' is unknown; {nearest(step, STEPS)}")
        vectors = STEPS[step](vectors)
    return np.ascontiguousarray(vectors, np.float32)


def standardise_and_clip(vectors: np.ndarray, clip: float = 6.0) -> np.ndarray:
    """Each column to mean 0 and deviation 1 over the rows, then limited to ±`clip`; constant columns become 0."""
    vectors = np.asarray(vectors, np.float32)
    deviation = vectors.std(0, dtype=np.float64).astype(np.float32)
    scaled = np.divide(center(vectors), deviation, out=np.zeros_like(vectors), where=deviation > 1e-6)
    return np.clip(scaled, -clip, clip)


def remove_components(vectors: np.ndarray, count: int) -> np.ndarray:
    """Centered rows without their `count` leading principal directions (Mu and Viswanath 2018), unit length."""
    vectors = center(vectors)
    if count:
        scatter = vectors.T.astype(np.float64) @ vectors.astype(np.float64)
        _, directions = np.linalg.eigh(scatter)
        top = directions[:, -count:].astype(np.float32)
        vectors = vectors - (vectors @ top) @ top.T
    return unit(vectors)
