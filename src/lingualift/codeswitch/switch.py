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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm import tqdm

from lingualift.artifacts import check_parquet, parquet_writer
from lingualift.codeswitch.tag import NAME_ENTITIES, TAGGED_SCHEMA
from lingualift.errors import LinguaLiftError, nearest
from lingualift.text.scripts import DOTTED_I

logger = logging.getLogger(__name__)

WORD_TYPE = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),  # span in `source`
        pa.field("end", pa.int32(), nullable=False),
        pa.field(
            "source_start", pa.int32(), nullable=False
        ),  # span of the English word in `target`
        pa.field("source_end", pa.int32(), nullable=False),
        pa.field("pos", pa.string(), nullable=False),
        pa.field("switched", pa.bool_(), nullable=False),
    ]
)
CODESWITCH_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),  # code-switched text
        pa.field("target", pa.string(), nullable=False),  # the original English
        pa.field("switched", pa.int32(), nullable=False),
        pa.field("substitutable", pa.int32(), nullable=False),
        pa.field("words", pa.list_(pa.field("item", WORD_TYPE, nullable=False)), nullable=False),
    ]
)

_SINGLE = {
    "noun": ("NOUN",), "verb": ("VERB",), "adposition": ("ADP",), "pronoun": ("PRON",), "adjective": ("ADJ",),
    "conjunction": ("CCONJ", "SCONJ"), "auxiliary": ("AUX",), "adverb": ("ADV",),
}  # fmt: skip
POS_PRESETS: dict[str, frozenset[str]] = {
    **{name: frozenset(tags) for name, tags in _SINGLE.items()},
    "verb-adverb": frozenset({"VERB", "ADV"}),
    "adjective-adverb": frozenset({"ADJ", "ADV"}),
    "pronoun-auxiliary-conjunction": frozenset({"PRON", "AUX", "CCONJ", "SCONJ"}),
    "subject-verb": frozenset({"NOUN", "VERB"}),
    "prepositional-phrase": frozenset({"ADP", "NOUN"}),
    "all": frozenset(
        {
            "NOUN",
            "VERB",
            "ADP",
            "PRON",
            "ADJ",
            "CCONJ",
            "SCONJ",
            "AUX",
            "ADV",
            "DET",
            "PART",
            "INTJ",
        }
    ),
}
"""The part-of-speech sets of section 6.2 and Appendix D.3 by name; `all` is every word class but
names and numbers.
"""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
BATCH_ROWS = 16384


@dataclass(frozen=True)
class Lexicon:
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


@dataclass(frozen=True)
class Settings:
    """How to switch: checked once, before any work."""

    ratio: float
    pos: frozenset[str]
    choice: Literal["best", "sampled"] = "best"
    top_k: int = 1
    seed: int = 0
    protected: frozenset[str] = NAME_ENTITIES


def settings(
    ratio: float, pos: str, choice: str, top_k: int, seed: int, protect_all_entities: bool = False
) -> Settings:
    """Checked settings; `pos` names a preset. `protect_all_entities` also leaves dates, amounts and
    their units in English.
    """
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
    protected = frozenset({"*"}) if protect_all_entities else NAME_ENTITIES
    return Settings(
        ratio, POS_PRESETS[pos], "best" if choice == "best" else "sampled", top_k, seed, protected
    )


def prepare_lexicon(table: pa.Table, language: str) -> Lexicon:
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


def make_lexicon(entries: Mapping[str, Iterable[str]], language: str) -> Lexicon:
    """A `Lexicon` from lower-cased English words and their translations, best first."""
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
    return Lexicon(
        language,
        pa.array(sources, pa.string()),
        np.cumsum(counts) - counts,
        counts,
        data,
        np.stack([ends - sizes, ends], axis=-1),
        lengths,
    )


