"""Published fastText vectors: text format (`wiki.sw.vec`) or fastText's own (`cc.sw.300.bin`),
either compressed with gzip.

Words are cleaned as those of corpora are; of the spellings of one word (`Herr herr HERR`) the most
frequent gives the vector.

The text format is a header `words dim`, then `word v1 ... v_dim` a line, most frequent first. It is
read in blocks, parsed by Arrow's CSV reader and written on at once, so that two million words need
no more memory than their spelling; only a block with something wrong in it is read line by line, to
say which line and what.
"""

import gzip
import io
import logging
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from lingualift.artifacts import read_parquet
from lingualift.data.folders import visible_files
from lingualift.data.rows import first_line, lines
from lingualift.embeddings.binary import read_bin
from lingualift.embeddings.fasttext import (
    VOCABULARY_SCHEMA,
    Embeddings,
    load_embeddings,
    save_embeddings,
    save_stream,
    zipf_counts,
)
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import clean_word

logger = logging.getLogger(__name__)

SUFFIXES = (".vec", ".bin", ".vec.gz", ".bin.gz")
BLOCK = 1 << 23  # bytes read at once
LONGEST = 1 << 20  # bytes of a line
SHOWN = 5  # line numbers listed in a message
BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"[ \t\r]+\n")


def store_pretrained(
    folder: str | Path,
    store: str | Path,
    limit: int,
    *,
    script: str = "Latn",
    language: str = "xx",
    dimension: int | None = None,
    strict: bool = False,
    provenance: dict[str, Any] | None = None,
) -> tuple[int, int]:
    """Write the `limit` most frequent words of the one vector file below `folder` to a store; the
    numbers of words and dimensions.

    Words are cleaned as those of a corpus of `script` (ISO 15924) and `language` (a code). Vectors
    of another `dimension` are refused, malformed lines skipped with a warning or, with `strict`,
    refused.
    """
    path = vector_file(folder)
    clean = partial(clean_word, script=script, language=language)
    with _readable(path, Path(store).parent) as plain:
        if ".bin" in path.suffixes[-2:]:
            vectors = read_bin(plain, limit, clean=clean, name=str(path), strict=strict)
            _check_dimension(f"{path}", vectors.vectors.shape[1], dimension)
            save_embeddings(store, vectors, provenance)
            return vectors.vectors.shape
        reader = VecFile(plain, limit, clean=clean, dimension=dimension, strict=strict)
        return save_stream(store, reader, reader.dim, provenance), reader.dim


def read_vectors(path: str | Path, limit: int, clean: Callable[[str], str] = str) -> Embeddings:
    """The `limit` most frequent words of a file of vectors in memory: `.vec` and `.bin` (gzip too),
    or `.npy` [words, dim] with its words in a text file of the same name (`sw.npy`, `sw.txt`), one
    a line. A folder is a store of this project.

    `clean` gives a word its spelling, '' to leave it out. Where the file has no frequencies, Zipf's
    law stands in for them. Any other format is a `LinguaLiftError`.
    """
    path = Path(path)
    if not path.exists():
        raise LinguaLiftError(f"{path}: no such file of vectors")
    if path.is_dir():
        stored = load_embeddings(path)
        return _chosen(stored.words, stored.vectors, limit, clean, stored.frequencies)
    if path.suffix == ".npy":
        return _read_array(path, limit, clean)
    if not path.name.endswith(SUFFIXES):
        raise LinguaLiftError(
            f"{path}: unknown format of vectors '{path.suffix}'; known:"
            f" {', '.join((*SUFFIXES, '.npy'))}"
        )
    if ".bin" in path.suffixes[-2:]:
        with tempfile.TemporaryDirectory() as folder, _readable(path, Path(folder)) as plain:
            return read_bin(plain, limit, clean=clean, name=str(path))
    words: list[str] = []
    blocks = []
    for block, rows in VecFile(path, limit, clean=clean):
        words += block
        blocks.append(rows)
    return Embeddings(words, zipf_counts(len(words)), np.concatenate(blocks))


def _read_array(path: Path, limit: int, clean: Callable[[str], str]) -> Embeddings:
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise LinguaLiftError(f"{path}: not an array of NumPy ({first_line(error)})") from None
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise LinguaLiftError(f"{path}: expected real numbers [words, dimensions]")
    names = path.with_suffix(".txt")
    words = [line for _, line in lines(names)]
    if len(words) != len(vectors):
        raise LinguaLiftError(f"{names}: {len(words)} words for the {len(vectors)} rows of {path}")
    return _chosen(words, vectors, limit, clean, zipf_counts(len(words)))


