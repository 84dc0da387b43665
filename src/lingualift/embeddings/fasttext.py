"""fastText word vectors: trained on a corpus or read from published files, kept as a memory-mapped array and a vocabulary table.

A store is a folder with `vectors.npy` (float32 [words, dim], C order) and `vocabulary.parquet` (word, frequency), most frequent first.
"""

import ctypes
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lingualift.artifacts import atomic_directory, check_directory, read_parquet, write_parquet
from lingualift.errors import LinguaLiftError, nearest

logger = logging.getLogger(__name__)

VOCABULARY_SCHEMA = pa.schema([pa.field("word", pa.string(), nullable=False), pa.field("frequency", pa.int64(), nullable=False)])
SHOWN = 5  # line numbers listed in a message


@dataclass(frozen=True)
class Embeddings:
    """Word vectors, most frequent word first: `words`, `frequencies` int64 [words], `vectors` float32 [words, dim]."""

    words: list[str]
    frequencies: np.ndarray
    vectors: np.ndarray

    def rows(self, words: Sequence[str]) -> np.ndarray:
        """The row of each word, int64 [len(words)], or -1 where it has no vector."""
        place = {word: row for row, word in enumerate(self.words)}
        return np.array([place.get(word, -1) for word in words], np.int64)

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
    window: int = 5,
    subwords: tuple[int, int] = (3, 6),
    buckets: int = 100_000,
    lowercase: bool = True,
) -> Embeddings:
    """Train fastText skipgram (Bojanowski et al. 2017) on a corpus file, one sentence per line.

    One thread, because fastText's threads race: with one, the same corpus gives the same bytes (the library's generator has a fixed
    seed; see `_zeroed_memory`). A corpus without a word that occurs `minimum_count` times is an error.
    """
    import fasttext

    with _training_text(corpus, lowercase) as text, _zeroed_memory():
        try:
            model = fasttext.train_unsupervised(
                str(text), model="skipgram", dim=dim, epoch=epochs, minCount=minimum_count, lr=learning_rate, ws=window,
                minn=subwords[0], maxn=subwords[1], bucket=buckets if subwords[1] else 0, thread=1, verbose=0,
            )  # fmt: skip
        except (ValueError, RuntimeError) as error:
            hint = f"lower the learning rate {learning_rate}" if "NaN" in str(error) else f"is any word in it {minimum_count} times?"
            raise LinguaLiftError(f"{corpus}: fastText cannot train on it ({error}); {hint}") from error
        embeddings = _of_model(model, None)
    if not np.isfinite(embeddings.vectors).all():
        raise LinguaLiftError(f"{corpus}: fastText diverged (vectors are not finite); lower the learning rate {learning_rate}")
    return embeddings


@contextmanager
def _zeroed_memory() -> Iterator[None]:
    """Let the C library hand out zeroed memory, so that fastText 0.9.3 starts from known values.

    With one thread fastText initialises only the first tenth of its input matrix (`DenseMatrix::uniformThread` divides the matrix by ten
    whatever the number of threads); the rest holds what was in memory before. Measured before this was added: other vectors in every
    run, training that stopped at NaN, and a German lexicon that looked collapsed. From zero those rows (subwords, mostly) learn as well.
    glibc's M_PERTURB fills new memory with the complement of its value; where the C library has no such switch, vectors may vary.
    """
    perturb = -6
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        logger.warning("this C library cannot hand out zeroed memory: fastText vectors may differ from run to run")
        yield
        return
    mallopt(perturb, 0xFF)
    try:
        yield
    finally:
        mallopt(perturb, 0)


@contextmanager
def _training_text(corpus: str | Path, lowercase: bool) -> Iterator[Path]:
    try:
        text = Path(corpus).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LinguaLiftError(f"{corpus}: cannot be read as UTF-8 text ({error})") from error
    if not text.strip():
        raise LinguaLiftError(f"{corpus}: empty corpus; delete it and run again")
    if not lowercase:
        yield Path(corpus)
        return
    handle, name = tempfile.mkstemp(suffix=".txt")
    try:
        with open(handle, "w", encoding="utf-8") as lowered:
            lowered.write(text.lower())
        yield Path(name)
    finally:
        os.unlink(name)


def _of_model(model: Any, limit: int | None) -> Embeddings:
    words, counts = model.get_words(include_freq=True)
    chosen = [row for row, word in enumerate(words) if word != "</s>"][:limit]
    vectors = np.stack([model.get_word_vector(words[row]) for row in chosen]).astype(np.float32) if chosen else np.empty((0, 0), np.float32)
    return Embeddings([words[row] for row in chosen], np.array([counts[row] for row in chosen], np.int64), vectors)


def read_bin(path: str | Path, limit: int | None = None) -> Embeddings:
    """The first `limit` words of a fastText model (`cc.XX.300.bin`); a truncated or foreign file is an error."""
    import fasttext

    if not Path(path).is_file():
        raise LinguaLiftError(f"{path}: no such file")
    try:
        model = fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise LinguaLiftError(f"{path}: not a complete fastText model ({error}); download it again") from error
    return _checked(_of_model(model, limit), str(path))


