"""Published fastText vectors: text format (`wiki.sw.vec`) or fastText's own (`cc.sw.300.bin`),
either compressed with gzip.

The text format is a header `words dim`, then `word v1 ... v_dim` a line, most frequent first. It is
read in blocks, parsed by Arrow's CSV reader and written on at once, so that two million words need
no more memory than their spelling; only a block with something wrong in it is read line by line, to
say which line and what.
"""

import gzip
import io
import logging
import mmap
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from lingualift.artifacts import read_parquet
from lingualift.embeddings.fasttext import (
    VOCABULARY_SCHEMA,
    Embeddings,
    of_model,
    save_embeddings,
    save_stream,
)
from lingualift.errors import LinguaLiftError

logger = logging.getLogger(__name__)

SUFFIXES = (".vec", ".bin", ".vec.gz", ".bin.gz")
BLOCK = 1 << 23  # bytes read at once
LONGEST = 1 << 20  # bytes of a line
SHOWN = 5  # line numbers listed in a message
MAGIC, VERSION = 793712314, 12  # of fastText's own format


def store_pretrained(
    folder: str | Path,
    store: str | Path,
    limit: int,
    *,
    dimension: int | None = None,
    strict: bool = False,
    provenance: dict[str, Any] | None = None,
) -> tuple[int, int]:
    """Write the `limit` most frequent words of the one vector file below `folder` to a store; the
    numbers of words and dimensions.

    Vectors of another `dimension` are refused, malformed lines skipped with a warning or, with
    `strict`, refused.
    """
    path = vector_file(folder)
    with _readable(path, Path(store).parent) as plain:
        if ".bin" in path.suffixes[-2:]:
            vectors = read_bin(plain, limit, name=str(path), strict=strict)
            _check_dimension(f"{path}", vectors.vectors.shape[1], dimension)
            save_embeddings(store, vectors, provenance)
            return vectors.vectors.shape
        reader = VecFile(plain, limit, dimension=dimension, strict=strict)
        return save_stream(store, reader, reader.dim, provenance), reader.dim


