"""mmwp-built put together: a language's problems from a draft or a returned sheet, what a data card
says of them, and their quality (Table 6).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.mmwp_built import BENCHMARK
from lingualift.benchmarks.mmwp_built.sheets import SheetRow
from lingualift.benchmarks.mmwp_built.translation import distance_flag, flags, proper_names
from lingualift.evaluation.translation_quality import FIGURES, corpus_scores
from lingualift.languages import Language
from lingualift.tables.results import TIDY_SCHEMA
from lingualift.tables.scopes import Scope

QUALITY_SCHEMA = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("flagged", pa.int64(), nullable=False),
        pa.field("post_edited", pa.int64(), nullable=False),
        pa.field("bleu", pa.float64()),
        pa.field("chrf", pa.float64()),
        pa.field("ter", pa.float64()),
        pa.field("signature", pa.string()),
    ]
)
"""One row a language. BLEU, chrF and TER are those of the engine's back-translations, in % of the
whole set; null where a sheet has none.
"""


def english_rows(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """The English problems as rows of `BUILT_SCHEMA`."""
    return [
        {
            "id": problem.id,
            "question": problem.question,
            "answer": problem.answer,
            "english": problem.question,
            "translation": "",
            "back_translation": "",
            "engine": "",
            "flags": [],
            "post_edited": False,
        }
        for problem in problems
    ]


def built_rows(
    problems: Sequence[Problem],
    sheet: Mapping[str, SheetRow],
    language: Language,
    bound: float,
) -> list[dict[str, Any]]:
    """The problems of one language as rows of `BUILT_SCHEMA`, from its sheet, returned or not; a
    post-edit wins.

    Flags are worked out anew: those of a post-edit say nothing about the back-translation, which is
    of the engine's text.
    """
    names = proper_names(problem.question for problem in problems)
    rows = []
    for problem in problems:
        row = sheet[problem.id]
        question = row.post_edit or row.translation
        question_flags = [*flags(problem.question, question, language, names)]
        if row.back_translation and not row.post_edit:
            question_flags += distance_flag(problem.question, row.back_translation, bound)
        rows.append(
            {
                "id": problem.id,
                "question": question,
                "answer": problem.answer,
                "english": problem.question,
                "translation": row.translation,
                "back_translation": row.back_translation,
                "engine": row.engine,
                "flags": question_flags,
                "post_edited": bool(row.post_edit) and row.post_edit != row.translation,
            }
        )
    return rows


def draft_sheet(table: pa.Table) -> dict[str, SheetRow]:
    """The rows of drafts (`DRAFT_SCHEMA`) as those of a sheet that nobody has edited, by id."""
    return {
        row["id"]: SheetRow(
            row["id"],
            row["english"],
            row["translation"],
            row["back_translation"],
            "; ".join(row["flags"]),
            row["engine"],
        )
        for row in table.to_pylist()
    }


def made_by(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What translated the rows and how many people have corrected: `engines` with their counts,
    `problems`, `post_edited`, `flagged`.
    """
    made = (row for row in rows if row["translation"] or row["post_edited"])
    engines = Counter(row["engine"] or "no engine" for row in made)
    return {
        "engines": dict(sorted(engines.items())),
        "problems": len(rows),
        "post_edited": sum(row["post_edited"] for row in rows),
        "flagged": sum(bool(row["flags"]) for row in rows),
    }


