"""The lexicon table: what was tried for each language, what unsupervised evidence says of it, and
precision on gold dictionaries.
"""

import csv
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import pyarrow as pa

SCORES = ("fasttext", "encoder", "combined")
NEAREST = ("fasttext_nn", "encoder_nn")  # the same spaces by cosine alone, without CSLS
RANKS = (1, 5, 10)
COUNTS = ("sentences", "tokens", "lines", "english", "other_script")

GOLD = pa.struct(
    [
        pa.field("dictionary", pa.string()),
        pa.field("words", pa.int64()),
        pa.field("coverage", pa.float64()),
        *(
            pa.field(f"{score}_{figure}", pa.float64())
            for score in (*SCORES, *NEAREST)
            for rank in RANKS
            for figure in (f"p{rank}", f"p{rank}_low", f"p{rank}_high")
        ),
    ]
)
"""Precision in % on one gold dictionary: over its `words` that both vocabularies hold, their share
of it being `coverage`.
"""

LEXICON_TABLE_SCHEMA = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("in_stage_1", pa.bool_(), nullable=False),
        pa.field("source_words", pa.int64(), nullable=False),
        pa.field("target_words", pa.int64(), nullable=False),
        pa.field("source_words_with_fasttext", pa.int64(), nullable=False),
        pa.field("target_words_with_fasttext", pa.int64(), nullable=False),
        pa.field("score", pa.string(), nullable=False),
        pa.field("kept_start", pa.string()),
        pa.field("starts", pa.string(), nullable=False),
        pa.field("criterion", pa.float64()),
        pa.field("mutual_rate", pa.float64()),
        pa.field("held_out", pa.float64()),
        pa.field("start_agreement", pa.float64()),  # of independent fastText starts
        pa.field("direction_agreement", pa.float64()),
        # what fastText starts reach from shuffled dictionaries
        pa.field("null_criterion", pa.float64()),
        # eigenvector similarity of the fastText spaces; 0 is isospectral
        pa.field("isometry", pa.float64()),
        # aligned from a seed dictionary after the unsupervised lexicon collapsed
        pa.field("supervised", pa.bool_(), nullable=False),
        # the first gold dictionary that holds the language; `gold` has all of them
        pa.field("gold_dictionary", pa.string()),
        pa.field("gold_words", pa.int64()),
        pa.field("gold_coverage", pa.float64()),
        pa.field("gold", pa.list_(GOLD)),
        *(
            pa.field(f"{score}_{figure}", pa.float64())
            for score in (*SCORES, *NEAREST)
            for rank in RANKS
            for figure in (f"p{rank}", f"p{rank}_low", f"p{rank}_high")
        ),
        # The corpus of the language, where there is one: what was kept, and what was dropped as
        # English or in another script.
        *(pa.field(f"corpus_{count}", pa.int64()) for count in COUNTS),
    ]
)  # fmt: skip


def lexicon_table(
    evidence: Sequence[Mapping[str, Any]], corpora: Sequence[Mapping[str, Any]] = ()
) -> pa.Table:
    """One row a language (`LEXICON_TABLE_SCHEMA`); precisions in %, empty where no gold dictionary
    or no such lexicon exists.

    `corpora` are the counts that the corpora were written with, of these languages in any order.
    """
    counts = {entry["language"]: entry for entry in corpora}
    rows = []
    for entry in evidence:
        starts = ", ".join(
            f"{name} {values['criterion']:.3f}" for name, values in entry["starts"].items()
        )
        dictionaries = [_gold(name, views) for name, views in entry.get("gold", {}).items()]
        first = dictionaries[0] if dictionaries else _gold(None, {})
        row = {
            **{
                name: entry[name]
                for name in (
                    "language",
                    "verdict",
                    "reason",
                    "source_words",
                    "target_words",
                    "score",
                    "kept_start",
                )
            },
            **{
                name: entry[name]
                for name in (
                    "source_words_with_fasttext",
                    "target_words_with_fasttext",
                    "criterion",
                    "mutual_rate",
                )
            },
            "in_stage_1": entry["verdict"] != "collapsed",
            "starts": starts,
            **{
                name: entry.get(name)
                for name in ("start_agreement", "direction_agreement", "null_criterion", "isometry")
            },
            "supervised": "unsupervised" in entry,
            "held_out": entry["held_out"]["score"] if entry.get("held_out") else None,
            "gold_dictionary": first["dictionary"],
            "gold_words": first["words"],
            "gold_coverage": first["coverage"],
            "gold": dictionaries,
            **{name: value for name, value in first.items() if "_p" in name},
        }
        row |= {f"corpus_{count}": counts.get(entry["language"], {}).get(count) for count in COUNTS}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=LEXICON_TABLE_SCHEMA)


