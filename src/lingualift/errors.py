"""The one exception a user meets: a single line that says what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable


class LinguaLiftError(Exception):
    """A mistake in configuration, data or environment; shown without a traceback."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """A suffix for an error message: the choice most like `name`, or all of them when none is near."""
    choices = sorted(choices)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(choices) or 'none'}"
