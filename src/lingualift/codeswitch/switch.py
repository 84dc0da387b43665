"""From tagged English queries and a lexicon to the code-switched corpus of one language (section
3.2).

A word is *substitutable* when its part of speech is in the chosen set, the lexicon has it, and it
is no name and no number. A share `ratio` of each query's substitutable words is replaced by one of
their top-k translations; all else keeps its bytes. Every random choice is a hash of (seed,
language, query id, word), so neither the order of queries nor other languages matter, and the words
switched at a smaller ratio are switched at every larger one too.

A whole batch is handled by array operations on the Arrow buffers; no Python runs per word.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from lingualift.artifacts import check_parquet, parquet_writer
from lingualift.codeswitch.lexicon import TranslationArrays
from lingualift.codeswitch.replace import replace_words
from lingualift.codeswitch.statistics import Statistics, count_replaced
from lingualift.codeswitch.tag import NAME_ENTITIES, TAGGED_SCHEMA
from lingualift.messages import LinguaLiftError, nearest

logger = logging.getLogger(__name__)

WORD_TYPE = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),  # span in `question`
        pa.field("end", pa.int32(), nullable=False),
        # span of the English word in `response`
        pa.field("source_start", pa.int32(), nullable=False),
        pa.field("source_end", pa.int32(), nullable=False),
        pa.field("pos", pa.string(), nullable=False),
        pa.field("switched", pa.bool_(), nullable=False),
    ]
)
CODESWITCH_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),  # code-switched text
        pa.field("response", pa.string(), nullable=False),  # the original English
        pa.field("switched", pa.int32(), nullable=False),
        pa.field("substitutable", pa.int32(), nullable=False),
        pa.field("words", pa.list_(pa.field("item", WORD_TYPE, nullable=False)), nullable=False),
    ]
)

_SINGLE = {
    "noun": ("NOUN",), "verb": ("VERB",), "adposition": ("ADP",), "pronoun": ("PRON",),
    "adjective": ("ADJ",), "conjunction": ("CCONJ", "SCONJ"), "auxiliary": ("AUX",),
    "adverb": ("ADV",),
}  # fmt: skip
POS_PRESETS: dict[str, frozenset[str]] = {
    **{name: frozenset(tags) for name, tags in _SINGLE.items()},
    "verb-adverb": frozenset({"VERB", "ADV"}),
    "adjective-adverb": frozenset({"ADJ", "ADV"}),
    "pronoun-auxiliary-conjunction": frozenset({"PRON", "AUX", "CCONJ", "SCONJ"}),
    "subject-verb": frozenset({"NOUN", "VERB"}),
    "prepositional-phrase": frozenset({"ADP", "NOUN"}),
    "all": frozenset(tag for tags in _SINGLE.values() for tag in tags) | {"DET", "PART", "INTJ"},
}
"""The part-of-speech sets of section 6.2 and Appendix D.3 by name; `all` is every word class but
names and numbers.
"""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
BATCH_ROWS = 16384
LEAST_ACHIEVED = 0.1  # of the asked ratio


@dataclass(frozen=True)
class Switching:
    """How to switch: checked once, before any work."""

    ratio: float
    pos: frozenset[str]
    choice: Literal["best", "sampled"]
    top_k: int
    seed: int


def checked_switching(ratio: float, pos: str, choice: str, top_k: int, seed: int) -> Switching:
    """Checked settings; `pos` names a preset."""
    if not 0 <= ratio <= 1:
        raise LinguaLiftError(f"codeswitch.ratio: {ratio} is not between 0 and 1")
    if pos not in POS_PRESETS:
        raise LinguaLiftError(
            f"codeswitch.pos: unknown preset '{pos}'; {nearest(pos, POS_PRESETS)}"
        )
    if choice not in ("best", "sampled"):
        raise LinguaLiftError(
            f"codeswitch.choice: unknown choice '{choice}'; {nearest(choice, ('best', 'sampled'))}"
        )
    if top_k < 1:
        raise LinguaLiftError(f"codeswitch.top_k: {top_k} is not at least 1")
    return Switching(
        ratio, POS_PRESETS[pos], "best" if choice == "best" else "sampled", top_k, seed
    )


@dataclass(frozen=True)
class _Words:
    """The words of a batch of queries, one after the other; those of query q are
    `bounds[q]:bounds[q + 1]`.
    """

    tokens: pa.StructArray
    bounds: np.ndarray  # int32 [queries + 1]
    query: np.ndarray  # int64 [words]
    start: np.ndarray  # int32 [words], characters of the query's text
    end: np.ndarray

    @property
    def queries(self) -> int:
        return len(self.bounds) - 1


def _words(batch: pa.RecordBatch) -> _Words:
    lists = batch.column("tokens")
    rows = batch.num_rows
    bounds = (
        np.frombuffer(lists.buffers()[1], dtype=np.int32)[lists.offset : lists.offset + rows + 1]
        if rows
        else np.zeros(1, np.int32)
    )
    bounds = bounds - bounds[0]
    tokens = lists.flatten()
    query = np.repeat(np.arange(rows, dtype=np.int64), np.diff(bounds))
    start, end = (tokens.field(name).to_numpy() for name in ("start", "end"))
    return _Words(tokens, bounds, query, start, end)


def switch_batch(
    batch: pa.RecordBatch, lexicon: TranslationArrays, how: Switching
) -> tuple[pa.RecordBatch, Statistics]:
    """One batch of `TAGGED_SCHEMA` rows to `CODESWITCH_SCHEMA` rows, with its counts."""
    words = _words(batch)
    parts, part = _codes(words.tokens.field("pos"))
    row, substitutable = _substitutable(words, lexicon, how, parts, part)
    candidates = np.flatnonzero(substitutable)
    available = np.bincount(words.query[candidates], minlength=words.queries)
    seeds = _mix(batch.column("key").to_numpy() ^ _language_seed(how.seed, lexicon.language))
    switched, draws = _drawn(words, candidates, available, seeds, how.ratio)
    picked = np.flatnonzero(switched)
    entry = lexicon.first[row[picked]]
    if how.choice == "sampled":
        choices = np.minimum(lexicon.counts[row[picked]], how.top_k).astype(np.uint64)
        drawn = _mix(draws[switched[candidates]] ^ _GOLDEN) >> np.uint64(32)
        entry = entry + (drawn % choices).astype(np.int64)
    casing = words.tokens.field("casing").to_numpy()[picked]
    texts = batch.column("text")
    source, growth = replace_words(
        texts,
        words.query[picked],
        words.start[picked],
        words.end[picked],
        lexicon,
        entry,
        casing,
    )
    per_query = np.bincount(words.query[picked], minlength=words.queries)
    language = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(words.queries, np.int32)), pa.array([lexicon.language])
    ).cast(pa.string())
    counted = [pa.array(per_query, pa.int32()), pa.array(available, pa.int32())]
    spans = _spans(words, picked, growth, switched)
    columns = [batch.column("id"), language, source, texts, *counted, spans]
    result = pa.RecordBatch.from_arrays(columns, schema=CODESWITCH_SCHEMA)
    statistics = count_replaced(
        lexicon.language, words.queries, parts, part, substitutable, switched
    )
    return result, statistics


def _substitutable(
    words: _Words, lexicon: TranslationArrays, how: Switching, parts: list[str], part: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each word's row in the lexicon (-1: it has none), and whether it may be replaced."""
    entities, entity = _codes(words.tokens.field("entity"))
    distinct, word = _codes(words.tokens.field("lower"))
    rows = pc.fill_null(pc.index_in(pa.array(distinct, pa.string()), lexicon.sources), -1)
    known = np.append(rows.to_numpy().astype(np.int64), -1)
    row = known[word] if len(word) else np.empty(0, np.int64)
    allowed = np.array([name in how.pos for name in parts], dtype=bool)
    free = np.array(
        [name not in NAME_ENTITIES for name in entities],
        dtype=bool,
    )
    substitutable = row >= 0
    substitutable &= allowed[part]
    substitutable &= free[entity]
    for flag in ("number", "fused"):
        substitutable &= ~words.tokens.field(flag).to_numpy(zero_copy_only=False)
    return row, substitutable


