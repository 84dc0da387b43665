"""What code-switching did to a corpus, counted by part of speech."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Statistics:
    """What happened to one language's corpus; shares are of words, punctuation left out (Table 18
    is `pos_counts`).
    """

    language: str
    sentences: int = 0
    words: int = 0
    substitutable: int = 0
    switched: int = 0
    pos_counts: dict[str, int] = field(default_factory=dict)
    pos_substitutable: dict[str, int] = field(default_factory=dict)
    pos_switched: dict[str, int] = field(default_factory=dict)

    @property
    def substitutable_share(self) -> float:
        return self.substitutable / max(self.words, 1)

    @property
    def ratio(self) -> float:
        """The achieved share of substitutable words that were replaced."""
        return self.switched / max(self.substitutable, 1)

    def add(self, other: "Statistics") -> None:
        """Add the counts of another part of the same corpus."""
        self.sentences += other.sentences
        self.words += other.words
        self.substitutable += other.substitutable
        self.switched += other.switched
        for mine, theirs in (
            (self.pos_counts, other.pos_counts),
            (self.pos_substitutable, other.pos_substitutable),
            (self.pos_switched, other.pos_switched),
        ):
            for pos, count in theirs.items():
                mine[pos] = mine.get(pos, 0) + count

    def record(self) -> dict[str, Any]:
        """The figures as JSON values, parts of speech in alphabetical order."""
        return {
            "language": self.language,
            "sentences": self.sentences,
            "words": self.words,
            "substitutable": self.substitutable,
            "switched": self.switched,
            "substitutable_share": round(self.substitutable_share, 6),
            "ratio": round(self.ratio, 6),
            "pos": {
                pos: {
                    "words": count,
                    "share": round(count / max(self.words, 1), 6),
                    "substitutable": self.pos_substitutable.get(pos, 0),
                    "switched": self.pos_switched.get(pos, 0),
                }
                for pos, count in sorted(self.pos_counts.items())
            },
        }


def count_replaced(
    language: str,
    rows: int,
    parts: list[str],
    part: np.ndarray,
    substitutable: np.ndarray,
    switched: np.ndarray,
) -> Statistics:
    """The counts of one batch; `part` indexes `parts`, a word's part of speech."""
    # one pass: a word's part of speech, whether it could be and whether it was replaced
    cells = np.bincount(part * 4 + substitutable * 2 + switched, minlength=4 * len(parts)).reshape(
        -1, 4
    )

    def named(counts: np.ndarray) -> dict[str, int]:
        return {
            name: int(count)
            for name, count in zip(parts, counts, strict=True)
            if count and name != "PUNCT"
        }

    words, could, were = named(cells.sum(1)), named(cells[:, 2:].sum(1)), named(cells[:, 3])
    return Statistics(
        language,
        rows,
        sum(words.values()),
        sum(could.values()),
        sum(were.values()),
        words,
        could,
        were,
    )