def _checked(embeddings: Embeddings, name: str) -> Embeddings:
    if not embeddings.words:
        raise LinguaLiftError(f"{name}: no words")
    bad = np.flatnonzero(~np.isfinite(embeddings.vectors).all(axis=1))
    if len(bad):
        raise LinguaLiftError(f"{name}: the vector of {embeddings.words[bad[0]]!r} is not finite")
    return embeddings


def read_vec(
    path: str | Path, limit: int | None = None, *, strict: bool = False, frequencies: Callable[[str], int] | None = None
) -> Embeddings:
    """The first `limit` words of fastText's text format: a header `words dim`, then `word v1 ... v_dim` a line, most frequent first.

    Malformed lines (another dimension, not numbers, not finite, a word seen before, not UTF-8) are skipped with one warning that gives
    their numbers, or refused with `strict`; a file with fewer lines than its header says is refused when all of it was wanted. The
    format holds no
    frequencies: without `frequencies`, Zipf's law stands in (the word at rank r gets words / r).
    """
    words: list[str] = []
    rows: list[np.ndarray] = []
    problems: dict[str, list[int]] = {}
    seen: set[str] = set()
    if not Path(path).is_file():
        raise LinguaLiftError(f"{path}: no such file")
    with open(path, "rb") as handle:
        header = handle.readline().split()
        if len(header) != 2 or not all(field.isdigit() for field in header):
            raise LinguaLiftError(f"{path}, line 1: 'words dimension' expected; is it a fastText .vec file?")
        count, dim = int(header[0]), int(header[1])
        wanted = count if limit is None else min(limit, count)
        lines, ended = 0, True
        for number, raw in enumerate(handle, 2):
            if len(words) >= wanted:
                break
            lines, ended = lines + 1, raw.endswith(b"\n")
            problem, word, row = _parse(raw, dim)
            if problem is None and word in seen:
                problem = "a word seen before"
            if problem is not None:
                problems.setdefault(problem, []).append(number)
                if strict:
                    raise LinguaLiftError(f"{path}, line {number}: {problem}; repair the file or let malformed lines be skipped")
                continue
            seen.add(word)
            words.append(word)
            rows.append(row)
    if lines < wanted or not ended:
        raise LinguaLiftError(f"{path}: truncated: {lines} of the {count} lines that its header promises; download it again")
    for problem, numbers in problems.items():
        shown = ", ".join(map(str, numbers[:SHOWN])) + (" ..." if len(numbers) > SHOWN else "")
        logger.warning("%s: %d line(s) skipped: %s (line %s)", path, len(numbers), problem, shown)
    if not words:
        raise LinguaLiftError(f"{path}: no usable line of {lines}; {nearest('', problems) if problems else 'the file is empty'}")
    counts = [frequencies(word) if frequencies else math.ceil(len(words) / rank) for rank, word in enumerate(words, 1)]
    return Embeddings(words, np.array(counts, np.int64), np.stack(rows))


def _parse(raw: bytes, dim: int) -> tuple[str | None, str, np.ndarray]:
    """(problem or None, word, vector) of one line."""
    nothing = np.empty(0, np.float32)
    try:
        line = raw.decode("utf-8").rstrip("\n").rstrip(" ")
    except UnicodeDecodeError:
        return "not UTF-8", "", nothing
    # Only spaces separate fields: published files hold words with other white space, such as no-break spaces.
    word, *fields = line.split(" ")
    if len(fields) != dim:
        return f"{len(fields)} numbers where {dim} were expected", word, nothing
    try:
        row = np.array(fields, np.float32)
    except ValueError:
        return "not numbers", word, nothing
    if not word:
        return "no word", word, nothing
    return (None if np.isfinite(row).all() else "a value that is not finite"), word, row


def save_embeddings(path: str | Path, embeddings: Embeddings, provenance: dict[str, Any] | None = None) -> None:
    """Write a store (`vectors.npy`, `vocabulary.parquet`) atomically, most frequent first (ties in the order given)."""
    sizes = (len(embeddings.words), len(embeddings.frequencies), len(embeddings.vectors))
    if len(set(sizes)) != 1:
        raise LinguaLiftError(f"{path}: {sizes[0]} words, {sizes[1]} frequencies and {sizes[2]} vectors do not belong together")
    order = np.argsort(-embeddings.frequencies, kind="stable")
    table = pa.table({"word": [embeddings.words[row] for row in order], "frequency": embeddings.frequencies[order]})
    with atomic_directory(path) as folder:
        np.save(folder / "vectors.npy", np.ascontiguousarray(embeddings.vectors[order], np.float32))
        write_parquet(folder / "vocabulary.parquet", table, VOCABULARY_SCHEMA, provenance)


def load_embeddings(path: str | Path) -> Embeddings:
    """Open a store with its vectors memory-mapped, read-only; a damaged or inconsistent store is an error."""
    folder = Path(path)
    check_directory(folder)
    vocabulary = read_parquet(folder / "vocabulary.parquet", VOCABULARY_SCHEMA)
    try:
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise LinguaLiftError(f"{folder}/vectors.npy: damaged ({error}); delete the folder and run again") from error
    if vectors.ndim != 2 or vectors.dtype != np.float32 or len(vectors) != vocabulary.num_rows:
        raise LinguaLiftError(f"{folder}: {vectors.shape} vectors for {vocabulary.num_rows} words; delete the folder and run again")
    return Embeddings(vocabulary.column("word").to_pylist(), vocabulary.column("frequency").to_numpy(), vectors)
