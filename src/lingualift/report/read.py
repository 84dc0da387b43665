"""The report's content, read from the files of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lingualift.artifacts import read_json, read_parquet, read_provenance
from lingualift.config import Config
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import read_problems
from lingualift.evaluation.score import SCORE_SCHEMA
from lingualift.languages import Language
from lingualift.provenance import checksum
from lingualift.report import content
from lingualift.report.words import in_words
from lingualift.tables.lexicons import LEXICON_TABLE_SCHEMA
from lingualift.tables.results import TIDY_SCHEMA


@dataclass(frozen=True)
class Answered:
    """The files of one result table's answers.

    `problems` maps a language to its problems, `predictions` (system, language) to raw outputs,
    `scores` a system to its marks; `parallel` says whether one id says the same in all languages.
    """

    problems: Mapping[str, str]
    predictions: Mapping[tuple[str, str], str]
    scores: Mapping[str, str]
    parallel: bool


@dataclass(frozen=True)
class ReportFiles:
    """The files that a report is made from: result tables and figures' records by name, lexicons
    by language.
    """

    tables: Mapping[str, str]
    figures: Mapping[str, str]
    lexicon_table: str
    lexicons: Mapping[str, str]
    answered: Mapping[str, Answered]


@dataclass(frozen=True)
class Names:
    """What the run's keys stand for: languages, and systems as (title, chain of stages)."""

    languages: Mapping[str, Language]
    systems: Mapping[str, tuple[str, str]]


def read_report(
    files: ReportFiles, names: Names, config: Config, licences: Sequence[content.Licence]
) -> content.Report:
    """Everything on the page."""
    called = {code: language.name for code, language in names.languages.items()}
    rows = {
        name: read_parquet(path, TIDY_SCHEMA).to_pylist() for name, path in files.tables.items()
    }
    tables = [
        content.result_table(name, table, called, _notes(files.tables[name]))
        for name, table in rows.items()
    ]
    verdicts = read_parquet(files.lexicon_table, LEXICON_TABLE_SCHEMA).to_pylist()
    records = {name: read_json(path) for name, path in files.figures.items()}
    asked = {name: list(answered.problems) for name, answered in files.answered.items()}
    stamp = read_provenance(next(iter(files.tables.values())))
    sources = {licence.key: licence.title for licence in licences}
    return content.Report(
        question=content.question(tables, config.languages.alignment),
        configuration=in_words(config, sources, names.systems),
        configuration_text=_as_yaml(stamp.get("configuration", {})),
        tables=tables,
        figures=[
            content.ShownFigure(name, record["title"], record["caption"], record["spec"])
            for name, record in records.items()
            if "spec" in record
        ],
        lexicons=[
            content.lexicon_summary(row, _lexicon(files, row["language"]), called)
            for row in verdicts
        ],
        lexicon_finding=content.lexicon_finding(verdicts),
        answers={
            name: _answers(
                answered, called, {key: title for key, (title, _) in names.systems.items()}
            )
            for name, answered in files.answered.items()
        },
        left_out=content.left_out(
            verdicts,
            {name: record["left_out"] for name, record in records.items() if "left_out" in record},
            config.languages.evaluation,
            called,
            asked,
        ),
        provenance=[
            ("version", stamp.get("version", "unknown")),
            ("commit", stamp.get("commit", "unknown")),
            *((f"sha256 of {path}", checksum(path)) for path in files.tables.values()),
        ],
        software=sorted(stamp.get("software", {}).items()),
        licences=licences,
    )


def _notes(table: str) -> list[str]:
    """The lines below a result table, which stand beside it."""
    path = Path(table).with_suffix(".notes.txt")
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _as_yaml(configuration: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(configuration), allow_unicode=True, sort_keys=True)


def _lexicon(files: ReportFiles, code: str) -> list[dict[str, Any]]:
    return read_parquet(files.lexicons[code]).to_pylist() if code in files.lexicons else []


def _answers(
    files: Answered, names: Mapping[str, str], titles: Mapping[str, str]
) -> dict[str, Any]:
    """One table's answers; of systems that were asked it."""
    marks = {
        (system, row["language"], row["id"]): row["correct"]
        for system, path in files.scores.items()
        for row in read_parquet(path, SCORE_SCHEMA).to_pylist()
    }
    outputs = {
        key: dict(
            zip(
                *(
                    read_parquet(path, PREDICTION_SCHEMA)[column].to_pylist()
                    for column in ("id", "output")
                ),
                strict=True,
            )
        )
        for key, path in files.predictions.items()
    }
    problems = {code: read_problems(path) for code, path in files.problems.items()}
    asked = {system: titles[system] for system in files.scores}
    return content.answers(problems, outputs, marks, names, asked, files.parallel)
