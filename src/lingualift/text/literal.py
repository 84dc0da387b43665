"""JavaScript data files read as literals, never executed."""

import json
import re
from typing import Any

from lingualift.data.rows import parse_document
from lingualift.messages import LinguaLiftError

# What JavaScript's literals have and JSON lacks. Every repetition has one way to match, so that
# damage costs no backtracking; a template string with `${` is no literal and stays as it is. Only
# single characters repeat possessively: of groups that do Python 3.11.2 misses matches.
_COMMENT = r"//[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/"
_FOREIGN = re.compile(
    rf"(?P<comment> {_COMMENT} ) | (?P<trailing> ,(?=\s*+(?:(?:{_COMMENT})\s*+)*[\]}}]) )"
    r"""
    | '(?P<single> [^'\\\n]*+(?:\\.[^'\\\n]*+)* )'
    | "(?P<double> [^"\\\n]*+(?:\\.[^"\\\n]*+)* )"
    | `(?P<template> [^`\\$]*+(?:(?:\\.|\$(?!\{))[^`\\$]*+)* )`
    | (?P<key> [A-Za-z_$][\w$]*+ )(?=\s*:)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(.))|\"", re.DOTALL)
_KEPT = frozenset('"\\/bfnrtu')  # escapes that JSON has too
_OTHERS = {"v": "\\u000b", "0": "\\u0000", "\n": ""}  # a line end after a backslash joins lines
_START = re.compile(r"\s*const\s+[\w$]+\s*=\s*(?=\[)")
_END = re.compile(r"\s*(;|module|export|$)")


def javascript_array(content: str, name: str) -> list[Any]:
    """The array assigned by the file's first `const NAME = [`; `name` is the file, for messages.

    Strings, numbers, objects, comments and a trailing comma are read. Whatever would have to be
    evaluated is refused with its line.
    """
    plain = _FOREIGN.sub(_as_json, content)
    start = _START.match(plain)
    if start is None:
        raise LinguaLiftError(f"{name}, line 1: 'const NAME = [' expected; download it again")
    # Blanks in place of what precedes keep the numbers of lines.
    plain = re.sub(r"[^\n]", " ", plain[: start.end()]) + plain[start.end() :]
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(plain, start.end())
    except (ValueError, RecursionError):
        end = len(plain)  # `parse_document` says what is wrong
    if end < len(plain) and _END.match(plain, end) is None:
        line = plain.count("\n", 0, end) + 1
        raise LinguaLiftError(f"{name}, line {line}: text follows the array; download it again")
    return parse_document(plain[:end], name)


def _as_json(token: re.Match[str]) -> str:
    """A piece of JavaScript as JSON, of as many lines."""
    kind, piece = token.lastgroup, token[0]
    if kind in ("comment", "trailing"):
        return "\n" * piece.count("\n") or " "
    if kind == "key":
        return json.dumps(piece)
    return f'"{_ESCAPE.sub(_escape, piece[1:-1])}"'


def _escape(match: re.Match[str]) -> str:
    by_hex, by_code_point, letter = match.groups()
    if by_hex or by_code_point:
        code_point = int(by_hex or by_code_point, 16)
        return json.dumps(chr(code_point))[1:-1] if code_point <= 0x10FFFF else match[0]
    if letter is None:
        return '\\"'  # a quotation mark that needs no escape in JavaScript's other strings
    return f"\\{letter}" if letter in _KEPT else _OTHERS.get(letter, letter)
