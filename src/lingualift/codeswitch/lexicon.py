"""A lexicon as the flat arrays that code-switching reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lingualift.messages import LinguaLiftError
from lingualift.text.scripts import DOTTED_I


@dataclass(frozen=True)
class TranslationArrays:
    """A lexicon as flat arrays: word w of `sources` has `counts[w]` translations from entry
    `first[w]` on, best first.

    `spans` [entries, 3 casings, 2] are byte offsets into `data` (UTF-8), `lengths` [entries, 3]
    their characters.
    """

    language: str
    sources: pa.Array
    first: np.ndarray
    counts: np.ndarray
    data: np.ndarray
    spans: np.ndarray
    lengths: np.ndarray


def prepare_lexicon(table: pa.Table, language: str) -> TranslationArrays:
    """A lexicon table (columns source, target, rank or csls; one row a translation) as the arrays
    that switching needs.
    """
    for column in ("source", "target"):
        if column not in table.column_names:
            raise LinguaLiftError(f"lexicon of '{language}': column '{column}' is missing")
    order = [
        (name, direction)
        for name, direction in (("rank", "ascending"), ("csls", "descending"))
        if name in table.column_names
    ]
    keys = [("source", "ascending"), *order[:1], ("target", "ascending")]
    table = table.select([name for name, _ in keys]).sort_by(keys)
    entries: dict[str, list[str]] = {}
    for source, target in zip(
        table["source"].to_pylist(), table["target"].to_pylist(), strict=True
    ):
        if not source or not target or not target.strip():
            raise LinguaLiftError(
                f"lexicon of '{language}': empty word in the pair {source!r} - {target!r}"
            )
        entries.setdefault(source, []).append(target)
    return make_lexicon(entries, language)


def make_lexicon(entries: Mapping[str, Iterable[str]], language: str) -> TranslationArrays:
    """A `TranslationArrays` from lower-cased English words and their translations, best first."""
    sources = sorted(entries)
    targets = [list(entries[source]) for source in sources]
    counts = np.array([len(words) for words in targets], dtype=np.int64)
    forms = [
        [form.encode() for form in _casings(word, language)] for words in targets for word in words
    ]
    sizes = np.array([[len(form) for form in row] for row in forms], dtype=np.int64).reshape(-1, 3)
    ends = np.cumsum(sizes.ravel()).reshape(-1, 3)
    lengths = np.array(
        [[len(form.decode()) for form in row] for row in forms], dtype=np.int64
    ).reshape(-1, 3)
    data = np.frombuffer(b"".join(form for row in forms for form in row), dtype=np.uint8)
    return TranslationArrays(
        language,
        pa.array(sources, pa.string()),
        np.cumsum(counts) - counts,
        counts,
        data,
        np.stack([ends - sizes, ends], axis=-1),
        lengths,
    )


def _casings(word: str, language: str) -> tuple[str, str, str]:
    """The word as it is, with a capital, and in capitals; a script without case has one form."""
    if language in DOTTED_I and word.startswith("i"):
        return word, "İ" + word[1:], word.replace("i", "İ").upper()
    return (
        word,
        word[:1].title() + word[1:],
        word.replace("i", "İ").upper() if language in DOTTED_I else word.upper(),
    )
