"""Unsupervised evidence for and against a lexicon, and the verdict that it leads to.

No gold dictionary enters here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lingualift.config import LexiconSettings
from lingualift.lexicon.final import FinalView
from lingualift.lexicon.refine import MINIMUM_PAIRS, OrthogonalMap
from lingualift.lexicon.tries import AGREED, Tries, learned, refined
from lingualift.lexicon.verdict import (
    HeldOut,
    direction_agreement,
    isometry,
    verdict,
)
from lingualift.lexicon.views import FastTextPair, Views

NULL_DRAWS = 3  # shuffled dictionaries that may find the alignment itself before none is a null


@dataclass(frozen=True)
class Evidence:
    """What speaks for a lexicon; None where there is nothing to measure.

    `null_criterion` is what the criterion of the best fastText try reaches from a shuffled
    dictionary; the others are those of `verdict.py`.
    """

    views: Views
    tries: Tries
    final: FinalView
    held_out: HeldOut | None
    start_agreement: float | None
    direction_agreement: float | None
    null_criterion: float | None
    isometry: float | None

    @classmethod
    def of(
        cls,
        views: Views,
        tries: Tries,
        final: FinalView,
        settings: LexiconSettings,
        seed: int,
    ) -> "Evidence":
        """Measure what can be measured."""
        fasttext, name = views.fasttext, tries.best_of_fasttext()
        best = None if name is None else tries.by_name[name]
        if fasttext is None:
            return cls(views, tries, final, None, None, None, None, None)
        # A seed dictionary vouches for itself: it generalises to its held-out fifth or does not.
        by_seed = name == "seed" and views.encoder is None
        return cls(
            views,
            tries,
            final,
            tries.seed_held_out if by_seed else tries.held_out,
            tries.agreement(fasttext),
            _directions(fasttext, tries),
            None if best is None else null_criterion(fasttext, best.map, settings, seed),
            isometry(fasttext.source.vectors, fasttext.target.vectors),
        )

    @property
    def above_null(self) -> float | None:
        """The criterion's height above its null; None for a seed dictionary alone, whose pairs are
        not those that would raise the criterion.
        """
        name = self.tries.best_of_fasttext()
        if name is None or self.null_criterion is None:
            return None
        if name == "seed" and self.start_agreement is None:
            return None
        return self.tries.by_name[name].map.criterion - self.null_criterion

    def verdict(self) -> tuple[str, str]:
        """`good`, `weak` or `collapsed`, and why."""
        encoder, fasttext = self.views.encoder, self.views.fasttext
        return verdict(
            held_out=self.held_out,
            start_agreement=self.start_agreement,
            above_null=self.above_null,
            encoder_rate=None if encoder is None else encoder.mutual_rate,
            distinct_words=min(
                1.0 if encoder is None else encoder.distinct,
                1.0 if fasttext is None else fasttext.distinct,
            ),
        )

    def record(self) -> dict[str, Any]:
        """The evidence as a JSON object."""
        views, tries, final, held_out = self.views, self.tries, self.final, self.held_out
        level, reason = self.verdict()
        fasttext = views.fasttext
        return {
            "source_words": len(views.source.words),
            "target_words": len(views.target.words),
            "source_words_with_fasttext": 0 if fasttext is None else len(fasttext.source.rows),
            "target_words_with_fasttext": 0 if fasttext is None else len(fasttext.target.rows),
            "score": final.name,
            "starts": {
                name: {
                    "criterion": tried.map.criterion,
                    "mutual_rate": tried.map.mutual_rate,
                    "pairs": len(tried.map.pairs[0]),
                    "cross_view": tries.cross_view.get(name),
                }
                for name, tried in tries.by_name.items()
            },
            "skipped_starts": tries.skipped,
            "kept_start": "encoder" if final.name == "encoder" else tries.best(),
            "best_fasttext_only_start": tries.best_of_fasttext(),
            "criterion": final.criterion,
            "mutual_rate": len(final.mutual[0]) / len(final.rows),
            "held_out": None if held_out is None else held_out._asdict(),
            "start_agreement": self.start_agreement,
            "direction_agreement": self.direction_agreement,
            "null_criterion": self.null_criterion,
            "isometry": self.isometry,
            "verdict": level,
            "reason": reason,
        }


def null_criterion(
    fasttext: FastTextPair, kept: OrthogonalMap, settings: LexiconSettings, seed: int
) -> float | None:
    """The criterion that self-learning and refinement reach from the pairs of the `kept` map with
    their target words shuffled: from no dictionary at all.

    On spaces that are much alike they may find the same map even so; that is no null, and another
    is drawn, up to twice.
    """
    if len(kept.pairs[0]) < MINIMUM_PAIRS:
        return None
    k = settings.neighbourhood
    for run in range(NULL_DRAWS):
        shuffled = kept.pairs[0], np.random.default_rng(seed + run).permutation(kept.pairs[1])
        # Frequencies alone can be a dictionary.
        pairs = learned(fasttext, shuffled, k, seed + run, use_frequencies=False)
        null = refined(fasttext, pairs, k).map
        if fasttext.agreement(null.best, kept.best) < AGREED:
            return null.criterion
    return None


def _directions(fasttext: FastTextPair, tries: Tries) -> float | None:
    kept = tries.best()
    if kept is None:
        return None
    fitted = tries.by_name[kept].map
    source = fasttext.source.leading[: len(fitted.best)]
    target = fasttext.target.leading[: len(fitted.back)]
    return direction_agreement(source, target, fitted.best, fitted.back)
