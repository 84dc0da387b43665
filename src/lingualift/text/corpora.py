"""Raw monolingual text to cleaned, tokenised corpora: read, clean, filter by script, tokenise, write.

Appendix A.1 needs a corpus per language. The lexicon engine is sensitive to what is in it: leftover English lines in a
non-English corpus break unsupervised alignment, so lines whose letters are mostly of another script, and English lines
in Latin-script corpora, are dropped here. A corpus file holds one sentence per line, tokens joined by one space, cased, NFC.
"""

import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from lingualift.artifacts import atomic_path
from lingualift.errors import LinguaLiftError
from lingualift.languages import Language
from lingualift.text.scripts import letters_pattern, script_pattern

logger = logging.getLogger(__name__)

HOLY_QURAN_CHAPTERS = 114

# spaCy tokenisers that segment by a dictionary need a package of their own; name it instead of failing inside spaCy.
TOKENIZER_PACKAGES = {"th": "pythainlp", "ja": "sudachipy sudachidict_core", "vi": "pyvi", "zh": "jieba"}

# English function words that are rare or absent in other Latin-script languages ("of", "is", "was", "for", "her" are not: Dutch,
# German, Danish and others have them).
ENGLISH_MARKERS = frozenset([
    "the", "and", "that", "this", "these", "those", "which", "with", "from", "you", "your", "they", "their", "them", "there", "then",
    "than", "would", "should", "could", "been", "what", "where", "when", "who", "whose", "whom", "because", "about", "into", "does",
    "did", "not", "shall", "upon", "has", "have", "had", "were", "will", "our", "ours", "its", "be", "to", "by",
])  # fmt: skip
ENGLISH_LINE_SHARE = 0.2  # share of markers above which a line counts as English; running English has 0.25-0.4


def read_plain(path: str | Path) -> list[str]:
    """The lines of a UTF-8 text file without line ends; bytes that are not UTF-8 are an error naming the line."""
    lines = []
    try:
        with open(path, "rb") as handle:
            for number, raw in enumerate(handle, 1):
                try:
                    lines.append(raw.decode("utf-8").rstrip("\r\n"))
                except UnicodeDecodeError as error:
                    raise LinguaLiftError(f"{path}, line {number}: not UTF-8 text; convert the file first") from error
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from error
    return lines


def raw_lines(source: str, folder: str | Path, language: Language) -> list[str]:
    """The raw lines of a language in a retrieved source: npm `holy-quran`, or for any other source its one text file of that language.

    A plain text file lies anywhere below `folder`, as `CODE.txt` or as the only `.txt` file; none or several is an error.
    """
    folder = Path(folder)
    if source == "holy-quran":
        if language.holy_quran is None:
            raise LinguaLiftError(f"{source}: has no text in language '{language.code}'; name another corpus or leave the language out")
        name = f"{language.holy_quran}.js"
        found = [path for path in (folder / "package" / name, folder / "package" / "translations" / name) if path.is_file()]
        if not found:
            raise LinguaLiftError(f"{folder}: package/translations/{name} is missing; delete the folder and run again")
        return read_holy_quran(found[0])
    texts = sorted(folder.rglob("*.txt"))
    chosen = [path for path in texts if path.stem == language.code] or texts
    if len(chosen) != 1:
        shown = ", ".join(path.name for path in chosen[:5]) or "none"
        raise LinguaLiftError(f"{folder}: expected {language.code}.txt or one text file, found {shown}")
    return read_plain(chosen[0])


