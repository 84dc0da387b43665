"""Accuracies that the pages print, from runs of several seeds.

    python -m dev.results RUN
    python -m dev.results RUN --of all-languages
    python -m dev.results RUN --of sib200

`RUN` is the folder of a finished run: of the default configuration, of
`config/all-languages.yaml`, or of `config/sib200.yaml` over it. The record in `docs/` (`RUNS`) is
written anew, and from it the tables of README.md and docs/results.md.
`tests/unit/test_published_results.py` holds the pages to the records.

Where seeds or systems are run one after the other, each in a folder of its own, `docs/` also keeps
every answer's mark (`Published.marks`). A run replaces its own there and joins the others; the
record waits until every system has all seeds.
"""

import argparse
import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dev.scaling import markdown
from lingualift.artifacts import atomic_path, write_text
from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.languages import load_languages
from lingualift.tables.decimals import to_one_decimal
from lingualift.tables.results import TableSystem, tidy
from lingualift.tables.scopes import Scope, group_scopes, scopes

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs/results.md")
METHOD, READER, ABLATION = "lingualift", "mono-sft-unreadable", "lingualift-without-align"
UNALIGNED, LOW_ALIGNED, LOW_UNALIGNED = "Not aligned", "Low, aligned", "Low, not aligned"
LEVELS = ("Low", LOW_ALIGNED, LOW_UNALIGNED, "Medium", "High", "Avg.", "en")
MARK = "°"  # of a language that stage 1 saw no lexicon of
GROUPINGS = ("family", "script")
COLUMNS = [
    *("system", "title", "seed", "scope", "level", "languages", "accuracy", "low", "high"),
    *("reference", "difference", "difference_low", "difference_high"),
]
MARK_COLUMNS = ("system", "seed", "language", "correct")
RESAMPLES = 10_000
Row = dict[str, str]


@dataclass(frozen=True)
class Published:
    """A run whose figures are printed: its record in `docs/`, the table and the benchmark that it
    is read from, the method, the systems that it is held against (the first is every system's
    reference), whether its table is by resource level, and by what else; and the file of the marks
    of all seeds, where a run need not hold all.
    """

    file: str
    table: str
    benchmark: str
    method: str
    references: tuple[str, ...]
    grouped: bool = True
    groupings: tuple[str, ...] = ()
    marks: str = ""

    @property
    def path(self) -> Path:
        return ROOT / "docs" / self.file

    @property
    def marks_path(self) -> Path:
        return ROOT / "docs" / self.marks


RUNS = {
    "default": Published(
        "results-mmwp-mini.csv", "mmwp", "mmwp-mini", METHOD, (READER, ABLATION), grouped=False
    ),
    "all-languages": Published(
        "results-all-languages.csv",
        "mmwp",
        "mmwp-mini",
        METHOD,
        (READER, ABLATION),
        groupings=GROUPINGS,
    ),
    "sib200": Published(
        "results-sib200.csv",
        "sib200",
        "sib200",
        "lingualift-topics",
        ("mono-sft-topics", "lingualift-topics-without-align", "multilingual-tuned"),
        marks="results-sib200-marks.csv",
    ),
}


def of_run(run: Path, published: Published) -> list[Row]:
    """The rows of a record: every system, seed (empty: their mean) and scope, and the method beside
    each of the other systems.
    """
    table = pq.read_table(run / f"results/tables/{published.table}.parquet").to_pylist()
    means = [row for row in table if row["seed"] is None and row["origin"] == "measured"]
    groups = BENCHMARKS[published.benchmark].BENCHMARK.groups
    of_method = {row["scope"]: row["aligned"] for row in means if row["system"] == published.method}
    known = set(chain.from_iterable(groups.values()))
    languages = [scope for scope in of_method if scope in known]
    aligned = [language for language in languages if of_method[language]]
    systems = {row["system"]: TableSystem(row["title"], row["stages"]) for row in means}
    scores = pa.concat_tables(
        [
            pq.read_table(path)
            for path in sorted(run.glob(f"results/scores/*/{published.benchmark}.parquet"))
            if path.parent.name.partition("~")[0] in systems
        ]
    )
    if published.marks:
        marks = keep_marks(scores, published)
        if absent := lacking(marks, published):
            raise SystemExit(
                f"{published.marks_path}: kept; {published.file} waits for {'; '.join(absent)}"
            )
        scores = _scores(marks, published.benchmark)
    columns = _columns(languages, groups, aligned, published)
    members = {scope.name: " ".join(scope.languages) for scope in columns}
    levels = {scope.name: scope.level for scope in columns}
    rows = [
        row | {"reference": reference if row["difference"] is not None else None}
        for reference in published.references
        for row in tidy(
            scores, systems, languages, groups, aligned, reference, RESAMPLES, columns
        ).to_pylist()
        if reference == published.references[0] or row["system"] == published.method
    ]
    rows += [row for row in table if row["origin"] == "chance" and row["scope"] in members]
    for row in rows:
        row |= {"languages": members[row["scope"]], "level": levels[row["scope"]]}
    return [{name: _cell(row.get(name)) for name in COLUMNS} for row in rows]


