"""Word problems whose words mean nothing: what a system does with a question that it cannot read
but for its numbers.

An LLM that has learnt chains of arithmetic and English problems takes a question in an unreadable
script for a long chain, and answers worse than somebody who guesses. These problems are those of
`word_problems` with every word replaced by letters at random, of one script a problem. They hold no
word of any language, so a system that learns from them still learns from English alone.
"""

import random
import re

import pyarrow as pa

from lingualift.tasks import word_problems

LETTERS = re.compile(r"[^\W\d_]+")
BLOCKS = (
    (0x61, 0x7A),
    (0xE0, 0x17F),
    (0x3B1, 0x3C9),
    (0x430, 0x45F),
    (0x561, 0x586),
    (0x5D0, 0x5EA),
    (0x621, 0x64A),
    (0x905, 0x939),
    (0x985, 0x9B9),
    (0xB85, 0xBB9),
    (0xC05, 0xC39),
    (0xE01, 0xE30),
    (0xE81, 0xEAE),
    (0x10D0, 0x10F0),
    (0x1200, 0x1248),
    (0x1780, 0x17A2),
    (0x3041, 0x3096),
    (0xAC00, 0xD7A3),
)
"""First and last code point of the letters of a script: Latin, Latin with marks, Greek, Cyrillic,
Armenian, Hebrew, Arabic, Devanagari, Bengali, Tamil, Telugu, Thai, Lao, Georgian, Ethiopic, Khmer,
Hiragana and Hangul.
"""
_LENGTHS = (2, 9)  # letters of a word
_LATIN = 0.5  # share of problems in plain Latin letters; with a third nothing was gained


def generate_problems(count: int, seed: int) -> pa.Table:
    """`count` problems of `word_problems.generate_problems` (`PROBLEM_SCHEMA`) with unreadable
    words; numbers, solutions and errors are those of the readable ones.
    """
    table = word_problems.generate_problems(count, seed)
    rng = random.Random(f"unreadable-{seed}")
    questions = [_obscured(question, rng) for question in table["question"].to_pylist()]
    ids = [f"un-{number:06d}" for number in range(1, count + 1)]
    return table.set_column(
        table.column_names.index("question"),
        word_problems.PROBLEM_SCHEMA.field("question"),
        [questions],
    ).set_column(0, word_problems.PROBLEM_SCHEMA.field("id"), [ids])


def _obscured(question: str, rng: random.Random) -> str:
    """A question with each of its words as letters at random; the same word the same letters."""
    first, last = BLOCKS[0] if rng.random() < _LATIN else rng.choice(BLOCKS[1:])
    letters = [chr(code) for code in range(first, last + 1) if chr(code).isalpha()]
    words: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        word = match.group()
        if word not in words:
            length = rng.randint(*_LENGTHS)
            words[word] = "".join(rng.choice(letters) for _ in range(length))
        return words[word]

    return LETTERS.sub(replaced, question)
