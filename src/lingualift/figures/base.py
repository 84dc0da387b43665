"""What every figure shares: what it may read, what it gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Altair takes half a second, and the workflow's start needs names alone
    import altair as alt

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Timing:
    """What one job took: kind of job (its rule's folder), name, wall-clock seconds, peak memory in
    GiB (None where the job ended before it was measured).
    """

    kind: str
    job: str
    seconds: float
    peak_gib: float | None


@dataclass(frozen=True)
class FigureInputs:
    """What figures are drawn from; a figure reads the fields that its entry `needs`.

    `names` maps a language's code to its English name. `table` holds the rows of one result table
    (`tables.results.TIDY_SCHEMA`), `ablation` its rows of LinguaLIFT with differences to LinguaLIFT
    without language alignment, `retrieval` the rows of a table of sentence retrieval.
    `lexicon_table` has a row a language (`LEXICON_TABLE_SCHEMA`), `lexicons` the rows of each
    lexicon, `stages` what each checkpoint's stage.json records, with the titles of the `systems`
    that it serves, and `timings` an entry a job.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    table: Sequence[Row] = ()
    ablation: Sequence[Row] = ()
    retrieval: Sequence[Row] = ()
    lexicon_table: Sequence[Row] = ()
    lexicons: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    stages: Sequence[Row] = ()
    timings: Sequence[Timing] = ()


@dataclass(frozen=True)
class Drawing:
    """A chart with the finding as its title, and a caption with n and what the interval is."""

    chart: alt.TopLevelMixin
    title: str
    caption: str


@dataclass(frozen=True)
class LeftOut:
    """A figure that cannot be drawn, and why in one sentence."""

    reason: str


@dataclass(frozen=True)
class Figure:
    """One entry of the register: the module that draws it, and what it reads.

    `needs` names fields of `FigureInputs`. `by_table` says that it is drawn for each result table.
    """

    module: str
    needs: tuple[str, ...]
    by_table: bool = False
