"""The lexicon table: what was tried for each language, what unsupervised evidence says of it, and
precision on gold dictionaries.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

SCORES = ("fasttext", "encoder", "combined")
NEAREST = ("fasttext_nn", "encoder_nn")  # the same spaces by cosine alone, without CSLS
RANKS = (1, 5, 10)
COUNTS = ("sentences", "tokens", "lines", "english", "other_script")

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
        pa.field("gold_words", pa.int64()),
        pa.field("gold_coverage", pa.float64()),
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
        gold = entry.get("gold", {})
        first = next(iter(gold.values()), None)
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
            "gold_words": first["words"] if first else None,
            "gold_coverage": first["coverage"] if first else None,
        }
        for score in (*SCORES, *NEAREST):
            figures = gold.get(score)
            for rank in RANKS:
                row[f"{score}_p{rank}"] = figures["precision"][str(rank)] if figures else None
                row[f"{score}_p{rank}_low"], row[f"{score}_p{rank}_high"] = (
                    figures["intervals"][str(rank)] if figures else (None, None)
                )
        row |= {f"corpus_{count}": counts.get(entry["language"], {}).get(count) for count in COUNTS}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=LEXICON_TABLE_SCHEMA)


def readable(table: pa.Table) -> list[list[str]]:
    """Rows of the CSV: verdict and P@1 (with P@5) of the fastText-only, the encoder and the
    combined lexicon.
    """

    def figure(row: Mapping[str, Any], score: str) -> str:
        if row[f"{score}_p1"] is None:
            return "-"
        return (
            f"{row[f'{score}_p1']:.0f} ({row[f'{score}_p1_low']:.0f}-{row[f'{score}_p1_high']:.0f})"
            f" / {row[f'{score}_p5']:.0f}"
        )

    header = [
        "language",
        "verdict",
        "stage 1",
        "words en",
        "words",
        "criterion",
        "held-out",
        "gold words",
    ]
    rows = [[*header, *(f"{score} P@1 / P@5" for score in SCORES)]]
    for row in table.to_pylist():
        rows.append(
            [
                row["language"],
                row["verdict"],
                (
                    "left out"
                    if not row["in_stage_1"]
                    else "supervised"
                    if row["supervised"]
                    else "yes"
                ),
                str(row["source_words"]),
                str(row["target_words"]),
                "-" if row["criterion"] is None else f"{row['criterion']:.3f}",
                "-" if row["held_out"] is None else f"{row['held_out']:.3f}",
                "-" if row["gold_words"] is None else str(row["gold_words"]),
                *(figure(row, score) for score in SCORES),
            ]
        )
    return rows