def _chosen(
    words: list[str],
    vectors: np.ndarray,
    limit: int,
    clean: Callable[[str], str],
    frequencies: np.ndarray,
) -> Embeddings:
    """The first `limit` words by their clean spelling; the first spelling gives the vector."""
    rows: dict[str, int] = {}
    for row, written in enumerate(words):
        if (word := clean(written)) and len(rows) < limit:
            rows.setdefault(word, row)
    chosen = list(rows.values())
    return Embeddings(list(rows), frequencies[chosen], np.asarray(vectors[chosen], np.float32))


def vector_file(folder: str | Path) -> Path:
    """The one vector file below `folder`; none, or several, are an error."""
    files = [path for path in visible_files(folder, "**/*") if path.name.endswith(SUFFIXES)]
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        raise LinguaLiftError(
            f"{folder}: expected one file of vectors ({', '.join(SUFFIXES)}), found {names};"
            " correct its entry in config/sources.yaml"
        )
    return files[0]


@contextmanager
def _readable(path: Path, beside: Path) -> Iterator[Path]:
    """`path` itself, or for a compressed binary a decompressed copy below `beside` (fastText reads
    files only) while the block runs.
    """
    if not path.name.endswith(".bin.gz"):
        yield path
        return
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vectors.", dir=beside) as folder:
        copy = Path(folder) / path.name.removesuffix(".gz")
        try:
            with gzip.open(path, "rb") as packed, open(copy, "wb") as plain:
                shutil.copyfileobj(packed, plain, BLOCK)
        except (OSError, EOFError, zlib.error) as error:
            raise LinguaLiftError(
                f"{path}: damaged or truncated ({error}); download it again"
            ) from error
        yield copy


def _check_dimension(name: str, dimension: int, wanted: int | None) -> None:
    if wanted is not None and dimension != wanted:
        raise LinguaLiftError(
            f"{name}: vectors of {dimension} dimensions, fasttext.dimension is {wanted}; correct"
            " the setting or the file"
        )


class VecFile:
    """The first `limit` words of a text file: iterate over blocks of (words, float32 [block, dim]).

    `clean` gives a word its spelling; the first spelling of a word gives its vector. Malformed
    lines (another number of fields, not numbers, not finite, a word seen before, not UTF-8) are
    skipped with one warning that gives their numbers, or the first is refused with `strict`; they
    do not count towards `limit`. A file with fewer lines than its header says is refused when all
    of it was wanted.
    """

    def __init__(
        self,
        path: str | Path,
        limit: int | None = None,
        *,
        clean: Callable[[str], str] = str,
        dimension: int | None = None,
        strict: bool = False,
    ) -> None:
        self.path, self.clean, self.strict = Path(path), clean, strict
        with self._open() as handle:
            header = self._read(handle, 100).removeprefix(BOM).split(b"\n")[0].split()
        if len(header) != 2 or not all(field.isdigit() for field in header):
            raise LinguaLiftError(
                f"{path}, line 1: 'words dimension' expected; is it a fastText .vec file?"
            )
        self.count, self.dim = int(header[0]), int(header[1])
        if not self.count or not self.dim or 2 * self.dim > LONGEST:
            raise LinguaLiftError(
                f"{path}, line 1: promises {self.count} words of {self.dim} dimensions; is it a"
                " fastText .vec file?"
            )
        _check_dimension(f"{path}, line 1", self.dim, dimension)
        self.wanted = self.count if limit is None else min(limit, self.count)

    def _open(self) -> io.BufferedIOBase:
        if not self.path.is_file():
            raise LinguaLiftError(f"{self.path}: no such file")
        return gzip.open(self.path, "rb") if self.path.suffix == ".gz" else open(self.path, "rb")

    def _read(self, handle: io.BufferedIOBase, size: int) -> bytes:
        try:
            return handle.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise LinguaLiftError(
                f"{self.path}: damaged or truncated ({error}); download it again"
            ) from error

    def __iter__(self) -> Iterator[tuple[list[str], np.ndarray]]:
        self.problems: dict[str, list[int]] = {}
        self.written: set[str] = set()  # words as the file has them
        self.words: set[str] = set()  # and clean
        number, rest = 2, b""
        with self._open() as handle:
            handle.readline()
            while len(self.words) < self.wanted and (block := self._read(handle, BLOCK)):
                lines, end, tail = (rest + block).rpartition(b"\n")
                lines, rest = lines + end, tail
                if len(rest) > LONGEST:
                    raise LinguaLiftError(
                        f"{self.path}, line {number + lines.count(10)}: longer than a megabyte; is"
                        " it a .vec file?"
                    )
                words, vectors = self._whole_lines(lines, number)
                number += lines.count(b"\n")
                if words:
                    yield words, vectors
        # The last line needs no end where it is the last one promised and holds all its numbers.
        if number - 1 == self.count and _parse_line(rest, self.dim)[0] is None:
            words, vectors = self._whole_lines(rest + b"\n", number)
            number, rest = number + 1, b""
            if words:
                yield words, vectors
        if len(self.words) < self.wanted and (rest or number - 2 < self.count):
            raise LinguaLiftError(
                f"{self.path}: truncated: {number - 2} whole lines of the {self.count} that its"
                " header promises; download it again"
            )
        self._report(number - 2)

    def _report(self, lines: int) -> None:
        for problem, numbers in self.problems.items():
            logger.warning(
                "%s: %d line(s) skipped: %s (line %s)",
                self.path,
                len(numbers),
                problem,
                _shown(numbers),
            )
        if not self.words:
            problem, numbers = next(iter(self.problems.items()), ("no word", [2]))
            raise LinguaLiftError(
                f"{self.path}, line {_shown(numbers)}: {problem}; no usable line of {lines}"
            )

    def _whole_lines(self, lines: bytes, number: int) -> tuple[list[str], np.ndarray]:
        """The new words of a block of whole lines, the first of which has this number."""
        parsed = _parse_block(lines, self.dim) if lines else None
        if parsed is None or not self.written.isdisjoint(parsed[0]):
            return self._line_by_line(lines, number)
        if len(set(parsed[0])) < len(parsed[0]):
            return self._line_by_line(lines, number)
        rows = [row for row, word in enumerate(parsed[0]) if self._take(word)]
        words = [self.clean(parsed[0][row]) for row in rows]
        return words, parsed[1][rows]

    def _take(self, written: str) -> bool:
        """Whether a word of the file is one more of those wanted."""
        self.written.add(written)
        word = self.clean(written)
        if not word or word in self.words or len(self.words) >= self.wanted:
            return False
        self.words.add(word)
        return True

    def _line_by_line(self, lines: bytes, number: int) -> tuple[list[str], np.ndarray]:
        taken: dict[str, np.ndarray] = {}
        for line, raw in enumerate(lines.split(b"\n")[:-1], number):
            if len(self.words) >= self.wanted:
                break
            problem, word, row = _parse_line(raw, self.dim)
            if problem is None and word in self.written:
                problem = "a word seen before"
            if problem is None:
                if self._take(word):
                    taken[self.clean(word)] = row
                continue
            if self.strict:
                raise LinguaLiftError(
                    f"{self.path}, line {line}: {problem}; repair the file or let malformed lines"
                    " be skipped (fasttext.malformed)"
                )
            self.problems.setdefault(problem, []).append(line)
        return list(taken), (
            np.stack(list(taken.values())) if taken else np.empty((0, self.dim), np.float32)
        )


