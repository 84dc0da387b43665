"""Sentence retrieval (Tatoeba, appendix E.1): how well a system's representations of translations
lie side by side.

A sentence is the mean hidden state of one LLM layer over the positions that carry it
(`generate.sentence_vectors`): the aligned encoder states, or the text. Neighbours are by cosine, as
in XTREME; both directions are asked.
"""

import numpy as np

from lingualift.messages import LinguaLiftError

BLOCK = 1024  # queries whose cosines with all candidates are held at once


def neighbours(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """For each row of `queries` [n, d] the row of `candidates` [m, d] with the highest cosine (the
    first of equals), int64 [n].

    A vector of length zero or with a value that is no number raises LinguaLiftError: it has no
    direction.
    """
    units = []
    for vectors in (queries, candidates):
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise LinguaLiftError(
                "retrieval: a sentence has an empty or infinite representation; the model's weights"
                " are damaged"
            )
        units.append(vectors.astype(np.float32) / lengths)
    nearest = [
        (units[0][start : start + BLOCK] @ units[1].T).argmax(1)
        for start in range(0, len(queries), BLOCK)
    ]
    return np.concatenate(nearest).astype(np.int64)