def read_holy_quran(path: str | Path) -> list[str]:
    """The verses of one file of npm `holy-quran`, in order.

    The file is JavaScript, `const Name = [[...114 arrays of strings...]]`, or for the Arabic original an array of 114 objects
    whose `verses` are strings. It is parsed as a literal, never executed. Errors name the file and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LinguaLiftError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    chapters = _javascript_array(text, str(path))
    if len(chapters) != HOLY_QURAN_CHAPTERS:
        raise LinguaLiftError(
            f"{path}: {len(chapters)} chapters where {HOLY_QURAN_CHAPTERS} were expected; choose another language or source"
        )
    verses: list[str] = []
    for number, chapter in enumerate(chapters, 1):
        chapter = chapter.get("verses") if isinstance(chapter, dict) else chapter
        if not isinstance(chapter, list) or not all(isinstance(verse, str) for verse in chapter):
            raise LinguaLiftError(f"{path}: chapter {number} is not an array of strings")
        verses.extend(chapter)
    return verses


class _Literal:
    """A strict parser for the JavaScript literals in data packages: arrays, objects, strings, numbers, true, false, null.

    Comments and one trailing comma are accepted; array holes, `${}` in template strings, raw line ends in quoted strings and
    anything that would have to be evaluated are refused with the line number.
    """

    ESCAPES: ClassVar[dict[str, str]] = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}

    def __init__(self, text: str, name: str, position: int) -> None:
        self.text, self.name, self.at = text, name, position

    def fail(self, what: str) -> LinguaLiftError:
        return LinguaLiftError(f"{self.name}, line {self.text.count(chr(10), 0, self.at) + 1}: {what}; download the package again")

    def peek(self) -> str:
        """Skip space and comments; the next character, or '' at the end."""
        text = self.text
        while self.at < len(text):
            if text[self.at].isspace() or text[self.at] == "\ufeff":
                self.at += 1
            elif text.startswith("//", self.at):
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif text.startswith("/*", self.at):
                end = text.find("*/", self.at + 2)
                if end < 0:
                    raise self.fail("a comment that does not end")
                self.at = end + 2
            else:
                return text[self.at]
        return ""

    def value(self) -> Any:
        character = self.peek()
        if character in ("'", '"', "`"):
            return self.string(character)
        if character in ("[", "{"):
            return self.array() if character == "[" else self.object()
        word = self.word()
        constants = {"true": True, "false": False, "null": None}
        if word in constants:
            return constants[word]
        try:
            return float(word) if "." in word else int(word)
        except ValueError:
            raise self.fail(f"'{(word or character)[:20]}' is not a literal value") from None

    def word(self) -> str:
        start = self.at
        while self.at < len(self.text) and (self.text[self.at].isalnum() or self.text[self.at] in "_$.-+"):
            self.at += 1
        return self.text[start : self.at]

    def array(self) -> list[Any]:
        self.at += 1
        items = []
        while self.peek() != "]":
            items.append(self.value())
            self.separator("]")
        self.at += 1
        return items

    def object(self) -> dict[str, Any]:
        self.at += 1
        items: dict[str, Any] = {}
        while (character := self.peek()) != "}":
            key = self.string(character) if character in ("'", '"') else self.word()
            if not key or self.peek() != ":":
                raise self.fail("an object key must be followed by ':'")
            self.at += 1
            items[key] = self.value()
            self.separator("}")
        self.at += 1
        return items

    def separator(self, closer: str) -> None:
        character = self.peek()
        if character == ",":
            self.at += 1
        elif character != closer:
            raise self.fail(f"',' or '{closer}' expected, found {character!r}" if character else "the text ends inside an array")

    def string(self, quote: str) -> str:
        text, start = self.text, self.at
        self.at += 1
        pieces: list[str] = []
        while True:
            if self.at >= len(text):
                self.at = start
                raise self.fail("a string that does not end")
            character = text[self.at]
            if character == quote:
                self.at += 1
                return self.joined(pieces)
            if character == "\\":
                pieces.append(self.escape())
            elif character == "\n" and quote != "`":
                raise self.fail("a line end inside a quoted string")
            elif character == "$" and quote == "`" and text.startswith("${", self.at):
                raise self.fail("a template string with an expression")
            else:
                pieces.append(character)
                self.at += 1

    def joined(self, pieces: list[str]) -> str:
        """Escapes above U+FFFF come as two surrogates, which only together are a character."""
        try:
            return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise self.fail("half a character (a lone surrogate) in a string") from None

    def escape(self) -> str:
        text, kind = self.text, self.text[self.at + 1 : self.at + 2]
        if kind in ("u", "x"):
            start, length = self.at + 2, 4 if kind == "u" else 2
            if kind == "u" and text.startswith("{", start):
                end = text.find("}", start)
                digits, after = text[start + 1 : end], end + 1
            else:
                digits, after = text[start : start + length], start + length
            try:
                character = chr(int(digits, 16))
            except (ValueError, OverflowError):
                raise self.fail("a damaged escape in a string") from None
            self.at = after
            return character
        self.at += 2
        return "" if kind == "\n" else self.ESCAPES.get(kind, kind)


def _javascript_array(text: str, name: str) -> list[Any]:
    """The array assigned by the file's first `const NAME = [`."""
    parser = _Literal(text, name, 0)
    parser.peek()
    for expected in ("const", None, "="):
        parser.peek()
        found = "=" if expected == "=" and parser.text.startswith("=", parser.at) else parser.word()
        if found == "=":
            parser.at += 1
        if not found or (expected is not None and found != expected):
            raise parser.fail("'const NAME = [' expected")
        parser.peek()
    if parser.peek() != "[":
        raise parser.fail("an array expected after '='")
    array = parser.array()
    rest = parser.peek()
    if rest and rest != ";" and not text.startswith(("module", "export"), parser.at):
        raise parser.fail(f"unexpected {rest!r} after the array")
    return array


# Vowel marks, Quranic annotation signs and the elongation stroke: written in scripture, left out in everyday Arabic-script text, so
# that a vocalised corpus would share no word with any other. Alef wasla is the plain alef.
_ARABIC_MARKS = {code: None for code in (*range(0x0610, 0x061B), 0x0640, *range(0x064B, 0x0653), 0x0670, *range(0x06D6, 0x06EE))} | {
    0x0671: 0x0627
}
_JOINERS = ("\u200c", "\u200d")  # part of the spelling in Indic scripts, Persian and Sinhala