def vector_file(folder: str | Path) -> Path:
    """The one vector file below `folder`; none, or several, are an error."""
    files = sorted(path for path in Path(folder).rglob("*") if path.name.endswith(SUFFIXES))
    if len(files) != 1:
        found = ", ".join(path.name for path in files) or "none"
        raise LinguaLiftError(
            f"{folder}: expected one file of vectors ({', '.join(SUFFIXES)}), found {found};"
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


def _check_dimension(place: str, found: int, wanted: int | None) -> None:
    if wanted is not None and found != wanted:
        raise LinguaLiftError(
            f"{place}: vectors of {found} dimensions, fasttext.dimension is {wanted}; correct the"
            " setting or the file"
        )


def read_bin(
    path: str | Path, limit: int | None = None, *, name: str = "", strict: bool = False
) -> Embeddings:
    """The first `limit` words of a fastText model (`cc.XX.300.bin`) with their frequencies; a
    truncated or foreign file is an error.

    Words without a finite vector are skipped with a warning or, with `strict`, refused. `name`
    stands for the path in messages.
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
    found = of_model(model, limit)
    finite = np.isfinite(found.vectors).all(axis=1)
    if not finite.all():
        words = [word for word, good in zip(found.words, finite, strict=True) if not good]
        what = (
            f"{name}: {len(words)} word(s) with a vector that is not finite"
            f" ({', '.join(map(repr, words[:SHOWN]))})"
        )
        if strict:
            raise LinguaLiftError(
                f"{what}; repair the file or let them be skipped (fasttext.malformed)"
            )
        logger.warning("%s skipped", what)
        kept = [word for word, good in zip(found.words, finite, strict=True) if good]
        found = Embeddings(kept, found.frequencies[finite], found.vectors[finite])
    if not found.words:
        raise LinguaLiftError(f"{name}: no words")
    return found


def _check_complete(path: Path, name: str) -> None:
    """The file is as long as a fastText model's header, words and matrices say: the library itself
    reads a truncated one as rubbish.
    """
    with open(path, "rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            magic, version = struct.unpack_from("<2i", data)
            if magic != MAGIC or version != VERSION:
                raise LinguaLiftError(
                    f"{name}: not a fastText model of version {VERSION}; download it again"
                )
            entries, _, _, _, pruned = struct.unpack_from(
                "<3i2q", data, 64
            )  # after twelve settings and one double
            place = 92
            for _ in range(entries):
                end = data.find(b"\0", place)
                if end < 0:
                    raise ValueError
                place = end + 10  # a count and a kind follow each word
            place += 8 * max(0, pruned)
            for _ in ("input", "output"):
                quantised, rows, columns = struct.unpack_from("<?2q", data, place)
                if quantised:
                    return
                place += 17 + 4 * rows * columns
            complete = place <= len(data)
        except (struct.error, ValueError):
            complete = False
    if not complete:
        raise LinguaLiftError(
            f"{name}: truncated: not a complete fastText model; download it again"
        )


class VecFile:
    """The first `limit` words of a text file: iterate over blocks of (words, float32 [block, dim]).

    Malformed lines (another number of fields, not numbers, not finite, a word seen before, not
    UTF-8) are skipped with one warning that gives their numbers, or the first is refused with
    `strict`; they do not count towards `limit`. A file with fewer lines than its header says is
    refused when all of it was wanted.
    """

    def __init__(
        self,
        path: str | Path,
        limit: int | None = None,
        *,
        dimension: int | None = None,
        strict: bool = False,
    ) -> None:
        self.path, self.strict = Path(path), strict
        with self._open() as handle:
            header = self._read(handle, 100).split(b"\n")[0].split()
        if len(header) != 2 or not all(field.isdigit() for field in header):
            raise LinguaLiftError(
                f"{path}, line 1: 'words dimension' expected; is it a fastText .vec file?"
            )
        self.count, self.dim = int(header[0]), int(header[1])
        if not self.count or not self.dim:
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
        seen: set[str] = set()
        number, rest = 2, b""
        with self._open() as handle:
            handle.readline()
            while len(seen) < self.wanted and (block := self._read(handle, BLOCK)):
                lines, end, tail = (rest + block).rpartition(b"\n")
                lines, rest = lines + end, tail
                if len(rest) > LONGEST:
                    raise LinguaLiftError(
                        f"{self.path}, line {number + lines.count(10)}: longer than a megabyte; is"
                        " it a .vec file?"
                    )
                parsed = (
                    _parse_block(lines, self.dim)
                    if lines
                    else ([], np.empty((0, self.dim), np.float32))
                )
                if (
                    parsed is None
                    or len(set(parsed[0])) < len(parsed[0])
                    or not seen.isdisjoint(parsed[0])
                ):
                    parsed = self._line_by_line(lines, number, seen)
                words, vectors = (
                    parsed[0][: self.wanted - len(seen)],
                    parsed[1][: self.wanted - len(seen)],
                )
                seen.update(words)
                number += lines.count(b"\n")
                if words:
                    yield words, vectors
        if len(seen) < self.wanted and (rest or number - 2 < self.count):
            raise LinguaLiftError(
                f"{self.path}: truncated: {number - 2} whole lines of the {self.count} that its"
                " header promises; download it again"
            )
        for problem, numbers in self.problems.items():
            logger.warning(
                "%s: %d line(s) skipped: %s (line %s)",
                self.path,
                len(numbers),
                problem,
                _shown(numbers),
            )
        if not seen:
            problem, numbers = next(iter(self.problems.items()))
            raise LinguaLiftError(
                f"{self.path}, line {_shown(numbers)}: {problem}; no usable line of {number - 2}"
            )

    def _line_by_line(
        self, lines: bytes, number: int, seen: set[str]
    ) -> tuple[list[str], np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for place, raw in enumerate(lines.removesuffix(b"\n").split(b"\n"), number):
            if len(seen) + len(found) >= self.wanted:
                break
            problem, word, row = _parse_line(raw, self.dim)
            if problem is None and (word in seen or word in found):
                problem = "a word seen before"
            if problem is None:
                found[word] = row
                continue
            if self.strict:
                raise LinguaLiftError(
                    f"{self.path}, line {place}: {problem}; repair the file or let malformed lines"
                    " be skipped (fasttext.malformed)"
                )
            self.problems.setdefault(problem, []).append(place)
        return list(found), (
            np.stack(list(found.values())) if found else np.empty((0, self.dim), np.float32)
        )


def _shown(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:SHOWN])) + (" ..." if len(numbers) > SHOWN else "")


def _parse_block(lines: bytes, dim: int) -> tuple[list[str], np.ndarray] | None:
    """Words and vectors of whole lines, or None where any of them is not as it should be."""
    columns = ["word", *map(str, range(dim))]
    if lines.startswith(b"\xef\xbb\xbf"):  # Arrow would take the word U+FEFF for a mark
        return None
    try:
        table = csv.read_csv(
            pa.BufferReader(lines.replace(b" \n", b"\n")),
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
    vectors = np.stack([table.column(place).to_numpy() for place in range(1, dim + 1)], axis=1)
    words = table.column(0).to_pylist()
    return (words, vectors) if np.isfinite(vectors).all() and all(words) else None


def _parse_line(raw: bytes, dim: int) -> tuple[str | None, str, np.ndarray]:
    """(problem or None, word, vector) of one line."""
    nothing = np.empty(0, np.float32)
    try:
        line = raw.decode("utf-8").rstrip(" ")
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
