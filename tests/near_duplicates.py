"""Is a test problem a near duplicate of a training problem? Exact set cosine of character 5-grams,
numbers and names masked.

Two problems that differ only in numbers, people, case, punctuation or spacing have similarity 1;
one changed noun leaves about 0.8; problems that merely share everyday phrases ('how many ... are
there') stay well below `THRESHOLD`. Exhaustive over all pairs, so the reported maximum is a proof
and not a sample; 395,000 x 811 problems take minutes and a few hundred MB.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from lingualift.messages import LinguaLiftError

THRESHOLD = 0.75
_GRAM = 5
_BATCH = 8192
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_SENTENCE_START = re.compile(r"(?:^|[.?!:।。؟]\s+)[\"“'(]*$")
# Function words that open sentences: never names, even where a corpus shows them only with a
# capital.
_OPENERS = frozenset(
    re.findall(
        r"\w+",
        """
        a after all an and another as at because before both but by each every everybody find first
        for from he her his how i if in into it its last later next no of on our she so some suppose
        that the their then there these they this today together what when where which who why with
        yesterday you
        """,
    )
)


@dataclass(frozen=True)
class Nearest:
    """For every test problem the most similar training problem: `train_index` (-1 without one) and
    `similarity` in [0, 1].
    """

    train_index: np.ndarray  # int64 [tests]
    similarity: np.ndarray  # float64 [tests]


def masked(text: str, lower_case_words: frozenset[str] | set[str] = frozenset()) -> str:
    """`text` in lower case with '#' for every number and '@' for every name, single spaces, no
    punctuation.

    A name is a capitalised word inside a sentence, or one at its start that is neither a function
    word nor in `lower_case_words` (words that the corpus also shows without a capital).
    """
    words = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word[0].isdigit():
            words.append("#")
        elif (
            word[0].isupper()
            and word.lower() not in _OPENERS
            and not (
                word.lower() in lower_case_words and _SENTENCE_START.search(text, 0, match.start())
            )
        ):
            words.append("@")
        else:
            words.append(word.lower())
    return " ".join(words)


def nearest_training(tests: Sequence[str], training: Iterable[str]) -> Nearest:
    """Compare every test problem with every training problem (a stream: it is read once, batch by
    batch).
    """
    known = _lower_case_words(tests)
    test_grams, test_rows = _grams([masked(text, known) for text in tests])
    vocabulary, columns = np.unique(test_grams, return_inverse=True)
    sizes = np.bincount(test_rows, minlength=len(tests)).astype(np.float64)
    from scipy.sparse import csr_matrix

    ones = np.ones(len(columns), dtype=np.float32)
    by_gram = csr_matrix((ones, (columns, test_rows)), shape=(len(vocabulary), len(tests)))

    best = np.zeros(len(tests))
    where = np.full(len(tests), -1, dtype=np.int64)
    offset = 0
    for batch in _batches(training, _BATCH):
        known |= _lower_case_words(batch)
        grams, rows = _grams([masked(text, known) for text in batch])
        lengths = np.bincount(rows, minlength=len(batch)).astype(np.float64)
        if len(vocabulary) and len(grams):
            positions = np.minimum(np.searchsorted(vocabulary, grams), len(vocabulary) - 1)
            shared_grams = vocabulary[positions] == grams
            hits = np.ones(int(shared_grams.sum()), dtype=np.float32)
            counts = csr_matrix(
                (hits, (rows[shared_grams], positions[shared_grams])),
                shape=(len(batch), len(vocabulary)),
            )
            shared = (counts @ by_gram).tocoo()
            cosine = shared.data / np.sqrt(lengths[shared.row] * sizes[shared.col])
            order = np.lexsort(
                (-shared.row, cosine, shared.col)
            )  # the last entry of each test problem is its best, earliest row
            last = order[np.flatnonzero(np.diff(shared.col[order], append=-1))]
            better = cosine[last] > best[shared.col[last]]
            columns_better = shared.col[last][better]
            best[columns_better] = cosine[last][better]
            where[columns_better] = shared.row[last][better] + offset
        offset += len(batch)
    return Nearest(where, np.minimum(best, 1.0))


def require_no_near_duplicates(
    test_ids: Sequence[str],
    tests: Sequence[str],
    training: Iterable[str],
    threshold: float = THRESHOLD,
) -> Nearest:
    """`nearest_training`, raising LinguaLiftError that names the worst test problem where a
    similarity reaches `threshold`.
    """
    result = nearest_training(tests, training)
    reached = np.flatnonzero(result.similarity >= threshold)
    if len(reached):
        worst = reached[np.argmax(result.similarity[reached])]
        raise LinguaLiftError(
            f"{len(reached)} test problem(s) are near duplicates of training problems, worst"
            f" {test_ids[worst]} and training problem {result.train_index[worst] + 1} (similarity"
            f" {result.similarity[worst]:.2f}, allowed below {threshold}); remove it from the"
            " training set"
        )
    return result


def _lower_case_words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in _TOKEN.findall(text) if word[0].islower()}


def _batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(texts)
    while batch := list(islice(iterator, size)):
        yield batch


def _grams(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Distinct hashed character 5-grams of each text: (hashes uint64, text index int64), sorted by
    text.
    """
    joined = "\0".join(f" {text} " for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(
        np.uint64
    )
    if len(codes) < _GRAM:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    row = np.cumsum(codes == 0)
    count = len(codes) - _GRAM + 1
    hashes = np.zeros(count, dtype=np.uint64)
    for shift in range(_GRAM):
        hashes = (hashes * np.uint64(0x9E3779B97F4A7C15)) ^ codes[shift : shift + count]
    whole = (row[:count] == row[_GRAM - 1 :]) & (codes[:count] != 0)
    hashes, row = hashes[whole], row[:count][whole]
    order = np.lexsort((hashes, row))
    hashes, row = hashes[order], row[order]
    new = np.ones(len(hashes), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (row[1:] != row[:-1])
    return hashes[new], row[new]
