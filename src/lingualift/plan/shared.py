"""What lies in `resources` as it is pinned. Clones may share that folder, and no rule makes again
what another has made.

Snakemake itself cannot tell: it compares the age of an output with that of the clone's own script,
so every newer clone would retrieve and prepare everything anew.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from lingualift.artifacts import read_json
from lingualift.messages import LinguaLiftError
from lingualift.model.prepare import is_prepared
from lingualift.plan import Plan, files
from lingualift.retrieve.fetch import source_state
from lingualift.retrieve.sources import Source


def retrieved_sources(plan: Plan) -> list[str]:
    """The folders below `resources/sources` that hold what they should."""
    folder, downloads = _folder(plan, "sources"), _folder(plan, "downloads")
    return [
        path.name
        for path in _entries(folder)
        if (source := _source(plan, path.name)) is not None
        and source_state(source, path, downloads, plan.config.mirror) == "present"
    ]


def prepared_models(plan: Plan) -> list[str]:
    """The folders below `resources/models` that were made of what is pinned now."""
    return [
        path.name
        for path in _entries(_folder(plan, "models"))
        if (source := _source(plan, path.name)) is not None and is_prepared(source, path)
    ]


def check_pins(plan: Plan, read: Collection[str], made: Collection[str]) -> None:
    """What a run reads of `resources` and does not make is what is pinned.

    `read` and `made` are paths, as rules name them. Snakemake notices another pin where this clone
    made the file itself; of what another clone made it knows nothing.
    """
    current = {"sources": retrieved_sources(plan), "models": prepared_models(plan)}
    for path in sorted(set(read) - set(made)):
        folder = Path(path).parent
        if folder.parent.parent != Path(plan.config.resources) or not Path(path).is_file():
            continue
        kind = folder.parent.name
        if kind in current and folder.name not in current[kind] and _has_pin(Path(path)):
            raise LinguaLiftError(
                f"{folder}: is not what this configuration pins or its mirror holds (another clone"
                " may have made it); delete it and run again, or set `resources` to a folder of"
                " this clone's own"
            )


def _has_pin(record: Path) -> bool:
    """Whether a record says what it was made of; those of models did not always."""
    return "pin" in read_json(record)


def others(names: Iterable[str]) -> str:
    """A pattern of the wildcard `source` that matches every name but these."""
    excluded = "|".join(map(re.escape, names))
    return (
        rf"(?!(?:{excluded})/){files.PATTERNS['source']}" if excluded else files.PATTERNS["source"]
    )


def _folder(plan: Plan, name: str) -> Path:
    return Path(plan.config.resources) / name


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _source(plan: Plan, name: str) -> Source | None:
    """The source that a folder's name stands for; None where this clone's registry has none."""
    try:
        return plan.source(name)
    except LinguaLiftError:
        return None
