"""Raw monolingual text of one language out of a retrieved source: one reader a source, plain text
files for all others.

Readers yield lines (verses, paragraphs, strings of a user interface) as the source has them, so
that text of any size streams; `text.corpora` cleans them. Packages with one text in many places
yield each line once.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

from lingualift.data.folders import named_file, visible_files
from lingualift.data.rows import UNREADABLE, lines, read_rows, read_text
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError
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
        pattern = "package/dist/quran_{code}.json"
        return iter(read_quran_json(named_file(folder, pattern, language, "code")))
    if source == "libreoffice-help":
        return _once(read_help(folder))
    if source == "libreoffice-l10n":
        return _once(_catalogues(folder))
    texts = visible_files(folder, "**/*.txt")
    chosen = [path for path in texts if path.stem == language.code] or texts
    if len(chosen) != 1:
        shown = ", ".join(path.name for path in chosen[:5]) or "none"
        raise LinguaLiftError(
            f"{folder}: expected {language.code}.txt or one text file, found {shown}"
        )
    return read_plain(chosen[0])


def read_plain(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 text file (`data.rows.lines`)."""
    return (line for _, line in lines(path))


def _once(lines: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for line in lines:
        if line not in seen:
            seen.add(line)
            yield line


def _holy_quran(folder: Path, language: Language) -> list[str]:
    if language.holy_quran is None:
        raise LinguaLiftError(
            f"holy-quran: has no text in language '{language.code}'; name another corpus or leave"
            " the language out"
        )
    # The Arabic original lies beside the folder of translations.
    return read_holy_quran(named_file(folder, "package/**/{code}.js", language, "holy_quran"))


def read_holy_quran(path: str | Path) -> list[str]:
    """The verses of one file of npm `holy-quran`, in order.

    The file is JavaScript, `const Name = [[...114 arrays of strings...]]`, or for the Arabic
    original an array of 114 objects whose `verses` are strings. It is parsed as a literal, never
    executed. Errors name the file and line.
    """
    chapters = javascript_array(read_text(path), str(path))
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
    verses = []
    for chapter in read_rows(path, ("verses",)):
        held = chapter.values["verses"]
        if not isinstance(held, list) or not all(
            isinstance(verse, dict) and isinstance(verse.get("translation"), str) for verse in held
        ):
            raise LinguaLiftError(
                f"{chapter.place}: not a chapter of npm quran-json ('verses' needs a list of"
                " objects with 'translation')"
            )
        verses += [verse["translation"] for verse in held]
    return verses


def read_help(folder: str | Path) -> Iterator[str]:
    """The headings and paragraphs of LibreOffice's help pages below `folder`, page by page in the
    order of their paths; no program code.
    """
    pages = visible_files(folder, "**/text/**/*.html")
    if not pages:
        raise LinguaLiftError(
            f"{folder}: holds no help page (text/**/*.html); delete the folder and run again"
        )
    for page in pages:
        parser = _HelpPage()
        parser.feed(read_text(page))
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
        attributes = {name: value or "" for name, value in attrs}
        if tag == "div":
            self.code += self.code > 0 or attributes.get("class", "").endswith("code")
        elif (
            tag in self.TEXT
            and not self.code
            and attributes.get("id", "").startswith(("par_", "hd_"))
        ):
            self.pieces = None if "code" in attributes.get("class", "") else []

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
    catalogues = visible_files(folder, "**/*.mo")
    if not catalogues:
        raise LinguaLiftError(
            f"{folder}: holds no message catalogue (*.mo); delete the folder and run again"
        )
    for catalogue in catalogues:
        for message in read_mo(catalogue):
            for line in message.split("\n"):
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
        texts: list[str] = []
        for number in range(count):
            if struct.unpack_from(f"{order}I", data, originals + 8 * number)[0] == 0:
                continue  # the header is the translation of the empty string
            length, start = struct.unpack_from(f"{order}2I", data, translations + 8 * number)
            if start + length > len(data):
                raise ValueError("a text beyond the end")
            texts += data[start : start + length].decode("utf-8").split("\0")
    except (struct.error, KeyError, *UNREADABLE) as error:
        raise LinguaLiftError(
            f"{path}: damaged message catalogue ({type(error).__name__}: {error}); delete the"
            " folder and run again"
        ) from error
    return texts