def _drawn(
    words: _Words, candidates: np.ndarray, available: np.ndarray, seeds: np.ndarray, ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which words are replaced, bool [words], and the random number of each candidate.

    `available` counts the candidates of each query, `seeds` are its random seeds.
    """
    query = words.query[candidates]
    # stochastic rounding of ratio * available, so that the expected share is exact in short queries
    # too
    quota = np.minimum(
        np.floor(ratio * available + (_mix(seeds) >> np.uint64(11)) * 2.0**-53).astype(np.int64),
        available,
    )
    within = (candidates - words.bounds[query]).astype(np.uint64)
    draws = _mix(seeds[query] + (within + np.uint64(1)) * _GOLDEN)
    # query, random, position in the query: unique keys whose plain sort ranks the candidates of
    # each query
    ranked = np.sort(
        (query.astype(np.uint64) << np.uint64(40))
        | ((draws >> np.uint64(40)) << np.uint64(16))
        | within
    )
    owner = (ranked >> np.uint64(40)).astype(np.int64)
    rank = np.arange(len(ranked)) - (np.cumsum(available) - available)[owner]
    chosen = ranked[rank < quota[owner]]
    switched = np.zeros(len(words.start), dtype=bool)
    switched[
        words.bounds[(chosen >> np.uint64(40)).astype(np.int64)]
        + (chosen & np.uint64(0xFFFF)).astype(np.int64)
    ] = True
    return switched, draws


def _spans(
    words: _Words, picked: np.ndarray, growth: np.ndarray, switched: np.ndarray
) -> pa.ListArray:
    """The column `words`: where each word stands in the new text and in the old; what was replaced
    before it in its query shifts it.
    """
    longer = np.zeros(len(words.start), dtype=np.int64)
    longer[picked] = growth
    total = np.concatenate([[0], np.cumsum(longer)])
    shift = (
        (total[:-1] - total[words.bounds[words.query]]).astype(np.int32)
        if len(words.start)
        else np.empty(0, np.int32)
    )
    start, end = words.start, words.end
    spans = [start + shift, end + shift + longer.astype(np.int32), start, end]
    members = [
        *(pa.array(span, pa.int32()) for span in spans),
        words.tokens.field("pos").cast(pa.string()),
        pa.array(switched),
    ]
    structs = pa.StructArray.from_arrays(members, fields=list(WORD_TYPE))
    return pa.ListArray.from_arrays(
        pa.array(words.bounds, pa.int32()), structs, type=CODESWITCH_SCHEMA.field("words").type
    )


def switch_table(
    tagged: pa.Table, lexicon: TranslationArrays, how: Switching
) -> tuple[pa.Table, Statistics]:
    """A whole `TAGGED_SCHEMA` table at once, in memory."""
    total = Statistics(lexicon.language)
    batches = []
    for batch in tagged.to_batches(max_chunksize=BATCH_ROWS):
        result, statistics = switch_batch(batch, lexicon, how)
        batches.append(result)
        total.add(statistics)
    return pa.Table.from_batches(batches, schema=CODESWITCH_SCHEMA), total


def chosen_rows(
    tagged: str | Path, queries: int | None, seed: int, language: str
) -> np.ndarray | None:
    """Positions of `queries` tagged queries, ascending (None: all of them).

    Each language draws its own: together they cover more of the vocabulary, and none depends on
    another language.
    """
    try:
        available = pq.read_metadata(tagged).num_rows
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(
            f"{tagged}: damaged or not Parquet ({str(error).splitlines()[0]}); delete it and run"
            " again"
        ) from error
    if queries is None or queries >= available:
        return None
    return np.sort(
        np.random.default_rng([seed, *language.encode()]).permutation(available)[:queries]
    )


def switch_file(
    tagged: str | Path,
    lexicon: TranslationArrays,
    output: str | Path,
    how: Switching,
    provenance: Mapping[str, Any] | None = None,
    rows: np.ndarray | None = None,
    threads: int = 1,
) -> Statistics:
    """Stream a tagged Parquet file to a code-switched one, `BATCH_ROWS` queries at a time: memory
    does not grow with the corpus.

    `rows` are the positions of the queries taken, ascending (None: all).
    The bytes written do not depend on `threads`. Raises LinguaLiftError for a file of other
    columns and for a lexicon that knows no word of the queries.
    """
    total = Statistics(lexicon.language)
    check_parquet(tagged)
    try:
        file = pq.ParquetFile(tagged)
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(
            f"{tagged}: damaged or not Parquet ({str(error).splitlines()[0]}); delete it and run"
            " again"
        ) from error
    with file:
        if not file.schema_arrow.equals(TAGGED_SCHEMA, check_metadata=False):
            raise LinguaLiftError(
                f"{tagged}: columns differ from what this version writes; delete it and run again"
            )
        count = file.metadata.num_rows if rows is None else len(rows)
        batches = _read(file, tagged) if rows is None else _taken(_read(file, tagged), rows)
        with parquet_writer(output, CODESWITCH_SCHEMA, provenance) as writer:
            with tqdm(
                total=count,
                desc=f"code-switching {lexicon.language}",
                unit="query",
                mininterval=5,
                disable=count < 200000,
            ) as bar:
                for result, statistics in _ordered(batches, lexicon, how, threads):
                    writer.write_batch(result)
                    total.add(statistics)
                    bar.update(result.num_rows)
            if how.ratio > 0 and total.sentences and not total.substitutable:
                raise LinguaLiftError(
                    f"lexicon of '{lexicon.language}': none of its {len(lexicon.sources)} words can"
                    f" be substituted in {tagged}; look at the lexicon and at codeswitch.pos"
                )
            check_achieved(total, how)
    share, ratio = total.substitutable_share, total.ratio
    logger.info(
        "%s: %d queries, %.3f of the words substitutable, ratio %.3f",
        lexicon.language,
        total.sentences,
        share,
        ratio,
    )
    return total


def check_achieved(total: Statistics, how: Switching) -> None:
    """Refuse text in which less than `LEAST_ACHIEVED` of what the ratio asks for was replaced of
    all words of the chosen parts of speech: a stage would learn next to nothing from it.
    """
    chosen = sum(count for pos, count in total.pos_counts.items() if pos in how.pos)
    if total.switched < LEAST_ACHIEVED * how.ratio * chosen:
        raise LinguaLiftError(
            f"code-switching into '{total.language}': {total.switched} of {chosen} words of the"
            f" chosen parts of speech are replaced where codeswitch.ratio asks for {how.ratio:g} of"
            f" them, for the lexicon holds {total.substitutable}; keep function words"
            " (vocabulary.stop_words: true), or choose another codeswitch.pos"
        )


def _read(file: pq.ParquetFile, path: str | Path) -> Iterator[pa.RecordBatch]:
    """A tagged file in batches of at most `BATCH_ROWS`, words as dictionaries where that works.

    Decoding to dictionaries saves most of the reading and all of the hashing of words, but Arrow
    can do it within one row group only, and not where a row group's words outgrew the dictionary
    page.
    """
    names = [f"tokens.list.element.{name}" for name in ("pos", "lower", "entity")]
    with pq.ParquetFile(path, read_dictionary=names) as fast:
        for group in range(file.num_row_groups):
            if file.metadata.row_group(group).num_rows <= BATCH_ROWS:
                try:
                    table = fast.read_row_group(group, use_threads=False)
                except pa.ArrowNotImplementedError:
                    table = file.read_row_group(group, use_threads=False)
                yield from table.combine_chunks().to_batches()
            else:
                yield from file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False)


def _taken(batches: Iterable[pa.RecordBatch], rows: np.ndarray) -> Iterator[pa.RecordBatch]:
    """The rows at ascending positions."""
    first = 0
    for batch in batches:
        inside = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + batch.num_rows)]
        if len(inside):
            yield batch.take(pa.array(inside - first))
        first += batch.num_rows


def _ordered(
    batches: Iterable[pa.RecordBatch], lexicon: TranslationArrays, how: Switching, threads: int
) -> Iterator[tuple[pa.RecordBatch, Statistics]]:
    """Results in the order of the batches, at most `threads` + 1 of them in memory."""
    if threads <= 1:
        for batch in batches:
            yield switch_batch(batch, lexicon, how)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[pa.RecordBatch, Statistics]]] = deque()
        for batch in batches:
            waiting.append(pool.submit(switch_batch, batch, lexicon, how))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _codes(strings: pa.Array) -> tuple[list[str], np.ndarray]:
    """Distinct values of a string array and each element's index among them."""
    encoded = strings if pa.types.is_dictionary(strings.type) else strings.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()


def _mix(values: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser: a well-spread 64-bit hash of each value."""
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def _language_seed(seed: int, language: str) -> np.uint64:
    return np.uint64(
        int.from_bytes(
            hashlib.blake2b(f"{seed}/{language}".encode(), digest_size=8).digest(), "little"
        )
    )
