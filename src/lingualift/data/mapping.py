"""YAML files that hold values by name: settings, systems, sources."""

from pathlib import Path
from typing import Any

import yaml

from lingualift.data.rows import UNREADABLE, read_text
from lingualift.messages import LinguaLiftError


def read_mapping(path: Path, expected: str) -> dict[Any, Any]:
    """The values of a YAML file by name (none: it is empty); `expected` says in an error what it
    should hold.

    Raises `LinguaLiftError` for a file that cannot be read, is no YAML or holds something else.
    """
    try:
        values = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, *UNREADABLE) as error:
        raise LinguaLiftError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise LinguaLiftError(f"{path}: expected {expected}")
    return values
