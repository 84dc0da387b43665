"""The view in which translations are finally looked up: the encoder's, that of the mapped fastText
vectors, or both combined.
"""

from dataclasses import dataclass

import numpy as np

from lingualift.config import LexiconSettings
from lingualift.lexicon.csls import Scores, WordPairs, combine, csls, mutual_pairs
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.refine import MINIMUM_PAIRS, OrthogonalMap, refine, reweight
from lingualift.lexicon.score import combined_scores
from lingualift.lexicon.search import Neighbours
from lingualift.lexicon.starts import START_WORDS
from lingualift.lexicon.tries import Tries, Try
from lingualift.lexicon.views import FastTextPair, Views
from lingualift.messages import LinguaLiftError

REFINED_WORDS = 10_000  # most frequent words by which the kept map is refined
# Weight of the frequency term where fastText's is the only score. With the weights of pairs it was
# worth 1.7 points of P@1 on dictionary words and 3.4 on parallel pages, over twelve spaces.
FASTTEXT_FREQUENCY_WEIGHT = 0.05


@dataclass(frozen=True)
class MappedFastText:
    """The words with fastText vectors in one space, `source` and `target` unit vectors, and their
    score.
    """

    source: np.ndarray
    target: np.ndarray
    scores: Scores


@dataclass(frozen=True)
class FinalView:
    """Where translations are looked up: its `name`, the `rows` and `columns` of its words among all
    of the source and the target language, their vectors, the score of every pair, the `nearest`
    targets of each source word and the `mutual` pairs.
    """

    name: str  # combined, encoder or fasttext
    rows: np.ndarray
    columns: np.ndarray
    source: np.ndarray
    target: np.ndarray
    scores: Scores
    nearest: Neighbours
    mutual: WordPairs

    @property
    def criterion(self) -> float:
        """The mean cosine of each source word with its best target."""
        best = self.target[self.nearest.indices[:, 0]]
        return float((self.source * best).sum(axis=1, dtype=np.float64).mean())


def final_view(views: Views, tries: Tries, settings: LexiconSettings) -> FinalView:
    """The view of the encoder and the best try's map together, or of the one that there is."""
    encoder, fasttext, kept = views.encoder, views.fasttext, tries.best()
    mapped = None
    if kept is not None and fasttext is not None:
        mapped = mapped_fasttext(fasttext, tries.by_name[kept], settings, alone=encoder is None)
    if encoder is not None:
        name, source, target, scores = "encoder", encoder.source, encoder.target, encoder.scores
        rows, columns = np.arange(len(source)), np.arange(len(target))
        if mapped is not None and fasttext is not None:
            name = "combined"
            scores = combined_scores(
                scores, mapped.scores, fasttext.source.rows, fasttext.target.rows
            )
    elif mapped is not None and fasttext is not None:
        name, source, target, scores = "fasttext", mapped.source, mapped.target, mapped.scores
        rows, columns = fasttext.source.rows, fasttext.target.rows
    else:
        raise LinguaLiftError(
            "nothing to align: no encoder vectors, and no fastText start with"
            f" {MINIMUM_PAIRS} pairs of words that have vectors"
        )
    nearest = scores.forward(min(settings.top_k, len(columns)))
    mutual = mutual_pairs(scores, nearest)
    return FinalView(name, rows, columns, source, target, scores, nearest, mutual)


def mapped_fasttext(
    fasttext: FastTextPair, tried: Try, settings: LexiconSettings, alone: bool
) -> MappedFastText:
    """The map of a try in all directions and over all words, re-weighted where the settings say so;
    a finished map as it is.

    `alone`: no encoder scores beside it, whose score has a frequency term of its own.
    """
    source, target = fasttext.source, fasttext.target
    if tried.rotation is not None:
        spaces = unit(source.published @ tried.rotation), unit(target.published)
        return MappedFastText(*spaces, csls(*spaces, settings.neighbourhood))
    term = None
    if alone and settings.use_frequencies:
        term = fasttext.frequency_term(FASTTEXT_FREQUENCY_WEIGHT)
    fitted = _refined(fasttext, tried, settings.neighbourhood, term)
    if settings.reweight:
        spaces = reweight(source.vectors, target.vectors, fitted.pairs)
    else:
        spaces = (source.vectors @ fitted.rotation).astype(np.float32), target.vectors
        scored = len(fitted.scores.source), len(fitted.scores.target)
        if scored == (len(source.rows), len(target.rows)):
            return MappedFastText(*spaces, fitted.scores)
    scores = csls(*spaces, settings.neighbourhood)
    return MappedFastText(*spaces, scores if term is None else combine(scores, term))


def _refined(fasttext: FastTextPair, tried: Try, k: int, term: Scores | None) -> OrthogonalMap:
    """The map of a try refined on more words in all directions; as it is where it has seen all
    that.

    With a `term` of the score by frequencies, pairs weigh by frequency, too.
    """
    source, target = fasttext.source, fasttext.target
    words = max(len(source.rows), len(target.rows))
    if term is None and words <= START_WORDS and source.leading is source.vectors:
        return tried.map
    return refine(
        source.vectors,
        target.vectors,
        tried.pairs,
        rounds=tried.rounds,
        words=REFINED_WORDS,
        k=k,
        frequencies=None if term is None else (source.frequencies, target.frequencies),
        term=term,
    )
