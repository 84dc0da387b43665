"""Raw monolingual text of one language out of a retrieved source: one reader a source, plain text
files for all others.

Readers yield lines (verses, paragraphs, strings of a user interface) as the source has them, so
that text of any size streams; `text.corpora` cleans them. Packages with one text in many places
yield each line once.
"""

import json
import re
import struct
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from lingualift.errors import LinguaLiftError
from lingualift.languages import Language
from lingualift.text.literal import javascript_array

QURAN_CHAPTERS = 114


def raw_lines(source: str, folder: str | Path, language: Language) -> Iterator[str]:
    """The raw lines of a language in the retrieved source `source` (a key of sources.yaml) at
    `folder`.

    A source without a reader of its own holds plain text: `CODE.txt` anywhere below `folder`, or
    its only `.txt` file.
    """
    folder = Path(folder)
    if source == "holy-quran":
        return iter(_holy_quran(folder, language))
    if source == "quran-json":
        return iter(read_quran_json(_one(folder, f"package/dist/quran_{language.code}.json")))
    if source == "libreoffice-help":
        return _once(read_help(folder))
    if source == "libreoffice-l10n":
        return _once(_catalogues(folder))
    texts = sorted(folder.rglob("*.txt"))
    chosen = [path for path in texts if path.stem == language.code] or texts
    if len(chosen) != 1:
        shown = ", ".join(path.name for path in chosen[:5]) or "none"
        raise LinguaLiftError(
            f"{folder}: expected {language.code}.txt or one text file, found {shown}"
        )
    return read_plain(chosen[0])


def read_plain(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 text file without line ends; bytes that are not UTF-8 are an error
    naming the line.
    """
    try:
        with open(path, "rb") as handle:
            for number, raw in enumerate(handle, 1):
                try:
                    yield raw.decode("utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise LinguaLiftError(
                        f"{path}, line {number}: not UTF-8 text; convert the file first"
                    ) from error
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from error


def _one(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise LinguaLiftError(f"{folder}: {name} is missing; delete the folder and run again")
    return folder / name


def _once(lines: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for line in lines:
        if line not in seen:
            seen.add(line)
            yield line


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LinguaLiftError(f"{path}: cannot be read as UTF-8 text ({error})") from error


def _holy_quran(folder: Path, language: Language) -> list[str]:
    if language.holy_quran is None:
        raise LinguaLiftError(
            f"holy-quran: has no text in language '{language.code}'; name another corpus or leave"
            " the language out"
        )
    name = f"{language.holy_quran}.js"
    original = folder / "package" / name  # the Arabic lies beside the translations
    return read_holy_quran(
        original if original.is_file() else _one(folder, f"package/translations/{name}")
    )


def read_holy_quran(path: str | Path) -> list[str]:
    """The verses of one file of npm `holy-quran`, in order.

    The file is JavaScript, `const Name = [[...114 arrays of strings...]]`, or for the Arabic
    original an array of 114 objects whose `verses` are strings. It is parsed as a literal, never
    executed. Errors name the file and line.
    """
    chapters = javascript_array(_text(Path(path)), str(path))
    if len(chapters) != QURAN_CHAPTERS:
        raise LinguaLiftError(
            f"{path}: {len(chapters)} chapters where {QURAN_CHAPTERS} were expected; choose another"
            " language or source"
        )
    verses: list[str] = []
    for number, chapter in enumerate(chapters, 1):
        chapter = chapter.get("verses") if isinstance(chapter, dict) else chapter
        if not isinstance(chapter, list) or not all(isinstance(verse, str) for verse in chapter):
            raise LinguaLiftError(f"{path}: chapter {number} is not an array of strings")
        verses.extend(chapter)
    return verses


def read_quran_json(path: str | Path) -> list[str]:
    """The translated verses of one file of npm `quran-json`, in order."""
    try:
        return [
            str(verse["translation"])
            for chapter in json.loads(_text(Path(path)))
            for verse in chapter["verses"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise LinguaLiftError(
            f"{path}: not a translation of npm quran-json ({type(error).__name__}: {error})"
        ) from error


def read_help(folder: str | Path) -> Iterator[str]:
    """The headings and paragraphs of LibreOffice's help pages below `folder`, page by page in the
    order of their paths; no program code.
    """
    pages = sorted(Path(folder).rglob("text/**/*.html"))
    if not pages:
        raise LinguaLiftError(
            f"{folder}: holds no help page (text/**/*.html); delete the folder and run again"
        )
    for page in pages:
        parser = _HelpPage()
        parser.feed(_text(page))
        parser.close()
        yield from parser.lines


class _HelpPage(HTMLParser):
    """Headings and paragraphs carry an id, the page's own furniture does not; program code says so
    in its class.
    """

    TEXT = ("p", "h1", "h2", "h3", "h4", "h5", "h6")

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.pieces: list[str] | None = None
        self.code = 0  # depth of <div>s inside one of program code

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "div":
            self.code += self.code > 0 or given.get("class", "").endswith("code")
        elif tag in self.TEXT and not self.code and given.get("id", "").startswith(("par_", "hd_")):
            self.pieces = None if "code" in given.get("class", "") else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self.code = max(0, self.code - 1)
        elif tag in self.TEXT and self.pieces is not None:
            line = " ".join("".join(self.pieces).split())
            if line:
                self.lines.append(line)
            self.pieces = None

    def handle_data(self, data: str) -> None:
        if self.pieces is not None:
            self.pieces.append(data)


# In strings of a user interface: marks of keyboard shortcuts (~Name, _Name), tags, and what the
# program fills in ($(ARG1), %PRODUCTNAME).
_SHORTCUT, _FILLED = re.compile(r"[~_](?=\w)"), re.compile(r"<[^<>]*>|\$\([^)]*\)|[%$]\w+")


def _catalogues(folder: Path) -> Iterator[str]:
    catalogues = sorted(folder.rglob("*.mo"))
    if not catalogues:
        raise LinguaLiftError(
            f"{folder}: holds no message catalogue (*.mo); delete the folder and run again"
        )
    for catalogue in catalogues:
        for message in read_mo(catalogue):
            for line in message.splitlines():
                yield _FILLED.sub(" ", _SHORTCUT.sub("", line))


def read_mo(path: str | Path) -> list[str]:
    """The translations in a GNU message catalogue (`.mo`), in the order of its table, header left
    out; a damaged file is an error.

    Read here because Python's gettext compiles an expression that it finds in the file.
    """
    try:
        data = Path(path).read_bytes()
        order = {0x950412DE: "<", 0xDE120495: ">"}[struct.unpack_from("<I", data)[0]]
        count, originals, translations = struct.unpack_from(f"{order}3I", data, 8)
        found = []
        for number in range(count):
            if struct.unpack_from(f"{order}I", data, originals + 8 * number)[0] == 0:
                continue  # the header is the translation of the empty string
            length, start = struct.unpack_from(f"{order}2I", data, translations + 8 * number)
            if start + length > len(data):
                raise ValueError("a text beyond the end")
            found += data[start : start + length].decode("utf-8").split("\0")
    except (OSError, struct.error, KeyError, ValueError) as error:
        raise LinguaLiftError(
            f"{path}: damaged message catalogue ({type(error).__name__}: {error}); delete the"
            " folder and run again"
        ) from error
    return found
