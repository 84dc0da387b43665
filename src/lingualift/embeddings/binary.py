"""fastText's own format (`cc.sw.300.bin`): read by the library, once its length is checked."""

import logging
import mmap
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from lingualift.embeddings.fasttext import Embeddings, model_words, vectors_of
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import is_utf8

logger = logging.getLogger(__name__)

SHOWN = 5  # words listed in a message
MAGIC = 793712314
VERSIONS = (11, 12)  # that the library reads; published models are of both


def read_bin(
    path: str | Path,
    limit: int | None = None,
    *,
    clean: Callable[[str], str] = str,
    name: str = "",
    strict: bool = False,
) -> Embeddings:
    """The first `limit` words of a fastText model (`cc.XX.300.bin`) with their frequencies; a
    truncated or foreign file is an error.

    `clean` gives a word its spelling; the frequencies of one word's spellings are added. Words that
    are not UTF-8 and words without a finite vector are skipped with a warning or, with `strict`,
    refused. `name` stands for the path in messages.
    """
    import fasttext

    name = name or str(path)
    if not Path(path).is_file() or not Path(path).stat().st_size:
        raise LinguaLiftError(f"{name}: no such file, or an empty one")
    _check_complete(Path(path), name)
    try:
        model = fasttext.load_model(str(path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise LinguaLiftError(
            f"{name}: not a complete fastText model ({error}); download it again"
        ) from error
    written, counts = model_words(model)
    # a lone surrogate stands for a byte; the published Japanese and Korean models have such words
    _skip(name, [word for word in written if not is_utf8(word)], "that are not UTF-8", strict)
    chosen = _first_spellings(written, counts, clean, limit)
    spellings = [spelling for spelling, _ in chosen.values()]
    vectors = vectors_of(model, spellings)
    finite = np.isfinite(vectors).all(axis=1)
    infinite = [word for word, good in zip(spellings, finite, strict=True) if not good]
    _skip(name, infinite, "with a vector that is not finite", strict)
    if not finite.any():
        raise LinguaLiftError(f"{name}: no words")
    words = [word for word, good in zip(chosen, finite, strict=True) if good]
    frequencies = np.array([count for _, count in chosen.values()], np.int64)
    return Embeddings(words, frequencies[finite], vectors[finite])


def _first_spellings(
    written: Sequence[str], counts: np.ndarray, clean: Callable[[str], str], limit: int | None
) -> dict[str, tuple[str, int]]:
    """The first `limit` words, clean: how the most frequent spelling is written, and how often the
    word occurs in any.
    """
    chosen: dict[str, tuple[str, int]] = {}
    for spelling, count in zip(written, counts.tolist(), strict=True):
        word = clean(spelling) if is_utf8(spelling) else ""
        if word in chosen:
            first, total = chosen[word]
            chosen[word] = first, total + count
        elif word and (limit is None or len(chosen) < limit):
            chosen[word] = spelling, count
    return chosen


def _skip(name: str, words: Sequence[str], what: str, strict: bool) -> None:
    """Warn of words that are left out, or refuse them."""
    if not words:
        return
    shown = ", ".join(repr(word.encode(errors="surrogateescape")) for word in words[:SHOWN])
    message = f"{name}: {len(words)} word(s) {what} ({shown})"
    if strict:
        raise LinguaLiftError(
            f"{message}; repair the file or let them be skipped (fasttext.malformed)"
        )
    logger.warning("%s skipped", message)


def _check_complete(path: Path, name: str) -> None:
    """The file is as long as a fastText model's header, words and matrices say: the library itself
    reads a truncated one as rubbish.
    """
    with open(path, "rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            magic, version = struct.unpack_from("<2i", data)
            if magic != MAGIC or version not in VERSIONS:
                raise LinguaLiftError(_other_version(name, magic, version))
            # after twelve settings and one double
            entries, _, _, _, pruned = struct.unpack_from("<3i2q", data, 64)
            position = 92
            for _ in range(entries):
                end = data.find(b"\0", position)
                if end < 0:
                    raise ValueError
                position = end + 10  # a count and a kind follow each word
            position += 8 * max(0, pruned)
            for _ in ("input", "output"):
                quantised, rows, columns = struct.unpack_from("<?2q", data, position)
                if quantised:
                    return
                position += 17 + 4 * rows * columns
            complete = position <= len(data)
        except (struct.error, ValueError):
            complete = False
    if not complete:
        raise LinguaLiftError(
            f"{name}: truncated: not a complete fastText model; download it again"
        )


def _other_version(name: str, magic: int, version: int) -> str:
    if magic == MAGIC:
        return (
            f"{name}: version {version} of fastText's format; the library reads {VERSIONS[0]} and"
            f" {VERSIONS[1]}: take the text file (.vec) of these vectors"
        )
    return (
        f"{name}: not a fastText model, or one from before fastText 0.1 (2017): download it again,"
        " or take the text file (.vec) of these vectors"
    )
