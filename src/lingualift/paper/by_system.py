"""Tables with a row a system: averages by resource level (Tables 1 to 3), every language and the
averages (Tables 10 to 17, 22, 23), and alignment layers with their parameters (Table 24).
"""

from collections.abc import Mapping, Sequence

from lingualift.paper.base import Artifact, PaperInputs, Table
from lingualift.paper.measured import (
    LEVELS,
    Mean,
    Slot,
    beside,
    cells,
    not_run,
    partial,
    present,
)
from lingualift.paper.published import PaperRow

NAMES = {"mmwp": "MMWP", "mgsm": "MGSM", "msvamp": "MSVAMP", "xnli": "XNLI", "xcsqa": "X-CSQA"}
"""How headers name a slot."""


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """Three columns (ours, paper, difference) for each column that the paper prints; systems of
    ours that the paper prints nothing of stand beside them without its figures.
    """
    several = len(artifact.benchmarks) > 1
    printed = {
        slot: _printed_columns(artifact.rows[0], slot, inputs) for slot in artifact.benchmarks
    }
    header = ["category", "system", "ours", "LLM"]
    if inputs.facts:
        header += beside("parameters")
    for slot, columns in printed.items():
        prefix = f"{NAMES[slot]} " if several else ""
        header += [cell for name in columns for cell in beside(prefix + LEVELS.get(name, name))]
    rows, measured = [], 0
    means: list[tuple[str, Mean | None]] = []
    for row in inputs.rows:
        cells_of_row, count = _cells(row, printed, inputs, means)
        if row.origin == "paper" or count:
            rows.append([*_named(row, inputs), *cells_of_row])
            measured += count
    missing = [*not_run(inputs.rows, list(inputs.slots.values())), *partial(means)]
    missing += [
        f"{NAMES[slot]} was not asked." for slot in artifact.benchmarks if slot not in inputs.slots
    ]
    return Table(header, rows, measured, missing)


def _printed_columns(table: str, slot: str, inputs: PaperInputs) -> list[str]:
    """The languages and groups that a printed table has of a benchmark, in its order."""
    columns: dict[str, None] = {}
    for (printed_table, benchmark, _), figures in inputs.published.items():
        if (printed_table, benchmark) == (table, slot):
            columns |= dict.fromkeys(figures)
    languages = [name for name in columns if name not in LEVELS]
    return languages + [name for name in LEVELS if name in columns]


def _named(row: PaperRow, inputs: PaperInputs) -> list[str]:
    """Heading and name as printed, our systems and their LLM."""
    names = {present(row, slot): None for slot in inputs.slots.values()}
    facts = [inputs.systems[name] for name in names if name is not None]
    titles, models = (
        dict.fromkeys(values)
        for values in ((fact.title for fact in facts), (fact.llm for fact in facts))
    )
    return [row.category, row.system, ", ".join(titles), ", ".join(models)]


def _cells(
    row: PaperRow,
    printed: Mapping[str, Sequence[str]],
    inputs: PaperInputs,
    means: list[tuple[str, Mean | None]],
) -> tuple[list[str], int]:
    """A row's cells, and how many of them this run measured; its averages are added to `means`."""
    filled, measured = _parameters(row, inputs), 0
    for name, columns in printed.items():
        slot = inputs.slots.get(name)
        system = None if slot is None else present(row, slot)
        figures = inputs.published.get((row.artifact, name, row.system), {})
        within = [column for column in columns if column not in LEVELS] or None
        for column in columns:
            ours = None
            if slot is not None and system is not None:
                ours = slot.mean(system, _languages(slot, column, within))
            if column in LEVELS:
                means.append((f"{NAMES[name]} {LEVELS[column]}", ours))
            filled += cells(ours, figures.get(column))
            measured += ours is not None
    return filled, measured


def _languages(slot: Slot, column: str, within: Sequence[str] | None) -> list[str]:
    return slot.group(column, within) if column in LEVELS else [column]


def _parameters(row: PaperRow, inputs: PaperInputs) -> list[str]:
    """Parameters of the alignment layer in millions, where the paper prints them."""
    if not inputs.facts:
        return []
    printed = {fact["system"]: fact["parameters"] for fact in inputs.facts}.get(row.system, "")
    count = next((inputs.parameters[name] for name in row.systems if name in inputs.parameters), 0)
    if not count:
        return ["", printed, ""]
    gap = count / 1e6 - float(printed.split()[0]) if printed else None
    return [f"{count / 1e6:.2f} M", printed, "" if gap is None else f"{gap:+.2f} M"]
