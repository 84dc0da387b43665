"""The default run's accuracies, from a run of several seeds to the pages that print them.

    python -m dev.results RUN

`RUN` is the folder of a finished run with `--config 'seeds=[1,2,3]'`. `docs/results-mmwp-mini.csv`
is written anew, and from it the tables of README.md and docs/results.md.
`tests/unit/test_published_results.py` holds the pages to that file.
"""

import argparse
import csv
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dev.scaling import markdown
from lingualift.artifacts import atomic_path, write_text
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.tables.results import TableSystem, tidy
from lingualift.tables.scopes import Scope, scopes

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs/results-mmwp-mini.csv"
PAGES = (ROOT / "README.md", ROOT / "docs/results.md")
METHOD, READER, ABLATION = "lingualift", "mono-sft-unreadable", "lingualift-without-align"
UNALIGNED = "Not aligned"
COLUMNS = [
    *("system", "title", "seed", "scope", "accuracy", "low", "high"),
    *("reference", "difference", "difference_low", "difference_high"),
]
RESAMPLES = 10_000
Row = dict[str, str]


def of_run(run: Path) -> list[Row]:
    """The rows of `FILE`: every system, seed (empty: their mean) and scope, and the method beside
    each of the other systems.
    """
    table = pq.read_table(run / "results/tables/mmwp.parquet").to_pylist()
    means = [row for row in table if row["seed"] is None and row["origin"] == "measured"]
    groups = BENCHMARKS["mmwp-mini"].BENCHMARK.groups
    of_method = {row["scope"]: row["aligned"] for row in means if row["system"] == METHOD}
    known = set(chain.from_iterable(groups.values()))
    languages = [scope for scope in of_method if scope in known]
    aligned = [language for language in languages if of_method[language]]
    rest = tuple(lang for lang in languages if lang not in aligned and lang != "en")
    systems = {row["system"]: TableSystem(row["title"], row["stages"]) for row in means}
    scores = pa.concat_tables(
        [
            pq.read_table(path)
            for path in sorted(run.glob("results/scores/*/mmwp-mini.parquet"))
            if path.parent.name.partition("~")[0] in systems
        ]
    )
    columns = [*scopes(languages, groups, aligned), Scope(UNALIGNED, "", rest)]
    rows = [
        row | {"reference": reference if row["difference"] is not None else None}
        for reference in (READER, ABLATION)
        for row in tidy(
            scores, systems, languages, groups, aligned, reference, RESAMPLES, columns
        ).to_pylist()
        if reference == READER or row["system"] == METHOD
    ]
    rows += [row for row in table if row["origin"] == "chance"]
    return [{name: _cell(row.get(name)) for name in COLUMNS} for row in rows]


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def read(path: Path = FILE) -> list[Row]:
    """The rows of the published file."""
    with open(path, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def accuracies(rows: Sequence[Row]) -> str:
    """The table of both pages: a line for each system, in the mean of the seeds."""
    lines: dict[str, dict[str, str]] = {}
    for row in rows:
        if not row["seed"] and row["scope"] != UNALIGNED:
            line = lines.setdefault(row["title"], {})
            line[row["scope"]] = _one(row["accuracy"])
            if row["scope"] == "Avg.":
                between = f"{_one(row['low'])}-{_one(row['high'])}" if row["low"] else ""
                line["Avg. 95 %"] = between
    names = [name for name in lines[next(iter(lines))] if name != "Avg. 95 %"]
    head = ["system", *names, "Avg. 95 %"]
    return markdown(
        head, [[title, *(line.get(name, "") for name in head[1:])] for title, line in lines.items()]
    )


def differences(rows: Sequence[Row]) -> str:
    """The table of docs/results.md: what the method gains on the two others."""
    title = {row["system"]: row["title"] for row in rows}
    shown = ["Low", "Aligned", UNALIGNED, "en"]
    seeds = sorted({row["seed"] for row in rows} - {""})
    lines = []
    for reference in (READER, ABLATION):
        of = {
            (row["scope"], row["seed"]): row
            for row in rows
            if row["system"] == METHOD and row["reference"] == reference
        }
        each = ", ".join(_signed(of["Aligned", seed]["difference"]) for seed in seeds)
        lines.append(
            [title[reference], *(difference(of[scope, ""]) for scope in shown), each],
        )
    head = ["LinguaLIFT beside", *shown, f"Aligned, seeds {', '.join(seeds)}"]
    return markdown(head, lines)


def difference(row: Row) -> str:
    """A difference with its interval, in points."""
    low, high = _one(row["difference_low"]), _one(row["difference_high"])
    return f"{_signed(row['difference'])} ({low} to {high})"


def _one(value: str) -> str:
    return f"{float(value):.1f}"


def _signed(value: str) -> str:
    return f"{float(value):+.1f}"


def with_table(page: str, table: str) -> str:
    """A page with the table whose head begins with the same cell replaced."""
    first = table.partition(" | ")[0]
    pattern = rf"(?m)^{re.escape(first)} \|.*\n(?:\|.*\n)+"
    changed, count = re.subn(pattern, lambda _: f"{table}\n", page)
    if count != 1:
        raise SystemExit(f"expected one table that begins with `{first}`, found {count}")
    return changed


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.results", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("run", type=Path, help="folder of a finished run of several seeds")
    rows = of_run(parser.parse_args().run)
    with atomic_path(FILE) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for page in PAGES:
        text = with_table(page.read_text(encoding="utf-8"), accuracies(rows))
        write_text(page, with_table(text, differences(rows)) if page.parent != ROOT else text)


if __name__ == "__main__":
    main()
