"""Does an encoder find the English problem of each translation among all English problems?

A translation that says something else lies nearer to another English problem. A problem is the mean
of its tokens' states in one layer of the encoder. Each dimension is standardised within a language:
a language's mean is its identity, and a decoder has a few enormous dimensions. A nearest neighbour
is by cosine. An encoder knows a small language badly, so the exceptions are a list to look at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lingualift.messages import LinguaLiftError


@dataclass(frozen=True)
class Miss:
    """A problem whose nearest English one is another; `rank` is that of its own, 2 or more."""

    language: str
    item: str
    nearest: str
    rank: int


def embed(encoder: Path, layer: int, texts: list[str]) -> np.ndarray:
    """The mean states [texts, dim] of one encoder layer.

    Raises LinguaLiftError where the folder holds no prepared encoder.
    """
    from lingualift.model.encoder import Encoder  # torch takes seconds to import

    if not (encoder / "config.json").is_file():
        raise LinguaLiftError(f"{encoder}: no prepared encoder (config.json is missing)")
    states = Encoder(encoder, layer).states(texts)
    return np.stack([tokens.mean(0) for tokens in states])


def misses(vectors: Mapping[str, np.ndarray], items: list[str], english: str = "en") -> list[Miss]:
    """The problems that do not retrieve their own English one; `vectors` are arrays [items, dim] by
    language.
    """
    candidates = _directions(vectors[english])
    missed = []
    for language, values in vectors.items():
        if language == english:
            continue
        cosines = _directions(values) @ candidates.T
        ranks = (cosines > np.diag(cosines)[:, None]).sum(1) + 1
        missed += [
            Miss(language, items[row], items[int(cosines[row].argmax())], int(rank))
            for row, rank in enumerate(ranks)
            if rank > 1
        ]
    return missed


def _directions(values: np.ndarray) -> np.ndarray:
    spread = values.std(0)
    standard = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
    return standard / np.linalg.norm(standard, axis=1, keepdims=True)
