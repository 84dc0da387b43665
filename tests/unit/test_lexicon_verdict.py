"""Verdicts: what unsupervised evidence calls good, weak or collapsed."""

from dataclasses import replace

import numpy as np
import pytest

from lingualift.lexicon import evidence as evidence_module
from lingualift.lexicon import tries
from lingualift.lexicon.csls import Scores
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.refine import OrthogonalMap
from lingualift.lexicon.tries import ROUNDS, Tries, Try
from lingualift.lexicon.verdict import HeldOut, held_out_agreement, verdict
from lingualift.lexicon.views import FastTextPair, Views
from tests.unit.test_lexicon_build import (
    FAST,
    GOLD,
    WORDS,
    build_lexicon,
    short_learning,  # noqa: F401 (used by every test)
    spaces,
    with_names,
    with_settings,
)


@pytest.mark.parametrize("seed", [0, 1])
def test_unrelated_encoder_is_called_collapsed(seed):
    source, target = spaces(related_encoder=False, related_fasttext=False, seed=seed)
    evidence = build_lexicon(source, target, FAST, gold={"planted": GOLD}).evidence
    assert (
        evidence["verdict"] == "collapsed"
        and evidence["gold"]["planted"]["combined"]["precision"]["1"] < 5
    )


def test_unrelated_fasttext_alone_is_called_collapsed():
    source, target = spaces(related_fasttext=False)
    # Even one configured run is repeated, so that a collapse can show.
    paper = with_settings(FAST, starts=["similarity"], restarts=1)
    evidence = build_lexicon(source, target, paper, gold={"planted": GOLD}).evidence
    assert evidence["verdict"] == "collapsed" and evidence["start_agreement"] < 0.1


def test_one_view_alone_is_never_good():
    source, target = (replace(space, fasttext=None) for space in spaces())
    evidence = build_lexicon(source, target, FAST).evidence
    assert (
        evidence["verdict"] == "weak"
        and evidence["score"] == "encoder"
        and evidence["starts"] == {}
    )


def test_encoder_that_cannot_read_the_script_is_called_collapsed():
    source, target = spaces()
    unread = np.tile(target.encoder[:1], (WORDS, 1))  # every word is the unknown token
    alone = with_settings(
        FAST, starts=["encoder"], use_frequencies=False
    )  # in these spaces frequency ranks are meanings
    evidence = build_lexicon(source, replace(target, encoder=unread), alone).evidence
    assert evidence["held_out"] is None and evidence["verdict"] == "collapsed", evidence["reason"]
    assert build_lexicon(source, target, alone).evidence["verdict"] == "good"


def test_identical_strings_do_not_vouch_for_a_lexicon():
    source, target = spaces(related_encoder=False, related_fasttext=False)
    # A fifth of the words are loans that both views know; the rest is unrelated.
    loans = np.arange(0, WORDS, 5)
    words = list(target.words)
    encoder = target.encoder.copy()
    for row in loans:
        words[row] = source.words[row]
    encoder[loans] = source.encoder[loans]
    evidence = build_lexicon(source, replace(target, words=words, encoder=encoder), FAST).evidence
    assert evidence["verdict"] == "collapsed"


def test_restarts_end_when_two_agree_and_go_on_where_none_do():
    settings = with_settings(FAST, starts=["identical"], restarts=1)
    source, target = spaces()
    related = build_lexicon(source, with_names(source, target), settings).evidence
    assert len(related["starts"]) == 2 and related["start_agreement"] > 0.8
    source, target = spaces(related_fasttext=False)
    unrelated = build_lexicon(source, with_names(source, target), settings).evidence
    assert len(unrelated["starts"]) == 5 and unrelated["start_agreement"] < 0.2


def fasttext_pair() -> FastTextPair:
    pair = Views.of(*spaces(), FAST).fasttext
    assert pair is not None
    return pair


