"""Accuracy by language family and script, low-resource languages (Figure 8; Tables 20 and 21)."""

from lingualift.figures.base import Drawing, LeftOut
from lingualift.paper.base import Artifact, Inputs
from lingualift.paper.dots import Dot, dots_caption, dots_chart, leading
from lingualift.paper.measured import not_run, present
from lingualift.paper.published import facts

KINDS = {"language family": "table-20", "script": "table-21"}


def make(artifact: Artifact, inputs: Inputs) -> Drawing | LeftOut:
    """A row a group of the paper's, a colour a system; a panel families, one scripts."""
    slot = inputs.slots[artifact.benchmarks[0]]
    shown = [(row, system) for row in inputs.rows if (system := present(row, slot)) is not None]
    dots = []
    for kind, table in KINDS.items():
        for group, members in _groups(table).items():
            for _, system in shown:
                mean = slot.mean(system, members)
                if mean is not None:
                    counts = [slot.row(system, code) for code in mean.over]
                    n = sum(row["n"] for row in counts if row is not None)
                    spread = mean.deviation
                    dots.append(
                        Dot(
                            kind,
                            group,
                            inputs.systems[system].title,
                            mean.accuracy,
                            seeds_low=None if spread is None else mean.accuracy - spread,
                            seeds_high=None if spread is None else mean.accuracy + spread,
                            n=n,
                        )
                    )
    if not dots:
        return LeftOut(
            "Families and scripts are left out: no low-resource language of the paper's groups was"
            " asked."
        )
    note = f"{slot.benchmark}, the paper's groups. " + " ".join(not_run(inputs.rows, [slot]))
    best = max(dots, key=lambda dot: dot.accuracy)
    title = leading([dot for dot in dots if dot.series == best.series], best.series)
    return Drawing(dots_chart(dots), title, dots_caption(dots, note))


def _groups(table: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for fact in facts(table):
        members = groups.setdefault(fact["group"], [])
        if fact["language"] != "average" and fact["language"] not in members:
            members.append(fact["language"])
    return groups
