"""Rows of the files that others publish, each with its place: JSON lines, JSON arrays, CSV, TSV and
Parquet.

One reader for task data, benchmarks, dictionaries and tables of languages, and one dialect:

- text is UTF-8; a byte order mark is read past;
- a line ends at a line feed alone. Carriage returns before it are dropped; one inside a sentence,
  U+2028, U+0085 and a vertical tab are characters like any other. The last line needs no end;
- commas are quoted as in CSV, tabs never are: a cell of a TSV file may begin with a quotation mark.

Whatever is wrong with a file is one `LinguaLiftError` with the file and the line or row.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from lingualift.messages import LinguaLiftError

UNREADABLE = (ValueError, OSError, EOFError, ArithmeticError, RecursionError, pa.ArrowException)
"""The kinds of exceptions that a damaged or foreign file raises. Text: not UTF-8, no JSON, a number
of too many digits (`ValueError`), too deep nesting; Parquet: Arrow's own, dates beyond Python's.
"""

_BLANK = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_PARQUET_BATCH = 4096  # rows that are Python objects at once
LONGEST_CELL = 2**31 - 1  # characters, the largest that every platform takes
AGAIN = "take the file from its source again"


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """One row by the names of its cells; `number` counts lines from 1, or rows in a file that has
    no lines.
    """

    values: dict[str, Any]
    path: Path
    number: int
    unit: str = "line"

    @property
    def place(self) -> str:
        return f"{self.path}, {self.unit} {self.number}"

    def text(self, name: str) -> str:
        """A cell that must be text with something in it, without outer blanks."""
        return text(self.values.get(name), name, self.place)


def text(value: Any, name: str, place: str) -> str:
    """A value that must be text with something in it, without outer blanks."""
    if not isinstance(value, str) or not value.strip():
        raise LinguaLiftError(f"{place}: '{name}' is missing or not a text")
    return value.strip()


def read_rows(path: str | Path, needed: Sequence[str] = ()) -> Iterator[NumberedRow]:
    """The rows of a file, streamed, in the format that its name says: `.parquet`, `.csv` and `.tsv`
    with a header, else JSON lines or one JSON array. Every row holds the `needed` names.
    """
    path = Path(path)
    if path.suffix in (".csv", ".tsv"):
        yield from read_delimited(path, "," if path.suffix == ".csv" else "\t", needed)
        return
    for row in _parquet_rows(path, needed) if path.suffix == ".parquet" else _json_rows(path):
        for name in needed:
            if row.values.get(name) is None:
                raise LinguaLiftError(f"{row.place}: '{name}' is missing")
        yield row


def read_delimited(
    path: str | Path,
    separator: str,
    needed: Sequence[str] = (),
    header: Sequence[str] | None = None,
) -> Iterator[NumberedRow]:
    """The rows of a table separated by commas or tabs; blank lines are passed over.

    `header` names the columns of a file without a header line. Raises `LinguaLiftError` for a
    `needed` column that is missing, a column that occurs twice, and a row of another length.
    """
    path = Path(path)
    records = _cells(path, separator)
    if header is None:
        _, header = next(records, (1, []))
        for column in needed:
            if column not in header:
                raise LinguaLiftError(
                    f"{path}, line 1: column '{column}' is missing; columns are"
                    f" {', '.join(header)[:200]}"
                )
        if len(set(header)) != len(header):
            twice = next(column for column in header if header.count(column) > 1)
            raise LinguaLiftError(f"{path}, line 1: column '{twice}' occurs twice")
    for number, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise LinguaLiftError(
                f"{path}, line {number}: {len(cells)} cells, expected {len(header)} (separated by"
                f" {'commas' if separator == ',' else 'tabs'})"
            )
        yield NumberedRow(dict(zip(header, cells, strict=True)), path, number)


def read_document(path: str | Path) -> Any:
    """The value of a file that is one JSON document."""
    return parse_document(read_text(path), path)


def read_text(path: str | Path) -> str:
    """The lines of a text file in one."""
    return "\n".join(line for _, line in lines(path))


def lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a text file without their ends, streamed."""
    try:
        with open(path, "rb") as handle:
            yield from numbered_lines(handle, path)
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror or error})") from None


def numbered_lines(handle: IO[bytes], name: str | Path) -> Iterator[tuple[int, str]]:
    """`lines` of an open file or stream, `name` in messages."""
    number = 0
    try:
        for number, raw in enumerate(handle, 1):
            line = raw.rstrip(b"\r\n").decode("utf-8")
            if "\0" in line:
                raise LinguaLiftError(
                    f"{name}, line {number}: holds a NUL byte, so it is not UTF-8 text;"
                    f" convert the file, or {AGAIN}"
                )
            yield number, line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeDecodeError as error:
        raise LinguaLiftError(
            f"{name}, line {number}: not UTF-8 text ({error.reason}); convert the file, or {AGAIN}"
        ) from None


def parallel_lines(path: Path, other: Path) -> Iterator[tuple[int, str, str]]:
    """The numbered pairs of lines of two files of equal length."""
    left, right = list(lines(path)), list(lines(other))
    if len(left) != len(right):
        raise LinguaLiftError(
            f"{path}: {len(left)} lines, but {other.name} has {len(right)}; the two must be"
            " parallel: take both from their source again"
        )
    for (number, line), (_, translation) in zip(left, right, strict=True):
        yield number, line, translation


