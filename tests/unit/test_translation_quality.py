"""Translation quality: scores are those of their definitions, only what was translated is scored,
and rows match by id.
"""

import math
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from lingualift.benchmarks.base import Problem
from lingualift.config import load_config
from lingualift.evaluation.translation_quality import (
    QUALITY_SCHEMA,
    corpus_scores,
    quality,
    readable,
)
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.plan import plan
from lingualift.plan.systems import load_systems
from lingualift.retrieve.sources import load_sources
from lingualift.tasks.forms import nli_question
from lingualift.translate.engine import TRANSLATION_SCHEMA

CONFIG = Path(__file__).parents[2] / "config"

ORIGINALS = [
    "Maria has 14 apples and gets 9 more.",
    "How many apples does she have now?",
    "Tom sells 3 of his 8 boats today.",
]
TRANSLATIONS = [
    "Maria has 14 apple and receives 9 more.",
    "How many apples does she have now?",
    "Tom sells 3 boats of his 8 today.",
]


def bleu(ours: list[str], theirs: list[str]) -> float:
    """Papineni et al. 2002 by a loop: clipped n-gram precisions up to four, brevity penalty."""
    tokens = [[re.findall(r"\w+|[^\w\s]", line) for line in lines] for lines in (ours, theirs)]
    logarithms = []
    for size in range(1, 5):
        hits = total = 0
        for own, other in zip(*tokens, strict=True):
            counted, allowed = (
                Counter(zip(*(line[start:] for start in range(size)), strict=False))
                for line in (own, other)
            )
            hits += sum(min(count, allowed[gram]) for gram, count in counted.items())
            total += sum(counted.values())
        logarithms.append(math.log(hits / total))
    lengths = [sum(map(len, lines)) for lines in tokens]
    return 100 * min(1.0, math.exp(1 - lengths[1] / lengths[0])) * math.exp(sum(logarithms) / 4)


def test_bleu_is_that_of_its_definition_and_a_perfect_translation_is_perfect():
    found = corpus_scores(TRANSLATIONS, ORIGINALS)
    assert found["bleu"] == pytest.approx(bleu(TRANSLATIONS, ORIGINALS))
    # 2 substitutions in the first, a shift of 'boats' in the third, of 23 words
    assert found["ter"] == pytest.approx(100 * 3 / 23)
    assert 0 < found["chrf"] < 100
    perfect = corpus_scores(ORIGINALS, ORIGINALS)
    assert (perfect["bleu"], perfect["chrf"], perfect["ter"]) == (
        pytest.approx(100),
        pytest.approx(100),
        0,
    )
    assert all(word in found["signature"] for word in ("bleu nrefs:1", "chrf", "ter", "version:"))


def translated(rows: list[tuple[str, str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"id": i, "language": "es", "question": "?", "translation": t} for i, t in rows],
        TRANSLATION_SCHEMA,
    )


def test_rows_are_matched_by_id_and_a_form_is_not_scored():
    problems = [Problem(f"p{place}", text, "1") for place, text in enumerate(ORIGINALS)]
    table = translated([(f"p{place}", text) for place, text in enumerate(TRANSLATIONS)][::-1])
    found = quality(table, problems, "mgsm", "apertium", "x.parquet")
    own = corpus_scores(TRANSLATIONS[::-1], ORIGINALS[::-1])
    assert found == {"benchmark": "mgsm", "language": "es", "engine": "apertium", "n": 3, **own}
    pair = [Problem("p", nli_question("A man sleeps.", "He rests now."), "neutral")]
    form = quality(
        translated([("p", nli_question("A man is asleep.", "He rests now."))]),
        pair,
        "xnli",
        "apertium",
        "x",
    )
    assert form["bleu"] == pytest.approx(
        corpus_scores(["A man is asleep. He rests now."], ["A man sleeps. He rests now."])["bleu"]
    )
    sentence = [
        Problem("t", "Un hombre duerme.", "1", translation="A man sleeps.")
    ]  # retrieval holds its own originals
    assert (
        quality(translated([("t", "A man sleeps.")]), sentence, "tatoeba", "apertium", "x")["ter"]
        == 0
    )
    with pytest.raises(LinguaLiftError, match=r"x.parquet: problem 'p9' has no English original"):
        quality(translated([("p9", "a")]), problems, "mgsm", "apertium", "x.parquet")


def test_the_readable_table_ends_every_benchmark_with_its_average():
    row = {"language": "es", "engine": "apertium", "n": 2, "signature": "s"}
    rows = [
        {**row, "benchmark": benchmark, "bleu": bleu, "chrf": 50.0, "ter": 10.0}
        for benchmark, bleu in (("a", 20.0), ("a", 41.0), ("b", 7.0))
    ]
    lines = readable(pa.Table.from_pylist(rows, QUALITY_SCHEMA))
    assert [line[:2] for line in lines[1:]] == [
        ["a", "es"],
        ["a", "es"],
        ["a", "Avg."],
        ["b", "es"],
        ["b", "Avg."],
    ]
    versioned = [{**row, "version": "1.1"} for row in rows[:2]]
    lines_of_version = readable(pa.Table.from_pylist(versioned, QUALITY_SCHEMA))
    assert [line[0] for line in lines_of_version[1:]] == ["a 1.1"] * 3
    assert lines[3][4:] == ["30.5", "50.0", "10.0"] and {len(line) for line in lines} == {7}


@pytest.mark.parametrize(
    ("systems", "benchmarks", "languages", "expected"),
    [
        (["translate-en"], ["mmwp-mini"], ["en", "es"], [("mmwp-mini", "es", "en")]),
        (
            ["translate-en"],
            ["mmwp-mini", "tatoeba"],
            ["es"],
            [("tatoeba", "es", "es")],
        ),  # no English problems to compare with
        (
            ["translate-en"],
            ["gsm-symbolic"],
            ["en", "is"],
            [],
        ),  # answers differ by language: nothing is parallel
        (["mono-sft"], ["mmwp-mini"], ["en", "es"], []),
    ],
)
def test_what_is_translated_is_compared_where_an_english_original_is_at_hand(
    systems, benchmarks, languages, expected
):
    values = yaml.safe_load((CONFIG / "config.yaml").read_text(encoding="utf-8"))
    values |= {
        "systems": systems,
        "benchmarks": {name: name for name in benchmarks},
        "translation": {"engines": ["apertium"]},
    }
    values["languages"] |= {"evaluation": languages}
    made = plan(
        load_config(values),
        load_languages(CONFIG / "languages.tsv"),
        load_sources(CONFIG / "sources.yaml"),
        load_systems(CONFIG / "systems"),
    )
    assert made.translated == expected
