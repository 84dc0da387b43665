"""A file of corrections: is it sound, and does the set stay sound with it?

A correction is one line of TSV below the header: language, id, current, corrected, kind (`meaning`,
`grammar` or `style`). `current` is the sentence as it stands in the set, so that a correction of an
older version is noticed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lingualift.data.rows import read_delimited
from lingualift.messages import LinguaLiftError, nearest

HEADER = ("language", "id", "current", "corrected", "kind")
KINDS = ("meaning", "grammar", "style")

Sets = Mapping[str, Mapping[str, str]]
"""The problems of each language by id."""


@dataclass(frozen=True)
class Correction:
    line: int
    language: str
    item: str
    current: str
    corrected: str
    kind: str


def read_corrections(path: Path) -> list[Correction]:
    """The corrections of a file.

    Raises LinguaLiftError where the file is no UTF-8 text, lacks the header or a column, or holds
    no correction.
    """
    corrections = [
        Correction(row.number, *(row.values[column] for column in HEADER))
        for row in read_delimited(path, "\t", HEADER)
    ]
    if not corrections:
        raise LinguaLiftError(f"{path}: holds no correction below its header")
    return corrections


def correction_mistakes(corrections: list[Correction], sets: Sets) -> list[str]:
    """What keeps corrections from being applied to the set, each as one line."""
    lines: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for each in corrections:
        where = f"line {each.line}"
        if each.language not in sets:
            lines.append(f"{where}: no language '{each.language}'; {nearest(each.language, sets)}")
            continue
        questions = sets[each.language]
        if each.item not in questions:
            lines.append(f"{where}: no problem '{each.item}'; {nearest(each.item, questions)}")
        elif questions[each.item] != each.current:
            lines.append(f"{where}: 'current' is not {each.language} {each.item} of this version")
        if each.corrected == each.current or not each.corrected.strip():
            lines.append(f"{where}: 'corrected' changes nothing or is empty")
        if each.kind not in KINDS:
            lines.append(f"{where}: kind '{each.kind}', expected {', '.join(KINDS)}")
        if (key := (each.language, each.item)) in seen:
            lines.append(f"{where}: {each.language} {each.item} is corrected in line {seen[key]}")
        seen.setdefault(key, each.line)
    return lines


def corrected_sets(corrections: list[Correction], sets: Sets) -> dict[str, dict[str, str]]:
    """The languages that are corrected, with their corrections applied."""
    result: dict[str, dict[str, str]] = {}
    for each in corrections:
        result.setdefault(each.language, dict(sets[each.language]))[each.item] = each.corrected
    return result
