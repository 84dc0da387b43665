"""What is known of the words of two languages: their frequencies, and one or two views of their
meaning, fastText vectors and the multilingual encoder's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lingualift.config import LexiconSettings
from lingualift.lexicon.csls import Match, Scores, WordPairs, match
from lingualift.lexicon.normalise import leading_directions, normalise
from lingualift.lexicon.refine import MINIMUM_PAIRS, rotate_towards, whiten_within_pairs
from lingualift.lexicon.starts import START_WORDS, encoder_space, frequency_scores
from lingualift.lexicon.verdict import HeldOut, distinct, distinct_share, held_out_agreement
from lingualift.messages import LinguaLiftError

MINIMUM_FASTTEXT_WORDS = 100  # fewer words with vectors than this a side: fastText is left out
# Leading directions of the fastText vectors in which starts learn and are compared. With them, and
# with halves of the frequent words, half a million tokens converge, in 5 CPU seconds a lexicon.
START_DIRECTIONS = 100
# Weight of the frequency term in the encoder's score: 1-2 points of P@1 on most of nine languages.
ENCODER_FREQUENCY_WEIGHT = 0.005


@dataclass(frozen=True)
class WordSpace:
    """The words of one language, most frequent first, with what is known of them.

    `fasttext` float32 [words, d] with a row of NaN where a word has no vector, or None; `encoder`
    float32 [words, e] from `words.embed_words`, or None; `pos` the usual part of speech of each
    word, or None.
    """

    words: Sequence[str]
    frequencies: np.ndarray
    fasttext: np.ndarray | None = None
    encoder: np.ndarray | None = None
    pos: Sequence[str] | None = None


@dataclass(frozen=True)
class EncoderView:
    """All words in the encoder's own space, `source` [n, d] and `target` [m, d] unit vectors, with
    the score and the mutual `pairs` of it.

    `distinct`: the share of words with a vector of their own, of the language that has fewer.
    """

    source: np.ndarray
    target: np.ndarray
    scores: Scores
    pairs: WordPairs
    distinct: float

    @property
    def mutual_rate(self) -> float:
        """Mutual pairs in the number of words that could be paired."""
        return len(self.pairs[0]) / min(len(self.source), len(self.target))


@dataclass(frozen=True)
class FastTextSide:
    """The words of one language that have fastText vectors: their `rows` among all words, spelling,
    frequencies, normalised vectors, and those vectors in their leading directions.

    `distinct` bool: whether each of the words that starts learn from has a vector of its own.
    `given` are the vectors of all words as they came.
    """

    rows: np.ndarray
    words: list[str]
    frequencies: np.ndarray
    vectors: np.ndarray
    leading: np.ndarray
    distinct: np.ndarray
    given: np.ndarray

    @property
    def published(self) -> np.ndarray:
        """The words' vectors as they came, float32 [words, d]."""
        return np.asarray(self.given[self.rows], np.float32)

    @classmethod
    def of(cls, space: WordSpace, neighbourhood: int) -> "FastTextSide | None":
        """None where too few words have vectors."""
        if space.fasttext is None:
            return None
        rows = np.flatnonzero(np.isfinite(space.fasttext).all(axis=1))
        if len(rows) < max(MINIMUM_FASTTEXT_WORDS, neighbourhood):
            return None
        vectors = normalise(space.fasttext[rows])
        return cls(
            rows,
            [space.words[row] for row in rows.tolist()],
            np.asarray(space.frequencies)[rows],
            vectors,
            leading_directions(vectors, START_DIRECTIONS),
            distinct(vectors[:START_WORDS], vectors[:START_WORDS]),
            space.fasttext,
        )


@dataclass(frozen=True)
class FastTextPair:
    """The words of both languages that have fastText vectors."""

    source: FastTextSide
    target: FastTextSide

    def among(self, pairs: WordPairs) -> WordPairs:
        """Pairs of all words as pairs of the words with vectors; the others are left out."""
        known = np.isin(pairs[0], self.source.rows) & np.isin(pairs[1], self.target.rows)
        return (
            np.searchsorted(self.source.rows, pairs[0][known]),
            np.searchsorted(self.target.rows, pairs[1][known]),
        )

    def over_all(self, pairs: WordPairs) -> WordPairs:
        """Pairs of the words with vectors as pairs of all words."""
        return self.source.rows[pairs[0]], self.target.rows[pairs[1]]

    def frequency_term(self, weight: float) -> Scores:
        """The penalty for unlike frequency over the words with vectors."""
        return frequency_scores(self.source.frequencies, self.target.frequencies, weight)

    def agreement(self, first: np.ndarray, second: np.ndarray) -> float:
        """The share of source words for which two dictionaries, the best target of each int [n],
        agree.

        Words that share a vector have the same best target by their order alone, and targets that
        share one are told apart by it: both count as disagreement.
        """
        count = len(first)
        agreed = (first == second) & self.source.distinct[:count] & self.target.distinct[first]
        return float(agreed.mean())

    def held_out(self, pairs: WordPairs, seed: int) -> HeldOut | None:
        """How well the fastText vectors confirm pairs of these words (`verdict.py`)."""
        return held_out_agreement(self.source.vectors, self.target.vectors, pairs, seed)

    @property
    def distinct(self) -> float:
        """The share of words with a vector of their own, of the language that has fewer."""
        return min(distinct_share(side.vectors) for side in (self.source, self.target))


