"""`results/paper/README.md`: every table, figure and page of the paper with its state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lingualift.paper import ARTIFACTS, kind
from lingualift.paper.base import Artifact

HEAD = """# The paper's tables and figures

Ours beside the paper's. A difference is ours minus the paper's; it is left out where the two do not
average the same languages. Ours is another experiment wherever model, data or benchmark are others:
each table names our system and its LLM. What was not run is empty.

"""


@dataclass(frozen=True)
class State:
    """How far a table or figure came: `made` with content, `empty`, or `lacking`, and why."""

    state: str
    says: str


def state(record: Mapping[str, Any]) -> State:
    """The state that a record says: of a table or page, or of a figure."""
    if "left_out" in record:
        return State("empty", record["left_out"])
    if "spec" in record:
        return State("made", record["title"])
    missing = " ".join(record["missing"])
    if not record["measured"]:
        return State("empty", missing or "Nothing was measured.")
    return State("made", missing)


def index(
    records: Mapping[str, Mapping[str, Any]],
    lacking: Mapping[str, str],
    artifacts: Mapping[str, Artifact] = ARTIFACTS,
) -> str:
    """The page as Markdown: a row each, in the paper's order."""
    lines = ["| target | shows | state | |", "|---|---|---|---|"]
    counts = {"made": 0, "empty": 0, "lacking": 0}
    for name, artifact in artifacts.items():
        file = f"{name}.{kind(name, artifacts)}"
        if name in records:
            reached = state(records[name])
            cell = f"[{file}]({file})"
        else:
            reached = State("lacking", f"Needs {lacking[name]}.")
            cell = file
        counts[reached.state] += 1
        lines.append(f"| {cell} | {artifact.title} | {reached.state} | {_cell(reached.says)} |")
    summary = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"{HEAD}{summary}.\n\n" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
