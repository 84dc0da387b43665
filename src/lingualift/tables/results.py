"""Result tables: a tidy one for machines, one shaped like the paper's for people (Tables 1 and
7-9).

The tidy one has a row a system and scope for each seed, and one (`seed` null) that averages the
seeds: the readable one's.

Accuracies are percentages. Intervals are 95 % bootstrap intervals: problems are drawn with
replacement, the same draw for every system and for every language that asks the same problems,
which keeps differences paired. With several seeds the seeds are drawn, too (a hierarchical
bootstrap, the same draw for every system, whose runs of one seed share data order and stages), so
an interval holds the variation between trainings as well as between problems. Two or three seeds
show little of it: read `seed_deviation` beside it.

Two tests compare each system with the reference on the same problems, both two-sided: the paired
bootstrap of the difference, for every row, and McNemar's exact one, which takes problems to be
independent and therefore stands where a row is of one language and one training only (parallel
problems recur over languages, all of them over seeds).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lingualift.messages import LinguaLiftError
from lingualift.tables.bootstrap import holm, interval, mcnemar, samples
from lingualift.tables.decimals import to_one_decimal
from lingualift.tables.gains import gain_cell
from lingualift.tables.reference import PublishedSystem
from lingualift.tables.scopes import PAPERS, WITHOUT, Scope, scopes

TIDY_SCHEMA = pa.schema(
    [
        pa.field("origin", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("stages", pa.string(), nullable=False),
        pa.field("seeds", pa.string(), nullable=False),
        pa.field("seed", pa.int64()),
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("version", pa.string()),
        pa.field("scope", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("aligned", pa.bool_()),
        pa.field("n", pa.int64()),
        pa.field("accuracy", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("accuracy_strict", pa.float64()),
        pa.field("seed_deviation", pa.float64()),
        pa.field("difference", pa.float64()),
        pa.field("difference_low", pa.float64()),
        pa.field("difference_high", pa.float64()),
        pa.field("p", pa.float64()),
        pa.field("p_holm", pa.float64()),
        pa.field("only_system", pa.int64()),
        pa.field("only_reference", pa.int64()),
        pa.field("p_mcnemar", pa.float64()),
        pa.field("p_mcnemar_holm", pa.float64()),
        pa.field("reader", pa.string()),
        pa.field("gain", pa.float64()),
        pa.field("gain_low", pa.float64()),
        pa.field("gain_high", pa.float64()),
        pa.field("note", pa.string()),
    ]
)
"""`origin` is `measured`, `chance` (worked out from the problems) or `paper` (as the paper reports
it). `seed` is null in the rows that average all `seeds`. `only_system` and `only_reference` are the
problems that one of the two alone answers correctly; `_holm` is corrected for the number of
comparisons: of all systems and scopes with that seed, or of all averages. `gain` is the accuracy
minus that of `reader`, the system in which the same LLM reads the question itself.
"""


class TableSystem(NamedTuple):
    """A system of a table: its title, its stages, and the system in which the same LLM reads the
    question itself (empty: the table has none, or this is it).
    """

    title: str
    stages: str
    reader: str = ""


SLIP = "a copying slip of the paper"
DOUBTFUL = ("but its languages", SLIP)


def scores_of_operation(scores: pa.Table, operation: str) -> pa.Table:
    """The scores that a table averages: of one operation (retrieval: one direction), or all."""
    return scores.filter(pc.equal(scores["operation"], operation)) if operation else scores


def tidy(
    scores: pa.Table,
    systems: Mapping[str, tuple[str, ...]],
    languages: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    aligned: Sequence[str],
    reference: str | None,
    resamples: int,
    columns: Sequence[Scope] | None = None,
) -> pa.Table:
    """Rows of every system, scope and seed, and of the seeds' average (`TIDY_SCHEMA`); `columns`
    are the scopes (default: `scopes`).

    `systems` maps a system to its `TableSystem`. `seed_deviation` is the standard deviation of
    the seeds' accuracies. `difference` is the accuracy minus that of the `reference` system on the
    same problems (and with the same seed), with a paired bootstrap interval; `gain` the same of the
    system's own reader.
    """
    columns = scopes(languages, groups, aligned) if columns is None else columns
    asked = _Asked(scores.to_pandas(), languages, columns, resamples)
    base = asked.measure(reference) if reference is not None and reference in systems else None
    defined = {system: TableSystem(*values) for system, values in systems.items()}
    named_readers = dict.fromkeys(one.reader for one in defined.values() if one.reader)
    readers = {name: asked.measure(name) for name in named_readers}
    rows: list[dict[str, Any]] = []
    for system, (title, stages, reader) in defined.items():
        measured = asked.measure(system)
        named = {"origin": "measured", "system": system, "title": title, "stages": stages}
        for seed in [None, *measured.seeds]:
            for column, scope in enumerate(columns):
                row = named | asked.row(measured, seed, column)
                row["aligned"] = all(language in aligned for language in scope.languages)
                compared = base is not None and system != reference
                if base is not None and compared and (seed is None or seed in base.seeds):
                    row |= _comparison(measured, base, seed, column, scope, resamples)
                if reader and (seed is None or seed in readers[reader].seeds):
                    gain, _ = _difference(measured, readers[reader], seed, column)
                    row |= {"reader": reader} | dict(zip(GAIN, gain, strict=True))
                rows.append(row)
    _correct(rows)
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def _correct(rows: Sequence[dict[str, Any]]) -> None:
    """Add Holm's correction of each p-value over all systems and scopes of its seed."""
    for name in ("p", "p_mcnemar"):
        for seed in {row["seed"] for row in rows}:
            tested = [row for row in rows if row["seed"] == seed and name in row]
            for row, corrected in zip(tested, holm([row[name] for row in tested]), strict=True):
                row[f"{name}_holm"] = corrected


