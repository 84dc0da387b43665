"""Annotators' sheets of mmwp-built: one a language, as TSV and XLSX, written and read back.

An annotator writes into `post-edit` alone, where the translation is wrong; an empty cell leaves it
as it is. Rows may be sorted. Whatever else has changed is refused, and so is a post-edit that does
not pass the checks of mmwp-mini (numbers, script, tidy text). `checksum` is the beginning of the
translation's SHA-256: it tells a translation that was overwritten from one that was left alone.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lingualift.artifacts import atomic_path
from lingualift.benchmarks.parallel import number_mistakes, text_mistakes
from lingualift.data.rows import UNREADABLE, first_line, read_delimited
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError

COLUMNS = (
    "id",
    "English",
    "translation",
    "back-translation",
    "flags",
    "post-edit",
    "comment",
    "engine",
    "checksum",
)
WIDTHS = (14, 50, 50, 40, 30, 50, 30, 24, 12)
SUFFIXES = (".tsv", ".xlsx")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
NO_WORKBOOK = (
    *UNREADABLE,
    *(zipfile.BadZipFile, zlib.error, RuntimeError),  # no archive, damaged, or encrypted
    *(KeyError, IndexError, TypeError, AttributeError, SyntaxError),  # parts missing or malformed
)
"""What openpyxl raises for files that are no workbooks."""
_ERRORS = ("#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#N/A", "#NULL!", "#NUM!")


@dataclass(frozen=True)
class SheetRow:
    """One problem on a sheet; `post_edit` is empty where the annotator leaves the translation."""

    id: str
    english: str
    translation: str
    back_translation: str
    flags: str
    engine: str
    post_edit: str = ""
    comment: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as a sheet has it (`COLUMNS`)."""
        return (
            self.id,
            self.english,
            self.translation,
            self.back_translation,
            self.flags,
            self.post_edit,
            self.comment,
            self.engine,
            short_checksum(self.translation),
        )


def short_checksum(translation: str) -> str:
    """The first eight digits of a translation's SHA-256."""
    return hashlib.sha256(translation.encode()).hexdigest()[:8]


# ---------------------------------------------------------------- for annotators


def write_tsv_sheet(path: str | Path, rows: Sequence[SheetRow]) -> None:
    """A sheet as tab-separated text; no cell holds a tab or a line end."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as handle,
    ):
        handle.writelines("\t".join(cells) + "\n" for cells in (COLUMNS, *(r.cells for r in rows)))


def write_xlsx_sheet(path: str | Path, rows: Sequence[SheetRow], title: str) -> None:
    """A sheet as XLSX, with every cell a text, so that none becomes a formula, a number or a date
    before somebody types into it. The same rows give the same bytes.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for index, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDEFGHI"[index]].width = width
    sheet.freeze_panes = "B2"
    for number, cells in enumerate((COLUMNS, *(row.cells for row in rows))):
        written = []
        for text in cells:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 0)
            written.append(cell)
        sheet.append(written)
    buffer = io.BytesIO()
    book.save(buffer)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _copy_undated(buffer, archive)


def _copy_undated(buffer: io.BytesIO, archive: zipfile.ZipFile) -> None:
    """The parts of a saved workbook without the time at which it was saved."""
    with zipfile.ZipFile(buffer) as dated:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


# ---------------------------------------------------------------- from annotators


def returned(
    paths: Sequence[Path], english: Mapping[str, str], language: Language
) -> dict[str, SheetRow]:
    """The rows by id, in the order of `english` (questions by id), of the sheets that a folder has
    for a language: one file, or a TSV and an XLSX of which at most one is edited.
    """
    sheets = {path: read_sheet(path, english, language) for path in paths}
    edited = [path for path, rows in sheets.items() if any(row.post_edit for row in rows.values())]
    if len(edited) > 1:
        raise LinguaLiftError(
            f"{edited[0]}: {edited[1].name} beside it holds post-edits, too; merge the two sheets"
            " into one and take the other away"
        )
    return sheets[edited[0] if edited else next(iter(sheets))]