def clean_line(line: str, script: str) -> str:
    """NFC; control and invisible format characters out (joiners stay); Arabic vowel marks out; runs of white space to one space."""
    line = unicodedata.normalize("NFC", line)
    if script == "Arab":
        line = line.translate(_ARABIC_MARKS)
    kept = []
    for character in line:
        category = unicodedata.category(character)
        if category in ("Cc", "Zs", "Zl", "Zp"):
            kept.append(" ")
        elif category not in ("Cf", "Cs", "Co", "Cn") or character in _JOINERS:
            kept.append(character)
    return " ".join("".join(kept).split())


def clean_lines(
    lines: Iterable[str], *, language: str, script: str, source: str, script_share: float = 0.5, english_share: float = ENGLISH_LINE_SHARE
) -> list[str]:
    """The lines that are text of `language`, cleaned.

    Dropped: lines without letters; lines of whose letters less than `script_share` are of `script` (ISO 15924); for Latin-script languages
    other than English, lines of whose words at least `english_share` are English function words (two words at least).
    `source` is named in errors: nothing left at all, one line only, or most lines in another script.
    """
    in_script, letters = script_pattern(script), letters_pattern()
    kept: list[str] = []
    seen = wrong = english = 0
    for line in lines:
        line = clean_line(line, script)
        total = len(letters.findall(line))
        if not total:
            continue
        seen += 1
        if len(in_script.findall(line)) < script_share * total:
            wrong += 1
        elif script == "Latn" and language != "en" and looks_english(line, english_share):
            english += 1
        else:
            kept.append(line)
    if not seen:
        raise LinguaLiftError(f"{source}: empty corpus: no line holds a letter; give a text file of language '{language}'")
    if wrong * 2 > seen:
        raise LinguaLiftError(
            f"{source}: {wrong} of {seen} lines are not in the script {script} of language '{language}'; wrong file or script?"
        )
    if len(kept) < 2:
        raise LinguaLiftError(f"{source}: {len(kept)} usable line(s) of {seen}; a corpus needs two at least (one sentence per line)")
    if wrong or english:
        logger.info("%s: dropped %d lines of another script and %d English lines of %d", source, wrong, english, seen)
    return kept


def looks_english(line: str, share: float = ENGLISH_LINE_SHARE) -> bool:
    """Whether at least `share` of the line's words, and two at least, are English function words that other languages lack."""
    words = [word.strip(".,;:!?()[]\"'“”‘’-").lower() for word in line.split()]
    words = [word for word in words if word]
    hits = sum(word in ENGLISH_MARKERS for word in words)
    return hits >= 2 and hits >= share * len(words)


def blank_pipeline(language: str) -> Any:
    """spaCy's blank pipeline (tokeniser only) for a language code; the multi-language class 'xx' where spaCy has none.

    Thai, Japanese, Vietnamese and Chinese segment words with a package of their own (pythainlp, sudachipy, pyvi, jieba), which an error
    names where it is missing. Korean is split at spaces (spaCy's default needs a system library).
    """
    import importlib.util

    import spacy

    config: dict[str, Any] = {}
    for package in TOKENIZER_PACKAGES.get(language, "").split():
        if importlib.util.find_spec(package) is None:
            raise LinguaLiftError(f"tokenising language '{language}' needs the Python package '{package}': pip install {package}")
    if language == "ko":
        config = {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}}
    elif language == "zh":
        config = {"nlp": {"tokenizer": {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "jieba"}}}
    try:
        spacy.util.get_lang_class(language)
    except ImportError:
        logger.info("spaCy has no class for language '%s': the multi-language tokeniser is used", language)
        language = "xx"
    return spacy.blank(language, config=config)


def tokenize(lines: Iterable[str], language: str) -> Iterator[list[str]]:
    """The tokens of each line by spaCy's class for the language, white space dropped; lines without tokens are skipped."""
    for doc in blank_pipeline(language).pipe(lines, batch_size=256):
        # Segmenters may leave white space inside a token; a corpus line is split at spaces again later.
        tokens = [piece for token in doc for piece in token.text.split()]
        if tokens:
            yield tokens


def write_corpus(path: str | Path, sentences: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Write one sentence per line, tokens joined by one space, atomically; the numbers of sentences and tokens."""
    count = tokens = 0
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as handle:
        for sentence in sentences:
            handle.write(" ".join(sentence) + "\n")
            count += 1
            tokens += len(sentence)
    return count, tokens


def read_corpus(path: str | Path) -> list[list[str]]:
    """The sentences that `write_corpus` wrote, as token lists; a missing or empty file is an error."""
    sentences = [tokens for line in read_plain(path) if (tokens := line.split())]
    if not sentences:
        raise LinguaLiftError(f"{path}: empty corpus; delete it and run again")
    return sentences
