"""Data sets of training and evaluation with their languages and samples, counted from what the run
read (Table 5).
"""

from lingualift.paper import SLOTS
from lingualift.paper.base import Artifact, Dataset, PaperInputs, Table

HUB = {"gsm8kinstruct-hub": "gsm8kinstruct", "csqa-hub": "csqa"}
"""Sources that hold the same data set in another form."""


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """The paper's rows in its order, then what the run read besides."""
    header = ["part", "data set", "read from"]
    for column in ("languages", "samples"):
        header += [column, f"{column} (paper)", f"{column} (difference)"]
    used: list[Dataset] = []
    rows, absent = [], []
    for fact in inputs.facts:
        counted = _read(fact["part"], fact["source"], inputs)
        used += counted
        if not counted:
            absent.append(fact["dataset"])
        first = max(counted, key=lambda dataset: dataset.samples, default=None)
        rows.append([fact["part"], fact["dataset"], *_cells(first, fact)])
    for dataset in inputs.datasets:
        if dataset not in used:
            rows.append([dataset.part, dataset.name, *_cells(dataset, {})])
    measured = 2 * sum(bool(row[3]) for row in rows)
    missing = [f"Not read: {', '.join(dict.fromkeys(absent))}."] if absent else []
    return Table(header, rows, measured, missing)


def _read(part: str, source: str, inputs: PaperInputs) -> list[Dataset]:
    """What was read of a printed data set, by whichever task or benchmark."""
    names = SLOTS.get(source, (source,)) if part == "evaluation" else (source,)
    return [
        dataset
        for dataset in inputs.datasets
        if dataset.part == part and HUB.get(dataset.source, dataset.source) in names
    ]


def _cells(dataset: Dataset | None, fact: dict[str, str] | object) -> list[str]:
    printed = fact if isinstance(fact, dict) else {}
    cells = ["" if dataset is None else f"{dataset.source} ({dataset.name})"]
    for column in ("languages", "samples"):
        count = None if dataset is None else getattr(dataset, column)
        paper = printed.get(column, "")
        gap = "" if count is None or not paper else f"{count - int(paper.replace(',', '')):+,}"
        cells += ["" if count is None else f"{count:,}", paper, gap]
    return cells
