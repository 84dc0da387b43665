"""One lexicon from two word spaces (Appendix A.1): try the starts, keep the best by unsupervised
evidence, score, judge, look up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from lingualift.config import LexiconSettings
from lingualift.lexicon.evidence import Evidence
from lingualift.lexicon.final import final_view
from lingualift.lexicon.gold import Dictionary
from lingualift.lexicon.gold_report import gold_report
from lingualift.lexicon.table import table_of
from lingualift.lexicon.tries import try_starts
from lingualift.lexicon.views import Views, WordSpace, check_spaces


@dataclass(frozen=True)
class MappedWords:
    """The words of one language in the space that both share: `vectors` float32 [words, d], of unit
    length.
    """

    words: list[str]
    vectors: np.ndarray


@dataclass(frozen=True)
class Lexicon:
    """`table` (schema `LEXICON_SCHEMA`, by source word in vocabulary order and rank), `evidence`, a
    JSON object, and the words of both languages in the space of the table's cosines.
    """

    table: pa.Table
    evidence: dict[str, Any]
    source: MappedWords
    target: MappedWords


def build_lexicon(
    source: WordSpace,
    target: WordSpace,
    settings: LexiconSettings,
    *,
    seed: int,
    seed_dictionary: Sequence[tuple[str, str]] | None = None,
    gold: Mapping[str, Dictionary] | None = None,
    work: Path | None = None,
    precision: str = "float32",
) -> Lexicon:
    """Align two word spaces without supervision and look up the best translations of every source
    word.

    Each start of the settings is tried: its dictionary makes a map between the fastText spaces,
    which is refined (Procrustes on mutual CSLS) and judged. The final score is CSLS of encoder
    vectors plus CSLS of the kept fastText map, or either alone. `seed_dictionary` is used by the
    start `seed` alone, `gold` (by name) for reporting alone. `work` is a folder where the adversary
    keeps what it has learned, so that an interrupted call goes on; the caller deletes it.
    `precision` is that of the adversary's products on a processor.
    """
    check_spaces(source, target, settings)
    # Sums of floating-point numbers depend on the number of threads.
    with threadpool_limits(limits=1, user_api="blas"):
        views = Views.of(source, target, settings)
        tries = try_starts(
            views,
            settings,
            seed=seed,
            seed_dictionary=seed_dictionary,
            work=work,
            precision=precision,
        )
        final = final_view(views, tries, settings)
        record = Evidence.of(views, tries, final, settings, seed).record()
        if gold:
            record["gold"] = {
                name: gold_report(views, tries, final, dictionary, settings, seed)
                for name, dictionary in gold.items()
            }
        return Lexicon(
            table_of(views, final, settings),
            _rounded(record),
            MappedWords([source.words[row] for row in final.rows.tolist()], final.source),
            MappedWords([target.words[row] for row in final.columns.tolist()], final.target),
        )


def supervised_lexicon(
    source: WordSpace,
    target: WordSpace,
    settings: LexiconSettings,
    collapsed: Lexicon,
    *,
    seed: int,
    seed_dictionary: Sequence[tuple[str, str]],
    gold: Mapping[str, Dictionary] | None = None,
) -> Lexicon:
    """The fastText lexicon from a seed dictionary, for a language whose unsupervised one
    `collapsed`.

    Its verdict is its own: a seed dictionary that does not generalise to its held-out fifth has
    collapsed, too. The evidence says under `unsupervised` what was replaced.
    """
    lexicon = build_lexicon(
        source,
        target,
        settings.model_copy(update={"starts": ["seed"]}),
        seed=seed,
        seed_dictionary=seed_dictionary,
        gold=gold,
    )
    replaced = {
        key: collapsed.evidence[key] for key in ("verdict", "reason", "kept_start", "criterion")
    }
    return replace(lexicon, evidence={**lexicon.evidence, "unsupervised": replaced})


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    """Evidence with floats rounded to six digits, so that it reads well and compares equal."""
    return {
        key: (
            round(value, 6)
            if isinstance(value, float)
            else _rounded(value)
            if isinstance(value, dict)
            else value
        )
        for key, value in record.items()
    }
