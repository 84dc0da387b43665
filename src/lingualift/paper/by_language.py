"""Tables with a row a language and a column a system, grouped by resource level (Tables 7 to 9) or
by the groups that the paper prints, language families and scripts (Tables 20, 21).
"""

from collections.abc import Mapping, Sequence

from lingualift.paper.base import Artifact, PaperInputs, Table
from lingualift.paper.measured import Mean, Slot, beside, cells, not_run, partial, present
from lingualift.paper.published import PaperRow

AVERAGE = "Average"
LEVEL_TITLES = {"low": "Low-Resource", "medium": "Medium-Resource", "high": "High-resource"}
Groups = Mapping[str, Sequence[str]]


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """Three columns (ours, paper, difference) a system; the last row names our systems."""
    slot = inputs.slots[artifact.benchmarks[0]]
    shown = [row for row in inputs.rows if row.origin == "paper" or present(row, slot)]
    header = ["grouping", "group", "language"]
    header += [cell for row in shown for cell in beside(row.system)]
    figures = _printed(inputs, artifact, slot)
    rows: list[list[str]] = []
    means: list[tuple[str, Mean | None]] = []
    measured = 0
    for grouping, groups in _groupings(inputs, slot).items():
        for group, languages in groups.items():
            for code in [*languages, AVERAGE]:
                line, count = _line(shown, slot, figures, grouping, group, languages, code, means)
                rows.append([grouping, group, code, *line])
                measured += count
    ours = [cell for row in shown for cell in (_title(row, slot, inputs), "", "")]
    rows.append(["", "", "system", *ours])
    missing = [*not_run(inputs.rows, [slot]), *partial(means)]
    return Table(header, rows, measured, missing)


def _groupings(inputs: PaperInputs, slot: Slot) -> dict[str, Groups]:
    """Groups by kind: the paper's, and of families and scripts this project's own, too."""
    if not inputs.facts:
        levels = {LEVEL_TITLES[name]: codes for name, codes in slot.groups.items() if name}
        return {"paper": levels}
    paper: dict[str, list[str]] = {}
    for fact in inputs.facts:
        members = paper.setdefault(fact["group"], [])
        if fact["language"] != "average" and fact["language"] not in members:
            members.append(fact["language"])
    kind = "family" if any("European" in group for group in paper) else "script"
    low = {code for members in paper.values() for code in members}
    groups_here: dict[str, list[str]] = {}
    for code in sorted(low):
        groups_here.setdefault(getattr(inputs.languages[code], kind), []).append(code)
    return {
        "paper": paper,
        "this project": {name: groups_here[name] for name in sorted(groups_here)},
    }


def _printed(
    inputs: PaperInputs, artifact: Artifact, slot: Slot
) -> dict[tuple[str, str, str], str]:
    """{(group, language or AVERAGE, system): figure as printed}."""
    if inputs.facts:
        return {
            (fact["group"], AVERAGE if fact["language"] == "average" else fact["language"],
             fact["system"]): fact["accuracy"]
            for fact in inputs.facts
        }  # fmt: skip
    figures_by_cell = {}
    for row in inputs.rows:
        figures = inputs.published.get((artifact.rows[0], slot.name, row.system), {})
        for level, title in LEVEL_TITLES.items():
            for code in slot.groups.get(level, ()):
                if code in figures:
                    figures_by_cell[title, code, row.system] = figures[code]
            if level in figures:
                figures_by_cell[title, AVERAGE, row.system] = figures[level]
    return figures_by_cell


def _line(
    rows: Sequence[PaperRow],
    slot: Slot,
    figures: Mapping[tuple[str, str, str], str],
    grouping: str,
    group: str,
    languages: Sequence[str],
    code: str,
    means: list[tuple[str, Mean | None]],
) -> tuple[list[str], int]:
    """The cells of a language or of a group's average, and how many were measured."""
    line: list[str] = []
    measured = 0
    for row in rows:
        system = present(row, slot)
        over = languages if code == AVERAGE else [code]
        ours = None if system is None else slot.mean(system, over)
        if code == AVERAGE:
            means.append((group, ours))
        printed = figures.get((group, code, row.system)) if grouping == "paper" else None
        line += cells(ours, printed)
        measured += ours is not None
    return line, measured


def _title(row: PaperRow, slot: Slot, inputs: PaperInputs) -> str:
    system = present(row, slot)
    return "" if system is None else inputs.systems[system].title
