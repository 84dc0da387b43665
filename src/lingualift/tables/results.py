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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from lingualift.messages import LinguaLiftError
from lingualift.tables.reference import Published

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
        pa.field("note", pa.string()),
    ]
)
"""`origin` is `measured`, `chance` (worked out from the problems) or `paper` (as the paper reports
it). `seed` is null in the rows that average all `seeds`. `only_system` and `only_reference` are the
problems that one of the two alone answers correctly; `_holm` is corrected for the number of
comparisons: of all systems and scopes with that seed, or of all averages.
"""
BLOCK = 500  # resamples drawn at once


@dataclass(frozen=True)
class Scope:
    """A column of the table: one language, or the unweighted mean over several."""

    name: str
    level: str
    languages: tuple[str, ...]


def scopes(
    languages: Sequence[str], groups: Mapping[str, Sequence[str]], aligned: Sequence[str]
) -> list[Scope]:
    """Languages, then Low, Medium, High and Avg. as the paper averages them, then the mean over the
    aligned languages.

    Avg. leaves out languages that belong to no group, as the paper's does, unless none belongs to
    one.
    """
    level = {language: name for name, members in groups.items() for language in members}
    result = [Scope(language, level.get(language, ""), (language,)) for language in languages]
    for name in filter(None, groups):
        members = tuple(language for language in languages if level.get(language) == name)
        if members:
            result.append(Scope(name.capitalize(), name, members))
    result.append(
        Scope(
            "Avg.",
            "",
            tuple(language for language in languages if level.get(language)) or tuple(languages),
        )
    )
    members = tuple(language for language in languages if language in aligned)
    if members:
        result.append(Scope("Aligned", "", members))
    return result


def group_scopes(
    languages: Sequence[str], families: Mapping[str, str], scripts: Mapping[str, str]
) -> list[Scope]:
    """Language families, then scripts, of the evaluated languages, each the mean over its
    languages.
    """
    result = []
    for level, kinds in (("family", families), ("script", scripts)):
        for name in sorted({kinds[language] for language in languages}):
            result.append(
                Scope(
                    name,
                    level,
                    tuple(language for language in languages if kinds[language] == name),
                )
            )
    return result


def bootstrap_means(marks: np.ndarray, resamples: int, seed: int = 0) -> np.ndarray:
    """Means [resamples, columns] of `marks` [problems, columns] over problems drawn with
    replacement.
    """
    generator = np.random.default_rng(seed)
    share = np.full(len(marks), 1 / len(marks))
    blocks = [
        generator.multinomial(len(marks), share, size=min(BLOCK, resamples - start))
        @ marks
        / len(marks)
        for start in range(0, resamples, BLOCK)
    ]
    return np.concatenate(blocks)


def samples(
    marks: Mapping[str, np.ndarray], alike: Sequence[Sequence[str]], resamples: int
) -> np.ndarray:
    """Bootstrap samples [1 + seeds, resamples, languages] of one system's means: over drawn seeds,
    then of each seed.

    `marks` maps a language to [seeds, problems]; languages that are `alike` ask the same problems
    and share their draw.
    """
    place = {language: index for index, language in enumerate(marks)}
    seeds = len(next(iter(marks.values())))
    means = np.empty((resamples, seeds, len(marks)))
    for draw, languages in enumerate(alike):
        joined = np.concatenate(
            [marks[language] for language in languages]
        )  # [languages * seeds, problems]
        found = bootstrap_means(joined.T, resamples, draw).reshape(resamples, len(languages), seeds)
        means[:, :, [place[language] for language in languages]] = found.transpose(0, 2, 1)
    drawn = (
        np.random.default_rng((len(alike), seeds)).multinomial(
            seeds, np.full(seeds, 1 / seeds), size=resamples
        )
        / seeds
    )
    return np.concatenate([np.einsum("rs,rsl->rl", drawn, means)[None], means.transpose(1, 0, 2)])


