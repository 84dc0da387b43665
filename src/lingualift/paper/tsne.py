"""t-SNE (van der Maaten and Hinton 2008), exact: affinities of all pairs, gradient descent.

Figure 5 has some thousands of points, of which all pairs fit in memory (4,800 points: 92 MB a
matrix in float32). A library of approximations for millions of points (scikit-learn, openTSNE)
would be another dependency for these lines.
"""

import numpy as np

ITERATIONS, EARLY = 500, 100  # of which the first pull clusters together
EXAGGERATION = 12.0
PERPLEXITY = 30.0
HALVINGS = 60  # of the search for a point's precision
TINY = 1e-12


def squared_distances(vectors: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of all pairs of rows [n, n]."""
    norms = (vectors**2).sum(1)
    distances = norms[:, None] + norms[None] - 2 * vectors @ vectors.T
    np.fill_diagonal(distances, 0)
    return np.maximum(distances, 0)


def affinities(vectors: np.ndarray, perplexity: float) -> np.ndarray:
    """Joint probabilities [n, n] of pairs of rows, each row's Gaussian as wide as the perplexity
    asks: 2 to the power of its entropy.
    """
    distances = squared_distances(vectors.astype(np.float64))
    count = len(distances)
    scale = distances.sum(1, keepdims=True) / max(count - 1, 1) + TINY
    distances /= scale  # precisions of one size, whatever the space
    low, high = np.zeros((count, 1)), np.full((count, 1), np.inf)
    precision = np.ones((count, 1))
    target = np.log(min(perplexity, (count - 1) / 3))
    diagonal = np.eye(count, dtype=bool)
    for _ in range(HALVINGS):
        weights = np.exp(
            -(distances - distances.min(1, keepdims=True, where=~diagonal, initial=np.inf))
            * precision
        )
        weights[diagonal] = 0
        conditional = weights / weights.sum(1, keepdims=True)
        entropy = -(conditional * np.log(conditional + TINY)).sum(1, keepdims=True)
        wide = entropy > target
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    joint = (conditional + conditional.T) / (2 * count)
    return joint


def gradient(joint: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
    """The gradient [n, 2] of the divergence of joint probabilities from those of the points
    (Student's t), and the divergence.
    """
    kernel = 1 / (1 + squared_distances(points))
    np.fill_diagonal(kernel, 0)
    similar = np.maximum(kernel / kernel.sum(), TINY)
    pull = (joint - similar) * kernel
    slope = 4 * (pull.sum(1, keepdims=True) * points - pull @ points)
    divergence = float((joint * np.log(np.maximum(joint, TINY) / similar)).sum())
    return slope, divergence


def tsne(vectors: np.ndarray, perplexity: float = PERPLEXITY) -> np.ndarray:
    """Points [n, 2] for rows [n, d]; the first two principal components are where they start, so
    nothing is drawn by chance. Fewer than four rows stay at their components.
    """
    centred = vectors.astype(np.float64) - vectors.mean(0)
    left, strengths, right = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(
        right[np.arange(len(right)), np.abs(right).argmax(1)]
    )  # else left to the solver
    components = (left * strengths * signs)[:, :2]
    if components.shape[1] < 2:
        components = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    if len(vectors) < 4:
        return components
    joint = affinities(vectors, perplexity)
    points = 1e-4 * components / (components[:, 0].std() + TINY)
    step, gains = np.zeros_like(points), np.ones_like(points)
    rate = max(len(points) / EXAGGERATION, 50.0)  # Belkina and others 2019
    for iteration in range(ITERATIONS):
        early = iteration < EARLY
        slope, _ = gradient(joint * (EXAGGERATION if early else 1.0), points)
        gains = np.maximum(np.where(slope * step < 0, gains + 0.2, gains * 0.8), 0.01)
        step = (0.5 if early else 0.8) * step - rate * gains * slope
        points = points + step
        points -= points.mean(0)
    return points