class _Asked:
    """What all systems of a table were asked: problems by language, columns, and how languages are
    weighed in them.
    """

    def __init__(
        self, frame: Any, languages: Sequence[str], columns: Sequence[Scope], resamples: int
    ) -> None:
        self.frame, self.languages, self.columns = frame, languages, columns
        self.resamples = resamples
        self.benchmark = ", ".join(sorted(frame["benchmark"].unique()))
        self.ids = {
            language: sorted(ids.unique()) for language, ids in frame.groupby("language")["id"]
        }
        alike: dict[tuple[str, ...], list[str]] = {}
        for language in languages:
            alike.setdefault(tuple(self.ids.get(language, ())), []).append(language)
        self.alike = list(alike.values())
        self.weights = np.zeros((len(languages), len(columns)))
        for column, scope in enumerate(columns):
            rows = [languages.index(language) for language in scope.languages]
            self.weights[rows, column] = 1 / len(scope.languages)

    def measure(self, system: str) -> "_Measured":
        """A system's marks, accuracies and bootstrap samples."""
        scores = self.frame[self.frame["system"] == system]
        seeds = sorted(int(seed) for seed in scores["seed"].unique())
        where = f"{self.benchmark}: scores of {system}"
        marks, strict = (
            _marks(scores, rule, self.languages, self.ids, seeds, where)
            for rule in ("correct", "correct_strict")
        )
        means, strict_means = (
            np.stack([cube[language].mean(1) for language in self.languages], 1) @ self.weights
            for cube in (marks, strict)
        )
        return _Measured(
            seeds,
            marks,
            np.vstack([means.mean(0), means]),
            np.vstack([strict_means.mean(0), strict_means]),
            samples(marks, self.alike, self.resamples) @ self.weights,
        )

    def row(self, measured: "_Measured", seed: int | None, column: int) -> dict[str, Any]:
        """The figures of one system, seed (None: the average of all) and column."""
        index, scope = measured.row(seed), self.columns[column]
        low, high = interval(measured.drawn[index, :, column])
        several = seed is None and len(measured.seeds) > 1
        deviation = 100 * float(measured.accuracy[1:, column].std(ddof=1)) if several else None
        return {
            "seeds": ",".join(map(str, measured.seeds if seed is None else [seed])),
            "seed": seed,
            "benchmark": self.benchmark,
            "scope": scope.name,
            "level": scope.level,
            "n": sum(len(self.ids[language]) for language in scope.languages),
            "accuracy": 100 * float(measured.accuracy[index, column]),
            "low": 100 * low,
            "high": 100 * high,
            "accuracy_strict": 100 * float(measured.strict[index, column]),
            "seed_deviation": deviation,
        }