def interval(samples: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's exact test from the numbers of items that one of two systems
    alone gets right.
    """
    # Every start of Snakemake reads this module; scipy.stats alone takes 0.8 s of its 2.4 s.
    from scipy.stats import binomtest

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def holm(values: Sequence[float]) -> list[float]:
    """Holm-corrected p-values of a family of tests."""
    order = np.argsort(values)
    corrected = np.empty(len(values))
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = running
    return corrected.tolist()


def tidy(
    scores: pa.Table,
    systems: Mapping[str, tuple[str, str]],
    languages: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    aligned: Sequence[str],
    reference: str | None,
    resamples: int,
    columns: Sequence[Scope] | None = None,
) -> pa.Table:
    """Rows of every system, scope and seed, and of the seeds' average (`TIDY_SCHEMA`); `columns`
    are the scopes (default: `scopes`).

    `systems` maps a system to (title, stage chain). `seed_deviation` is the standard deviation of
    the seeds' accuracies. `difference` is the accuracy minus that of the `reference` system on the
    same problems (and with the same seed), with a paired bootstrap interval.
    """
    frame = scores.to_pandas()
    benchmark = ", ".join(sorted(frame["benchmark"].unique()))
    columns = scopes(languages, groups, aligned) if columns is None else columns
    ids = {language: sorted(own.unique()) for language, own in frame.groupby("language")["id"]}
    alike: dict[tuple[str, ...], list[str]] = {}
    for language in languages:
        alike.setdefault(tuple(ids.get(language, ())), []).append(language)
    weights = np.zeros((len(languages), len(columns)))
    for place, scope in enumerate(columns):
        weights[[languages.index(language) for language in scope.languages], place] = 1 / len(
            scope.languages
        )

    def measure(system: str) -> _Measured:
        own = frame[frame["system"] == system]
        seeds = sorted(int(seed) for seed in own["seed"].unique())
        place = f"{benchmark}: scores of {system}"
        marks, strict = (
            _marks(own, rule, languages, ids, seeds, place)
            for rule in ("correct", "correct_strict")
        )
        means, strict_means = (
            np.stack([cube[language].mean(1) for language in languages], 1) @ weights
            for cube in (marks, strict)
        )
        return _Measured(
            seeds,
            marks,
            np.vstack([means.mean(0), means]),
            np.vstack([strict_means.mean(0), strict_means]),
            samples(marks, list(alike.values()), resamples) @ weights,
        )

    base = measure(reference) if reference in systems and reference is not None else None
    rows: list[dict[str, Any]] = []
    for system, (title, stages) in systems.items():
        measured = measure(system)
        for index, seed in enumerate([None, *measured.seeds]):
            for place, scope in enumerate(columns):
                low, high = interval(measured.drawn[index, :, place])
                several = seed is None and len(measured.seeds) > 1
                row: dict[str, Any] = {
                    "origin": "measured",
                    "system": system,
                    "title": title,
                    "stages": stages,
                    "seeds": ",".join(map(str, measured.seeds if seed is None else [seed])),
                    "seed": seed,
                    "benchmark": benchmark,
                    "scope": scope.name,
                    "level": scope.level,
                    "aligned": all(language in aligned for language in scope.languages),
                    "n": sum(len(ids[language]) for language in scope.languages),
                    "accuracy": 100 * float(measured.accuracy[index, place]),
                    "low": 100 * low,
                    "high": 100 * high,
                    "accuracy_strict": 100 * float(measured.strict[index, place]),
                    "seed_deviation": (
                        100 * float(measured.accuracy[1:, place].std(ddof=1)) if several else None
                    ),
                }
                if (
                    base is not None
                    and system != reference
                    and (seed is None or seed in base.seeds)
                ):
                    row |= _comparison(measured, base, seed, place, scope, resamples)
                rows.append(row)
    for name in ("p", "p_mcnemar"):
        for seed in {row["seed"] for row in rows}:
            tested = [row for row in rows if row["seed"] == seed and name in row]
            for row, corrected in zip(tested, holm([row[name] for row in tested]), strict=True):
                row[f"{name}_holm"] = corrected
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


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
    own: _Measured, base: _Measured, seed: int | None, place: int, scope: Scope, resamples: int
) -> dict[str, Any]:
    """One row's difference from the reference system and its tests."""
    first, second = own.row(seed), base.row(seed)
    difference = own.drawn[first, :, place] - base.drawn[second, :, place]
    low, high = interval(difference)
    tail = min((difference <= 0).mean(), (difference >= 0).mean())
    found: dict[str, Any] = {
        "difference": 100 * float(own.accuracy[first, place] - base.accuracy[second, place]),
        "difference_low": 100 * low,
        "difference_high": 100 * high,
        "p": min(1.0, 2 * max(float(tail), 1 / resamples)),
    }
    training = (
        own.seeds[0] if seed is None and own.seeds == base.seeds and len(own.seeds) == 1 else seed
    )
    if len(scope.languages) == 1 and training is not None:
        ours, theirs = (
            one.marks[scope.languages[0]][one.seeds.index(training)].astype(bool)
            for one in (own, base)
        )
        only_system, only_reference = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
        found |= {
            "only_system": only_system,
            "only_reference": only_reference,
            "p_mcnemar": mcnemar(only_system, only_reference),
        }
    return found


def _marks(
    own: Any,
    rule: str,
    languages: Sequence[str],
    ids: Mapping[str, list[str]],
    seeds: Sequence[int],
    place: str,
) -> dict[str, np.ndarray]:
    """Marks [seeds, problems] of each language; a missing or repeated one raises LinguaLiftError."""
    found: dict[str, np.ndarray] = {}
    missing, incomplete = [], False
    parts = dict(iter(own.groupby("language")))
    for language in languages:
        if language not in parts:
            missing.append(language)
            continue
        cube = parts[language].pivot_table(index="seed", columns="id", values=rule, aggfunc="first")
        incomplete |= cube.shape != (len(seeds), len(ids[language])) or bool(
            cube.isna().any().any()
        )
        found[language] = cube.to_numpy(float)
    if missing or incomplete:
        raise LinguaLiftError(
            f"{place} are not complete (missing {', '.join(missing) or 'problems'}); delete"
            " results/scores and run again"
        )
    return found


def beside(
    columns: Sequence[Scope],
    benchmark: str,
    groups: Mapping[str, Sequence[str]],
    chance: Mapping[str, float],
    chance_title: str,
    published: Sequence[Published],
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
    printed = {"Avg.": "average"} | {name.capitalize(): name for name in groups if name}
    for own in published:
        conflicts = own.conflicts(groups)
        title = f"{own.title} (paper, {own.base_model})"
        for scope in columns:
            key = (
                scope.languages[0] if scope.name == scope.languages[0] else printed.get(scope.name)
            )
            if key is None or key not in own.figures:
                continue
            notes = [f"printed in {', '.join(own.tables)}"]
            if key in conflicts:
                notes.append(
                    f"the paper prints {conflicts[key][0]:.1f}, but its languages average"
                    f" {conflicts[key][1]:.1f}"
                )
            rows.append(
                common
                | {
                    "origin": "paper",
                    "system": own.title,
                    "title": title,
                    "scope": scope.name,
                    "level": scope.level,
                }
                | {"accuracy": own.figures[key], "note": "; ".join(notes)}
            )
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def with_version(table: pa.Table, version: str) -> pa.Table:
    """The table with the version of its benchmark's problems in every row, null where they have
    none.
    """
    column = pa.array([version or None] * len(table), pa.string())
    return table.set_column(table.column_names.index("version"), "version", column)


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV: benchmark and version, system, then one accuracy a language and group; last the interval
    of the average, where there is one. Seeds are averaged.

    A `*` stands at a figure of the paper that does not follow from its own per-language figures.
    """
    rows = [row for row in table.to_pylist() if row["seed"] is None]
    names = list(dict.fromkeys(row["scope"] for row in rows))
    average = ["Avg. 95 %"] if "Avg." in names else []
    result = [["benchmark", "system", "origin", "seeds", "n", *names, *average]]
    for origin, system in dict.fromkeys((row["origin"], row["title"]) for row in rows):
        own = {
            row["scope"]: row for row in rows if (row["origin"], row["title"]) == (origin, system)
        }
        first = own.get("Avg.") or next(iter(own.values()))
        cells = [
            (
                f"{own[name]['accuracy']:.1f}"
                + "*" * ("but its languages" in (own[name]["note"] or ""))
                if name in own
                else ""
            )
            for name in names
        ]
        count = str(max(row["n"] for row in own.values())) if first["n"] is not None else ""
        bounds = "" if first["low"] is None else f"{first['low']:.1f}-{first['high']:.1f}"
        result.append(
            [
                " ".join(filter(None, (first["benchmark"], first["version"]))),
                system,
                origin,
                first["seeds"],
                count,
                *cells,
                *([bounds] if average else []),
            ]
        )
    return result


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows as an aligned plain-text table."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