def test_a_second_way_to_the_best_dictionary_counts_however_many_runs_got_lost():
    right, lost = np.arange(50), np.random.default_rng(0).integers(0, 50, (2, 50))
    answers = {
        "similarity": lost[0],
        "similarity#2": right,
        "similarity#3": lost[1],
        "similarity#4": np.r_[right[:40], lost[0][40:]],
    }
    empty = np.empty(0, np.int64), np.empty(0, np.int64)
    scores = Scores(np.zeros((50, 1), np.float32), np.zeros((50, 1), np.float32))

    def tried(start):
        criterion = 0.6 if start == "similarity#2" else 0.5
        rotation, best = np.eye(1, dtype=np.float32), answers[start]
        return Try(OrthogonalMap(rotation, empty, criterion, 0.0, scores, best, best), empty, 0)

    pair = fasttext_pair()
    everything = Tries({start: tried(start) for start in answers})
    assert everything.agreement(pair) == pytest.approx(np.mean(answers["similarity#4"] == right))
    assert Tries({start: tried(start) for start in list(answers)[:3]}).agreement(pair) < 0.2


def test_a_shuffled_dictionary_that_finds_the_alignment_is_no_null(monkeypatch):
    pair = fasttext_pair()
    both = np.arange(0, WORDS - WORDS // 9 - 1, 2)
    partners = np.searchsorted(pair.target.rows, pair.source.rows[both])
    kept = tries.refined(pair, (both, partners), 10, ROUNDS).map
    drawn = []

    def learned(fasttext, pairs, k, seed, use_frequencies):
        assert not use_frequencies
        drawn.append(seed)
        return kept.pairs if len(drawn) in converging else pairs

    monkeypatch.setattr(evidence_module, "learned", learned)
    converging = {1}
    assert evidence_module.null_criterion(pair, kept, FAST, 5) < kept.criterion - 0.05
    assert drawn == [5, 6]
    converging = {3, 4, 5}
    assert evidence_module.null_criterion(pair, kept, FAST, 5) is None and len(drawn) == 5


def test_verdict_rules():
    assert verdict(held_out=None, start_agreement=0.9, above_null=0.02)[0] == "weak"
    assert verdict(held_out=None, start_agreement=0.9, above_null=0.01)[0] == "collapsed"
    assert verdict(held_out=HeldOut(0.8, 0.01), start_agreement=0.9, above_null=-0.01)[0] == "good"
    assert verdict(held_out=HeldOut(0.8, 0.01), start_agreement=None)[0] == "good"
    assert verdict(held_out=HeldOut(0.65, 0.01), start_agreement=0.9)[0] == "weak"
    assert verdict(held_out=HeldOut(0.61, 0.02), start_agreement=None)[0] == "collapsed"
    assert verdict(held_out=None, start_agreement=0.5)[0] == "good"
    assert verdict(held_out=None, start_agreement=0.01)[0] == "collapsed"
    assert verdict(held_out=None, start_agreement=None)[0] == "weak"
    assert (
        verdict(held_out=None, start_agreement=None, above_null=0.5)[0] == "weak"
    )  # high, but nothing agrees with it
    assert verdict(held_out=None, start_agreement=None, above_null=0.002)[0] == "collapsed"
    assert verdict(held_out=None, start_agreement=None, encoder_rate=0.01) == (
        "collapsed",
        "the encoder pairs 1.0% of the words (collapsed below 5%)",
    )
    assert verdict(held_out=None, start_agreement=None, encoder_rate=0.4)[0] == "weak"
    good = {"held_out": HeldOut(0.8, 0.0), "start_agreement": None}
    assert verdict(**good, distinct_words=0.95)[0] == "good"
    assert verdict(**good, distinct_words=0.8)[0] == "weak"
    assert verdict(**good, distinct_words=0.01) == (
        "collapsed",
        "words with a vector of their own 0.010 (collapsed below 0.5, good from 0.9)",
    )


def test_held_out_agreement_is_half_by_chance():
    generator = np.random.default_rng(0)
    source, target = (unit(generator.standard_normal((500, 20))) for _ in range(2))
    rows = np.arange(300)
    score, error = held_out_agreement(source, target, (rows, rows), 0)
    assert abs(score - 0.5) < 4 * error
    rotation, _ = np.linalg.qr(generator.standard_normal((20, 20)))
    assert (
        held_out_agreement(source, (source @ rotation).astype(np.float32), (rows, rows), 0)[0]
        > 0.99
    )
    assert held_out_agreement(source, target, (rows[:49], rows[:49]), 0) is None
