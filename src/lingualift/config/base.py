"""What all groups of settings share: names, numbers, and that unknown keys are refused."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from lingualift.messages import CODE, LINE, NAME

Name = Annotated[str, StringConstraints(pattern=NAME)]
"""Names become parts of paths: lower-case letters, digits, '.', '_', '-' alone."""
Code = Annotated[str, StringConstraints(pattern=CODE)]
Line = Annotated[str, StringConstraints(pattern=LINE)]


def _folder(path: str) -> str:
    if (
        re.search(r"[][{}*?$`\"'\\;|&<>]", path)
        or path.startswith(("-", "~"))
        or max(map(len, path.encode().split(b"/"))) > 200
    ):
        raise ValueError(
            "not a plain folder (quotes, brackets and *?$`\\;|&<> do not belong in it, nor does it"
            " begin with '-' or '~')"
        )
    return path


Folder = Annotated[Line, AfterValidator(_folder)]
"""Folders become parts of rules, where Snakemake reads braces, and of command lines."""


def real_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {value}")
    return value


def truth_or_word(value: Any) -> Any:
    """A truth value that the command line spelled, beside words that are none."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Share = Annotated[float, Field(ge=0, le=1), BeforeValidator(real_number)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(real_number)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(real_number)]


class Settings(BaseModel):
    """A group of settings; unknown keys are refused.

    Text that spells a number, a truth value or null is read as such, for so the command line
    delivers what stands below the first level.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _nulls(cls, values: Any) -> Any:
        return (
            {key: None if value == "null" else value for key, value in values.items()}
            if isinstance(values, dict)
            else values
        )