def keep_marks(scores: pa.Table, published: Published) -> list[Row]:
    """Put a run's marks into the record of marks: a row a system, seed and language, with a digit
    for each problem in the order of their ids, 1 where the answer is right. Returns the record.
    """
    frame = scores.to_pandas().sort_values("id")
    marks = {
        (system, str(seed), language): "".join("01"[mark] for mark in own["correct"])
        for (system, seed, language), own in frame.groupby(["system", "seed", "language"])
    }
    rows = [
        row
        for row in read_marks(published)
        if tuple(row[name] for name in MARK_COLUMNS[:3]) not in marks
    ]
    rows += [dict(zip(MARK_COLUMNS, (*key, right), strict=True)) for key, right in marks.items()]
    rows.sort(key=lambda row: (row["system"], row["seed"], row["language"]))
    _write(published.marks_path, MARK_COLUMNS, rows)
    return rows


def lacking(marks: Sequence[Row], published: Published) -> list[str]:
    """The systems and seeds that a record needs and that lack languages among its marks."""
    languages = {row["language"] for row in marks}
    made = Counter((row["system"], row["seed"]) for row in marks)
    systems, seeds = (published.method, *published.references), sorted({seed for _, seed in made})
    return [
        f"{system}, seed {seed} ({made[system, seed]} of {len(languages)} languages)"
        for system, seed in product(systems, seeds)
        if made[system, seed] < len(languages)
    ]


def _scores(marks: Sequence[Row], benchmark: str) -> pa.Table:
    """The columns of scores that `tidy` reads; a problem's place is its id."""
    return pa.Table.from_pylist(
        [
            {name: row[name] for name in ("system", "language")}
            | {"seed": int(row["seed"]), "benchmark": benchmark, "id": f"{place:05}"}
            | {"correct": mark == "1", "correct_strict": mark == "1"}
            for row in marks
            for place, mark in enumerate(row["correct"])
        ]
    )


def _columns(
    languages: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    aligned: Sequence[str],
    published: Published,
) -> list[Scope]:
    def rest(name: str, chosen: Sequence[str], seen: bool) -> Scope:
        kept = [lang for lang in chosen if (lang in aligned) == seen and lang != "en"]
        return Scope(name, "", tuple(kept))

    columns = [*scopes(languages, groups, aligned), rest(UNALIGNED, languages, False)]
    if published.grouped:
        table = load_languages(ROOT / "config/languages.tsv")
        low = [lang for lang in languages if lang in groups["low"]]
        groupings = {
            name: {lang: getattr(table[lang], name) for lang in languages}
            for name in published.groupings
        }
        columns += [rest(LOW_ALIGNED, low, True), rest(LOW_UNALIGNED, low, False)]
        columns += group_scopes(languages, groupings)
    return columns


def _cell(value: object) -> str:
    return "" if value is None else str(round(value, 4) if isinstance(value, float) else value)


def read(published: Published) -> list[Row]:
    """The rows of a published record."""
    return _read(published.path)


def read_marks(published: Published) -> list[Row]:
    """The marks of a record, or none where no run has left any."""
    return _read(published.marks_path) if published.marks_path.is_file() else []


