"""Result tables: a tidy one for machines, one shaped like the paper's for people (Tables 1 and 7-9).

Accuracies are percentages. Intervals are 95 % bootstrap intervals: problems are drawn with replacement, the same draw for every system
and for every language that asks the same problems, which keeps differences paired. With several seeds the seeds are drawn, too
(a hierarchical bootstrap, the same draw for every system, whose runs of one seed share data order and stages), so an interval holds the
variation between trainings as well as between problems. Two or three seeds show little of it: read `seed_deviation` beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lingualift.errors import LinguaLiftError
from lingualift.tables.reference import Published

TIDY_SCHEMA = pa.schema(
    [
        pa.field("origin", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("stages", pa.string(), nullable=False),
        pa.field("seeds", pa.string(), nullable=False),
        pa.field("benchmark", pa.string(), nullable=False),
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
        pa.field("p_holm", pa.float64()),
        pa.field("note", pa.string()),
    ]
)
"""`origin` is `measured`, `chance` (worked out from the problems) or `paper` (as the paper reports it)."""
BLOCK = 500  # resamples drawn at once


@dataclass(frozen=True)
class Scope:
    """A column of the table: one language, or the unweighted mean over several."""

    name: str
    level: str
    languages: tuple[str, ...]


def scopes(languages: Sequence[str], groups: Mapping[str, Sequence[str]], aligned: Sequence[str]) -> list[Scope]:
    """Languages, then Low, Medium, High and Avg. as the paper averages them, then the mean over the aligned languages.

    Avg. leaves out languages that belong to no group, as the paper's does, unless none belongs to one.
    """
    level = {language: name for name, members in groups.items() for language in members}
    result = [Scope(language, level.get(language, ""), (language,)) for language in languages]
    for name in filter(None, groups):
        members = tuple(language for language in languages if level.get(language) == name)
        if members:
            result.append(Scope(name.capitalize(), name, members))
    result.append(Scope("Avg.", "", tuple(language for language in languages if level.get(language)) or tuple(languages)))
    members = tuple(language for language in languages if language in aligned)
    if members:
        result.append(Scope("Aligned", "", members))
    return result


def group_scopes(languages: Sequence[str], families: Mapping[str, str], scripts: Mapping[str, str]) -> list[Scope]:
    """Language families, then scripts, of the evaluated languages, each the mean over its languages."""
    result = []
    for level, kinds in (("family", families), ("script", scripts)):
        for name in sorted({kinds[language] for language in languages}):
            result.append(Scope(name, level, tuple(language for language in languages if kinds[language] == name)))
    return result


def bootstrap_means(marks: np.ndarray, resamples: int, seed: int = 0) -> np.ndarray:
    """Means [resamples, columns] of `marks` [problems, columns] over problems drawn with replacement."""
    generator = np.random.default_rng(seed)
    share = np.full(len(marks), 1 / len(marks))
    blocks = [
        generator.multinomial(len(marks), share, size=min(BLOCK, resamples - start)) @ marks / len(marks)
        for start in range(0, resamples, BLOCK)
    ]
    return np.concatenate(blocks)


def samples(marks: Mapping[str, np.ndarray], alike: Sequence[Sequence[str]], weights: np.ndarray, resamples: int) -> np.ndarray:
    """Bootstrap samples [resamples, columns] of one system's means.

    `marks` maps a language to [seeds, problems]; languages that are `alike` ask the same problems and share their draw; `weights`
    [languages, columns] are in the order of `marks`.
    """
    place = {language: index for index, language in enumerate(marks)}
    seeds = len(next(iter(marks.values())))
    means = np.empty((resamples, seeds, len(marks)))
    for draw, languages in enumerate(alike):
        joined = np.concatenate([marks[language] for language in languages])  # [languages * seeds, problems]
        found = bootstrap_means(joined.T, resamples, draw).reshape(resamples, len(languages), seeds)
        means[:, :, [place[language] for language in languages]] = found.transpose(0, 2, 1)
    if seeds == 1:
        return means[:, 0] @ weights
    drawn = np.random.default_rng((len(alike), seeds)).multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples) / seeds
    return np.einsum("rs,rsl->rl", drawn, means) @ weights


def interval(samples: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


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
    """One row a system and scope (`TIDY_SCHEMA`); `columns` are the scopes (default: `scopes`).

    `systems` maps a system to (title, stage chain). Seeds are averaged; `seed_deviation` is the standard deviation of the seeds'
    accuracies. `difference` is the accuracy minus that of the `reference` system on the same problems, with a paired bootstrap interval
    and a two-sided paired-bootstrap p-value, Holm-corrected over all rows of the table.
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
        weights[[languages.index(language) for language in scope.languages], place] = 1 / len(scope.languages)
    means: dict[str, np.ndarray] = {}
    strict: dict[str, np.ndarray] = {}
    drawn: dict[str, np.ndarray] = {}
    seeds: dict[str, list[int]] = {}
    for system in systems:
        own = frame[frame["system"] == system]
        seeds[system] = sorted(int(seed) for seed in own["seed"].unique())
        for rule, target in (("correct", means), ("correct_strict", strict)):
            marks = _marks(own, rule, languages, ids, seeds[system], f"{benchmark}: scores of {system}")
            target[system] = np.stack([marks[language].mean(1) for language in languages], 1) @ weights  # [seeds, columns]
            if rule == "correct":
                drawn[system] = samples(marks, list(alike.values()), weights, resamples)
    rows = []
    for system, (title, stages) in systems.items():
        accuracy = means[system].mean(0)
        for place, scope in enumerate(columns):
            low, high = interval(drawn[system][:, place])
            row = {
                "origin": "measured",
                "system": system,
                "title": title,
                "stages": stages,
                "seeds": ",".join(map(str, seeds[system])),
                "benchmark": benchmark,
                "scope": scope.name,
                "level": scope.level,
                "aligned": all(language in aligned for language in scope.languages),
                "n": sum(len(ids[language]) for language in scope.languages),
                "accuracy": 100 * accuracy[place],
                "low": 100 * low,
                "high": 100 * high,
                "accuracy_strict": 100 * float(strict[system].mean(0)[place]),
                "seed_deviation": 100 * float(means[system][:, place].std(ddof=1)) if len(seeds[system]) > 1 else None,
            }
            if reference is not None and reference in systems and system != reference:
                difference = drawn[system][:, place] - drawn[reference][:, place]
                low, high = interval(difference)
                tail = min((difference <= 0).mean(), (difference >= 0).mean())
                row |= {
                    "difference": 100 * float(accuracy[place] - means[reference].mean(0)[place]),
                    "difference_low": 100 * low,
                    "difference_high": 100 * high,
                    "p_holm": min(1.0, 2 * max(float(tail), 1 / resamples)),
                }
            rows.append(row)
    tested = [row for row in rows if "p_holm" in row]
    for row, corrected in zip(tested, holm([row["p_holm"] for row in tested]), strict=True):
        row["p_holm"] = corrected
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def _marks(
    own: Any, rule: str, languages: Sequence[str], ids: Mapping[str, list[str]], seeds: Sequence[int], place: str
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
        incomplete |= cube.shape != (len(seeds), len(ids[language])) or bool(cube.isna().any().any())
        found[language] = cube.to_numpy(float)
    if missing or incomplete:
        raise LinguaLiftError(f"{place} are not complete (missing {', '.join(missing) or 'problems'}); delete results/scores and run again")
    return found


def beside(
    columns: Sequence[Scope],
    benchmark: str,
    groups: Mapping[str, Sequence[str]],
    chance: Mapping[str, float],
    chance_title: str,
    published: Sequence[Published],
) -> pa.Table:
    """Rows that no system of ours earned (`TIDY_SCHEMA`): chance, from its share in [0, 1] of each language, and the paper's figures.

    The paper's averages are those it prints; where one does not follow from the languages it prints, `note` says so.
    """
    common = {"stages": "", "seeds": "", "benchmark": benchmark}
    rows: list[dict[str, object]] = [
        common
        | {"origin": "chance", "system": "chance", "title": chance_title, "scope": scope.name, "level": scope.level}
        | {"accuracy": 100 * sum(chance[language] for language in scope.languages) / len(scope.languages)}
        for scope in columns
    ]
    printed = {"Avg.": "average"} | {name.capitalize(): name for name in groups if name}
    for own in published:
        conflicts = own.conflicts(groups)
        title = f"{own.title} (paper, {own.base_model})"
        for scope in columns:
            key = scope.languages[0] if scope.name == scope.languages[0] else printed.get(scope.name)
            if key is None or key not in own.figures:
                continue
            notes = [f"printed in {', '.join(own.tables)}"]
            if key in conflicts:
                notes.append(f"the paper prints {conflicts[key][0]:.1f}, but its languages average {conflicts[key][1]:.1f}")
            rows.append(
                common
                | {"origin": "paper", "system": own.title, "title": title, "scope": scope.name, "level": scope.level}
                | {"accuracy": own.figures[key], "note": "; ".join(notes)}
            )
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV: benchmark, system, then one accuracy a language and group; last the interval of the average, where there is one.

    A `*` stands at a figure of the paper that does not follow from its own per-language figures.
    """
    rows = table.to_pylist()
    names = list(dict.fromkeys(row["scope"] for row in rows))
    average = ["Avg. 95 %"] if "Avg." in names else []
    result = [["benchmark", "system", "origin", "seeds", "n", *names, *average]]
    for origin, system in dict.fromkeys((row["origin"], row["title"]) for row in rows):
        own = {row["scope"]: row for row in rows if (row["origin"], row["title"]) == (origin, system)}
        first = own.get("Avg.") or next(iter(own.values()))
        cells = [
            f"{own[name]['accuracy']:.1f}" + "*" * ("but its languages" in (own[name]["note"] or "")) if name in own else ""
            for name in names
        ]
        count = str(max(row["n"] for row in own.values())) if first["n"] is not None else ""
        bounds = "" if first["low"] is None else f"{first['low']:.1f}-{first['high']:.1f}"
        result.append([first["benchmark"], system, origin, first["seeds"], count, *cells, *([bounds] if average else [])])
    return result


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows as an aligned plain-text table."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
