"""Result tables: a tidy one for machines, one shaped like the paper's for people (Tables 1 and 7-9).

Accuracies are percentages. Intervals are 95 % bootstrap intervals over test problems: problems are drawn with replacement, the
same draw for every language and system (the sets are parallel), which keeps the differences between systems paired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lingualift.errors import LinguaLiftError

TIDY_SCHEMA = pa.schema(
    [
        pa.field("system", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("stages", pa.string(), nullable=False),
        pa.field("seeds", pa.string(), nullable=False),
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("scope", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("aligned", pa.bool_()),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("accuracy", pa.float64(), nullable=False),
        pa.field("low", pa.float64(), nullable=False),
        pa.field("high", pa.float64(), nullable=False),
        pa.field("accuracy_strict", pa.float64(), nullable=False),
        pa.field("seed_deviation", pa.float64()),
        pa.field("difference", pa.float64()),
        pa.field("difference_low", pa.float64()),
        pa.field("difference_high", pa.float64()),
        pa.field("p_holm", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Scope:
    """A column of the table: one language, or the unweighted mean over several."""

    name: str
    level: str
    languages: tuple[str, ...]


def scopes(languages: Sequence[str], groups: Mapping[str, Sequence[str]], aligned: Sequence[str]) -> list[Scope]:
    """Languages, then Low, Medium, High and Avg. as the paper averages them, then the mean over the aligned languages."""
    level = {language: name for name, members in groups.items() for language in members}
    result = [Scope(language, level.get(language, ""), (language,)) for language in languages]
    for name in groups:
        members = tuple(language for language in languages if level.get(language) == name)
        if members:
            result.append(Scope(name.capitalize(), name, members))
    result.append(Scope("Avg.", "", tuple(languages)))
    members = tuple(language for language in languages if language in aligned)
    if members:
        result.append(Scope("Aligned", "", members))
    return result


def bootstrap_means(marks: np.ndarray, resamples: int, seed: int = 0) -> np.ndarray:
    """Means [resamples, columns] of `marks` [problems, columns] over problems drawn with replacement."""
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(len(marks), np.full(len(marks), 1 / len(marks)), size=resamples)
    return counts @ marks / len(marks)


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
) -> pa.Table:
    """One row a system and scope (`TIDY_SCHEMA`).

    `systems` maps a system to (title, stage chain). Seeds are averaged per problem; `seed_deviation` is the standard deviation of
    the seeds' accuracies. `difference` is the accuracy minus that of the `reference` system on the same problems, with a paired
    bootstrap interval and a two-sided paired-bootstrap p-value, Holm-corrected over all rows of the table.
    """
    frame = scores.to_pandas()
    benchmark = ", ".join(sorted(frame["benchmark"].unique()))
    columns = scopes(languages, groups, aligned)
    ids = sorted(frame["id"].unique())
    marks: dict[str, np.ndarray] = {}
    strict: dict[str, np.ndarray] = {}
    by_seed: dict[str, np.ndarray] = {}
    seeds: dict[str, list[int]] = {}
    for system in systems:
        own = frame[frame["system"] == system]
        seeds[system] = sorted(int(seed) for seed in own["seed"].unique())
        per_seed = []
        for rule, target in (("correct", marks), ("correct_strict", strict)):
            cube = own.pivot_table(index=["seed", "id"], columns="language", values=rule, aggfunc="first")
            missing = [language for language in languages if language not in cube.columns]
            if missing or cube.isna().any().any() or len(cube) != len(ids) * len(seeds[system]):
                gap = ", ".join(missing) or "problems"
                raise LinguaLiftError(
                    f"{benchmark}: scores of {system} are not complete (missing {gap}); delete results/scores and run again"
                )
            values = cube[list(languages)].to_numpy(float).reshape(len(seeds[system]), len(ids), len(languages))
            target[system] = values.mean(0)
            if rule == "correct":
                per_seed = values.mean(1)
        by_seed[system] = np.asarray(per_seed)
    index = {language: place for place, language in enumerate(languages)}
    weights = np.zeros((len(languages), len(columns)))
    for place, scope in enumerate(columns):
        weights[[index[language] for language in scope.languages], place] = 1 / len(scope.languages)
    samples = {system: bootstrap_means(values @ weights, resamples) for system, values in marks.items()}
    rows = []
    for system, (title, stages) in systems.items():
        accuracy = (marks[system] @ weights).mean(0)
        for place, scope in enumerate(columns):
            low, high = interval(samples[system][:, place])
            row = {
                "system": system,
                "title": title,
                "stages": stages,
                "seeds": ",".join(map(str, seeds[system])),
                "benchmark": benchmark,
                "scope": scope.name,
                "level": scope.level,
                "aligned": all(language in aligned for language in scope.languages),
                "n": len(ids) * len(scope.languages),
                "accuracy": 100 * accuracy[place],
                "low": 100 * low,
                "high": 100 * high,
                "accuracy_strict": 100 * float((strict[system] @ weights).mean(0)[place]),
                "seed_deviation": 100 * float((by_seed[system] @ weights)[:, place].std(ddof=1)) if len(seeds[system]) > 1 else None,
                "difference": None,
                "difference_low": None,
                "difference_high": None,
                "p_holm": None,
            }
            if reference is not None and reference in systems and system != reference:
                difference = samples[system][:, place] - samples[reference][:, place]
                low, high = interval(difference)
                tail = min((difference <= 0).mean(), (difference >= 0).mean())
                row |= {
                    "difference": 100 * float(accuracy[place] - (marks[reference] @ weights).mean(0)[place]),
                    "difference_low": 100 * low,
                    "difference_high": 100 * high,
                    "p_holm": min(1.0, 2 * max(float(tail), 1 / resamples)),
                }
            rows.append(row)
    tested = [row for row in rows if row["p_holm"] is not None]
    for row, corrected in zip(tested, holm([row["p_holm"] for row in tested]), strict=True):
        row["p_holm"] = corrected
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV: benchmark, system, then one accuracy a language and group; last the interval of the average."""
    rows = table.to_pylist()
    names = list(dict.fromkeys(row["scope"] for row in rows))
    header = ["benchmark", "system", "seeds", "n", *[name for name in names], "Avg. 95 %"]
    result = [header]
    for system in dict.fromkeys(row["system"] for row in rows):
        own = {row["scope"]: row for row in rows if row["system"] == system}
        mean = own["Avg."]
        result.append(
            [mean["benchmark"], mean["title"], mean["seeds"], str(mean["n"])]
            + [f"{own[name]['accuracy']:.1f}" for name in names]
            + [f"{mean['low']:.1f}-{mean['high']:.1f}"]
        )
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