def _read(path: Path) -> list[Row]:
    with open(path, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _write(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with atomic_path(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def accuracies(rows: Sequence[Row]) -> str:
    """The table of both pages: a line for each system, in the mean of the seeds; languages that
    stage 1 saw no lexicon of are marked.
    """
    unseen = {
        code for row in rows if row["scope"] == UNALIGNED for code in row["languages"].split()
    }
    lines: dict[str, dict[str, str]] = {}
    for row in rows:
        if not row["seed"] and row["scope"] != UNALIGNED:
            line = lines.setdefault(row["title"], {})
            line[row["scope"]] = _one(row["accuracy"])
            if row["scope"] == "Avg.":
                between = f"{_one(row['low'])}-{_one(row['high'])}" if row["low"] else ""
                line["Avg. 95 %"] = between
    names = [name for name in lines[next(iter(lines))] if name != "Avg. 95 %"]
    head = ["system", *(f"{name}{MARK}" if name in unseen else name for name in names), "Avg. 95 %"]
    cells = [*names, "Avg. 95 %"]
    return markdown(
        head, [[title, *(line.get(name, "") for name in cells)] for title, line in lines.items()]
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
        each = [
            ", ".join(_signed(of[scope, seed]["difference"]) for seed in seeds)
            for scope in ("Low", "Aligned")
        ]
        lines.append([title[reference], *(difference(of[scope, ""]) for scope in shown), *each])
    numbers = ", ".join(seeds)
    head = ["LinguaLIFT beside", *shown, f"Low, seeds {numbers}", f"Aligned, seeds {numbers}"]
    return markdown(head, lines)


def gain_over_reader_or_chance(rows: Sequence[Row]) -> float:
    """What the method gains in the low-resource languages, in points, where a reader below chance
    counts as chance; the mean over languages and seeds.
    """
    accuracy = {(row["system"], row["seed"], row["scope"]): float(row["accuracy"]) for row in rows}
    chance = {row["scope"]: float(row["accuracy"]) for row in rows if row["system"] == "chance"}
    low = next(row["languages"].split() for row in rows if row["scope"] == "Low")
    seeds = {row["seed"] for row in rows} - {""}
    gains = [
        accuracy[METHOD, seed, code] - max(accuracy[READER, seed, code], chance[code])
        for seed in seeds
        for code in low
    ]
    return sum(gains) / len(gains)


def grouped(rows: Sequence[Row], published: Published) -> str:
    """The table by resource level and what else the run is grouped by, in the mean of the seeds:
    accuracy of every system, and what the method gains on each other. Groups of one language are
    left out.
    """
    mean = [row for row in rows if not row["seed"]]
    titles = {row["system"]: row["title"] for row in mean if row["system"] != "chance"}
    members = {row["scope"]: row["languages"] for row in mean}
    wide = [row for row in mean if row["level"] in published.groupings and " " in row["languages"]]
    wide.sort(key=lambda row: (row["level"], -len(row["languages"].split()), row["scope"]))
    levels = [name for name in LEVELS if name in members]
    names = [*levels, *dict.fromkeys(row["scope"] for row in wide)]
    accuracy = {(row["system"], row["scope"]): _one(row["accuracy"]) for row in mean}
    gains = {
        (row["reference"], row["scope"]): difference(row)
        for row in mean
        if row["system"] == published.method and row["reference"]
    }
    head = [
        f"{published.table}, languages",
        "n",
        *(_short(title) for title in titles.values()),
        *(f"gain on {_short(titles[reference])}" for reference in published.references),
    ]
    return markdown(
        head,
        [
            [
                name.partition(" (")[0],
                str(len(members[name].split())),
                *(accuracy[system, name] for system in titles),
                *(gains[reference, name] for reference in published.references),
            ]
            for name in names
        ],
    )


def _short(title: str) -> str:
    """A system's title without what stands in brackets."""
    return re.sub(r" \(.*\)", "", title)


def difference(row: Row) -> str:
    """A difference with its interval, in points."""
    low, high = _one(row["difference_low"]), _one(row["difference_high"])
    return f"{_signed(row['difference'])} ({low} to {high})"


def _one(value: str) -> str:
    return to_one_decimal(float(value))


def _signed(value: str) -> str:
    return to_one_decimal(float(value), "+")


def with_table(page: str, table: str) -> str:
    """A page with the table whose head begins with the same cell replaced."""
    first = table.partition(" | ")[0]
    pattern = rf"(?m)^{re.escape(first)} \|.*\n(?:\|.*\n)+"
    changed, count = re.subn(pattern, lambda _: f"{table}\n", page)
    if count != 1:
        raise SystemExit(f"expected one table that begins with `{first}`, found {count}")
    return changed


def tables_of_pages(rows: Sequence[Row], published: Published) -> dict[Path, list[str]]:
    """The tables of a record by the page that prints them."""
    readme, page = PAGES
    if published.grouped:
        return {page: [grouped(rows, published)]}
    return {readme: [accuracies(rows)], page: [accuracies(rows), differences(rows)]}


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.results", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--of", choices=RUNS, default="default", help="which record it gives")
    options = parser.parse_args()
    published = RUNS[options.of]
    rows = of_run(options.run, published)
    _write(published.path, COLUMNS, rows)
    for page, tables in tables_of_pages(rows, published).items():
        text = page.read_text(encoding="utf-8")
        for table in tables:
            text = with_table(text, table)
        write_text(page, text)


if __name__ == "__main__":
    main()