def read_sheet(path: Path, english: Mapping[str, str], language: Language) -> dict[str, SheetRow]:
    """The rows of one sheet by id, in the order of `english`, checked. Raises LinguaLiftError that
    names file, line and column.
    """
    rows: dict[str, SheetRow] = {}
    for place, cells in _xlsx_rows(path) if path.suffix == ".xlsx" else _tsv_rows(path):
        row = _row(cells, place, english, language)
        if row.id in rows:
            raise LinguaLiftError(f"{place}: id '{row.id}' stands in an earlier line, too")
        rows[row.id] = row
    if missing := [identifier for identifier in english if identifier not in rows]:
        raise LinguaLiftError(
            f"{path}: {len(missing)} of {len(english)} problems are missing, first {missing[0]};"
            " leave `post-edit` empty where a translation is right, and delete no line"
        )
    return {identifier: rows[identifier] for identifier in english}


def _row(
    cells: Mapping[str, str], place: str, english: Mapping[str, str], language: Language
) -> SheetRow:
    """A line of a sheet, checked against the English problems."""
    identifier = cells["id"]
    if identifier not in english:
        raise LinguaLiftError(
            f"{place}: '{identifier[:60]}' is no id of mmwp-built; ids must stay as they are"
        )
    if cells["English"] != english[identifier]:
        raise LinguaLiftError(
            f"{place}: the English text of {identifier} is not that of the problem; it must stay as"
            " it is (a sheet of another version of the sources is of no use)"
        )
    row = SheetRow(
        identifier,
        cells["English"],
        cells["translation"],
        cells["back-translation"],
        cells["flags"],
        cells["engine"],
        cells["post-edit"],
        cells["comment"],
    )
    if not (row.post_edit or row.translation):
        raise LinguaLiftError(f"{place}: {identifier} has neither a translation nor a post-edit")
    if row.translation and short_checksum(row.translation) != cells["checksum"]:
        raise LinguaLiftError(
            f"{place}: the translation of {identifier} was changed; put it back, and write what is"
            " right into `post-edit`"
        )
    mistakes = [
        *number_mistakes(row.post_edit, row.english),
        *text_mistakes(row.post_edit, language.script),
    ]
    if row.post_edit and mistakes:
        raise LinguaLiftError(f"{place}: the post-edit of {identifier}: {mistakes[0]}")
    return row


def _tsv_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for row in read_delimited(path, "\t", COLUMNS):
        cells = {name: row.values[name].strip() for name in COLUMNS}
        for name, text in cells.items():
            _refuse_formula(text, name, row.place)
        yield row.place, cells


def _refuse_formula(text: str, column: str, place: str) -> None:
    if text.startswith("=") or text in _ERRORS:
        raise LinguaLiftError(
            f"{place}, column '{column}': '{text[:40]}' is a formula that a spreadsheet made of a"
            " text; type an apostrophe before the text, or format the column as text"
        )


def _xlsx_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    lines = iter(_worksheet(path))
    header = [str(value) if value is not None else "" for value in next(lines, [])]
    for column in COLUMNS:
        if header.count(column) != 1:
            raise LinguaLiftError(
                f"{path}, line 1: column '{column}' is"
                f" {'there twice' if column in header else 'missing'}; columns are"
                f" {', '.join(filter(None, header))[:200] or 'none'}"
            )
    indices = {column: header.index(column) for column in COLUMNS}
    for number, line in enumerate(lines, 2):
        values = {name: line[at] if at < len(line) else None for name, at in indices.items()}
        if any(value is not None for value in values.values()):
            place = f"{path}, line {number}"
            yield place, {name: _text(value, name, place) for name, value in values.items()}


def _worksheet(path: Path) -> list[list[Any]]:
    """The values of a workbook's first sheet; a formula is its text."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True)
        lines = [list(line) for line in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except NO_WORKBOOK as error:
        raise LinguaLiftError(
            f"{path}: not an XLSX workbook ({first_line(error)}); save the sheet as XLSX again"
        ) from None
    return lines


def _text(value: Any, column: str, place: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LinguaLiftError(
            f"{place}, column '{column}': a spreadsheet made a {type(value).__name__} of a text"
            f" ({str(value)[:40]}); format the column as text and write it again"
        )
    _refuse_formula(value.strip(), column, place)
    return value.strip()
