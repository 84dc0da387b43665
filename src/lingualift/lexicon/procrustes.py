"""Orthogonal Procrustes (Schönemann 1966), the refinement step of Lample et al. (2018)."""

import numpy as np

from lingualift.errors import LinguaLiftError


def procrustes(source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The orthogonal W [d, d] (float32) that minimises ‖source·W − target‖ over rows [pairs, d], each weighted by `weights` [pairs].

    W = U Vᵀ with U S Vᵀ the singular value decomposition of sourceᵀ·target.
    """
    if source.shape != target.shape or not len(source):
        raise LinguaLiftError(f"Procrustes needs as many source as target rows, at least one; got {source.shape} and {target.shape}")
    left = source.astype(np.float64)
    if weights is not None:
        left = left * weights[:, None]
    u, _, vt = np.linalg.svd(left.T @ target.astype(np.float64))
    return (u @ vt).astype(np.float32)