def parse_json(content: str, place: str) -> Any:
    """The value of one row of JSON; `place` stands in the message about text that is none."""
    try:
        return _value(content)
    except UNREADABLE as error:
        raise _not_json(error, place) from None


def parse_document(content: str, path: str | Path) -> Any:
    """The value of the text of a file that is one JSON document."""
    try:
        return _value(content)
    except UNREADABLE as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _not_json(error, f"{path}{line}") from None


def _value(content: str) -> Any:
    value = json.loads(content, strict=False)
    _require_whole_characters(value, content)
    return value


def _require_whole_characters(value: Any, content: str) -> None:
    """Raise UnicodeEncodeError for a lone surrogate, which is no text and could not be written."""
    if _SURROGATE.search(content):
        json.dumps(value, ensure_ascii=False).encode()


def _not_json(error: Exception, place: str) -> LinguaLiftError:
    if isinstance(error, json.JSONDecodeError):
        reason = error.msg
    elif isinstance(error, UnicodeEncodeError):
        reason = "half a character, a lone surrogate, in a text"
    elif isinstance(error, RecursionError):
        reason = "nested too deeply"
    else:
        reason = first_line(error).partition(";")[0]  # a number of thousands of digits
    return LinguaLiftError(f"{place}: not JSON ({reason}); correct it, or {AGAIN}")


def first_line(error: Exception) -> str:
    """What an exception says, in one line; its kind where it says nothing."""
    said = str(error).strip().splitlines()
    return said[0] if said else type(error).__name__


def _cells(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of every row, with the line that the row begins on."""
    if separator == "\t":
        for number, line in lines(path):
            yield number, line.split("\t")
        return
    # The reader of CSV takes a carriage return in an unquoted cell for a line end. `lines` lets no
    # NUL through, so that one may stand for it meanwhile.
    content = (line.replace("\r", "\0") + "\n" for _, line in lines(path))
    # Its limit of 131,072 characters a cell would refuse long texts; quotes that do not end are
    # refused all the same, at the end of the file.
    csv.field_size_limit(LONGEST_CELL)
    records = csv.reader(content, strict=True)
    number = 1
    try:
        for cells in records:
            yield number, [cell.replace("\0", "\r") for cell in cells]
            number = records.line_num + 1
    except csv.Error as error:
        raise LinguaLiftError(f"{path}, line {number}: not CSV ({error}); {AGAIN}") from None


def _json_rows(path: Path) -> Iterator[NumberedRow]:
    numbered = ((number, line) for number, line in lines(path) if line.strip())
    for index, (number, line) in enumerate(numbered):
        place = f"{path}, line {number}"
        if index == 0 and line.lstrip().startswith("["):
            yield from _array_rows(path, chain([(number, line)], numbered))
        else:
            yield NumberedRow(_object(parse_json(line, place), place), path, number)


def _array_rows(path: Path, numbered: Iterable[tuple[int, str]]) -> Iterator[NumberedRow]:
    """The entries of a JSON array, decoded one by one so that a bad one has its number."""
    content = "\n".join(line for _, line in numbered)
    decoder = json.JSONDecoder(strict=False)
    position, number = _after_blanks(content, content.index("[") + 1), 0
    while not content.startswith("]", position):
        number += 1
        place, start = f"{path}, row {number}", position
        try:
            value, position = decoder.raw_decode(content, position)
            _require_whole_characters(value, content[start:position])
        except UNREADABLE as error:
            raise _not_json(error, place) from None
        yield NumberedRow(_object(value, place), path, number, "row")
        position = _after_blanks(content, position)
        comma = content.startswith(",", position)
        if comma:
            position = _after_blanks(content, position + 1)
        if comma == content.startswith("]", position):
            raise LinguaLiftError(f"{place}: not JSON (no other row or end follows); {AGAIN}")
    if content[position + 1 :].strip():
        raise LinguaLiftError(f"{path}: not JSON (text follows the end of the array); {AGAIN}")


def _after_blanks(content: str, position: int) -> int:
    blanks = _BLANK.match(content, position)
    return position if blanks is None else blanks.end()


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LinguaLiftError(f"{place}: expected a JSON object")
    return value


def _parquet_rows(path: Path, needed: Sequence[str]) -> Iterator[NumberedRow]:
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            held = file.schema_arrow.names
            for column in needed:
                if column not in held:
                    raise LinguaLiftError(
                        f"{path}: column '{column}' is missing; columns are {', '.join(held)[:200]}"
                    )
            for batch in file.iter_batches(_PARQUET_BATCH, columns=list(needed) or None):
                for value in _values(batch):
                    number += 1
                    yield NumberedRow(value, path, number, "row")
    except UNREADABLE as error:
        where = f"{path}, row {number + 1}" if number else str(path)
        raise LinguaLiftError(
            f"{where}: damaged or not Parquet ({first_line(error)}); {AGAIN}"
        ) from None


def _values(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """A batch's rows; where a cell cannot be read, those before it come first."""
    try:
        yield from batch.to_pylist()
    except UNREADABLE:
        for index in range(batch.num_rows):
            yield from batch.slice(index, 1).to_pylist()
