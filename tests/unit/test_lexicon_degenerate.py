"""Vectors that tell no words apart make no good lexicon, whatever agrees with whatever by ties."""

from dataclasses import replace

import numpy as np
import pytest

from lingualift.lexicon.normalise import normalise
from lingualift.lexicon.verdict import distinct, distinct_share
from lingualift.lexicon.views import Views
from tests.unit.test_lexicon_build import (
    FAST,
    WORDS,
    build_lexicon,
    short_learning,  # noqa: F401 (used by every test)
    spaces,
    with_names,
    with_settings,
)

DIMENSIONS = 30
KINDS = ("equal", "zero", "rank one", "rank two", "99 % equal", "40 % equal", "two vectors")
FASTTEXT = with_settings(FAST, starts=["similarity", "identical"])
# In these spaces words that translate each other are equally frequent: that alone is a dictionary.
ENCODER = with_settings(FAST, use_frequencies=False)


def degenerate(kind: str, seed: int) -> np.ndarray:
    """Vectors float32 [WORDS, DIMENSIONS] that mean nothing."""
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((WORDS, DIMENSIONS))
    if kind == "equal":
        vectors[:] = vectors[0]
    elif kind == "zero":
        vectors[:] = 0
    elif kind.startswith("rank"):
        rank = ("one", "two").index(kind.removeprefix("rank ")) + 1
        vectors = vectors[:, :rank] @ generator.standard_normal((rank, DIMENSIONS))
    elif kind.endswith("% equal"):
        share = int(kind.removesuffix(" % equal")) / 100
        vectors[generator.random(WORDS) < share] = vectors[0]
    else:
        vectors = vectors[generator.integers(0, 2, WORDS)]
    return vectors.astype(np.float32)


def with_degenerate(view: str, kind: str, where: str):
    """Planted spaces whose `view` is degenerate in the source, the target or both."""
    source, target = spaces()
    target = with_names(source, target)
    if where != "target":
        source = replace(source, **{view: degenerate(kind, 1)})
    if where != "source":
        target = replace(target, **{view: degenerate(kind, 2)})
    return source, target


@pytest.mark.parametrize("where", ["source", "target", "both"])
@pytest.mark.parametrize("kind", KINDS)
def test_agreement_of_starts_by_ties_is_called_collapsed(kind, where):
    source, target = with_degenerate("fasttext", kind, where)
    evidence = build_lexicon(source, target, FASTTEXT).evidence
    assert evidence["verdict"] == "collapsed", evidence["reason"]


@pytest.mark.parametrize("where", ["source", "target", "both"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "40 % equal"])
def test_an_encoder_alone_that_tells_no_words_apart_is_called_collapsed(kind, where):
    source, target = with_degenerate("encoder", kind, where)
    source, target = replace(source, fasttext=None), replace(target, fasttext=None)
    evidence = build_lexicon(source, target, ENCODER).evidence
    assert evidence["verdict"] == "collapsed", evidence["reason"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("view", ["fasttext", "encoder"])
def test_a_good_view_does_not_hide_another_that_tells_no_words_apart(view, kind):
    source, target = with_degenerate(view, kind, "target")
    evidence = build_lexicon(source, target, ENCODER).evidence
    assert evidence["verdict"] == "collapsed", evidence["reason"]


@pytest.mark.parametrize("view", ["fasttext", "encoder"])
def test_words_that_share_a_vector_cost_a_lexicon_its_good_verdict(view):
    source, target = spaces()
    assert build_lexicon(source, target, ENCODER).evidence["verdict"] == "good"
    vectors = getattr(target, view).copy()
    vectors[::5] = vectors[1]  # the unknown token of a script the tokenizer half knows
    evidence = build_lexicon(source, replace(target, **{view: vectors}), ENCODER).evidence
    assert evidence["verdict"] == "weak" and "vector of their own" in evidence["reason"]


def test_only_words_with_vectors_of_their_own_can_agree():
    source, target = with_degenerate("fasttext", "40 % equal", "both")
    pair = Views.of(source, target, FASTTEXT).fasttext
    best = np.zeros(WORDS, np.int64)
    distinct_target = int(np.flatnonzero(pair.target.distinct)[0])
    shared_target = int(np.flatnonzero(~pair.target.distinct)[0])
    share = pair.source.distinct.mean()
    assert 0.5 < share < 0.7
    assert pair.agreement(best + distinct_target, best + distinct_target) == share
    assert pair.agreement(best + shared_target, best + shared_target) == 0


def test_words_with_a_vector_of_their_own_are_counted():
    vectors = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    vectors[10:20] = vectors[10] * np.linspace(1, 3, 10)[:, None]  # one direction
    vectors[50] = 0
    unit_vectors = normalise(vectors)
    unit_vectors[50] = 0
    expected = [
        sum(float(one @ other) >= 0.999 for other in unit_vectors) == 1 for one in unit_vectors
    ]
    assert distinct(unit_vectors, unit_vectors).tolist() == expected and sum(expected) == 49
    assert distinct_share(unit_vectors) == pytest.approx(49 / 60)