class _Measured(NamedTuple):
    """A system's marks (language: [seeds, problems]) and, of the seeds' average and then of each
    seed, accuracies [1 + seeds, columns] by both rules and bootstrap samples [1 + seeds, resamples,
    columns].
    """

    seeds: list[int]
    marks: dict[str, np.ndarray]
    accuracy: np.ndarray
    strict: np.ndarray
    drawn: np.ndarray

    def row(self, seed: int | None) -> int:
        return 0 if seed is None else 1 + self.seeds.index(seed)


def _comparison(
    measured: _Measured,
    base: _Measured,
    seed: int | None,
    column: int,
    scope: Scope,
    resamples: int,
) -> dict[str, Any]:
    """One row's difference from the reference system and its tests."""
    values, drawn = _difference(measured, base, seed, column)
    tail = min((drawn <= 0).mean(), (drawn >= 0).mean())
    comparison: dict[str, Any] = {
        **dict(zip(DIFFERENCE, values, strict=True)),
        "p": min(1.0, 2 * max(float(tail), 1 / resamples)),
    }
    training = (
        measured.seeds[0]
        if seed is None and measured.seeds == base.seeds and len(measured.seeds) == 1
        else seed
    )
    if len(scope.languages) == 1 and training is not None:
        ours, theirs = (
            one.marks[scope.languages[0]][one.seeds.index(training)].astype(bool)
            for one in (measured, base)
        )
        only_system, only_reference = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        comparison |= {
            "only_system": only_system,
            "only_reference": only_reference,
            "p_mcnemar": mcnemar(only_system, only_reference),
        }
    return comparison


BOUNDS = ("low", "high")
DIFFERENCE = ("difference", "difference_low", "difference_high")
GAIN = ("gain", "gain_low", "gain_high")
DECIMALS = 12  # of a share, of which rounding leaves some sixteen


def _difference(
    measured: _Measured, base: _Measured, seed: int | None, column: int
) -> tuple[tuple[float, float, float], np.ndarray]:
    """A difference in percentage points with its paired interval, and its samples in [-1, 1]."""
    first, second = measured.row(seed), base.row(seed)
    drawn = measured.drawn[first, :, column] - base.drawn[second, :, column]
    drawn = drawn.round(DECIMALS)  # a tie is a tie however its seeds and languages are weighed
    low, high = interval(drawn)
    mean = float(measured.accuracy[first, column] - base.accuracy[second, column])
    return (100 * mean, 100 * low, 100 * high), drawn


def _marks(
    scores: Any,
    rule: str,
    languages: Sequence[str],
    ids: Mapping[str, list[str]],
    seeds: Sequence[int],
    label: str,
) -> dict[str, np.ndarray]:
    """Marks [seeds, problems] of each language; a missing or repeated one is an error."""
    marks: dict[str, np.ndarray] = {}
    missing, incomplete, repeated = [], False, False
    parts = dict(iter(scores.groupby("language")))
    for language in languages:
        if language not in parts:
            missing.append(language)
            continue
        repeated |= bool(parts[language].duplicated(["seed", "id"]).any())
        cube = parts[language].pivot_table(index="seed", columns="id", values=rule, aggfunc="first")
        incomplete |= cube.shape != (len(seeds), len(ids[language])) or bool(
            cube.isna().any().any()
        )
        marks[language] = cube.to_numpy(float)
    if missing or incomplete:
        raise LinguaLiftError(
            f"{label} are not complete (missing {', '.join(missing) or 'problems'}); delete"
            " results/scores and run again"
        )
    if repeated:
        raise LinguaLiftError(f"{label} hold an answer twice; delete results/scores and run again")
    return marks