def switch_batch(
    batch: pa.RecordBatch, lexicon: Lexicon, how: Settings
) -> tuple[pa.RecordBatch, Statistics]:
    """One batch of `TAGGED_SCHEMA` rows to `CODESWITCH_SCHEMA` rows, with its counts."""
    texts, lists = batch.column("text"), batch.column("tokens")
    rows = batch.num_rows
    bounds = (
        np.frombuffer(lists.buffers()[1], dtype=np.int32)[lists.offset : lists.offset + rows + 1]
        if rows
        else np.zeros(1, np.int32)
    )
    bounds = bounds - bounds[0]  # tokens of row i are bounds[i]:bounds[i + 1]
    tokens = lists.flatten()
    counts = np.diff(bounds)
    sentence = np.repeat(np.arange(rows, dtype=np.int64), counts)
    start, end = (tokens.field(name).to_numpy() for name in ("start", "end"))

    parts, part = _codes(tokens.field("pos"))
    entities, entity = _codes(tokens.field("entity"))
    words, word = _codes(tokens.field("lower"))
    place = (
        pc.fill_null(pc.index_in(pa.array(words, pa.string()), lexicon.sources), -1)
        .to_numpy()
        .astype(np.int64)
    )
    allowed_part = np.array([name in how.pos for name in parts], dtype=bool)
    free = np.array(
        [not name or not ("*" in how.protected or name in how.protected) for name in entities],
        dtype=bool,
    )
    known = np.append(place, -1)[word] if len(word) else np.empty(0, np.int64)
    substitutable = known >= 0
    substitutable &= allowed_part[part]
    substitutable &= free[entity]
    for flag in ("number", "fused"):
        substitutable &= ~tokens.field(flag).to_numpy(zero_copy_only=False)

    candidates = np.flatnonzero(substitutable)
    available = np.bincount(sentence[candidates], minlength=rows)
    base = _mix(batch.column("key").to_numpy() ^ _language_seed(how.seed, lexicon.language))
    # stochastic rounding of ratio * available, so that the expected share is exact in short queries
    # too
    quota = np.minimum(
        np.floor(how.ratio * available + (_mix(base) >> np.uint64(11)) * 2.0**-53).astype(np.int64),
        available,
    )
    within = (candidates - bounds[sentence[candidates]]).astype(np.uint64)
    draws = _mix(base[sentence[candidates]] + (within + np.uint64(1)) * _GOLDEN)
    # sentence, random, place in the sentence: unique keys whose plain sort ranks each sentence's
    # candidates
    ranked = np.sort(
        (sentence[candidates].astype(np.uint64) << np.uint64(40))
        | ((draws >> np.uint64(40)) << np.uint64(16))
        | within
    )
    owner = (ranked >> np.uint64(40)).astype(np.int64)
    rank = np.arange(len(ranked)) - (np.cumsum(available) - available)[owner]
    chosen = ranked[rank < quota[owner]]
    switched = np.zeros(len(start), dtype=bool)
    switched[
        bounds[(chosen >> np.uint64(40)).astype(np.int64)]
        + (chosen & np.uint64(0xFFFF)).astype(np.int64)
    ] = True
    picked = np.flatnonzero(switched)

    entry = lexicon.first[known[picked]]
    if how.choice == "sampled":
        drawn = _mix(draws[switched[candidates]] ^ _GOLDEN) >> np.uint64(32)
        entry = entry + (
            drawn % np.minimum(lexicon.counts[known[picked]], how.top_k).astype(np.uint64)
        ).astype(np.int64)
    casing = tokens.field("casing").to_numpy()[picked]
    source_text, growth = _replace(
        texts, sentence[picked], start[picked], end[picked], lexicon, entry, casing
    )

    # character spans in the new text: what was replaced before in the sentence shifts a word
    longer = np.zeros(len(start), dtype=np.int64)
    longer[picked] = growth
    total = np.concatenate([[0], np.cumsum(longer)])
    shift = (
        (total[:-1] - total[bounds[sentence]]).astype(np.int32)
        if len(start)
        else np.empty(0, np.int32)
    )
    spans = [start + shift, end + shift + longer.astype(np.int32), start, end]
    members = [
        *(pa.array(span, pa.int32()) for span in spans),
        tokens.field("pos").cast(pa.string()),
        pa.array(switched),
    ]
    structs = pa.StructArray.from_arrays(members, fields=list(WORD_TYPE))
    words_array = pa.ListArray.from_arrays(
        pa.array(bounds, pa.int32()), structs, type=CODESWITCH_SCHEMA.field("words").type
    )
    per_row = np.bincount(sentence[picked], minlength=rows)
    language = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array([lexicon.language])
    ).cast(pa.string())
    counted = [pa.array(per_row, pa.int32()), pa.array(available, pa.int32())]
    columns = [batch.column("id"), language, source_text, texts, *counted, words_array]
    result = pa.RecordBatch.from_arrays(columns, schema=CODESWITCH_SCHEMA)
    return result, _statistics(lexicon.language, rows, parts, part, substitutable, switched)


