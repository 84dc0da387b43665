"""CSLS and exact search against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lingualift.lexicon import csls as csls_module
from lingualift.lexicon import score as scoring
from lingualift.lexicon.csls import Scores, combine, csls, match, mutual_pairs
from lingualift.lexicon.score import combined_scores, moments
from lingualift.lexicon.search import (
    flat_top_k,
    largest,
    largest_columns,
    plain_top_k,
    top_k,
)
from lingualift.messages import LinguaLiftError
from tests.unit.test_lexicon_alignment import clustered, dense_csls, space


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(5, 40),
    st.integers(5, 40),
    st.integers(2, 12),
    st.integers(1, 5),
)
def test_csls_equals_its_definition(seed, n, m, dim, k):
    source, target = space(n, dim, seed), space(m, dim, seed + 1)
    expected = dense_csls(source, target, k)
    scores = csls(source, target, k)
    assert np.allclose(scores.source @ scores.target.T, expected, atol=1e-5)
    nearest = scores.forward(k)
    assert np.allclose(nearest.scores, -np.sort(-expected, axis=1)[:, :k], atol=1e-5)
    assert np.allclose(
        np.take_along_axis(expected, nearest.indices, axis=1), nearest.scores, atol=1e-5
    )
    assert np.allclose(scores.backward(k).scores, -np.sort(-expected.T, axis=1)[:, :k], atol=1e-5)


def test_ties_go_to_the_smaller_index():
    database = np.tile(space(3, 4), (5, 1))
    nearest = top_k(database[:3], database, 5)
    assert nearest.indices.tolist() == [[0, 3, 6, 9, 12], [1, 4, 7, 10, 13], [2, 5, 8, 11, 14]]


@pytest.mark.parametrize("columns", [20, 511, 512, 2500])
def test_largest_of_short_and_of_long_rows_equal_a_sort(columns):
    values = np.random.default_rng(columns).standard_normal((30, columns)).astype(np.float32)
    expected = np.sort(values, axis=1)[:, -7:]
    assert np.array_equal(largest(values, 7), expected)
    assert np.array_equal(
        np.sort(np.take_along_axis(values, largest_columns(values, 7), axis=1), axis=1), expected
    )


def test_plain_search_equals_the_flat_index():
    queries, database = clustered(600, 16, 0), clustered(1500, 16, 1)
    plain, flat = plain_top_k(queries, database, 10), flat_top_k(queries, database, 10)
    assert np.array_equal(plain.indices, flat.indices) and np.array_equal(plain.scores, flat.scores)


def test_more_neighbours_than_words_is_an_error():
    with pytest.raises(LinguaLiftError, match="10 nearest neighbours asked of 4 words"):
        csls(space(20, 3), space(4, 3), 10)


def test_mutual_pairs_equal_brute_force():
    source, target = space(60, 5), space(50, 5, 1)
    expected, scores = dense_csls(source, target, 3), csls(source, target, 3)
    best, back = expected.argmax(axis=1), expected.argmax(axis=0)
    assert set(
        zip(*(pair.tolist() for pair in mutual_pairs(scores, scores.forward(1))), strict=True)
    ) == {(row, best[row]) for row in range(60) if back[best[row]] == row}


@pytest.mark.parametrize("dense", [0, 10**6])
def test_match_equals_brute_force_by_matrix_and_by_search(dense, monkeypatch):
    monkeypatch.setattr(csls_module, "DENSE", dense)
    source, target = space(60, 5), space(50, 5, 1)
    expected = dense_csls(source, target, 3)
    matched = match(source, target, 3)
    assert np.allclose(matched.scores.source @ matched.scores.target.T, expected, atol=1e-5)
    assert np.array_equal(matched.best, expected.argmax(axis=1))
    assert np.array_equal(matched.back, expected.argmax(axis=0))
    assert [side.tolist() for side in matched.mutual] == [
        side.tolist() for side in mutual_pairs(matched.scores, matched.scores.forward(1))
    ]
    extra = Scores(space(60, 2, 2), space(50, 2, 3))
    matched = match(source, target, 3, extra=extra)
    expected += extra.source @ extra.target.T
    assert np.allclose(matched.scores.source @ matched.scores.target.T, expected, atol=1e-5)
    assert np.array_equal(matched.best, expected.argmax(axis=1)) and np.array_equal(
        matched.back, expected.argmax(axis=0)
    )


def test_combined_score_is_the_sum_over_deviations_and_neutral_without_vectors(monkeypatch):
    encoder, fasttext = (
        csls(space(20, 6), space(25, 6, 1), 3),
        csls(space(8, 4, 2), space(9, 4, 3), 3),
    )
    rows, columns = np.arange(0, 16, 2), np.arange(0, 18, 2)
    monkeypatch.setattr(scoring, "FASTTEXT_WEIGHT", 0.5)
    combined = combined_scores(encoder, fasttext, rows, columns)
    (_, first), (mean, second) = moments(encoder), moments(fasttext)
    expected = (encoder.source @ encoder.target.T) / first
    expected[np.ix_(rows, columns)] += 0.5 * (fasttext.source @ fasttext.target.T - mean) / second
    assert np.allclose(combined.source @ combined.target.T, expected, atol=1e-4)
    assert np.allclose(combine(encoder, encoder).source.shape, (20, 2 * encoder.source.shape[1]))


def test_scores_scale():
    scores = csls(space(5, 3), space(6, 3, 1), 2)
    assert isinstance(scores.scaled(2.0), Scores) and np.allclose(
        scores.scaled(2.0).source, 2 * scores.source
    )