def reference_rows(
    columns: Sequence[Scope],
    benchmark: str,
    groups: Mapping[str, Sequence[str]],
    chance: Mapping[str, float],
    chance_title: str,
    published: Sequence[PublishedSystem],
) -> pa.Table:
    """Rows that no system of ours earned (`TIDY_SCHEMA`): chance, from its share in [0, 1] of each
    language, and the paper's figures.

    The paper's averages are those it prints; where one does not follow from the languages it
    prints, `note` says so.
    """
    common = {"stages": "", "seeds": "", "benchmark": benchmark}
    rows: list[dict[str, object]] = [
        common
        | {
            "origin": "chance",
            "system": "chance",
            "title": chance_title,
            "scope": scope.name,
            "level": scope.level,
        }
        | {
            "accuracy": (
                100 * sum(chance[language] for language in scope.languages) / len(scope.languages)
            )
        }
        for scope in columns
    ]
    absent = {scope.name.partition(WITHOUT)[2] for scope in columns if WITHOUT in scope.name}
    for system in published:
        conflicts = system.conflicts(groups)
        for scope in columns:
            key = _printed_key(system, scope, absent)
            if key is None:
                continue
            notes = [system.origin]
            if key in conflicts:
                notes.append(
                    f"the paper prints {conflicts[key][0]:.1f}, but its languages average"
                    f" {conflicts[key][1]:.1f}"
                )
            if system.copied:
                notes.append(f"{SLIP}: these are the figures of {system.copied}")
            rows.append(
                common
                | {
                    "origin": "paper",
                    "system": system.title,
                    "title": system.label,
                    "scope": scope.name,
                    "level": scope.level,
                }
                | {"accuracy": system.figures[key], "note": "; ".join(notes)}
            )
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def _printed_key(printed: PublishedSystem, scope: Scope, absent: Collection[str]) -> str | None:
    """The figure of the paper that belongs into a column (None: it prints none there).

    Tables that leave out one of the `absent` languages have their averages in columns of their own.
    """
    if scope.level.startswith("paper "):
        name = scope.name.removeprefix(PAPERS).partition(" (")[0]
        key = f"{scope.level.removeprefix('paper ')}:{name}"
    elif scope.name == scope.languages[0]:
        key = scope.name
    else:
        name, _, without = scope.name.partition(WITHOUT)
        key = "average" if name == "Avg." else scope.level
        by_language = printed.figures.keys() - {"low", "medium", "high", "average"}
        unprinted = {code for code in absent if by_language and code not in by_language}
        if unprinted & set(scope.languages) or (without and without not in unprinted):
            return None
    return key if key in printed.figures else None


def with_version(table: pa.Table, version: str) -> pa.Table:
    """The table with the version of its benchmark's problems in every row, null where they have
    none.
    """
    column = pa.array([version or None] * len(table), pa.string())
    return table.set_column(table.column_names.index("version"), "version", column)


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV: benchmark and version, system, then one accuracy a language and group; last
    the interval of the average, where there is one, and the average's gain on the same LLM reading
    the question itself with its interval (`gain_table` has that of each language). Seeds are
    averaged.

    A `*` stands at a figure of the paper that does not follow from its own per-language figures, or
    that it has copied from another row.
    """
    rows = [row for row in table.to_pylist() if row["seed"] is None]
    names = list(dict.fromkeys(row["scope"] for row in rows))
    average = ["Avg. 95 %", "Avg. gain"] if "Avg." in names else []
    result = [["benchmark", "system", "origin", "seeds", "n", *names, *average]]
    for origin, system in dict.fromkeys((row["origin"], row["title"]) for row in rows):
        by_scope = {
            row["scope"]: row for row in rows if (row["origin"], row["title"]) == (origin, system)
        }
        first = by_scope.get("Avg.") or next(iter(by_scope.values()))
        cells = [
            (
                to_one_decimal(by_scope[name]["accuracy"])
                + "*" * any(sign in (by_scope[name]["note"] or "") for sign in DOUBTFUL)
                if name in by_scope
                else ""
            )
            for name in names
        ]
        count = str(max(row["n"] for row in by_scope.values())) if first["n"] is not None else ""
        bounds = "-".join(to_one_decimal(first[end]) for end in BOUNDS if first[end] is not None)
        result.append(
            [
                " ".join(filter(None, (first["benchmark"], first["version"]))),
                system,
                origin,
                first["seeds"],
                count,
                *cells,
                *([bounds, gain_cell(first)] if average else []),
            ]
        )
    return result


def as_text(rows: Sequence[Sequence[str]], left: int = 2) -> str:
    """Rows as an aligned plain-text table; the first `left` columns are words."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
