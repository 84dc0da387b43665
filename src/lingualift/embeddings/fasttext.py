"""fastText word vectors: trained on a corpus, kept as a memory-mapped array and a vocabulary table.

A store is a folder with `vectors.npy` (float32 [words, dim], C order) and `vocabulary.parquet`
(word, frequency), most frequent first.
"""

import ctypes
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from lingualift.artifacts import atomic_directory, check_directory, read_parquet, write_parquet
from lingualift.messages import LinguaLiftError
from lingualift.text.readers import read_plain
from lingualift.text.scripts import lower_case

logger = logging.getLogger(__name__)

WINDOW = 5  # words to each side, fastText's default
VOCABULARY_SCHEMA = pa.schema(
    [
        pa.field("word", pa.string(), nullable=False),
        pa.field("frequency", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Embeddings:
    """Word vectors, most frequent word first: `words`, `frequencies` int64 [words], `vectors`
    float32 [words, dim].
    """

    words: list[str]
    frequencies: np.ndarray
    vectors: np.ndarray

    def rows(self, words: Sequence[str]) -> np.ndarray:
        """The row of each word, int64 [len(words)], or -1 where it has no vector."""
        row_of = {word: row for row, word in enumerate(self.words)}
        return np.array([row_of.get(word, -1) for word in words], np.int64)

    def of(self, words: Sequence[str]) -> np.ndarray:
        """The vector of each word, float32 [len(words), dim]; a row of NaN where it has none."""
        rows = self.rows(words)
        vectors = np.full((len(words), self.vectors.shape[1]), np.nan, np.float32)
        vectors[rows >= 0] = self.vectors[rows[rows >= 0]]
        return vectors


def train_skipgram(
    corpus: str | Path,
    *,
    dim: int = 100,
    epochs: int = 10,
    minimum_count: int = 3,
    learning_rate: float = 0.05,
    subwords: tuple[int, int] = (3, 6),
    buckets: int = 100_000,
    language: str = "xx",
) -> Embeddings:
    """Train fastText skipgram (Bojanowski et al. 2017) on a corpus file, one sentence per line.

    The corpus is read in lower case, as `language` (a code) writes it. One thread, because
    fastText's threads race: with one, the same corpus gives the same bytes (the library's generator
    has a fixed seed; see `zeroed_memory`). A corpus without a word that occurs `minimum_count`
    times is an error.
    """
    import fasttext

    with _training_text(corpus, language) as text, zeroed_memory():
        try:
            model = fasttext.train_unsupervised(
                str(text),
                model="skipgram",
                dim=dim,
                epoch=epochs,
                minCount=minimum_count,
                lr=learning_rate,
                ws=WINDOW,
                minn=subwords[0],
                maxn=subwords[1],
                bucket=buckets if subwords[1] else 0,
                thread=1,
                verbose=0,
            )
        except (ValueError, RuntimeError) as error:
            hint = (
                f"lower the learning rate {learning_rate}"
                if "NaN" in str(error)
                else f"is any word in it {minimum_count} times?"
            )
            raise LinguaLiftError(
                f"{corpus}: fastText cannot train on it ({error}); {hint}"
            ) from error
        embeddings = of_model(model)
    if not np.isfinite(embeddings.vectors).all():
        raise LinguaLiftError(
            f"{corpus}: fastText diverged (vectors are not finite); lower the learning rate"
            f" {learning_rate}"
        )
    return embeddings


@contextmanager
def zeroed_memory() -> Iterator[None]:
    """Let the C library hand out zeroed memory, so that fastText 0.9.3 starts from known values.

    With one thread fastText initialises only the first tenth of its input matrix
    (`DenseMatrix::uniformThread` divides the matrix by ten whatever the number of threads); the
    rest holds what was in memory before. Measured before this was added: other vectors in every
    run, training that stopped at NaN, and a German lexicon that looked collapsed. From zero those
    rows (subwords, mostly) learn as well. glibc's M_PERTURB fills new memory with the complement of
    its value; where the C library has no such switch, vectors may vary.
    """
    perturb = -6
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        logger.warning(
            "this C library cannot hand out zeroed memory: fastText vectors may differ from run"
            " to run"
        )
        yield
        return
    mallopt(perturb, 0xFF)
    try:
        yield
    finally:
        mallopt(perturb, 0)


@contextmanager
def _training_text(corpus: str | Path, language: str) -> Iterator[Path]:
    """A temporary copy of the corpus in lower case; an empty one is an error."""
    if not any(line.strip() for line in read_plain(corpus)):
        raise LinguaLiftError(f"{corpus}: empty corpus; delete it and run again")
    handle, name = tempfile.mkstemp(suffix=".txt")
    try:
        with open(handle, "w", encoding="utf-8") as lowered:
            lowered.writelines(lower_case(line, language) + "\n" for line in read_plain(corpus))
        yield Path(name)
    finally:
        os.unlink(name)


def of_model(model: Any) -> Embeddings:
    """The words of a fastText model with their vectors, most frequent first."""
    words, counts = model_words(model)
    return Embeddings(words, counts, vectors_of(model, words))


def model_words(model: Any) -> tuple[list[str], np.ndarray]:
    """The words of a fastText model and their frequencies, most frequent first; a byte that is not
    UTF-8 is a lone surrogate, as in the names of files.
    """
    words, counts = model.get_words(include_freq=True, on_unicode_error="surrogateescape")
    kept = [row for row, word in enumerate(words) if word != "</s>"]
    return [words[row] for row in kept], np.array([counts[row] for row in kept], np.int64)


def vectors_of(model: Any, words: Sequence[str]) -> np.ndarray:
    """The vectors of words in a fastText model, float32 [words, dim]."""
    vectors = np.empty((len(words), model.get_dimension()), np.float32)
    for row, word in enumerate(words):
        vectors[row] = model.get_word_vector(word)
    return vectors


def save_embeddings(
    path: str | Path, embeddings: Embeddings, provenance: dict[str, Any] | None = None
) -> None:
    """Write a store (`vectors.npy`, `vocabulary.parquet`) atomically, most frequent first (ties in
    the order given).
    """
    sizes = (len(embeddings.words), len(embeddings.frequencies), len(embeddings.vectors))
    if len(set(sizes)) != 1:
        raise LinguaLiftError(
            f"{path}: {sizes[0]} words, {sizes[1]} frequencies and {sizes[2]} vectors do not belong"
            " together"
        )
    order = np.argsort(-embeddings.frequencies, kind="stable")
    table = pa.table(
        {
            "word": [embeddings.words[row] for row in order],
            "frequency": embeddings.frequencies[order],
        }
    )
    with atomic_directory(path) as folder:
        np.save(folder / "vectors.npy", np.ascontiguousarray(embeddings.vectors[order], np.float32))
        write_parquet(folder / "vocabulary.parquet", table, VOCABULARY_SCHEMA, provenance)


def save_stream(
    path: str | Path,
    blocks: Iterable[tuple[Sequence[str], np.ndarray]],
    dim: int,
    provenance: dict[str, Any] | None = None,
) -> int:
    """Write a store atomically from blocks of words, most frequent first, and their vectors [block,
    dim]; the number of words.

    Vectors pass straight to the file; only the words are held. `zipf_counts` are their frequencies.
    An error in `blocks` leaves nothing behind.
    """
    words: list[str] = []
    with atomic_directory(path) as folder:
        with open(folder / "vectors.npy", "w+b") as handle:
            _write_header(handle, 0, dim)
            start = handle.tell()
            for block, vectors in blocks:
                words += block
                handle.write(np.ascontiguousarray(vectors, np.float32).data)
            handle.seek(0)
            _write_header(handle, len(words), dim)  # NumPy leaves room for the number to grow
            assert handle.tell() == start
        write_parquet(
            folder / "vocabulary.parquet",
            pa.table({"word": words, "frequency": zipf_counts(len(words))}),
            VOCABULARY_SCHEMA,
            provenance,
        )
    return len(words)


def zipf_counts(words: int) -> np.ndarray:
    """Frequencies int64 [words] for words without them, most frequent first, by Zipf's law: the
    word at rank r of n gets n / r, rounded up.
    """
    return -(-words // np.arange(1, words + 1, dtype=np.int64))


def _write_header(handle: IO[bytes], words: int, dim: int) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
        "fortran_order": False,
        "shape": (words, dim),
    }
    np.lib.format.write_array_header_1_0(handle, header)


def load_embeddings(path: str | Path) -> Embeddings:
    """Open a store with its vectors memory-mapped, read-only; a damaged or inconsistent store is an
    error.
    """
    folder = Path(path)
    check_directory(folder)
    vocabulary = read_parquet(folder / "vocabulary.parquet", VOCABULARY_SCHEMA)
    try:
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise LinguaLiftError(
            f"{folder}/vectors.npy: damaged ({error}); delete the folder and run again"
        ) from error
    if vectors.ndim != 2 or vectors.dtype != np.float32 or len(vectors) != vocabulary.num_rows:
        raise LinguaLiftError(
            f"{folder}: {vectors.shape} vectors for {vocabulary.num_rows} words; delete the folder"
            " and run again"
        )
    return Embeddings(
        vocabulary.column("word").to_pylist(), vocabulary.column("frequency").to_numpy(), vectors
    )
