"""Starts: where the first dictionary comes from, before refinement. No start sees a gold
dictionary.

A start is a list of word pairs (`csls.WordPairs`), or for the encoder a finished space of its own.
"""

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lingualift.lexicon.csls import Scores, WordPairs, match
from lingualift.lexicon.normalise import normalise, reduce_together, remove_components
from lingualift.messages import LinguaLiftError

# Most frequent words of each side by which starts are made, learn and are compared. VecMap with its
# own 20,000 words takes 358 CPU seconds in Spanish, with 2,000 it takes 104 and is 3 points better.
START_WORDS = 2000
BANDS = 5  # of frequency, of the similarity start
# Weight of the frequency term beside CSLS of similarity distributions. It and the bands were
# settled on help texts of half size: without frequencies one of six pairs did not collapse (nl),
# with them five (es, nl, it, de, fr).
SIMILARITY_FREQUENCY_WEIGHT = 0.3
# Principal directions removed from encoder vectors: they carry script and length, not meaning
# (1-2 points of P@1 over none).
ENCODER_COMPONENTS = 2
# At 512 of 1,920 dimensions P@1 changed by less than a point, and a search is four times cheaper.
ENCODER_DIMENSIONS = 512


def similarity_start(
    source: np.ndarray,
    target: np.ndarray,
    k: int,
    frequencies: tuple[np.ndarray, np.ndarray] | None = None,
    first_band: int = 50,
) -> WordPairs:
    """Similarity-distribution start (Artetxe et al. 2018): words that mean the same have alike
    distributions of similarities.

    Of the `START_WORDS` most frequent words of each side, each word's cosines with the others of
    its language are sorted; sorted rows are normalised and matched by CSLS; mutual best pairs are
    returned. `source`, `target`: normalised vectors [words, dim], most frequent first.

    With the words' `frequencies` (counts [words] of each side), cosines are sorted within bands of
    words about as frequent instead. The first band has `first_band` words, each other several times
    as many as the one before; pairs of unlike frequency are penalised (`frequency_scores`). On
    small corpora two to twenty times as many of the pairs are right; spaces that are nearly
    isometric need no bands and have fewer.
    """
    count = min(START_WORDS, len(source), len(target))
    edges = [0, count] if frequencies is None else _bands(count, first_band)
    distributions = []
    for side in (source, target):
        similarity = side[:count] @ side[:count].T
        for start, end in pairwise(edges):
            similarity[:, start:end].sort(axis=1)
        distributions.append(normalise(similarity))
    term = None
    if frequencies is not None:
        term = frequency_scores(
            frequencies[0][:count], frequencies[1][:count], SIMILARITY_FREQUENCY_WEIGHT
        )
    return match(distributions[0], distributions[1], min(k, count), term).mutual


def _bands(count: int, first: int) -> list[int]:
    """Edges of up to five bands of `count` words whose ends are in geometric progression."""
    return [
        0,
        *sorted({round(end) for end in np.geomspace(min(first, count), count, BANDS).tolist()}),
    ]


def identical_start(source_words: Sequence[str], target_words: Sequence[str]) -> WordPairs:
    """Words spelled alike in both languages, case folded (the weak supervision of Artetxe et al.
    2018 and Søgaard et al. 2018).
    """
    return _shared(
        [word.casefold() for word in source_words], [word.casefold() for word in target_words]
    )


def numeral_start(source_words: Sequence[str], target_words: Sequence[str]) -> WordPairs:
    """Numerals of equal value in any native digits."""
    return _shared(
        [numeral(word) for word in source_words], [numeral(word) for word in target_words]
    )


def numeral(word: str) -> str | None:
    """The ASCII digits of a word that consists of decimal digits of any script, or None."""
    digits = [unicodedata.decimal(character, None) for character in word]
    return (
        "".join(str(digit) for digit in digits)
        if digits and all(digit is not None for digit in digits)
        else None
    )


def _shared(left: Sequence[str | None], right: Sequence[str | None]) -> WordPairs:
    column: dict[str, int] = {}
    for index, word in enumerate(right):
        if word is not None:
            column.setdefault(word, index)
    return _arrays(
        [
            (index, column[word])
            for index, word in enumerate(left)
            if word is not None and word in column
        ]
    )


def _arrays(pairs: Sequence[tuple[int, int]]) -> WordPairs:
    return (
        np.array([source for source, _ in pairs], np.int64),
        np.array([target for _, target in pairs], np.int64),
    )


def seed_start(
    source_words: Sequence[str], target_words: Sequence[str], dictionary: Sequence[tuple[str, str]]
) -> WordPairs:
    """The pairs of a user's seed dictionary that both vocabularies hold (case folded); none at all
    is an error.
    """
    source = {word.casefold(): index for index, word in reversed(list(enumerate(source_words)))}
    target = {word.casefold(): index for index, word in reversed(list(enumerate(target_words)))}
    pairs = sorted(
        {
            (source[s.casefold()], target[t.casefold()])
            for s, t in dictionary
            if s.casefold() in source and t.casefold() in target
        }
    )
    if not pairs:
        raise LinguaLiftError(
            f"seed dictionary: none of its {len(dictionary)} pairs has both words in the"
            " vocabularies; check its language and column order"
        )
    return _arrays(pairs)


def encoder_space(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Encoder word vectors (`words.embed_words`, [n, d] and [m, d]) as comparable unit vectors.

    Each language loses its leading principal directions; the rest is projected on the leading
    directions of both together. No map is needed: the encoder is one space already.
    """
    return reduce_together(
        remove_components(source, ENCODER_COMPONENTS),
        remove_components(target, ENCODER_COMPONENTS),
        ENCODER_DIMENSIONS,
    )


def frequency_scores(
    source_frequency: np.ndarray, target_frequency: np.ndarray, weight: float
) -> Scores:
    """−weight · (a − b)², a and b the log relative frequencies of source [n] and target words [m],
    as an inner product of three columns.

    Words that translate each other are about equally frequent: over pairs of parallel pages the
    logarithms of their shares correlate at .88 and differ by .65 (standard deviation).
    """
    a, b = (_log_frequency(counts) for counts in (source_frequency, target_frequency))
    left = np.column_stack([2 * weight * a, -weight * a * a, np.ones(len(a))])
    right = np.column_stack([b, np.ones(len(b)), -weight * b * b])
    return Scores(left.astype(np.float32), right.astype(np.float32))


def _log_frequency(counts: np.ndarray) -> np.ndarray:
    counts = np.maximum(np.asarray(counts, np.float64), 1e-12)
    return np.log(counts / counts.sum())
