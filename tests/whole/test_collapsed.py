"""What a run does with a lexicon that has collapsed: by each policy, from the vectors to the
tables.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from lingualift.embeddings.fasttext import Embeddings, load_embeddings, save_embeddings
from tests import tiny
from tests.planned import planned

pytestmark = pytest.mark.workflow
LEXICON, EVIDENCE = "results/lexicons/sw.parquet", "results/lexicons/sw.json"


@pytest.fixture
def scrambled(copy: Path, mirror: Path) -> Path:
    """A finished run whose encoder has forgotten what the words of one language mean."""
    store = next(
        path
        for path in (copy / "results/embeddings").glob("*/sw")
        if path.parent.name != "fasttext"
    )
    found = load_embeddings(store)
    drawn = np.random.default_rng(0).permutation(len(found.words))
    save_embeddings(
        store, Embeddings(found.words, found.frequencies, np.array(found.vectors)[drawn])
    )
    seeds = copy / "seeds"
    seeds.mkdir()
    for language in ("sw", "de"):
        (seeds / f"{language}.txt").write_text(
            (mirror / f"tiny-words/{language}.txt").read_text("utf-8"), "utf-8"
        )
    return copy


def turn_english(folder: Path) -> None:
    """Give the made-up language the English words' fastText vectors, turned."""
    english, found = (
        load_embeddings(folder / f"results/embeddings/fasttext/{language}")
        for language in ("en", "sw")
    )
    vectors = np.array(found.vectors)
    place = {word.translate(tiny.cipher("sw")): row for row, word in enumerate(english.words)}
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((vectors.shape[1],) * 2))
    for row, word in enumerate(found.words):
        if word in place:
            vectors[row] = english.vectors[place[word]] @ rotation
    save_embeddings(
        folder / "results/embeddings/fasttext/sw",
        Embeddings(found.words, found.frequencies, vectors),
    )


def test_a_collapsed_lexicon_is_aligned_from_the_seed_dictionary_where_the_policy_says_so(
    scrambled: Path,
) -> None:
    turn_english(scrambled)
    done = tiny.snakemake(
        scrambled,
        "--forcerun",
        "lexicon",
        target=LEXICON,
        languages={"collapsed": "supervised"},
        lexicon={"seed_dictionary": "seeds/{lang}.txt"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    evidence = json.loads((scrambled / EVIDENCE).read_text("utf-8"))
    assert evidence["unsupervised"]["verdict"] == "collapsed"
    assert (evidence["kept_start"], evidence["score"], evidence["verdict"]) == (
        "seed",
        "fasttext",
        "good",
    )
    assert pq.read_table(scrambled / LEXICON).num_rows > 0


def test_a_collapsed_lexicon_stops_the_run_where_the_policy_says_so(scrambled: Path) -> None:
    done = tiny.snakemake(
        scrambled, "--forcerun", "lexicon", target=LEXICON, languages={"collapsed": "fail"}
    )
    assert done.returncode != 0 and "lexicon of sw collapsed (" in done.stdout + done.stderr
    assert not (scrambled / LEXICON).exists()


def test_a_collapsed_lexicon_is_left_out_of_stage_1_by_default(scrambled: Path) -> None:
    done = tiny.snakemake(scrambled, "--forcerun", "lexicon", target="results/tables/lexicons.csv")
    assert done.returncode == 0, done.stderr[-3000:]
    rows = {
        row["language"]: row
        for row in pq.read_table(scrambled / "results/tables/lexicons.parquet").to_pylist()
    }
    assert {code: (row["verdict"], row["in_stage_1"]) for code, row in rows.items()} == {
        "de": ("good", True),
        "sw": ("collapsed", False),
    }
    assert any("align" in job for job in planned(scrambled))