@dataclass(frozen=True)
class Views:
    """All that a lexicon is made from; a view is None where a language has too little of it."""

    source: WordSpace
    target: WordSpace
    encoder: EncoderView | None
    fasttext: FastTextPair | None

    @classmethod
    def of(cls, source: WordSpace, target: WordSpace, settings: LexiconSettings) -> "Views":
        """The views that the settings use."""
        sides = [FastTextSide.of(space, settings.neighbourhood) for space in (source, target)]
        fasttext = None
        if sides[0] is not None and sides[1] is not None:
            fasttext = FastTextPair(sides[0], sides[1])
        return cls(source, target, encoder_view(source, target, settings), fasttext)

    def without_identical(self, pairs: WordPairs) -> WordPairs:
        """Pairs of all words that are not spelled alike: names and loans would vouch for any
        lexicon.
        """
        differ = np.array(
            [
                self.source.words[row].casefold() != self.target.words[column].casefold()
                for row, column in zip(*pairs, strict=True)
            ],
            bool,
        )
        return pairs[0][differ], pairs[1][differ]


def encoder_view(
    source: WordSpace, target: WordSpace, settings: LexiconSettings
) -> EncoderView | None:
    """The encoder's view, turned and whitened by its own mutual pairs where there are enough; None
    without encoder vectors or without the start `encoder`.
    """
    if source.encoder is None or target.encoder is None or "encoder" not in settings.starts:
        return None
    term = None
    if settings.use_frequencies:
        term = frequency_scores(source.frequencies, target.frequencies, ENCODER_FREQUENCY_WEIGHT)

    def matched(left: np.ndarray, right: np.ndarray) -> Match:
        return match(left, right, settings.neighbourhood, term)

    left, right = encoder_space(source.encoder, target.encoder)
    # Few directions can hide in both: in the vectors as they come, and in what is left of them.
    distinct_words = min(
        distinct_share(vectors)
        for vectors in (left, right, normalise(source.encoder), normalise(target.encoder))
    )
    best = matched(left, right)
    if len(best.mutual[0]) >= MINIMUM_PAIRS:
        turned = rotate_towards(left, right, best.mutual)
        pairs = matched(turned, right).mutual
        if len(pairs[0]) >= MINIMUM_PAIRS:
            left, right = whiten_within_pairs(turned, right, pairs)
            best = matched(left, right)
    return EncoderView(left, right, best.scores, best.mutual, distinct_words)


def check_spaces(source: WordSpace, target: WordSpace, settings: LexiconSettings) -> None:
    """Refuse word spaces that do not fit together, with one line."""
    for side, space in (("source", source), ("target", target)):
        if len(space.words) < settings.neighbourhood:
            raise LinguaLiftError(
                f"{len(space.words)} {side} words, fewer than the CSLS neighbourhood of"
                f" {settings.neighbourhood}; give more text or a word list"
            )
        seen: set[str] = set()
        for word in space.words:
            if word in seen:
                raise LinguaLiftError(f"the {side} word {word!r} occurs twice in the vocabulary")
            seen.add(word)
        for kind, values in (
            ("frequencies", space.frequencies),
            ("fasttext", space.fasttext),
            ("encoder", space.encoder),
            ("pos", space.pos),
        ):
            if values is not None and len(values) != len(space.words):
                raise LinguaLiftError(
                    f"{len(values)} rows of {side} {kind} for {len(space.words)} words"
                )
        _check_finite(side, space)
    for kind, left, right in (
        ("fasttext", source.fasttext, target.fasttext),
        ("encoder", source.encoder, target.encoder),
    ):
        if left is not None and right is not None and left.shape[1] != right.shape[1]:
            raise LinguaLiftError(
                f"{kind} vectors of {left.shape[1]} dimensions for the source and"
                f" {right.shape[1]} for the target; train both alike"
            )


def _check_finite(side: str, space: WordSpace) -> None:
    for kind, vectors in (("fasttext", space.fasttext), ("encoder", space.encoder)):
        if vectors is None:
            continue
        damaged = ~np.isfinite(vectors).all(axis=1)
        if kind == "fasttext":  # a row of NaN alone stands for a word without a vector
            damaged &= ~np.isnan(vectors).all(axis=1)
        if damaged.any():
            word = space.words[int(np.flatnonzero(damaged)[0])]
            raise LinguaLiftError(
                f"the {kind} vector of the {side} word {word!r} is not finite ({damaged.sum()} such"
                " words); train or encode again, or take other published vectors"
            )
