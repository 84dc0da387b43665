"""English lines in text of another Latin-script language: documentation is often translated in
part.

Unsupervised alignment finds English at once where a "Finnish" corpus is two thirds English, so
those lines must go. Two unigram models decide, English against the rest of the corpus, and need
nothing but the corpus: lines with many English function words begin, and a few rounds of
re-estimation (hard EM) find the others. English starts from PyPI `wordfreq`'s list.

Measured on LibreOffice's help pages, where a paragraph that equals the English one is untranslated
(share of such words found; share of other words lost): Finnish 0.96 and 2.0 % (function words alone
0.62), Indonesian 0.94 and 0.4 % (0.61). What is left are names of functions and other program text,
which is no language's. Of 6,236 verses each in eleven Latin-script languages 32 were dropped,
nearly all of them single letters of the Arabic alphabet.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

# English function words that are rare or absent in other Latin-script languages ("of", "is", "was",
# "for", "her" are not: Dutch, German, Danish and others have them).
MARKERS = frozenset([
    "the", "and", "that", "this", "these", "those", "which", "with", "from", "you", "your",
    "they", "their", "them", "there", "then", "than", "would", "should", "could", "been", "what",
    "where", "when", "who", "whose", "whom", "because", "about", "into", "does", "did", "not",
    "shall", "upon", "has", "have", "had", "were", "will", "our", "ours", "its", "be", "to", "by",
])  # fmt: skip
# share of markers above which a line counts as English at first; running English has 0.25-0.4
MARKER_SHARE = 0.2
ROUNDS = 3
ENGLISH_WORDS = 100_000  # what the English word list weighs, in words of the corpus
FLOOR = 1e-6  # frequency of a word that neither model knows
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def words_of(line: str) -> list[str]:
    """The lower-cased words of a line: letters, and apostrophes between them."""
    return [word.lower() for word in _WORD.findall(line)]


def looks_english(line: str) -> bool:
    """Whether at least a fifth of the line's words, and two at least, are English function words
    that other languages lack.
    """
    words = words_of(line)
    hits = sum(word in MARKERS for word in words)
    return hits >= 2 and hits >= MARKER_SHARE * len(words)


class EnglishLines:
    """The two models, fitted to a sample of the corpus; `english` maps English words to relative
    frequencies.
    """

    def __init__(self, sample: Sequence[str], english: Mapping[str, float]) -> None:
        texts = [words_of(line) for line in sample]
        is_english = [looks_english(line) for line in sample]
        self.evidence: dict[str, float] = {}
        for _ in range(ROUNDS):
            here: Counter[str] = Counter()
            there: Counter[str] = Counter()
            for words, in_english in zip(texts, is_english, strict=True):
                (there if in_english else here).update(words)
            here_total, there_total = max(1, here.total()), there.total() + ENGLISH_WORDS
            for word in here.keys() | there.keys() | english.keys():
                # One occurrence less, or a word that occurs once would vouch for the class that its
                # own line happens to be in.
                listed = english.get(word, 0.0) * ENGLISH_WORDS
                share_there = (listed + max(0, there[word] - 1)) / there_total
                share_here = max(0, here[word] - 1) / here_total
                self.evidence[word] = math.log((share_there + FLOOR) / (share_here + FLOOR))
            is_english = [self._decide(words) for words in texts]

    def _decide(self, words: Sequence[str]) -> bool:
        # A single word is often a name, and teaches vectors nothing.
        return len(words) > 1 and sum(self.evidence.get(word, 0.0) for word in words) > 0

    def __contains__(self, line: str) -> bool:
        return self._decide(words_of(line))
