"""Files in the folder of a retrieved source, and what to say where a name in the table of languages
does not fit them.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from lingualift.languages import Language
from lingualift.messages import LinguaLiftError, nearest

MANIFEST = "MANIFEST.json"  # what this project writes beside the files of a source


def visible_files(folder: str | Path, pattern: str) -> list[Path]:
    """The files below a folder that match, sorted. Hidden ones are passed over: `._name` and
    `.DS_Store`, which macOS leaves beside data.
    """
    folder = Path(folder)
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.is_file()
        and path.name != MANIFEST
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def names_held(folder: str | Path, pattern: str) -> list[str]:
    """What stands for `{code}` in the files below a folder that match the pattern, whatever their
    code.
    """
    if "{code}" not in pattern:
        return []
    first, *others = map(_as_expression, pattern.split("{code}"))
    expression = re.compile(f"{first}(?P<code>[^/]+?){'(?P=code)'.join(others)}")
    matches = (
        expression.fullmatch(path.relative_to(folder).as_posix())
        for path in visible_files(folder, pattern.replace("{code}", "*"))
    )
    return sorted({match["code"] for match in matches if match})


def _as_expression(piece: str) -> str:
    """A piece of a glob pattern as a regular expression."""
    escaped = re.escape(piece)
    return escaped.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")


def wrong_cell(
    code: str, column: str, cell: str, source: str, held: Iterable[str]
) -> LinguaLiftError:
    """A cell of the table of languages, in the row of language `code`, that names nothing in the
    source that it is about.
    """
    remedy = (
        "take another source for the language, or leave it out"
        if column == "code"
        else "an empty cell says that it lacks the language"
    )
    return LinguaLiftError(
        f"languages.tsv, row '{code}', column '{column}': {source} holds no '{cell}';"
        f" {nearest(cell, held)} ({remedy})"
    )


def named_file(folder: str | Path, pattern: str, language: Language, column: str) -> Path:
    """The file below a folder whose name the language's cell in a column of its table fills in.

    Raises `LinguaLiftError`: with row, column and the nearest name where the folder holds others,
    else that it is incomplete.
    """
    cell = getattr(language, column) or ""
    if paths := visible_files(folder, pattern.replace("{code}", cell)):
        return paths[0]
    held = names_held(folder, pattern)
    if not held:
        raise LinguaLiftError(
            f"{folder}: incomplete, it holds no {pattern.replace('{code}', '*')}; delete the folder"
            " and run again"
        )
    raise wrong_cell(language.code, column, cell, str(folder), held)
