"""MUSE's schedule exactly (`lexicon.adversarial.preset: muse`): facebookresearch/MUSE,
unsupervised.py, src/trainer.py and src/dico_builder.py with their default values.

It differs from `adversarial.py` and `refine.py` in this: vectors as they are published, 75,000
words drawn, no dropout in the map's step; dictionaries are the CSLS-nearest target of each of the
15,000 most frequent source words (10,000 for the criterion) among all words; five rounds of
Procrustes follow, and of all epochs and rounds the map with the highest criterion is kept.
"""

import logging
from dataclasses import dataclass

import numpy as np

from lingualift.lexicon.adversarial import AdversarialTraining
from lingualift.lexicon.csls import Scores, WordPairs, csls
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.procrustes import procrustes

logger = logging.getLogger(__name__)
DRAWN_WORDS = 75_000  # --dis_most_frequent
CRITERION_RANK = 10_000  # mean_cosine-csls_knn_10-S2T-10000
DICTIONARY_RANK = 15_000  # --dico_max_rank
ROUNDS = 5  # --n_refinement


@dataclass(frozen=True)
class MuseMap:
    """The kept map `rotation` [dim, dim] of published source vectors, and the dictionary that a
    further round would learn from.
    """

    rotation: np.ndarray
    pairs: WordPairs


def muse_map(training: "MuseTraining") -> MuseMap:
    """The map that MUSE refines from its trained adversary's."""
    source, target = training.source, training.target
    rotation = best = training.best.cpu().numpy()
    highest = training.course.best
    for turn in range(ROUNDS):
        pairs = dictionary(source @ rotation, target, training.k, DICTIONARY_RANK)
        rotation = procrustes(source[pairs[0]], target[pairs[1]])
        value, _ = training.judged(rotation)
        logger.info("refinement %d: criterion %.4f", turn + 1, value)
        if value > highest:
            best, highest = rotation, value
    return MuseMap(best, dictionary(source @ best, target, training.k, DICTIONARY_RANK))


class MuseTraining(AdversarialTraining):
    """The adversary of MUSE's trainer."""

    drawn_words = DRAWN_WORDS
    scale = 1.0
    map_dropout = False

    def judged(self, fitted: np.ndarray) -> tuple[float, WordPairs]:
        """MUSE's validation metric: the mean cosine of the dictionary of frequent words."""
        mapped = self.source @ fitted
        pairs = dictionary(mapped, self.target, self.k, CRITERION_RANK)
        cosines = (unit(mapped[pairs[0]]) * unit(self.target[pairs[1]])).sum(1, dtype=np.float64)
        return float(cosines.mean()) if len(cosines) else -1.0, pairs


def dictionary(mapped: np.ndarray, target: np.ndarray, k: int, rank: int) -> WordPairs:
    """The CSLS-nearest target of each of the `rank` most frequent source words among all words,
    without pairs whose target's index is above `rank` (`get_candidates`, --dico_build S2T).
    """
    scores = csls(unit(mapped), unit(target), k)
    frequent = Scores(np.ascontiguousarray(scores.source[:rank]), scores.target)
    best = frequent.forward(1).indices[:, 0]
    rows = np.flatnonzero(best <= rank)
    return rows, best[rows]
