"""Whether a lexicon can be trusted, from unsupervised evidence alone: 'good', 'weak' or
'collapsed'.

The criterion of Lample et al. does not tell a collapse across languages: in the encoder's space
Swahili (P@1 7) and Telugu (46) both had 0.3, because words resemble each other in form as well as
in meaning. Two independent views do tell. *Held-out agreement*: fit a map between the fastText
spaces on four fifths of the encoder's mutual pairs and rank the true partner of the last fifth
among all targets; pairs that mean nothing do not generalise and score 0.5. *Agreement of starts*:
independent fastText starts that converge find the same dictionary, collapsed ones find different
ones, and their criterion does not rise above what the same procedure reaches from a shuffled
dictionary.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.lexicon.csls import match
from lingualift.lexicon.procrustes import procrustes
from lingualift.lexicon.starts import Pairs

VERDICTS = ("good", "weak", "collapsed")
FOLDS = 5
MINIMUM_HELD_OUT = 50  # pairs; the standard error of the score is then about 0.04


@dataclass(frozen=True)
class Thresholds:
    """Below the first of a pair: collapsed; below the second: weak; else good."""

    held_out: tuple[float, float] = (0.60, 0.67)
    agreement: tuple[float, float] = (0.25, 0.40)
    above_null: tuple[float, float] = (0.015, 0.03)
    encoder_rate: float = (
        0.05  # unrelated vectors pair more than half of their words; below this: collapsed
    )


def held_out_agreement(
    source: np.ndarray, target: np.ndarray, pairs: Pairs, seed: int = 0
) -> tuple[float, float] | None:
    """Mean and standard error of the held-out rank score of `pairs`: 1 the true partner is nearest,
    0.5 chance. None below 50 pairs.

    `source` [n, d], `target` [m, d]: normalised fastText vectors that had no part in finding the
    pairs.
    """
    count = len(pairs[0])
    if count < MINIMUM_HELD_OUT:
        return None
    fold = np.random.default_rng(seed).permutation(count) % FOLDS
    ranks = np.empty(count)
    for number in range(FOLDS):
        held = fold == number
        rotation = procrustes(source[pairs[0][~held]], target[pairs[1][~held]])
        similarity = (source[pairs[0][held]] @ rotation) @ target.T
        true = similarity[np.arange(held.sum()), pairs[1][held]]
        ranks[held] = (similarity < true[:, None]).mean(axis=1)
    return float(ranks.mean()), float(ranks.std() / np.sqrt(count))


def rank_score(
    source: np.ndarray, target: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> float | None:
    """The mean share of targets that are farther from a source word than its partner, over pairs
    (rows, columns); None below 50 pairs.
    """
    if len(rows) < MINIMUM_HELD_OUT:
        return None
    similarity = source[rows] @ target.T
    return float((similarity < similarity[np.arange(len(rows)), columns][:, None]).mean())


def isometry(source: np.ndarray, target: np.ndarray, words: int = 1000, k: int = 10) -> float:
    """Eigenvector similarity of two spaces (Søgaard et al. 2018, §4.3): 0 for isospectral neighbour
    graphs, larger the less alike.

    The sum of squared differences of the leading Laplacian eigenvalues of the graphs that join each
    of the `words` most frequent words to its `k` nearest; as many eigenvalues as hold 90 % of the
    smaller spectrum's sum. `source`, `target`: unit vectors, most frequent first.
    """
    count = min(words, len(source), len(target))
    spectra = [_laplacian_spectrum(side[:count], min(k, count - 1)) for side in (source, target)]
    leading = min(
        int(np.searchsorted(np.cumsum(values), 0.9 * values.sum())) + 1 for values in spectra
    )
    return float(((spectra[0][:leading] - spectra[1][:leading]) ** 2).sum())


def _laplacian_spectrum(vectors: np.ndarray, k: int) -> np.ndarray:
    """Eigenvalues, largest first, of D − A for the undirected graph of `k` nearest neighbours."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
    joined = np.zeros(similarity.shape, bool)
    joined[np.arange(len(vectors))[:, None], nearest] = True
    adjacency = (joined | joined.T).astype(np.float64)
    return np.linalg.eigvalsh(np.diag(adjacency.sum(axis=1)) - adjacency)[::-1]


def direction_agreement(
    source: np.ndarray, target: np.ndarray, best: np.ndarray, back: np.ndarray, use_gpu: bool = True
) -> float:
    """The share of source words with one best target under two maps: one from each source word's
    best target, one from each target's best source.

    `source` [n, d], `target` [m, d]: normalised vectors; `best` int [n] each source word's best
    target, `back` int [m] each target word's best source.
    """
    there, back_again = procrustes(source, target[best]), procrustes(source[back], target)
    k = min(10, len(source), len(target))
    return agreement(
        *(match(source @ rotation, target, k, use_gpu).best for rotation in (there, back_again))
    )


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """The share of source words for which two dictionaries (best target of each source word, int
    [n]) agree.
    """
    return float((np.asarray(first) == np.asarray(second)).mean())


def verdict(
    *,
    held_out: tuple[float, float] | None,
    start_agreement: float | None,
    above_null: float | None = None,
    encoder_rate: float | None = None,
    thresholds: Thresholds | None = None,
) -> tuple[str, str]:
    """The verdict and its reason in words.

    Held-out agreement decides where it exists, less one standard error; else the agreement of
    independent starts and the criterion's height above its null, whichever is worse; without a
    second start to agree with, 'weak' at best. `encoder_rate`: the share of words that are each
    other's best to the encoder; one that gives all words of a script the same vector pairs next to
    none. Where nothing speaks for or against a lexicon, it is 'weak'.
    """
    limits = thresholds or Thresholds()
    found: list[tuple[int, str]] = []

    def weigh(value: float, bounds: tuple[float, float], what: str) -> None:
        level = 2 if value < bounds[0] else 1 if value < bounds[1] else 0
        found.append(
            (level, f"{what} {value:.3f} (collapsed below {bounds[0]:g}, good from {bounds[1]:g})")
        )

    if held_out is not None:
        weigh(
            held_out[0] - held_out[1],
            limits.held_out,
            "held-out agreement of two views (less one standard error)",
        )
    else:
        if start_agreement is not None:
            weigh(start_agreement, limits.agreement, "agreement of independent starts")
        if above_null is not None:
            weigh(above_null, limits.above_null, "criterion above that of shuffled dictionaries")
            if start_agreement is None:
                found.append((1, "no second start to agree with"))
        if encoder_rate is not None and encoder_rate < limits.encoder_rate:
            found.append(
                (
                    2,
                    (
                        f"the encoder pairs {encoder_rate:.1%} of the words (collapsed below"
                        f" {limits.encoder_rate:.0%})"
                    ),
                )
            )
    if not found:
        return (
            "weak",
            "no independent evidence: neither fastText vectors for enough words nor a second start",
        )
    level, reason = max(found, key=lambda entry: entry[0])
    return VERDICTS[level], reason


def summary(values: dict[str, Any]) -> dict[str, Any]:
    """Evidence with floats rounded to six digits, so that it reads well and compares equal."""
    return {
        key: (
            round(value, 6)
            if isinstance(value, float)
            else summary(value)
            if isinstance(value, dict)
            else value
        )
        for key, value in values.items()
    }
