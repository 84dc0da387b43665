"""Vocabularies: words of a corpus and of word lists with frequencies, merged, filtered, most
frequent first.

Frequencies are on one scale everywhere: occurrences per billion words (int64, at least 1). A target
vocabulary may hold everyday words that a small corpus lacks, from a word list (PyPI `wordfreq`, npm
`cldr-annotations-full`). The English source vocabulary follows Appendix A.1.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import fsum
from pathlib import Path
from typing import Any

import pyarrow as pa

from lingualift.data.folders import wrong_cell
from lingualift.data.rows import read_document
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import clean_frequencies, clean_line, clean_word
from lingualift.text.scripts import is_script, lower_case
from lingualift.text.segmenters import LONGEST_TEXT, tokenize
from lingualift.text.sentences import pieces

logger = logging.getLogger(__name__)

PER_BILLION = 1_000_000_000
# Of its occurrences a source word must have this share outside names, numbers and dates. One
# occurrence is enough for the paper, but taggers slip: names then come in by one mistaken tag; with
# a half, "day", "house" and "book" are lost to "the Day of ..." and its like.
NAME_LIMIT = 0.05
ENGLISH_RATIO = 6.0  # how much more frequent in English a word of another language's list may be
TARGET_SCHEMA = pa.schema(
    [
        pa.field("word", pa.string(), nullable=False),
        pa.field("frequency", pa.int64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
SOURCE_SCHEMA = pa.schema(
    [
        *TARGET_SCHEMA,
        pa.field("pos", pa.string(), nullable=False),
        # JSON object, universal POS tag to number of occurrences
        pa.field("pos_counts", pa.string(), nullable=False),
    ]
)


def count_words(
    sentences: Iterable[Sequence[str]], script: str, language: str = "xx"
) -> Counter[str]:
    """How often each lower-cased word occurs; tokens with digits, punctuation, symbols or letters
    of another script are left out.
    """
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(lower_case(" ".join(sentence), language).split(" "))
    return Counter({word: count for word, count in counts.items() if is_script(word, script)})


def wordfreq_of(language: Language, count: int) -> dict[str, float]:
    """The list of `wordfreq` that the table of languages names for a language (`wordfreq_list`)."""
    import wordfreq

    held = wordfreq.available_languages()
    if language.wordfreq not in held:
        raise wrong_cell(language.code, "wordfreq", language.wordfreq or "", "wordfreq", held)
    return wordfreq_list(language.wordfreq, count)


def wordfreq_list(name: str, count: int) -> dict[str, float]:
    """The `count` most frequent words of a list of `wordfreq` with their relative frequencies."""
    import wordfreq

    # `word_frequency` would segment Chinese, Japanese and Korean words again, with packages that
    # the lists themselves do not need.
    entries = wordfreq.get_frequency_dict(name)
    return {word: entries[word] for word in wordfreq.top_n_list(name, count)}


def cldr_list(
    path: str | Path, script: str, tokenizer: str = "xx", language: str = "xx"
) -> dict[str, float]:
    """The words in a language's CLDR annotations (`annotations/XX/annotations.json`), as a
    monolingual word list.

    The annotations are cleaned as a corpus of `script` and `language` is and split by the spaCy
    class `tokenizer`. A word's frequency is the share of annotated characters whose annotations
    hold it. Which character it annotates is not used.
    """
    document = read_document(path)
    try:
        entries = document["annotations"]["annotations"]
        texts = [[*entry.get("default", ()), *entry.get("tts", ())] for entry in entries.values()]
    except (KeyError, TypeError, AttributeError) as error:
        raise LinguaLiftError(
            f"{path}: not a CLDR annotations file ({type(error).__name__}: {error})"
        ) from error
    lines = (clean_line(" ; ".join(names), script, language) for names in texts)
    counts = Counter(
        word
        for names in tokenize(lines, tokenizer)
        for word in sorted({lower_case(name, language) for name in names})
    )
    counts = Counter({word: count for word, count in counts.items() if is_script(word, script)})
    total = sum(counts.values())
    return {word: count / total for word, count in counts.items()}


def merge(
    corpus: Mapping[str, float],
    word_list: Mapping[str, float],
    script: str,
    list_weight: float = 0.5,
) -> dict[str, tuple[float, str]]:
    """Each word's relative frequency on a common scale, and 'corpus' or 'wordlist': where it was
    found first.

    Both sides are made to sum to one and are averaged with weights 1 − `list_weight` and
    `list_weight`; one alone counts fully. Words that are not wholly of `script` are dropped.
    """
    sides = [
        {word: value for word, value in side.items() if value > 0 and is_script(word, script)}
        for side in (corpus, word_list)
    ]
    totals = [fsum(side.values()) for side in sides]
    weights = [1.0 - list_weight, list_weight] if all(totals) else [1.0, 1.0]
    merged: dict[str, tuple[float, str]] = {}
    for side, total, weight, name in zip(
        sides, totals, weights, ("corpus", "wordlist"), strict=True
    ):
        for word, value in side.items():
            before, origin = merged.get(word, (0.0, name))
            merged[word] = (before + weight * value / total, origin)
    return merged


def build_target_vocabulary(
    corpus: Mapping[str, float],
    word_list: Mapping[str, float],
    script: str,
    *,
    language: str = "xx",
    size: int = 5000,
    list_weight: float = 0.5,
    english: Mapping[str, float] | None = None,
    name: str = "target vocabulary",
) -> pa.Table:
    """The `size` most frequent words of corpus and word list (schema TARGET_SCHEMA); ties in
    alphabetical order. The words of the list are cleaned as those of a corpus are.

    English words leak into other languages' lists and would be "translated" into themselves: a
    Latin-script word whose relative frequency in `english` exceeds `ENGLISH_RATIO` times its own is
    dropped. `name` is named when nothing remains.
    """
    word_list = clean_frequencies(word_list, script, language)
    merged = merge(corpus, word_list, script, list_weight)
    if english and script == "Latn":
        leaked = [
            word
            for word, (value, _) in merged.items()
            if english.get(word, 0.0) > ENGLISH_RATIO * value
        ]
        for word in leaked:
            del merged[word]
        logger.info("%s: %d English words dropped", name, len(leaked))
    if not merged:
        raise LinguaLiftError(
            f"{name}: no word in script {script}; check the corpus, the word list and the script"
        )
    order = sorted(merged, key=lambda word: (-merged[word][0], word))[:size]
    return pa.table(
        {
            "word": order,
            "frequency": [_scaled(merged[word][0]) for word in order],
            "source": [merged[word][1] for word in order],
        },
        TARGET_SCHEMA,
    )


def _scaled(value: float) -> int:
    return max(1, round(value * PER_BILLION))


def build_source_vocabulary(
    texts: Iterable[str],
    nlp: Any,
    word_list: Mapping[str, float] | None = None,
    *,
    size: int = 3000,
    keep_stop_words: bool = False,
    list_weight: float = 0.5,
    script: str = "Latn",
    name: str = "source vocabulary",
) -> pa.Table:
    """The English source vocabulary (Appendix A.1) with each word's POS distribution (schema
    SOURCE_SCHEMA).

    `nlp` is a spaCy pipeline with tagger and entity recogniser. Named entities, numbers, dates and,
    unless `keep_stop_words`, stop words are left out; so is a word that is hardly ever anything
    else. Words that only `word_list` has are tagged alone.
    """
    listed = {
        word: value
        for word, value in clean_frequencies(word_list or {}, script, "en").items()
        if is_script(word, script)
    }
    tags: dict[str, Counter[str]] = {}
    rejected: Counter[str] = Counter()
    short = (piece for text in texts for piece in pieces(text, LONGEST_TEXT))
    for token in chain.from_iterable(nlp.pipe(short, batch_size=64)):
        _tally(token, script, tags, rejected)
    from_texts = {word: float(counts.total()) for word, counts in tags.items()}
    missing = [word for word in listed if word not in tags and word not in rejected]
    for doc in nlp.pipe(missing, batch_size=256):
        if len(doc) == 1:
            _tally(doc[0], script, tags, rejected)
    stop_words = set() if keep_stop_words else {word.lower() for word in nlp.Defaults.stop_words}
    allowed = {
        word
        for word, counts in tags.items()
        if counts.total() >= NAME_LIMIT * (counts.total() + rejected[word])
        and word not in stop_words
    }
    merged = {
        word: value
        for word, value in merge(from_texts, listed, script, list_weight).items()
        if word in allowed
    }
    if not merged:
        raise LinguaLiftError(
            f"{name}: no word remains after names, numbers and stop words are left out; give more"
            " English text"
        )
    return _source_table(merged, tags, size)


def _source_table(
    merged: Mapping[str, tuple[float, str]], tags: Mapping[str, Counter[str]], size: int
) -> pa.Table:
    """The `size` most frequent words with the parts of speech that they were tagged as."""
    order = sorted(merged, key=lambda word: (-merged[word][0], word))[:size]
    distributions = [
        dict(sorted(tags[word].items(), key=lambda item: (-item[1], item[0]))) for word in order
    ]
    return pa.table(
        {
            "word": order,
            "frequency": [_scaled(merged[word][0]) for word in order],
            "source": [merged[word][1] for word in order],
            "pos": [next(iter(counts)) for counts in distributions],
            "pos_counts": [json.dumps(counts) for counts in distributions],
        },
        SOURCE_SCHEMA,
    )


def _tally(token: Any, script: str, tags: dict[str, Counter[str]], rejected: Counter[str]) -> None:
    word = clean_word(token.lower_, script, "en")
    if not is_script(word, script):
        return
    if (
        token.ent_type_
        or token.like_num
        or token.pos_ in ("NUM", "PROPN", "SYM", "PUNCT", "SPACE", "X")
    ):
        rejected[word] += 1
    else:
        tags.setdefault(word, Counter())[token.pos_] += 1
