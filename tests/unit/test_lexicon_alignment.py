"""Starts, maps and normalisation against brute force, SciPy and planted answers."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg

from lingualift.lexicon import normalise as normalisation
from lingualift.lexicon import refine as refinement
from lingualift.lexicon import starts
from lingualift.lexicon import verdict as judgement
from lingualift.lexicon.csls import csls, match
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
from lingualift.messages import LinguaLiftError


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


def test_leading_directions_keep_the_cosines_of_the_best_projection():
    vectors = normalise(clustered(300, 24, 0))
    _, _, directions = np.linalg.svd(vectors, full_matrices=False)
    expected = unit(vectors @ directions[:6].T)
    projected = leading_directions(vectors, 6)
    assert np.allclose(projected @ projected.T, expected @ expected.T, atol=1e-4)
    assert leading_directions(vectors, 24) is vectors


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
        for number, row in enumerate(alike):
            words[0][row] = words[1][partner[row]] = (
                str(number) if start == "numerals" else f"Radio{number}"
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
        dictionaries = [
            similarity_start(source, target, 10, known) for known in (None, (counts, counts))
        ]
        plain, banded = (
            total + int((order[columns] == rows).sum())
            for total, (rows, columns) in zip((plain, banded), dictionaries, strict=True)
        )
    assert banded > 2 * plain


def test_banded_similarity_start_equals_brute_force():
    source, target = normalise(space(40, 6)), normalise(space(50, 6, 1))
    counts = np.arange(60, 20, -1) ** 2, np.arange(80, 30, -1) ** 2
    pairs = similarity_start(source, target, 5, counts, first_band=4)
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
    assert np.array_equal(pairs[0], rows) and np.array_equal(pairs[1], best[rows])


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
    fitted = refined(source, target, pairs, rounds=0, frequencies=counts)
    assert np.allclose(
        fitted.rotation,
        procrustes(source[pairs[0]], target[pairs[1]], np.array(weights)),
        atol=1e-6,
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

    def recovered(one, two):
        return (csls(one, two, 10).forward(1).indices[100:, 0] == np.arange(100, 300)).mean()

    assert recovered(left, right) > recovered(source, target) + 0.05
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
    mapped = reweight(source, target, pairs)
    assert np.allclose(mapped[0] @ mapped[1].T, unit(left) @ unit(right).T, atol=1e-4)
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
