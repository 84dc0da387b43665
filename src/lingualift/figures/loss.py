"""Loss curves of all training stages."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from lingualift.figures.base import Drawing, FigureInputs, LeftOut, Row
from lingualift.figures.style import COLOURS, QUIET, counted, legend, listed, one_decimal, values

EVERYBODY = "all systems"
WIDTH, HEIGHT = 200, 130  # pixels of a panel
SMOOTHED, FEW = 5, 20  # recorded losses in a running mean; below so many there is none


def draw(inputs: FigureInputs) -> Drawing | LeftOut:
    """A panel a stage of that name; a line a checkpoint, named by the systems that it serves."""
    stages = [stage for stage in inputs.stages if len(stage["losses"]) > 1]
    if not stages:
        return LeftOut("Loss curves are left out: no stage of this run recorded its loss.")
    rows: list[dict[str, Any]] = [
        {
            "stage": stage["name"],
            "checkpoint": stage["id"],
            "systems": _serves(stage, inputs.stages),
            "seed": stage["seed"],
            "step": entry["step"],
            "loss": entry["loss"],
            "mean": mean,
        }
        for stage in stages
        for entry, mean in zip(stage["losses"], running_mean(stage["losses"]), strict=True)
    ]
    names = list(dict.fromkeys(row["systems"] for row in rows))
    palette = _palette(names, stages)
    base = alt.Chart().encode(
        x=alt.X("step:Q", title="step", axis=alt.Axis(tickCount=4, format="~s")),
        color=alt.Color("systems:N", scale=alt.Scale(domain=names, range=palette), legend=legend()),
        detail="checkpoint:N",
    )
    raw = base.mark_point(filled=True, size=9, opacity=0.35).encode(
        y=alt.Y(
            "loss:Q",
            title="loss",
            scale=alt.Scale(zero=False, nice=True),
            axis=alt.Axis(tickCount=5),
        ),
        tooltip=["systems:N", "checkpoint:N", "seed:O", "step:Q", alt.Tooltip("loss:Q")],
    )
    mean = base.mark_line(strokeWidth=1.8).encode(y=alt.Y("mean:Q", title="loss"))
    chart = (
        alt.layer(raw, mean, data=values(rows))
        .properties(width=WIDTH, height=HEIGHT)
        .facet(
            facet=alt.Facet("stage:N", sort=_order(stages), title=None, header=_header()),
            columns=3,
            spacing=20,
        )
        .resolve_scale(x="independent", y="independent")
    )
    return Drawing(chart, finding(stages), _caption(stages))


def running_mean(losses: Sequence[Row]) -> list[float]:
    """The mean of each loss with two on either side; the losses themselves where few are recorded,
    for a mean of half of them would hide the fall.
    """
    values = [entry["loss"] for entry in losses]
    half = SMOOTHED // 2 if len(values) >= FEW else 0
    spans = (values[max(0, index - half) : index + half + 1] for index in range(len(values)))
    return [sum(span) / len(span) for span in spans]


def _order(stages: Sequence[Row]) -> list[str]:
    """Names of stages as the system with most of them goes through them, then any others."""
    chains: dict[str, list[str]] = {}
    for stage in stages:
        for title in stage["systems"]:
            chains.setdefault(title, []).append(stage["name"])
    longest = max(chains.values(), key=len, default=[])
    return list(dict.fromkeys([*longest, *(stage["name"] for stage in stages)]))


def _header() -> alt.Header:
    return alt.Header(labelOrient="top", labelAnchor="start")


def _palette(names: Sequence[str], stages: Sequence[Row]) -> list[str]:
    """Colours of lines: a system's own, as in the other figures, and grey for what all share."""
    titles = list(dict.fromkeys(title for stage in stages for title in stage["systems"]))
    first = {_serves(stage, stages): list(stage["systems"])[:1] for stage in stages}
    return [
        QUIET
        if name == EVERYBODY or not first[name]
        else COLOURS[titles.index(first[name][0]) % len(COLOURS)]
        for name in names
    ]


def _serves(stage: Row, stages: Sequence[Row]) -> str:
    """The systems of a stage as a line's name."""
    everything = {title for other in stages for title in other["systems"]}
    if len(everything) > 1 and set(stage["systems"]) == everything:
        return EVERYBODY
    titles = list(stage["systems"])
    if len(titles) > 2:
        return f"{titles[0]} and {counted(len(titles) - 1, 'other')}"
    return listed(titles) or stage["id"]


def fall(stage: Row) -> float:
    """By how much of itself the loss fell, from the first to the last fifth of what is recorded."""
    losses = [entry["loss"] for entry in stage["losses"]]
    part = max(1, len(losses) // 5)
    first, last = sum(losses[:part]) / part, sum(losses[-part:]) / part
    return 1 - last / first if first else 0.0


def finding(stages: Sequence[Row]) -> str:
    """Whether the loss fell everywhere, and where it fell least."""
    falls = {stage["id"]: fall(stage) for stage in stages}
    names = {stage["id"]: stage["name"] for stage in stages}
    rising = list(dict.fromkeys(names[key] for key, value in falls.items() if value <= 0))
    if rising:
        return f"Loss does not fall in {listed(rising)}"
    least = min(falls, key=lambda key: falls[key])
    every = "the one stage" if len(falls) == 1 else f"all {len(falls)} trainings"
    return (
        f"Loss falls in {every}, least in {names[least]} (by {one_decimal(100 * falls[least])} %)"
    )


def _caption(stages: Sequence[Row]) -> str:
    recorded = sum(len(stage["losses"]) for stage in stages)
    return (
        f"n = {counted(len(stages), 'training')}, {recorded:,} recorded losses."
        f" Points: loss of one batch; line: running mean of {SMOOTHED} from {FEW} on; scales differ"
        " between panels. Unit: nats a token; in warm starts squared error over variance. No"
        " interval: each line is one training."
    )
