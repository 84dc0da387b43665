"""Starts: where the first dictionary comes from, before refinement. No start sees a gold
dictionary.

A start is a pair of index arrays (source, target), int64 [pairs], or for the encoder a finished
score of all pairs.
"""

import logging
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lingualift.errors import LinguaLiftError
from lingualift.lexicon.csls import Scores, match
from lingualift.lexicon.normalise import normalise, reduce_together, remove_components

logger = logging.getLogger(__name__)
Pairs = tuple[np.ndarray, np.ndarray]
BANDS = 5
START_WEIGHT = 0.3  # of the frequency term beside CSLS of similarity distributions


def similarity_start(
    source: np.ndarray,
    target: np.ndarray,
    count: int = 2000,
    k: int = 10,
    use_gpu: bool = True,
    *,
    frequencies: tuple[np.ndarray, np.ndarray] | None = None,
    first_band: int | None = 50,
) -> Pairs:
    """Similarity-distribution start (Artetxe et al. 2018): words that mean the same have alike
    distributions of similarities.

    Of the `count` most frequent words of each side, each word's cosines with the others of its
    language are sorted; sorted rows are normalised (unit, center, unit) and matched by CSLS; mutual
    best pairs are returned. `source`, `target`: normalised vectors [words, dim], most frequent
    first.

    With the words' `frequencies` (counts [words] of each side), cosines are sorted within bands of
    words about as frequent instead, the first of `first_band` words (None: as without them) and
    each other several times as large as the one before, and pairs of unlike frequency are penalised
    (`frequency_scores`). On small corpora two to twenty times as many of the pairs are right;
    spaces that are nearly isometric need no bands and have fewer.
    """
    count = min(count, len(source), len(target))
    edges = [0, count] if frequencies is None or first_band is None else _bands(count, first_band)
    rows = []
    for side in (source, target):
        similarity = side[:count] @ side[:count].T
        for start, end in pairwise(edges):
            similarity[:, start:end].sort(axis=1)
        rows.append(normalise(similarity))
    penalty = None
    if frequencies is not None and first_band is not None:
        penalty = frequency_scores(frequencies[0][:count], frequencies[1][:count], START_WEIGHT)
    return match(rows[0], rows[1], min(k, count), use_gpu, penalty).mutual


def _bands(count: int, first: int) -> list[int]:
    """Edges of up to five bands of `count` words whose ends are in geometric progression."""
    return [
        0,
        *sorted({round(end) for end in np.geomspace(min(first, count), count, BANDS).tolist()}),
    ]


def identical_start(source_words: Sequence[str], target_words: Sequence[str]) -> Pairs:
    """Words spelled alike in both languages, case folded (the weak supervision of Artetxe et al.
    2018 and Søgaard et al. 2018).
    """
    return _shared(
        [word.casefold() for word in source_words], [word.casefold() for word in target_words]
    )


def numeral_start(source_words: Sequence[str], target_words: Sequence[str]) -> Pairs:
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


def _shared(left: Sequence[str | None], right: Sequence[str | None]) -> Pairs:
    place: dict[str, int] = {}
    for index, word in enumerate(right):
        if word is not None:
            place.setdefault(word, index)
    pairs = [
        (index, place[word])
        for index, word in enumerate(left)
        if word is not None and word in place
    ]
    return np.array([pair[0] for pair in pairs], np.int64), np.array(
        [pair[1] for pair in pairs], np.int64
    )


def seed_start(
    source_words: Sequence[str], target_words: Sequence[str], dictionary: Sequence[tuple[str, str]]
) -> Pairs:
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
    return np.array([pair[0] for pair in pairs], np.int64), np.array(
        [pair[1] for pair in pairs], np.int64
    )


def encoder_space(
    source: np.ndarray, target: np.ndarray, *, components: int = 2, dim: int = 512
) -> tuple[np.ndarray, np.ndarray]:
    """Encoder word vectors (`words.embed_words`, [n, d] and [m, d]) as comparable unit vectors [n,
    dim], [m, dim].

    Each language's `components` leading principal directions are removed (they carry script and
    length, not meaning: 1-2 points of P@1 over none), the rest is projected on the `dim` leading
    directions of both together. No map is needed: the encoder is one space already.
    """
    return reduce_together(
        remove_components(source, components), remove_components(target, components), dim
    )


def frequency_scores(
    source_frequency: np.ndarray, target_frequency: np.ndarray, weight: float
) -> Scores:
    """−weight · (a − b)², a and b the log relative frequencies of source [n] and target words [m],
    as an inner product of three columns.

    Words that translate each other are about equally frequent; 0.005 is worth 1-2 points of P@1 on
    most of nine languages.
    """
    a, b = (_log_frequency(counts) for counts in (source_frequency, target_frequency))
    left = np.column_stack([2 * weight * a, -weight * a * a, np.ones(len(a))])
    right = np.column_stack([b, np.ones(len(b)), -weight * b * b])
    return Scores(left.astype(np.float32), right.astype(np.float32))


def _log_frequency(counts: np.ndarray) -> np.ndarray:
    counts = np.maximum(np.asarray(counts, np.float64), 1e-12)
    return np.log(counts / counts.sum())
