"""The one exception a user meets, and how its line is worded: names that are not known, values that
a typed model refuses.
"""

import difflib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

NAME, CODE, LINE = (
    r"^[a-z0-9][a-z0-9._-]{0,63}$",
    r"^[a-z]{2,3}$",
    r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,1024}$",
)
MEANING = {
    NAME: "not a plain name (up to 64 letters a-z, digits, '.', '_', '-')",
    CODE: "not a language code (two or three letters a-z)",
    LINE: "not one line of text",
}
"""What the patterns of configured text ask for, in words."""


class LinguaLiftError(Exception):
    """A mistake in configuration, data or environment; shown without a traceback."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """A suffix for an error message: the choice most like `name`, or all where none is near."""
    choices = sorted(choices)
    cutoff = 0.6 if len(name) > 3 else 0.5  # of two letters of a code one may be right
    close = difflib.get_close_matches(name, choices, n=1, cutoff=cutoff)
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
    """Pydantic's first mistake as one line; `model` is the class that was validated, `origin` says
    where the values stand.
    """
    first = _furthest(error)
    parts = [
        str(part)
        for part in first["loc"]
        if not re.match(r"constrained-str$|\[key\]$|(list|dict)\[", str(part))
    ]
    key = printable(".".join(parts))
    if first["type"] == "extra_forbidden":
        for part in first["loc"][:-1]:
            model = _field_model(model, part)
        return f"{origin}: unknown key '{key}'; {nearest(parts[-1], model.model_fields)}"
    value = (
        ""
        if first["type"] in ("missing", "value_error")
        else f", got {printable(str(first['input']))!r}"
    )
    message = (
        MEANING.get(first["ctx"]["pattern"], first["msg"])
        if first["type"] == "string_pattern_mismatch"
        else first["msg"].removeprefix("Value error, ")
    )
    return f"{origin}: {key + ': ' if key else ''}{message}{value}"


def _furthest(error: "ValidationError") -> Any:
    """The first mistake; of a union the branch that got furthest, which says best what is wrong."""
    first, *others = error.errors()
    if "constrained-str" not in first["loc"]:
        return first
    prefix = first["loc"][: first["loc"].index("constrained-str")]
    branches = [other for other in others if other["loc"][: len(prefix)] == prefix]
    return max([first, *branches], key=lambda branch: len(branch["loc"]))


def _field_model(model: Any, part: Any) -> Any:
    """The model of a field, looked for inside lists, mappings and unions."""
    field = getattr(model, "model_fields", {}).get(part)
    annotation = field.annotation if field else model
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if hasattr(candidate, "model_fields"):
            return candidate
    return model
