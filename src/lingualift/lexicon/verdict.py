"""Whether a lexicon can be trusted, from unsupervised evidence alone: 'good', 'weak' or 'collapsed'.

The criterion of Lample et al. does not tell a collapse across languages: in the encoder's space Swahili (P@1 7) and Telugu (46) both had
0.3, because words resemble each other in form as well as in meaning. Two independent views do tell. *Held-out agreement*: fit a map between
the fastText spaces on four fifths of the encoder's mutual pairs and rank the true partner of the last fifth among all targets; pairs that
mean nothing do not generalise and score 0.5. *Agreement of starts*: independent fastText starts that converge find the same dictionary,
collapsed ones find different ones.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.lexicon.procrustes import procrustes
from lingualift.lexicon.starts import Pairs

VERDICTS = ("good", "weak", "collapsed")
FOLDS = 5
MINIMUM_HELD_OUT = 50  # pairs; the standard error of the score is then about 0.04


@dataclass(frozen=True)
class Thresholds:
    """Below the first of a pair: collapsed; below the second: weak; else good."""

    held_out: tuple[float, float] = (0.60, 0.67)
    agreement: tuple[float, float] = (0.10, 0.30)


def held_out_agreement(source: np.ndarray, target: np.ndarray, pairs: Pairs, seed: int = 0) -> tuple[float, float] | None:
    """Mean and standard error of the held-out rank score of `pairs`: 1 the true partner is nearest, 0.5 chance. None below 50 pairs.

    `source` [n, d], `target` [m, d]: normalised fastText vectors that had no part in finding the pairs.
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


def rank_score(source: np.ndarray, target: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> float | None:
    """The mean share of targets that are farther from a source word than its partner, over pairs (rows, columns); None below 50 pairs."""
    if len(rows) < MINIMUM_HELD_OUT:
        return None
    similarity = source[rows] @ target.T
    return float((similarity < similarity[np.arange(len(rows)), columns][:, None]).mean())


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """The share of source words for which two dictionaries (best target of each source word, int [n]) agree."""
    return float((np.asarray(first) == np.asarray(second)).mean())


def verdict(
    *, held_out: tuple[float, float] | None, start_agreement: float | None, thresholds: Thresholds | None = None
) -> tuple[str, str]:
    """The verdict and its reason in words.

    Held-out agreement decides where it exists, less one standard error; else the agreement of independent starts; with neither
    nothing can vouch for the lexicon and it is 'weak'.
    """
    limits = thresholds or Thresholds()
    if held_out is not None:
        value, bounds, what = (
            held_out[0] - held_out[1],
            limits.held_out,
            "held-out agreement of encoder and fastText (less one standard error)",
        )
    elif start_agreement is not None:
        value, bounds, what = start_agreement, limits.agreement, "agreement of independent starts"
    else:
        return "weak", "no independent evidence: neither fastText vectors for enough words nor a second start"
    name = "collapsed" if value < bounds[0] else "weak" if value < bounds[1] else "good"
    return name, f"{what} {value:.3f} (collapsed below {bounds[0]:g}, good from {bounds[1]:g})"


def summary(values: dict[str, Any]) -> dict[str, Any]:
    """Evidence with floats rounded to six digits, so that it reads well and compares equal."""
    return {
        key: round(value, 6) if isinstance(value, float) else summary(value) if isinstance(value, dict) else value
        for key, value in values.items()
    }
