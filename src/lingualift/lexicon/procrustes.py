"""Orthogonal Procrustes (Schönemann 1966), the refinement step of Lample et al. (2018)."""

import numpy as np
import scipy.linalg

from lingualift.messages import LinguaLiftError


def procrustes(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None, precise: bool = True
) -> np.ndarray:
    """The orthogonal W [d, d] (float32) that minimises ‖source·W − target‖ over rows [pairs, d],
    each weighted by `weights` [pairs].

    W = U Vᵀ with U S Vᵀ the singular value decomposition of sourceᵀ·target, in float64 or (not
    `precise`, twice as fast) float32.
    """
    if source.shape != target.shape or not len(source):
        raise LinguaLiftError(
            f"Procrustes needs as many source as target rows, at least one; got {source.shape} and"
            f" {target.shape}"
        )
    precision = np.float64 if precise else np.float32
    left = source.astype(precision)
    if weights is not None:
        left = left * weights[:, None]
    u, _, vt = singular_values(left.T @ target.astype(precision, copy=False))
    return (u @ vt).astype(np.float32)


def singular_values(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U, S, Vᵀ of a finite matrix, also where LAPACK's divide and conquer fails (seen on 93 pairs
    in 300 dimensions).
    """
    try:
        u, s, vt = np.linalg.svd(matrix)
    except np.linalg.LinAlgError:
        u, s, vt = scipy.linalg.svd(matrix, lapack_driver="gesvd")
    return u, s, vt