def _gold(name: str | None, views: Mapping[str, Any]) -> dict[str, Any]:
    """Precision of every view on one dictionary (`GOLD`); empty where there is none."""
    view = next(iter(views.values()), {"words": None, "coverage": None})
    figures = {"dictionary": name, "words": view["words"], "coverage": view["coverage"]}
    for score in (*SCORES, *NEAREST):
        measured = views.get(score)
        for rank in RANKS:
            figures[f"{score}_p{rank}"] = measured["precision"][str(rank)] if measured else None
            figures[f"{score}_p{rank}_low"], figures[f"{score}_p{rank}_high"] = (
                measured["intervals"][str(rank)] if measured else (None, None)
            )
    return figures


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV, one a language and gold dictionary: verdict, the starts that were tried with
    their criterion, the dictionary's coverage, and P@1 (with P@5) of the fastText-only, the encoder
    and the combined lexicon. Below a language stands what MUSE and VecMap published of it.
    """
    header = [
        "language",
        "verdict",
        "stage 1",
        "words en",
        "words",
        "starts",
        "criterion",
        "held-out",
        "gold dictionary",
        "gold words",
        "coverage %",
    ]
    rows = [[*header, *(f"{score} P@1 / P@5" for score in SCORES)]]
    for row in table.to_pylist():
        for gold in row["gold"] or [_gold(None, {})]:
            rows.append([*_verdict(row), *_dictionary(gold)])
        rows += [_published(fact) for fact in published() if fact["language"] == row["language"]]
    return rows


def published() -> list[dict[str, str]]:
    """P@1 in % from English, as MUSE's and VecMap's authors print it of their unsupervised methods,
    on their own vectors and dictionaries.

    Lample et al. 2018 (arXiv 1710.04087), Table 1, Adv - Refine - CSLS: fastText on Wikipedia.
    Artetxe et al. 2018 (arXiv 1805.06297), Table 2, the proposed method's mean of ten runs: CBOW on
    WaCky (it, de), Common Crawl (fi) and news (es).

    Checked on 2026-11-30, the papers themselves not being at hand: MUSE's five against a
    transcription of all of Table 1 in public lecture notes (es and fr also at sotaverified.org,
    `word-translation-without-parallel-data`); VecMap's four against the original results in the
    reproduction of Garneau et al. 2020 (repository ngarneau/vecmap, `src/domain/table.py`).
    """
    path = files("lingualift.tables").joinpath("published_lexicons.csv")
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _published(fact: Mapping[str, str]) -> list[str]:
    """The cells of a published figure, which vectors of words alone reached."""
    words = fact["words"]
    cells = [fact["language"], "published", "-", words, words, fact["starts"], "-", "-"]
    return [*cells, fact["gold_dictionary"], fact["gold_words"], "-", fact["p1"], "-", "-"]


def _verdict(row: Mapping[str, Any]) -> list[str]:
    """The cells of a language."""
    part = "left out"
    if row["in_stage_1"]:
        part = "supervised" if row["supervised"] else "yes"
    criteria = (row["criterion"], row["held_out"])
    return [
        row["language"],
        row["verdict"],
        part,
        str(row["source_words"]),
        str(row["target_words"]),
        row["starts"],
        *("-" if value is None else f"{value:.3f}" for value in criteria),
    ]


def _dictionary(gold: Mapping[str, Any]) -> list[str]:
    """The cells of a gold dictionary."""
    coverage = gold["coverage"]
    return [
        gold["dictionary"] or "-",
        "-" if gold["words"] is None else str(gold["words"]),
        "-" if coverage is None else f"{100 * coverage:.0f}",
        *(_precision(gold, score) for score in SCORES),
    ]


def _precision(gold: Mapping[str, Any], score: str) -> str:
    """P@1 with its interval, and P@5, of one view."""
    if gold[f"{score}_p1"] is None:
        return "-"
    return (
        f"{gold[f'{score}_p1']:.0f} ({gold[f'{score}_p1_low']:.0f}-{gold[f'{score}_p1_high']:.0f})"
        f" / {gold[f'{score}_p5']:.0f}"
    )