def card(
    rows: Sequence[Mapping[str, Any]],
    language: Language,
    sheets: Sequence[str],
    bound: float,
    commit: str,
) -> str:
    """The data card of one language, as Markdown; `sheets` are the names of those that have come
    back, `commit` is this program's.
    """
    record = made_by(rows)
    lines = [
        f"# {BENCHMARK.name} in {language.name} ({language.code})",
        "",
        f"{BENCHMARK.title}. English problems: {BENCHMARK.citation}. Licence: {BENCHMARK.licence}.",
        "",
        f"- problems: {record['problems']}",
        f"- made by: commit {commit}",
    ]
    if language.code == "en":
        return "\n".join([*lines, "- text: as in the sources, not translated"]) + "\n"
    share = 100 * record["post_edited"] / len(rows)
    kinds = Counter(_kind(flag) for row in rows for flag in row["flags"])
    lines += [
        f"- returned sheets: {', '.join(sheets) or 'none'}",
        *(f"- engine of {count} problems: {name}" for name, count in record["engines"].items()),
        f"- post-edited: {record['post_edited']} problems ({share:.1f} %)",
        f"- flagged: {record['flagged']} problems",
        *(f"  - {kind}: {count}" for kind, count in sorted(kinds.items())),
        "",
        "A flag is what a program noticed, and no proof of a mistake; a text without flags may"
        f" still be wrong. Back-translations are flagged below chrF {bound:g}. Names are compared"
        " in Latin script alone.",
        (
            "What is not post-edited stood on the annotators' sheet and was left as it was."
            if sheets
            else "Nobody has read the translations."
        ),
    ]
    return "\n".join(lines) + "\n"


def _kind(flag: str) -> str:
    """What kind of flag it is: its words up to the first figure or colon."""
    for kind in ("numbers", "names of the English missing", "English left over", "letters outside"):
        if flag.startswith(kind):
            return kind
    if "times as long" in flag:
        return "length"
    return "back-translation" if flag.startswith("back-translation") else flag


def built_quality(rows: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    """One row of `QUALITY_SCHEMA`."""
    record = made_by(rows)
    pairs = [(row["back_translation"], row["english"]) for row in rows if row["back_translation"]]
    unknown: dict[str, Any] = dict.fromkeys((*FIGURES, "signature"))
    return {
        "language": language,
        "engine": ", ".join(record["engines"]),
        "n": record["problems"],
        "flagged": record["flagged"],
        "post_edited": record["post_edited"],
        **(
            corpus_scores([ours for ours, _ in pairs], [text for _, text in pairs])
            if pairs
            else unknown
        ),
    }


def post_edited_rows(columns: Sequence[Scope], shares: Mapping[str, float]) -> pa.Table:
    """A line below the systems of a result table (`TIDY_SCHEMA`, of origin `built`): the share of
    each language's problems that was post-edited, in [0, 1], and its mean over the translated
    languages of a scope.
    """
    rows = []
    for scope in columns:
        translated = [shares[language] for language in scope.languages if language != "en"]
        if translated:
            rows.append(
                {
                    "origin": "built",
                    "system": "post-edited",
                    "title": "Problems post-edited (%)",
                    "stages": "",
                    "seeds": "",
                    "benchmark": BENCHMARK.name,
                    "scope": scope.name,
                    "level": scope.level,
                    "accuracy": 100 * sum(translated) / len(translated),
                }
            )
    return pa.Table.from_pylist(rows, schema=TIDY_SCHEMA)


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV: a language each, and the unweighted mean over those that have the figure."""
    rows = table.to_pylist()
    result = [
        [
            "benchmark",
            "language",
            "engine",
            "n",
            "flagged %",
            "post-edited %",
            "BLEU",
            "chrF",
            "TER",
        ]
    ]
    shares = [
        {
            "flagged": 100 * row["flagged"] / row["n"],
            "post_edited": 100 * row["post_edited"] / row["n"],
            **{name: row[name] for name in FIGURES},
        }
        for row in rows
    ]
    for row, figures in zip(rows, shares, strict=True):
        result.append(
            [BENCHMARK.name, row["language"], row["engine"], str(row["n"]), *_cells(figures)]
        )
    known = {name: [line[name] for line in shares if line[name] is not None] for name in shares[0]}
    means = {name: sum(values) / len(values) if values else None for name, values in known.items()}
    return [*result, [BENCHMARK.name, "Avg.", "", "", *_cells(means)]]


def _cells(figures: Mapping[str, float | None]) -> list[str]:
    return ["" if value is None else f"{value:.1f}" for value in figures.values()]
