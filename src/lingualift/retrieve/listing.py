"""What a run will download, as a table for its user."""

from collections.abc import Iterable
from pathlib import Path

from lingualift.retrieve.fetch import readable_size, source_state
from lingualift.retrieve.sources import Source


def download_lines(
    sources: Iterable[Source],
    resources: str | Path,
    downloads: str | Path,
    mirror: str | Path | None = None,
) -> str:
    """The table a run prints before its first download: source, version, size, licence, whether it
    is there already.

    Sources lie at `resources/KEY`. The last line gives the bytes still to be downloaded; sizes with
    `~` are estimates.
    """
    words = {
        "present": "present",
        "cached": "in cache",
        "mirror": "in mirror",
        "download": "download",
        "unavailable": "needs mirror",
    }
    rows = [("source", "version", "size", "licence", "state")]
    total, unknown, notes = 0, 0, []
    for source in sources:
        where = source_state(source, Path(resources) / source.key, downloads, mirror)
        size = source.size if source.size is not None else source.estimate
        if where == "download":
            total += size or 0
            unknown += size is None
        about = "" if source.size is not None else "~"
        rows.append(
            (
                source.key,
                _version(source),
                about + readable_size(size) if size else "?",
                source.licence,
                words[where],
            )
        )
        if source.licence_note and where != "present":
            notes.append(f"  {source.key}: {source.licence_note}")
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    lines.append(
        f"to download: {readable_size(total)}"
        + (f" and {unknown} of unknown size" if unknown else "")
    )
    return "\n".join(lines + (["notes on rights:", *notes] if notes else []))


def _version(source: Source) -> str:
    return (
        source.version or (source.revision or "not pinned")[:10]
        if source.kind == "hub"
        else source.version or "-"
    )
