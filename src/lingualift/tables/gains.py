"""What every table says beside accuracies: whether a system is better than the same LLM reading the
question itself, language by language, and where a user should therefore not use it.

The two are read from the gain's 95 % bootstrap interval, of each language alone and without a
correction for their number: below 0 the LLM alone is better; around 0 no gain is shown; above 0 the
system is better.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from lingualift.tables.decimals import to_one_decimal


def gain_table(table: pa.Table) -> list[list[str]]:
    """Rows of a CSV: a language or average, then the gain of each system with its interval in
    percentage points; the heading names the system and the one it is compared with.
    """
    rows = _averaged(table)
    titles = {row["system"]: row["title"] for row in _averaged(table, compared=False)}
    systems = {row["system"]: row["reader"] for row in rows}
    cells = {(row["scope"], row["system"]): row for row in rows}
    header = [f"{titles[system]} - {titles[reader]}" for system, reader in systems.items()]
    return [
        ["language", *header],
        *(
            [scope, *(gain_cell(cells.get((scope, system))) for system in systems)]
            for scope in dict.fromkeys(row["scope"] for row in rows)
        ),
    ]


def _averaged(table: pa.Table, compared: bool = True) -> list[dict[str, Any]]:
    """The measured rows that average the seeds; `compared`: those that have a reader."""
    return [
        row
        for row in table.to_pylist()
        if row["seed"] is None
        and row["origin"] == "measured"
        and (not compared or row["gain"] is not None)
    ]


def gain_cell(row: Mapping[str, Any] | None) -> str:
    """A row's gain with its interval, `+8.1 (+2.0 to +14.3)`; empty where nothing is compared."""
    if row is None or row["gain"] is None:
        return ""
    gain, low, high = (to_one_decimal(row[name], "+") for name in ("gain", "gain_low", "gain_high"))
    return f"{gain} ({low} to {high})"


def advice(
    table: pa.Table, systems: Collection[str], languages: Sequence[str], names: Mapping[str, str]
) -> list[str]:
    """The lines below a table: of which languages stage 1 saw no lexicon, and for each of `systems`
    (the method and its variants) in which languages a user should not use it.

    `names` are the English names of the languages by code.
    """
    rows = _averaged(table, compared=False)
    titles = {row["system"]: row["title"] for row in rows}
    lines = [_unaligned(rows, languages, names)] if systems else []
    for system in systems:
        own = {row["scope"]: row for row in rows if row["system"] == system}
        lines.append(_line([own[code] for code in languages if code in own], titles, names))
    return [line for line in lines if line]


def _unaligned(
    rows: Sequence[Mapping[str, Any]], languages: Sequence[str], names: Mapping[str, str]
) -> str:
    """English apart, which all others are aligned with; empty where no language is aligned."""
    aligned = {row["scope"] for row in rows if row["aligned"]}
    others = [code for code in languages if code not in aligned and code != "en"]
    if not aligned.intersection(languages) or not others:
        return ""
    return f"Stage 1 saw no lexicon of {', '.join(names.get(code, code) for code in others)}."


def _line(
    rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str], names: Mapping[str, str]
) -> str:
    if not rows:
        return ""
    title = rows[0]["title"]
    if rows[0]["reader"] is None:
        return (
            f"{title}: no system of this table is the same LLM reading the question itself, so it"
            " cannot say where not to use it."
        )
    reader = titles[rows[0]["reader"]]

    def where(sign: str) -> str:
        codes = [row["scope"] for row in rows if _sign(row) == sign]
        return ", ".join(names.get(code, code) for code in codes)

    worse, unproven = where("below"), where("around")
    sentences = []
    if worse:
        sentences.append(
            f"Do not use {title} in {worse}: the same LLM reading the question itself ({reader}) is"
            " better there (95 % interval of the gain below 0)."
        )
    if unproven:
        sentences.append(
            f"Do not count on {title} in {unproven}: no gain over {reader} is shown there (the"
            " interval holds 0)."
        )
    if not sentences:
        sentences.append(
            f"{title} gains over {reader} in every language of this table (95 % intervals above 0)."
        )
    return " ".join(sentences)


def _sign(row: Mapping[str, Any]) -> str:
    """Where a gain's interval lies: `below` 0, `above` it, or `around` it."""
    if row["gain_high"] < 0:
        return "below"
    return "above" if row["gain_low"] > 0 else "around"
