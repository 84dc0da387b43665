"""JavaScript data files read as literals, never executed."""

from typing import Any, ClassVar

from lingualift.errors import LinguaLiftError


class _Literal:
    """A strict parser for the JavaScript literals in data packages: arrays, objects, strings,
    numbers, true, false, null.

    Comments and one trailing comma are accepted; array holes, `${}` in template strings, raw line
    ends in quoted strings and anything that would have to be evaluated are refused with the line
    number.
    """

    ESCAPES: ClassVar[dict[str, str]] = {
        "n": "\n",
        "t": "\t",
        "r": "\r",
        "b": "\b",
        "f": "\f",
        "v": "\v",
        "0": "\0",
    }

    def __init__(self, text: str, name: str, position: int) -> None:
        self.text, self.name, self.at = text, name, position

    def fail(self, what: str) -> LinguaLiftError:
        return LinguaLiftError(
            f"{self.name}, line {self.text.count(chr(10), 0, self.at) + 1}: {what}; download the"
            " package again"
        )

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
        while self.at < len(self.text) and (
            self.text[self.at].isalnum() or self.text[self.at] in "_$.-+"
        ):
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
            raise self.fail(
                f"',' or '{closer}' expected, found {character!r}"
                if character
                else "the text ends inside an array"
            )

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


def javascript_array(text: str, name: str) -> list[Any]:
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
