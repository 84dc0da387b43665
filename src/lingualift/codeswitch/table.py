"""The statistics of code-switched text as a table: substitutable words, achieved ratio, parts of
speech (Table 18).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

PARTS = {
    "Noun": ("NOUN",), "Verb": ("VERB",), "Adposition": ("ADP",), "Pronoun": ("PRON",),
    "Adjective": ("ADJ",), "Conjunction": ("CCONJ", "SCONJ"), "Auxiliary": ("AUX",),
    "Adverb": ("ADV",),
}  # fmt: skip
"""Table 18's parts of speech, in its order, by spaCy's tags."""

STATISTICS_SCHEMA = pa.schema(
    [
        pa.field("setting", pa.string(), nullable=False),  # '' for the configuration's own
        pa.field("language", pa.string(), nullable=False),
        pa.field("lexicon", pa.string(), nullable=False),  # the lexicon's verdict
        pa.field("part_of_speech", pa.string(), nullable=False),  # 'all', or one of `PARTS`
        pa.field("sentences", pa.int64(), nullable=False),
        pa.field("words", pa.int64(), nullable=False),
        pa.field("substitutable", pa.int64(), nullable=False),
        pa.field("switched", pa.int64(), nullable=False),
        pa.field("asked_ratio", pa.float64(), nullable=False),
    ]
)


def statistics_table(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """`Statistics.record()` of every setting and language (with `setting`, `lexicon_verdict`,
    `asked_ratio`) as `STATISTICS_SCHEMA`.
    """
    rows = []
    for record in records:
        same = {
            "setting": record["setting"],
            "language": record["language"],
            "lexicon": record["lexicon_verdict"],
        }
        same |= {"sentences": record["sentences"], "asked_ratio": float(record["asked_ratio"])}
        counts = ("words", "substitutable", "switched")
        rows.append({**same, "part_of_speech": "all", **{name: record[name] for name in counts}})
        for part, tags in PARTS.items():
            cells = [record["pos"][tag] for tag in tags if tag in record["pos"]]
            rows.append(
                {
                    **same,
                    "part_of_speech": part,
                    **{name: sum(cell[name] for cell in cells) for name in counts},
                }
            )
    return pa.Table.from_pylist(rows, schema=STATISTICS_SCHEMA)


def readable(table: pa.Table) -> list[list[str]]:
    """One row a setting and language: words, shares in %, and the number of words of each part of
    speech.
    """
    header = [
        "setting",
        "language",
        "lexicon",
        "sentences",
        "words",
        "substitutable %",
        "asked %",
        "achieved %",
        *PARTS,
    ]
    rows: list[list[str]] = [header]
    for row in table.to_pylist():
        if row["part_of_speech"] != "all":
            rows[-1].append(str(row["words"]))
            continue
        could, were = (
            row["substitutable"] / max(row["words"], 1),
            row["switched"] / max(row["substitutable"], 1),
        )
        shares = [f"{100 * value:.1f}" for value in (could, row["asked_ratio"], were)]
        rows.append(
            [
                row["setting"] or "own",
                row["language"],
                row["lexicon"],
                str(row["sentences"]),
                str(row["words"]),
                *shares,
            ]
        )
    return rows
