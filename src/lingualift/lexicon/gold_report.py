"""Precision of every view of a lexicon on a gold dictionary: measured after everything is decided,
for reporting alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.config import LexiconSettings
from lingualift.lexicon.csls import Scores
from lingualift.lexicon.final import FinalView, mapped_fasttext
from lingualift.lexicon.gold import precision_at
from lingualift.lexicon.tries import Tries
from lingualift.lexicon.views import Views

GOLD_RANKS = (1, 5, 10)


def gold_report(
    views: Views,
    tries: Tries,
    final: FinalView,
    gold: Mapping[str, set[str]],
    settings: LexiconSettings,
    seed: int,
) -> dict[str, Any]:
    """P@k of the encoder's, the combined and the best fastText score, and of plain cosines
    (`..._nn`).

    Precision is over all words; a source word without a vector has no candidates and counts as
    wrong.
    """
    asked = _Asked(views, gold, seed)
    encoder, fasttext, name = views.encoder, views.fasttext, tries.best_of_fasttext()
    precisions = {}
    if encoder is not None:
        rows, columns = np.arange(len(encoder.source)), np.arange(len(encoder.target))
        precisions["encoder"] = asked.precision(encoder.scores, rows, columns)
        if final.name == "combined":
            precisions["combined"] = asked.precision(final.scores, rows, columns)
        cosine = Scores(encoder.source, encoder.target)
        precisions["encoder_nn"] = asked.precision(cosine, rows, columns)
    if fasttext is not None and name is not None:
        rows, columns = fasttext.source.rows, fasttext.target.rows
        mapped = mapped_fasttext(fasttext, tries.by_name[name], settings, alone=encoder is None)
        precisions["fasttext"] = asked.precision(mapped.scores, rows, columns)
        cosine = Scores(mapped.source, mapped.target)
        precisions["fasttext_nn"] = asked.precision(cosine, rows, columns)
    return precisions


@dataclass(frozen=True)
class _Asked:
    """A gold dictionary put to the words of two languages."""

    views: Views
    gold: Mapping[str, set[str]]
    seed: int

    def precision(self, scores: Scores, rows: np.ndarray, columns: np.ndarray) -> dict[str, Any]:
        """P@k by a score of the words at `rows` and `columns` among all."""
        source, target = self.views.source.words, self.views.target.words
        asked = np.array(
            [index for index, row in enumerate(rows.tolist()) if source[row].lower() in self.gold],
            np.int64,
        )
        depth = min(max(GOLD_RANKS), len(scores.target))
        candidates = np.full((len(source), depth), -1, np.int64)
        if len(asked):
            nearest = Scores(scores.source[asked], scores.target).forward(depth)
            candidates[rows[asked]] = columns[nearest.indices]
        return precision_at(
            source, target, candidates, self.gold, ks=GOLD_RANKS, seed=self.seed
        ).as_dict()