def _shown(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (" ..." if len(numbers) > SHOWN else "")


def _parse_block(lines: bytes, dim: int) -> tuple[list[str], np.ndarray] | None:
    """Words and vectors of whole lines, or None where any of them is not as it should be."""
    columns = ["word", *map(str, range(dim))]
    if lines.startswith(BOM):  # Arrow would take the word U+FEFF for a mark
        return None
    try:
        table = csv.read_csv(
            pa.BufferReader(_LINE_END.sub(b"\n", lines)),
            csv.ReadOptions(use_threads=False, block_size=len(lines) + 1, column_names=columns),
            csv.ParseOptions(
                delimiter=" ",
                quote_char=False,
                double_quote=False,
                escape_char=False,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(
                column_types={
                    name: pa.string() if name == "word" else pa.float32() for name in columns
                },
                null_values=[],
                check_utf8=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != lines.count(b"\n"):  # a word held another line end
        return None
    vectors = np.stack([table.column(column).to_numpy() for column in range(1, dim + 1)], axis=1)
    words = table.column(0).to_pylist()
    return (words, vectors) if np.isfinite(vectors).all() and all(words) else None


def _parse_line(raw: bytes, dim: int) -> tuple[str | None, str, np.ndarray]:
    """(problem or None, word, vector) of one line."""
    nothing = np.empty(0, np.float32)
    try:
        line = raw.decode("utf-8").rstrip(" \t\r")
    except UnicodeDecodeError:
        return "not UTF-8", "", nothing
    # Only spaces separate fields: published files hold words with other white space, such as
    # no-break spaces.
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


def stored_words(store: str | Path) -> dict[str, float]:
    """The words of a vector store with their frequencies: what stands for a corpus where the
    configuration names none.
    """
    table = read_parquet(Path(store) / "vocabulary.parquet", VOCABULARY_SCHEMA)
    return dict(
        zip(table["word"].to_pylist(), map(float, table["frequency"].to_pylist()), strict=True)
    )
