"""The one exception a user meets, and how its line is worded: names that are not known, values that
a typed model refuses.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, get_args, get_origin

if TYPE_CHECKING:
    from pydantic import ValidationError

NAME, CODE, LINE = (
    r"^[a-z0-9][a-z0-9._-]{0,63}$",
    r"^[^\W_][\w ()'-]{0,39}$",
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,1024}$",
)
MEANING = {
    NAME: "not a plain name (up to 64 letters a-z, digits, '.', '_', '-')",
    CODE: "not the code of a language (two or three letters a-z)",
    LINE: "not one line of text",
}
"""What the patterns of configured text ask for, in words."""


class LinguaLiftError(Exception):
    """A mistake in configuration, data or environment; shown without a traceback, as one line of
    text whatever the names of files and the words of libraries that it repeats.
    """

    def __str__(self) -> str:
        said = super().__str__().encode("utf-8", "backslashreplace").decode("utf-8")
        return " ".join(said.splitlines())


def nearest(name: str, choices: Iterable[str]) -> str:
    """A suffix for an error message: the choice most like `name`, or all where none is near (codes
    of languages are found by `languages.find_language`: those that look alike mean other ones).
    """
    choices = sorted(choices)
    close = difflib.get_close_matches(name, choices, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(choices) or 'none'}"


def known(name: str, choices: Iterable[str], what: str, where: str) -> str:
    """`name`, where it is one of `choices`; else one line: `where: unknown what 'name'`, with the
    nearest choice.
    """
    choices = list(choices)
    if name not in choices:
        raise LinguaLiftError(f"{where}: unknown {what} '{name}'; {nearest(name, choices)}")
    return name


def printable(text: str) -> str:
    """At most 60 characters of `text`, in one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60]) + (
        "..." if len(text) > 60 else ""
    )


def explain(error: "ValidationError", model: Any, origin: str) -> str:
    """Pydantic's first mistake as one line; `model` is the class or annotation that was validated,
    `origin` says where the values stand.
    """
    first = _furthest(error)
    keys, known_keys, elsewhere = _follow(model, first["loc"])
    key, kind = printable(".".join(keys)), first["type"]
    if kind == "extra_forbidden":
        last = keys[-1] if keys else str(first["loc"][-1])  # `(`: reads as a mark of a branch
        hint = elsewhere.get(last) or nearest(last, known_keys)
        return f"{origin}: unknown key '{key or printable(last)}'; {hint}"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        key += f"{'.' if key else ''}{first['ctx']['discriminator'].strip(chr(39))}"
        if kind == "union_tag_not_found":
            return f"{origin}: {key}: Field required"
        expected = first["ctx"]["expected_tags"].replace(", ", " or ")
        value = printable(first["ctx"]["tag"])
        return f"{origin}: {key}: Input should be {expected}, got {value!r}"
    if kind == "invalid_key" or (kind == "string_type" and "[key]" in first["loc"]):
        parent = printable(".".join(keys[:-1]) or "the first level")
        return f"{origin}: {parent}: a key: {explain_text(first['input'], key)}"
    if kind == "string_type" or (isinstance(first["input"], bool) and kind.endswith("_type")):
        return f"{origin}: {key}: {explain_text(first['input'], key)}"
    value = (
        "" if kind in ("missing", "value_error") else f", got {printable(str(first['input']))!r}"
    )
    message = (
        MEANING.get(first["ctx"]["pattern"], first["msg"])
        if kind == "string_pattern_mismatch"
        else first["msg"].removeprefix("Value error, ")
    )
    return f"{origin}: {key + ': ' if key else ''}{message}{value}"


def explain_text(value: Any, key: str) -> str:
    """What YAML made of a word without quotes, and how to write it."""
    if isinstance(value, bool):
        words = "true, yes or on" if value else "false, no or off"
        norwegian = ", or nb for Norwegian" if not value and "language" in key else ""
        return f"YAML reads {words} without quotes as {str(value).lower()}; write it in quotes" + (
            norwegian
        )
    if isinstance(value, int | float | date):
        return (
            f"YAML reads a number or a date, {value} (010 is 8, 1_000 is 1000, 12:30 is 750); where"
            " text is meant, write it in quotes"
        )
    return f"expected text, got {'nothing' if value is None else repr(printable(str(value)))}"


def _furthest(error: "ValidationError") -> Any:
    """The first mistake; of a union the branch that got furthest, which says best what is wrong."""
    first, *others = error.errors()
    if "constrained-str" not in first["loc"]:
        return first
    prefix = first["loc"][: first["loc"].index("constrained-str")]
    branches = [other for other in others if other["loc"][: len(prefix)] == prefix]
    return max([first, *branches], key=lambda branch: len(branch["loc"]))


def _models(annotation: Any) -> list[Any]:
    """The classes of settings that an annotation names: several where a discriminator chooses."""
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _follow(
    annotation: Any, location: Sequence[Any]
) -> tuple[list[str], list[str], dict[str, str]]:
    """The keys of a mistake's location, without pydantic's marks of a union's branches; the keys
    that are known there; and those that belong to another objective, with what to say of them.
    """
    keys: list[str] = []
    fields: list[str] = []
    elsewhere: dict[str, str] = {}
    for number, part in enumerate(location):
        models = _models(annotation)
        mapping = get_origin(annotation) is dict
        if len(models) > 1 and not mapping:
            branches = {
                get_args(model.model_fields["objective"].annotation)[0]: model for model in models
            }
            if part in branches:  # no key, but the objective that chose one of the types
                annotation = branches.pop(part)
                elsewhere = {
                    key: f"it belongs to {objective}"
                    for objective, model in branches.items()
                    for key in model.model_fields
                }
                continue
        chosen = any(part == model.__name__ for model in models)  # a union's branch, no key
        if not chosen and not re.match(r"constrained-str$|\[key\]$|(list|dict)\[|\(", str(part)):
            keys.append(str(part))
        if mapping:
            annotation = get_args(annotation)[1]
        elif models and number < len(location) - 1:
            annotation = getattr(models[0].model_fields.get(part), "annotation", annotation)
    for model in _models(annotation):
        fields += model.model_fields
    return keys, fields, elsewhere
