"""Bootstrap samples, intervals and tests of result tables."""

from collections.abc import Mapping, Sequence

import numpy as np

BLOCK = 500  # resamples drawn at once


def bootstrap_means(marks: np.ndarray, resamples: int, seed: int = 0) -> np.ndarray:
    """Means [resamples, columns] of `marks` [problems, columns] over problems drawn with
    replacement.
    """
    generator = np.random.default_rng(seed)
    share = np.full(len(marks), 1 / len(marks))
    blocks = [
        generator.multinomial(len(marks), share, size=min(BLOCK, resamples - start))
        @ marks
        / len(marks)
        for start in range(0, resamples, BLOCK)
    ]
    return np.concatenate(blocks)


def samples(
    marks: Mapping[str, np.ndarray], alike: Sequence[Sequence[str]], resamples: int
) -> np.ndarray:
    """Bootstrap samples [1 + seeds, resamples, languages] of one system's means: over drawn seeds,
    then of each seed.

    `marks` maps a language to [seeds, problems]; languages that are `alike` ask the same problems
    and share their draw.
    """
    column = {language: index for index, language in enumerate(marks)}
    seeds = len(next(iter(marks.values())))
    means = np.empty((resamples, seeds, len(marks)))
    for draw, languages in enumerate(alike):
        joined = np.concatenate(
            [marks[language] for language in languages]
        )  # [languages * seeds, problems]
        drawn_means = bootstrap_means(joined.T, resamples, draw).reshape(
            resamples, len(languages), seeds
        )
        means[:, :, [column[language] for language in languages]] = drawn_means.transpose(0, 2, 1)
    drawn = (
        np.random.default_rng((len(alike), seeds)).multinomial(
            seeds, np.full(seeds, 1 / seeds), size=resamples
        )
        / seeds
    )
    return np.concatenate([np.einsum("rs,rsl->rl", drawn, means)[None], means.transpose(1, 0, 2)])


def interval(samples: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap samples."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's exact test from the numbers of items that one of two systems
    alone gets right.
    """
    # Every start of Snakemake reads this module; scipy.stats alone takes 0.8 s of its 2.4 s.
    from scipy.stats import binomtest

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def holm(values: Sequence[float]) -> list[float]:
    """Holm-corrected p-values of a family of tests."""
    order = np.argsort(values)
    corrected = np.empty(len(values))
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = running
    return corrected.tolist()
