"""Time and memory by kind of job."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from lingualift.figures.base import Drawing, FigureInputs, LeftOut, Timing
from lingualift.figures.style import COLOURS, QUIET, counted, one_decimal, values

WIDTH, ROW = 240, 19  # pixels


def draw(inputs: FigureInputs) -> Drawing | LeftOut:
    """Two bars a kind of job: seconds of all its jobs together, and the largest one's memory."""
    if not inputs.timings:
        return LeftOut("Times are left out: no record of a finished job is there.")
    rows = by_kind(inputs.timings)
    order = [row["kind"] for row in rows]
    data = values(rows)

    def bars(field: str, title: str, colour: str, text: str, axis: bool) -> alt.LayerChart:
        # a fifth of the width is left for the words after the longest bar
        longest = max((row[field] or 0.0 for row in rows), default=0.0)
        room = alt.Scale(domain=[0, 1.2 * longest or 1.0], nice=False)
        base = alt.Chart(data).encode(
            y=alt.Y(
                "kind:N",
                sort=order,
                title=None,
                axis=alt.Axis(ticks=False, domain=False) if axis else None,
            ),
            x=alt.X(f"{field}:Q", title=title, axis=alt.Axis(tickCount=4), scale=room),
            tooltip=[
                alt.Tooltip("kind:N", title="job"),
                alt.Tooltip("jobs:Q", title="jobs"),
                alt.Tooltip("minutes:Q", format=".2f", title="minutes, all together"),
                alt.Tooltip("longest:Q", format=".1f", title="longest, seconds"),
                alt.Tooltip("peak:Q", format=".2f", title="peak memory, GiB"),
            ],
        )
        label = base.mark_text(align="left", dx=4, fontSize=10, color=QUIET).encode(text=text)
        return (base.mark_bar(color=colour, size=11) + label).properties(
            width=WIDTH, height=alt.Step(ROW)
        )

    chart = alt.hconcat(
        bars("minutes", "minutes, all jobs together", COLOURS[0], "jobs_text:N", True),
        bars("peak", "peak memory of the largest, GiB", COLOURS[4], "peak_text:N", False),
        spacing=18,
    )
    return Drawing(chart, finding(rows), _caption(inputs.timings))


def by_kind(timings: Sequence[Timing]) -> list[dict[str, Any]]:
    """One row a kind of job, the longest first."""
    rows = []
    for kind in sorted({timing.kind for timing in timings}):
        jobs = [timing for timing in timings if timing.kind == kind]
        peaks = [job.peak_gib for job in jobs if job.peak_gib is not None]
        rows.append(
            {
                "kind": kind,
                "jobs": len(jobs),
                "jobs_text": counted(len(jobs), "job"),
                "minutes": sum(job.seconds for job in jobs) / 60,
                "longest": max(job.seconds for job in jobs),
                "peak": max(peaks, default=None),
                "peak_text": _memory(max(peaks, default=None)),
            }
        )
    return sorted(rows, key=lambda row: (-row["minutes"], row["kind"]))


def _memory(peak: float | None) -> str:
    if peak is None:
        return "not measured"
    return one_decimal(peak) if peak >= 0.05 else "< 0.1"


def finding(rows: Sequence[dict[str, Any]]) -> str:
    """What takes most of the time, and most memory."""
    total = sum(row["minutes"] for row in rows)
    share = 100 * rows[0]["minutes"] / total if total else 0.0
    text = f"“{rows[0]['kind']}” takes {share:.0f} % of {one_decimal(total)} minutes of computing"
    measured = [row for row in rows if row["peak"] is not None]
    if measured:
        largest = max(measured, key=lambda row: row["peak"])
        text += f"; “{largest['kind']}” needs the most memory, {one_decimal(largest['peak'])} GiB"
    return text


def _caption(timings: Sequence[Timing]) -> str:
    return (
        f"n = {counted(len(timings), 'job')} as Snakemake measured them. Jobs side by side count"
        " each, so the run itself was shorter. No interval: each job ran once."
    )
