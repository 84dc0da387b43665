"""The alignment engine against brute force, SciPy and planted answers."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from lingualift.config import AdversarySettings
from lingualift.errors import LinguaLiftError
from lingualift.lexicon import adversarial, starts
from lingualift.lexicon import csls as csls_module
from lingualift.lexicon import normalise as normalisation
from lingualift.lexicon import refine as refinement
from lingualift.lexicon import score as scoring
from lingualift.lexicon import verdict as judgement
from lingualift.lexicon.adversarial import _Discriminator, adversarial_start
from lingualift.lexicon.csls import Scores, combine, csls, match, mutual_pairs
from lingualift.lexicon.normalise import (
    center,
    leading_directions,
    normalise,
    reduce_together,
    remove_components,
    standardise_and_clip,
    unit,
)
from lingualift.lexicon.procrustes import procrustes
from lingualift.lexicon.refine import (
    refine,
    reweight,
    rotate_towards,
    self_learning,
    whiten_within_pairs,
)
from lingualift.lexicon.score import combined_scores, moments
from lingualift.lexicon.search import (
    flat_top_k,
    largest,
    largest_columns,
    plain_top_k,
    top_k,
)
from lingualift.lexicon.starts import (
    encoder_space,
    frequency_scores,
    identical_start,
    numeral_start,
    seed_start,
    similarity_start,
)
from lingualift.lexicon.verdict import direction_agreement, isometry
from lingualift.lexicon.words import embed_words


def space(rows: int, dim: int, seed: int = 0) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((rows, dim)))


def clustered(rows: int, dim: int, seed: int) -> np.ndarray:
    """Vectors with neighbourhoods of different density, as words have (isotropic noise has no shape
    to align by).
    """
    generator = np.random.default_rng(seed)
    centers = generator.standard_normal((rows // 10, dim)) * generator.uniform(
        0.3, 3, (rows // 10, 1)
    )
    values = centers[generator.integers(0, len(centers), rows)] + generator.standard_normal(
        (rows, dim)
    )
    return (values * np.linspace(1.5, 0.3, dim)).astype(np.float32)


def dense_csls(source: np.ndarray, target: np.ndarray, k: int) -> np.ndarray:
    """CSLS written out as in the paper."""
    similarity = source.astype(np.float64) @ target.astype(np.float64).T
    near_source = np.sort(similarity, axis=1)[:, -k:].mean(axis=1)
    near_target = np.sort(similarity, axis=0)[-k:].mean(axis=0)
    return 2 * similarity - near_source[:, None] - near_target[None]


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
    found = scores.forward(k)
    assert np.allclose(found.scores, -np.sort(-expected, axis=1)[:, :k], atol=1e-5)
    assert np.allclose(np.take_along_axis(expected, found.indices, axis=1), found.scores, atol=1e-5)
    assert np.allclose(scores.backward(k).scores, -np.sort(-expected.T, axis=1)[:, :k], atol=1e-5)


def test_leading_directions_keep_the_cosines_of_the_best_projection():
    vectors = normalise(clustered(300, 24, 0))
    _, _, directions = np.linalg.svd(vectors, full_matrices=False)
    expected = unit(vectors @ directions[:6].T)
    found = leading_directions(vectors, 6)
    assert np.allclose(found @ found.T, expected @ expected.T, atol=1e-4)
    assert leading_directions(vectors, 24) is vectors


def test_ties_go_to_the_smaller_index():
    database = np.tile(space(3, 4), (5, 1))
    found = top_k(database[:3], database, 5)
    assert found.indices.tolist() == [[0, 3, 6, 9, 12], [1, 4, 7, 10, 13], [2, 5, 8, 11, 14]]


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
    found = match(source, target, 3)
    assert np.allclose(found.scores.source @ found.scores.target.T, expected, atol=1e-5)
    assert np.array_equal(found.best, expected.argmax(axis=1))
    assert np.array_equal(found.back, expected.argmax(axis=0))
    assert [side.tolist() for side in found.mutual] == [
        side.tolist() for side in mutual_pairs(found.scores, found.scores.forward(1))
    ]
    extra = Scores(space(60, 2, 2), space(50, 2, 3))
    found = match(source, target, 3, extra=extra)
    expected += extra.source @ extra.target.T
    assert np.allclose(found.scores.source @ found.scores.target.T, expected, atol=1e-5)
    assert np.array_equal(found.best, expected.argmax(axis=1)) and np.array_equal(
        found.back, expected.argmax(axis=0)
    )


def test_procrustes_equals_scipy_and_ignores_zero_weights():
    source, target = space(30, 6), space(30, 6, 1)
    expected, _ = scipy.linalg.orthogonal_procrustes(source, target)
    rotation = procrustes(source, target)
    assert np.allclose(rotation, expected, atol=1e-5) and np.allclose(
        rotation @ rotation.T, np.eye(6), atol=1e-5
    )
    assert np.allclose(procrustes(source, target, precise=False), expected, atol=1e-4)
    weights = np.r_[np.ones(20), np.zeros(10)]
    assert np.allclose(
        procrustes(source, target, weights), procrustes(source[:20], target[:20]), atol=1e-6
    )
    with pytest.raises(LinguaLiftError, match="as many source as target rows"):
        procrustes(source, target[:5])


def test_procrustes_survives_a_failing_decomposition(monkeypatch):
    source, target = space(30, 6), space(30, 6, 1)
    expected = procrustes(source, target)

    def fails(matrix):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", fails)
    assert np.allclose(procrustes(source, target), expected, atol=1e-6)


def test_normalisation_steps(monkeypatch):
    vectors = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32) * 5 + 3
    assert np.allclose(np.linalg.norm(normalise(vectors), axis=1), 1, atol=1e-6)
    assert np.allclose(center(vectors).mean(axis=0), 0, atol=1e-5)
    vectors[0], vectors[:, 3] = 0, 7
    assert np.isfinite(normalise(vectors)).all() and not unit(np.zeros((1, 4))).any()
    monkeypatch.setattr(normalisation, "CLIP", 2.0)
    scaled = standardise_and_clip(vectors)
    assert np.abs(scaled).max() <= 2 and not scaled[:, 3].any()


def test_leading_components_are_those_of_an_exact_decomposition():
    vectors = clustered(300, 20, 0)
    centered = center(vectors)
    _, _, directions = np.linalg.svd(centered, full_matrices=False)
    expected = unit(centered - centered @ directions[:2].T @ directions[:2])
    assert np.allclose(remove_components(vectors, 2), expected, atol=1e-3)


def test_reduction_keeps_inner_products_between_the_spaces():
    low = clustered(200, 6, 0) @ np.random.default_rng(1).standard_normal((6, 40)).astype(
        np.float32
    )
    source, target = unit(low[:90]), unit(low[90:])
    left, right = reduce_together(source, target, 10)
    assert left.shape == (90, 10) and np.allclose(left @ right.T, source @ target.T, atol=1e-4)


def test_starts_without_vectors():
    source, target = ["Radio", "the", "12", "7"], ["radio", "१२", "los", "12"]
    assert [side.tolist() for side in identical_start(source, target)] == [[0, 2], [0, 3]]
    assert [side.tolist() for side in numeral_start(source, target)] == [[2], [1]]
    assert [
        side.tolist() for side in seed_start(source, target, [("THE", "los"), ("absent", "los")])
    ] == [[1], [2]]
    with pytest.raises(LinguaLiftError, match="none of its 1 pairs"):
        seed_start(source, target, [("x", "y")])


def planted(
    words: int = 800, dim: int = 40, noise: float = 0.05, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source and target vectors under a random rotation with noise; a fifth of each vocabulary has
    no partner.

    The third array holds each source word's partner, -1 for none.
    """
    generator = np.random.default_rng(seed)
    vectors = clustered(words + words // 5, dim, seed)
    rotation, _ = np.linalg.qr(generator.standard_normal((dim, dim)))
    shared = words - words // 5
    target = vectors @ rotation + noise * generator.standard_normal(vectors.shape)
    # Frequencies are alike but not equal: the order within blocks of ten is lost.
    order = np.argsort(np.arange(words) // 10 + generator.random(words))
    left, right = vectors[:words], np.concatenate([target[:shared], target[words:]])[order]
    partner = np.argsort(order)
    partner[shared:] = -1
    return normalise(left), normalise(right.astype(np.float32)), partner


def precision(fitted, partner) -> float:
    known = partner >= 0
    return float((fitted.scores.forward(1).indices[known, 0] == partner[known]).mean())


def learned(source, target, pairs, seed=0, term=None):
    return self_learning(source, target, pairs, seed=seed, k=10, term=term)


def refined(source, target, pairs, **change):
    return refine(source, target, pairs, **({"rounds": 3, "words": 10_000, "k": 10} | change))


@pytest.mark.parametrize("start", ["similarity", "identical", "numerals", "poor seed"])
def test_planted_rotation_is_recovered(start, monkeypatch):
    source, target, partner = planted()
    alike = np.flatnonzero(partner >= 0)[::25]  # spelled alike in both languages
    if start == "similarity":
        pairs = similarity_start(source, target, 10)
    elif start in ("identical", "numerals"):
        words = [[f"{side}{row}" for row in range(800)] for side in "st"]
        for place, row in enumerate(alike):
            words[0][row] = words[1][partner[row]] = (
                str(place) if start == "numerals" else f"Radio{place}"
            )
        pairs = (identical_start if start == "identical" else numeral_start)(*words)
    else:
        rows = np.flatnonzero(partner >= 0)[:60]
        pairs = rows, np.r_[partner[rows[:30]], np.random.default_rng(0).integers(0, 800, 30)]
    monkeypatch.setattr(refinement, "SCHEDULE", ((0.3, 30), (0.6, 10)))
    fitted = refined(source, target, learned(source, target, pairs, seed=1))
    assert precision(fitted, partner) >= 0.95
    assert fitted.criterion > 0.7


def test_similarities_within_bands_of_frequency_make_a_better_start():
    counts = 100_000 // np.arange(1, 501)
    plain = banded = 0
    for seed in range(3):
        generator = np.random.default_rng(seed)
        vectors = clustered(500, 30, seed + 1)
        rotation, _ = np.linalg.qr(generator.standard_normal((30, 30)))
        order = np.argsort(np.log(np.arange(500) + 1.0) + 0.65 * generator.standard_normal(500))
        noisy = vectors @ rotation + 2 * generator.standard_normal(
            vectors.shape
        )  # hardly isometric
        source, target = normalise(vectors), normalise(noisy[order].astype(np.float32))
        found = [similarity_start(source, target, 10, known) for known in (None, (counts, counts))]
        plain, banded = (
            total + int((order[columns] == rows).sum())
            for total, (rows, columns) in zip((plain, banded), found, strict=True)
        )
    assert banded > 2 * plain


def test_banded_similarity_start_equals_brute_force():
    source, target = normalise(space(40, 6)), normalise(space(50, 6, 1))
    counts = np.arange(60, 20, -1) ** 2, np.arange(80, 30, -1) ** 2
    found = similarity_start(source, target, 5, counts, first_band=4)
    edges = [0, 4, 7, 13, 22, 40]  # 4 to 40 in geometric progression, rounded
    sides = []
    for side in (source, target):
        rows = [
            np.concatenate(
                [
                    sorted(float(side[row] @ side[other]) for other in range(start, end))
                    for start, end in pairwise(edges)
                ]
            )
            for row in range(40)
        ]
        sides.append(normalise(np.array(rows, np.float32)))
    a, b = (np.log(count[:40] / count[:40].sum()) for count in counts)
    expected = dense_csls(*sides, 5) - 0.3 * (a[:, None] - b) ** 2
    best, back = expected.argmax(axis=1), expected.argmax(axis=0)
    rows = np.flatnonzero(back[best] == np.arange(40))
    assert np.array_equal(found[0], rows) and np.array_equal(found[1], best[rows])


def test_the_frequency_term_fades_while_a_dictionary_is_learned(monkeypatch):
    source, target, _ = planted(300, 20)
    counts = np.arange(300, 0, -1)
    weights = []

    def noted(left, right, k, extra):
        weights.append(float(extra.source[0, 2]))  # 1 in the term as it is given
        return match(left, right, k, extra)

    monkeypatch.setattr(refinement, "match", noted)
    monkeypatch.setattr(refinement, "SCHEDULE", ((0.5, 6), (0.8, 2)))
    start = similarity_start(source, target, 10)
    learned(source, target, start, term=frequency_scores(counts, counts, 0.6))
    assert np.allclose(weights, np.arange(8, 0, -1) / 8)


def test_refinement_weighs_pairs_by_the_logarithm_of_the_rarer_words_frequency():
    source, target, _ = planted(300, 20)
    pairs = np.arange(0, 200, 5), np.arange(200, 0, -5)
    counts = np.arange(300, 0, -1), np.arange(600, 300, -1) // 7
    weights = [math.log1p(min(counts[0][i], counts[1][j])) for i, j in zip(*pairs, strict=True)]
    found = refined(source, target, pairs, rounds=0, frequencies=counts)
    assert np.allclose(
        found.rotation, procrustes(source[pairs[0]], target[pairs[1]], np.array(weights)), atol=1e-6
    )


def test_self_learning_depends_on_its_seed_alone(monkeypatch):
    source, target, _ = planted(300, 20)
    pairs = similarity_start(source, target, 10)
    monkeypatch.setattr(refinement, "SCHEDULE", ((0.3, 5),))
    first, again = (learned(source, target, pairs, seed=5) for _ in range(2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))


def test_frequency_term_is_a_squared_difference_of_logarithms():
    left, right = np.arange(1, 13), np.arange(1, 16) ** 2
    a, b = np.log(left / left.sum()), np.log(right / right.sum())
    scores = frequency_scores(left, right, 0.02)
    assert np.allclose(
        scores.source @ scores.target.T, -0.02 * (a[:, None] - b[None]) ** 2, atol=1e-5
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


def fake_states(texts):
    """Three layers of four dimensions; a token a character."""
    return [
        np.stack(
            [
                [[ord(c) * (layer + 1) % 17, ord(c) % 5, layer, len(text)] for c in text]
                for layer in range(3)
            ]
        ).astype(float)
        for text in texts
    ]


def test_word_vectors_join_layers_with_equal_weight():
    words = ["a", "bc", "def", "gh", "ijk"]
    seen: list[str] = []

    def states(texts):
        seen.extend(texts)
        return fake_states(texts)

    vectors = embed_words(words, states)
    assert seen == [" a", " bc", " def", " gh", " ijk"]
    assert (
        vectors.shape == (5, 12)
        and vectors.dtype == np.float32
        and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    )
    for layer in range(3):
        assert np.allclose(
            np.linalg.norm(vectors[:, 4 * layer : 4 * layer + 4], axis=1), 1 / np.sqrt(3), atol=1e-5
        )

    def damaged(texts):
        return [
            np.full_like(state, np.nan) if "bc" in text else state
            for text, state in zip(texts, fake_states(texts), strict=True)
        ]

    with pytest.raises(LinguaLiftError, match="'bc' are not finite"):
        embed_words(words, damaged)


def test_encoder_space_needs_no_map(monkeypatch):
    meaning = space(400, 30, 4)
    noise = np.random.default_rng(5).standard_normal((2, 400, 30)).astype(np.float32)
    offset = 3 * space(2, 30, 6)
    source, target = (unit(meaning + 0.03 * noise[side] + offset[side]) for side in range(2))
    monkeypatch.setattr(starts, "ENCODER_COMPONENTS", 1)
    monkeypatch.setattr(starts, "ENCODER_DIMENSIONS", 20)
    left, right = encoder_space(source, target)
    assert (csls(left, right, 10).forward(1).indices[:, 0] == np.arange(400)).mean() > 0.95


def test_shrunk_rotation_goes_from_none_to_procrustes(monkeypatch):
    source, target = space(50, 6, 1), space(50, 6, 2)
    pairs = np.arange(50), np.arange(50)
    monkeypatch.setattr(refinement, "RIDGE", 0.0)
    turned = source @ procrustes(source, target)
    assert np.allclose(rotate_towards(source, target, pairs), turned, atol=1e-5)
    monkeypatch.setattr(refinement, "RIDGE", 1e7)
    assert np.allclose(rotate_towards(source, target, pairs), source, atol=1e-4)


def test_whitening_weakens_the_directions_in_which_partners_differ(monkeypatch):
    generator = np.random.default_rng(0)
    meaning = generator.standard_normal((300, 8)).astype(np.float32)
    noise = generator.standard_normal((300, 8)).astype(np.float32) * np.array(
        [3, 3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], np.float32
    )
    source, target = unit(meaning), unit(meaning + noise)
    pairs = np.arange(100), np.arange(100)
    left, right = whiten_within_pairs(source, target, pairs)

    def found(one, two):
        return (csls(one, two, 10).forward(1).indices[100:, 0] == np.arange(100, 300)).mean()

    assert found(left, right) > found(source, target) + 0.05
    monkeypatch.setattr(refinement, "WHITENING_POWER", 0.0)
    same = whiten_within_pairs(source, target, pairs)
    assert np.allclose(same[0] @ same[1].T, source @ target.T, atol=1e-5)


def test_reweighting_equals_vecmaps_formula():
    source, target, partner = planted(300, 12)
    rows = np.flatnonzero(partner >= 0)
    pairs = rows, partner[rows]
    x, z = source[pairs[0]].astype(float), target[pairs[1]].astype(float)
    power = scipy.linalg.fractional_matrix_power
    white_x, white_z = power(x.T @ x, -0.5), power(z.T @ z, -0.5)
    u, s, vt = scipy.linalg.svd((x @ white_x).T @ (z @ white_z))
    root = np.diag(np.sqrt(s))
    left = source @ white_x @ u @ root @ u.T @ np.linalg.inv(white_x) @ u
    right = target @ white_z @ vt.T @ root @ vt @ np.linalg.inv(white_z) @ vt.T
    found = reweight(source, target, pairs)
    assert np.allclose(found[0] @ found[1].T, unit(left) @ unit(right).T, atol=1e-4)
    few = rows[:5], partner[rows[:5]]
    assert np.allclose(
        reweight(source, target, few)[0],
        source @ procrustes(source[few[0]], target[few[1]]),
        atol=1e-5,
    )


def test_isometry_equals_its_definition_and_ignores_rotations(monkeypatch):
    source, target = space(40, 5), space(45, 5, 1)
    monkeypatch.setattr(judgement, "ISOMETRY_WORDS", 40)
    monkeypatch.setattr(judgement, "ISOMETRY_NEIGHBOURS", 3)

    def spectrum(vectors):
        adjacency = np.zeros((40, 40))
        for i in range(40):
            near = sorted((-float(vectors[i] @ vectors[j]), j) for j in range(40) if j != i)[:3]
            for _, j in near:
                adjacency[i, j] = adjacency[j, i] = 1
        return sorted(scipy.linalg.eigvalsh(np.diag(adjacency.sum(0)) - adjacency), reverse=True)

    one, two = spectrum(source), spectrum(target[:40])
    leading = min(
        next(n for n in range(1, 41) if sum(values[:n]) >= 0.9 * sum(values))
        for values in (one, two)
    )
    expected = sum((a - b) ** 2 for a, b in zip(one[:leading], two[:leading], strict=True))
    assert isometry(source, target) == pytest.approx(expected)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))
    assert isometry(source, unit(source @ rotation)) == pytest.approx(0, abs=1e-6)


def test_directions_agree_on_related_spaces_only():
    source, target, partner = planted(300, 20)
    rows = np.flatnonzero(partner >= 0)
    good = refined(source, target, (rows, partner[rows]))
    bad = refined(
        source, target, (rows, np.random.default_rng(0).permutation(partner[rows])), rounds=0
    )
    assert direction_agreement(source, target, good.best, good.back) > 0.9
    assert direction_agreement(source, target, bad.best, bad.back) < 0.8


def test_discriminator_learns_as_the_same_layers_do_by_autograd(monkeypatch):
    import torch

    monkeypatch.setattr(adversarial, "DROPOUT", 0.0)
    random = torch.Generator().manual_seed(0)
    ours = _Discriminator(6, 8, random)
    linear = [torch.nn.Linear(6, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 1)]
    for layer, (weights, biases) in zip(linear, ours.layers, strict=True):
        layer.weight.data, layer.bias.data = weights.clone(), biases.clone()
    theirs = torch.nn.Sequential(
        linear[0], torch.nn.LeakyReLU(0.2), linear[1], torch.nn.LeakyReLU(0.2), linear[2]
    )
    descent = torch.optim.SGD(theirs.parameters(), lr=0.5)
    truth = torch.tensor([0.9, 0.9, 0.9, 0.1, 0.1])
    for _ in range(3):
        inputs = torch.randn((5, 6), generator=random)
        wanted = inputs.clone().requires_grad_()
        descent.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(
            theirs(wanted).squeeze(1), truth
        ).backward()
        assert torch.allclose(ours.gradient(inputs, truth), wanted.grad, atol=1e-7)
        descent.step()
        ours.learn(inputs, truth, 0.5)
        for layer, (weights, biases) in zip(linear, ours.layers, strict=True):
            assert torch.allclose(layer.weight, weights, atol=1e-6) and torch.allclose(
                layer.bias, biases, atol=1e-6
            )


def test_discriminator_in_bfloat16_follows_float32_and_keeps_small_steps(monkeypatch):
    import torch

    monkeypatch.setattr(adversarial, "DROPOUT", 0.0)
    exact, rounded = (
        _Discriminator(30, 40, torch.Generator().manual_seed(0), bf16) for bf16 in (False, True)
    )
    before = [layer[0].clone() for layer in rounded.layers]
    draw = torch.Generator().manual_seed(1)
    inputs, truth = torch.randn((64, 30), generator=draw), torch.rand(64, generator=draw)
    gradients = [one.gradient(inputs, truth) for one in (exact, rounded)]
    assert (
        torch.nn.functional.cosine_similarity(*(each.flatten() for each in gradients), dim=0)
        > 0.999
    )
    for one in (exact, rounded):
        one.learn(inputs, truth, 1e-3)  # a step far below bfloat16's resolution of the weights
    for layer, (ours, _), (theirs, _) in zip(before, exact.layers, rounded.layers, strict=True):
        assert (
            torch.nn.functional.cosine_similarity(
                (ours - layer).flatten(), (theirs - layer).flatten(), dim=0
            )
            > 0.99
        )


def test_discriminator_drops_inputs_anew_in_every_step(monkeypatch):
    import torch

    monkeypatch.setattr(adversarial, "DROPOUT", 0.5)
    dropped = _Discriminator(400, 8, torch.Generator().manual_seed(0))
    inputs = torch.ones(1, 400)
    first, second = (dropped.gradient(inputs, torch.ones(1)) == 0 for _ in range(2))
    assert 0.4 < first.float().mean() < 0.6  # what is dropped has no gradient
    assert not torch.equal(first, second)


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_adversary_recovers_a_planted_turn_of_less_than_a_right_angle(arithmetic, monkeypatch):
    # Skewed data: a distribution that is symmetric fits itself in several positions, and the
    # adversary finds any of them.
    generator = np.random.default_rng(0)
    vectors = (generator.gamma(1.0, 1.0, (720, 8)) - 1) * np.linspace(2, 0.5, 8)
    plane = generator.standard_normal((8, 8))
    turn = plane - plane.T
    rotation = scipy.linalg.expm(turn * (1.0 / np.linalg.norm(turn, 2)))
    noisy = vectors @ rotation + 0.02 * generator.standard_normal(vectors.shape)
    order = generator.permutation(600)
    source = normalise(vectors[:600].astype(np.float32))
    target = normalise(
        np.concatenate([noisy[:480], noisy[600:]])[order].astype(np.float32)
    )  # a fifth has no partner
    partner = np.argsort(order)
    partner[480:] = -1
    monkeypatch.setattr(adversarial, "BETA", 0.01)
    monkeypatch.setattr(adversarial, "SCALE", 2.5)
    settings = AdversarySettings(epochs=3, steps=250, hidden=64)
    pairs = adversarial_start(source, target, seed=0, settings=settings, k=10, precision=arithmetic)
    assert (partner[pairs[0]] == pairs[1]).mean() > 0.3
    assert precision(refined(source, target, pairs), partner) >= 0.95


def same(first, second) -> bool:
    return all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


def test_adversarial_start_depends_on_its_seed_alone_and_refuses_few_words():
    import torch

    source, target, _ = planted(200, 10)
    short = AdversarySettings(epochs=2, steps=5, hidden=16)

    def pairs(seed):
        return adversarial_start(source, target, seed=seed, settings=short, k=10)

    first = pairs(1)
    assert same(first, pairs(1)) and not same(first, pairs(2))
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2 if threads == 1 else 1)
        assert same(first, pairs(1))
    finally:
        torch.set_num_threads(threads)
    with pytest.raises(LinguaLiftError, match="draws 300 words at once, but only 200 source words"):
        adversarial_start(source, target, seed=1, settings=AdversarySettings(batch=300), k=10)


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_an_adversary_that_was_stopped_goes_on_to_the_same_pairs(arithmetic, tmp_path, monkeypatch):
    source, target, _ = planted(200, 10)
    settings = AdversarySettings(epochs=3, steps=5, hidden=16)
    state, learn, steps = tmp_path / "work" / "adversarial", _Discriminator.learn, 0

    def run(state=state, seed=1):
        return adversarial_start(
            source, target, seed=seed, settings=settings, k=10, precision=arithmetic, state=state
        )

    def stopped(*arguments):
        nonlocal steps
        steps += 1
        if steps > 9 * adversarial.DISCRIMINATOR_STEPS:  # in the second epoch
            raise KeyboardInterrupt
        learn(*arguments)

    expected = run(state=None)
    monkeypatch.setattr(adversarial, "SAVE_MINUTES", 0)
    monkeypatch.setattr(_Discriminator, "learn", stopped)
    with pytest.raises(KeyboardInterrupt):
        run()
    # Six more: the fifteen steps less the nine that are kept.
    steps = 3 * adversarial.DISCRIMINATOR_STEPS
    assert same(run(), expected)
    steps = 9 * adversarial.DISCRIMINATOR_STEPS  # not one more: an ended training is kept too
    assert same(run(), expected)
    with pytest.raises(KeyboardInterrupt):  # of another seed nothing is
        run(seed=2)
    steps = 0
    kept = state / "state.safetensors"
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(KeyboardInterrupt):  # nor of a damaged one
        run()


def test_scores_scale():
    scores = csls(space(5, 3), space(6, 3, 1), 2)
    assert isinstance(scores.scaled(2.0), Scores) and np.allclose(
        scores.scaled(2.0).source, 2 * scores.source
    )