def switch_table(tagged: pa.Table, lexicon: Lexicon, how: Settings) -> tuple[pa.Table, Statistics]:
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
    lexicon: Lexicon,
    output: str | Path,
    how: Settings,
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
    share, ratio = total.substitutable_share, total.ratio
    logger.info(
        "%s: %d queries, %.3f of the words substitutable, ratio %.3f",
        lexicon.language,
        total.sentences,
        share,
        ratio,
    )
    return total


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
    batches: Iterable[pa.RecordBatch], lexicon: Lexicon, how: Settings, threads: int
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


def _casings(word: str, language: str) -> tuple[str, str, str]:
    """The word as it is, with a capital, and in capitals; scripts without case come back unchanged."""
    if language in DOTTED_I and word.startswith("i"):
        return word, "İ" + word[1:], word.replace("i", "İ").upper()
    return (
        word,
        word[:1].title() + word[1:],
        word.replace("i", "İ").upper() if language in DOTTED_I else word.upper(),
    )


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


def _replace(
    texts: pa.Array,
    sentence: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    lexicon: Lexicon,
    entry: np.ndarray,
    casing: np.ndarray,
) -> tuple[pa.Array, np.ndarray]:
    """Texts with the words at character spans start:end replaced by lexicon entries; and by how
    many characters each word grew.
    """
    rows = len(texts)
    if not rows:
        return texts, np.empty(0, np.int64)
    _, offsets_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[
        texts.offset : texts.offset + rows + 1
    ].astype(np.int64)
    data = (
        np.frombuffer(data_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
        if data_buffer is not None
        else np.empty(0, np.uint8)
    )
    offsets -= offsets[0]
    if len(data) and data.max() >= 0x80:
        # character offsets to byte offsets: `characters` are the bytes at which a character begins,
        # and the end
        characters = np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data))
        base = np.searchsorted(characters, offsets[:-1])[sentence]
        first, last = characters[base + start], characters[base + end]
    else:
        first, last = offsets[sentence] + start, offsets[sentence] + end
    spans = lexicon.spans[entry, casing]
    sizes = spans[:, 1] - spans[:, 0]
    # the new bytes alternate between a stretch of the old text and a replacement: gather both from
    # one buffer
    begins = np.empty(2 * len(first) + 1, dtype=np.int64)
    lengths = np.empty_like(begins)
    begins[0] = 0
    begins[2::2] = last
    begins[1::2] = spans[:, 0] + len(data)
    lengths[:-1:2] = first - begins[:-1:2]
    lengths[-1] = len(data) - begins[-1]
    lengths[1::2] = sizes
    goes_to = np.cumsum(lengths)
    index = np.repeat((begins - (goes_to - lengths)).astype(np.int32), lengths)
    index += np.arange(len(index), dtype=np.int32)
    written = np.concatenate([data, lexicon.data]).take(index)
    grown = np.bincount(sentence, weights=sizes - (last - first), minlength=rows).astype(np.int64)
    new_offsets = offsets + np.concatenate([[0], np.cumsum(grown)])
    if new_offsets[-1] >= 2**31:
        raise LinguaLiftError(
            f"code-switching: a batch of {rows} queries has 2 GB of text; split the longest queries"
        )
    result = pa.StringArray.from_buffers(
        rows, pa.py_buffer(new_offsets.astype(np.int32)), pa.py_buffer(written)
    )
    return result, lexicon.lengths[entry, casing] - (end - start)


def _statistics(
    language: str,
    rows: int,
    parts: list[str],
    part: np.ndarray,
    substitutable: np.ndarray,
    switched: np.ndarray,
) -> Statistics:
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
