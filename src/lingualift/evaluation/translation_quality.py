"""How good the English is that Translate-En is asked: BLEU, chrF and TER (as in Table 6) of an
engine's translations of a benchmark's questions against their English originals.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from lingualift.benchmarks.base import Problem
from lingualift.messages import LinguaLiftError
from lingualift.translate.engine import parts

QUALITY_SCHEMA = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("version", pa.string()),
        pa.field("language", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
        pa.field("bleu", pa.float64(), nullable=False),
        pa.field("chrf", pa.float64(), nullable=False),
        pa.field("ter", pa.float64(), nullable=False),
        pa.field("signature", pa.string(), nullable=False),
    ]
)
"""Scores in % of a whole set; of TER, the share of words to edit, less is better. `signature` is
sacreBLEU's, to cite with a score.
"""
FIGURES = ("bleu", "chrf", "ter")


def corpus_scores(translations: Sequence[str], originals: Sequence[str]) -> dict[str, Any]:
    """Corpus BLEU, chrF and TER in % by sacreBLEU's defaults, and their signatures."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    metrics = {"bleu": BLEU(), "chrf": CHRF(), "ter": TER()}
    figures: dict[str, Any] = {
        name: metric.corpus_score(list(translations), [list(originals)]).score
        for name, metric in metrics.items()
    }
    return figures | {
        "signature": "; ".join(
            f"{name} {metric.get_signature()}" for name, metric in metrics.items()
        )
    }


def quality(
    translated: pa.Table, problems: Sequence[Problem], benchmark: str, engine: str, name: str
) -> dict[str, Any]:
    """One row (`QUALITY_SCHEMA`) of a table of translations (`translate.engine.TRANSLATION_SCHEMA`,
    one language).

    `problems` are the English ones, matched by id, or carry the sentences' own `translation`
    (retrieval). The fixed words of a form ('Premise: ...') are not scored. `name` is the file of
    the translations: where it lacks an original, LinguaLiftError names it.
    """
    english = {problem.id: problem.translation or problem.question for problem in problems}
    rows = translated.to_pylist()
    if strange := [row["id"] for row in rows if row["id"] not in english]:
        raise LinguaLiftError(
            f"{name}: problem '{strange[0]}' has no English original; delete it and run again"
        )
    pairs = [(_filled(row["translation"]), _filled(english[row["id"]])) for row in rows]
    figures = corpus_scores([ours for ours, _ in pairs], [original for _, original in pairs])
    return {
        "benchmark": benchmark,
        "language": rows[0]["language"],
        "engine": engine,
        "n": len(rows),
        **figures,
    }


def _filled(question: str) -> str:
    return " ".join(part.strip() for part in parts(question)[::2] if part.strip())


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV, which name a benchmark with its version: a language each, and the
    unweighted mean over the languages of each benchmark.
    """
    result = [["benchmark", "language", "engine", "n", "BLEU", "chrF", "TER"]]
    rows = table.to_pylist()
    for benchmark in dict.fromkeys(row["benchmark"] for row in rows):
        of_one = [row for row in rows if row["benchmark"] == benchmark]
        result += [_line(row, row["language"], row["engine"], str(row["n"])) for row in of_one]
        result.append(
            _line(
                {name: sum(row[name] for row in of_one) / len(of_one) for name in FIGURES}
                | {"benchmark": benchmark, "version": of_one[0]["version"]},
                "Avg.",
                "",
                "",
            )
        )
    return result


def _line(row: Mapping[str, Any], *cells: str) -> list[str]:
    benchmark = " ".join(filter(None, (row["benchmark"], row["version"])))
    return [benchmark, *cells, *(f"{row[name]:.1f}" for name in FIGURES)]
