"""Rows of benchmark files with their places, whatever the published form: lines, TSV, CSV, JSON
lines, Parquet.

A byte order mark and Windows line ends are read past. Places (`FILE, line N`) go into the messages
about malformed rows.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from lingualift.errors import LinguaLiftError


def find(folder: Path, patterns: Sequence[str], language: str, code: str) -> list[Path]:
    """The files below a retrieved folder that match the first fitting pattern (`{language}`,
    `{code}` filled in).

    Several are the shards of one table. None is an error: the benchmark lacks the language.
    """
    filled = [pattern.format(language=language, code=code) for pattern in patterns]
    for pattern in filled:
        paths = sorted(path for path in folder.glob(pattern) if path.is_file())
        if paths:
            return paths
    raise LinguaLiftError(
        f"{folder}: no file for language '{language}' (looked for {', '.join(filled)}); leave the"
        " language out of languages.evaluation or take the source again"
    )


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Lines without their ends, with places."""
    number = 0
    try:
        with open(path, encoding="utf-8-sig", newline=None) as handle:
            for number, line in enumerate(handle, 1):
                yield f"{path}, line {number}", line.removesuffix("\n")
    except UnicodeDecodeError as error:
        raise LinguaLiftError(
            f"{path}, line {number + 1}: not UTF-8 ({error.reason}); take the file from its source"
            " again"
        ) from None
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from None


def tab_separated(path: Path, columns: int) -> Iterator[tuple[str, list[str]]]:
    """Rows of exactly `columns` cells without quoting; blank lines are passed over."""
    for place, line in lines(path):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != columns:
            raise LinguaLiftError(
                f"{place}: {len(cells)} cells, expected {columns} (separated by tabs)"
            )
        yield place, cells


def with_header(
    path: Path, separator: str, needed: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows by column name; commas are quoted as in CSV, tabs are not quoted."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE
    number = 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as handle:
            rows = csv.reader(handle, delimiter=separator, quoting=quoting)
            header = next(rows, [])
            if missing := [column for column in needed if column not in header]:
                raise LinguaLiftError(
                    f"{path}, line 1: column '{missing[0]}' is missing; columns are"
                    f" {', '.join(header)[:200]}"
                )
            for cells in rows:
                number = rows.line_num
                if not any(cells):
                    continue
                if len(cells) != len(header):
                    raise LinguaLiftError(
                        f"{path}, line {number}: {len(cells)} cells, expected {len(header)}"
                    )
                yield f"{path}, line {number}", dict(zip(header, cells, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise LinguaLiftError(
            f"{path}, line {number + 1}: not readable as UTF-8 rows ({error}); take the file again"
        ) from None
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from None


def records(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of a Parquet file or of JSON lines that hold at least the `needed` keys."""
    for place, item in _parquet(path, needed) if path.suffix == ".parquet" else _json_lines(path):
        if missing := [key for key in needed if item.get(key) is None]:
            raise LinguaLiftError(f"{place}: '{missing[0]}' is missing")
        yield place, item


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, line in lines(path):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except json.JSONDecodeError as error:
            raise LinguaLiftError(
                f"{place}: not JSON ({error.msg}); take the file from its source again"
            ) from None
        if not isinstance(item, dict):
            raise LinguaLiftError(f"{place}: expected a JSON object")
        yield place, item


def _parquet(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(
            f"{path}: damaged or not Parquet ({str(error).splitlines()[0]}); take the file again"
        ) from None
    if missing := [column for column in needed if column not in table.column_names]:
        raise LinguaLiftError(
            f"{path}: column '{missing[0]}' is missing; columns are {', '.join(table.column_names)}"
        )
    for number, item in enumerate(table.to_pylist(), 1):
        yield f"{path}, row {number}", item


def text(value: Any, name: str, place: str) -> str:
    """A cell that must be text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise LinguaLiftError(f"{place}: '{name}' is missing or not a text")
    return value.strip()
