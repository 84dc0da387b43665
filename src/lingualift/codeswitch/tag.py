"""Tag English queries once with spaCy; every language's code-switched corpus is made from the
result.

A row of `TAGGED_SCHEMA` is one query: its id and text, `key` (a hash of the id that seeds all
random choices for it) and its tokens with character offsets into `text`. Whitespace is what lies
between tokens, so nothing of the text is lost.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from lingualift.artifacts import parquet_writer
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import clean_word
from lingualift.text.segmenters import LONGEST_TEXT
from lingualift.text.sentences import pieces

if TYPE_CHECKING:
    from spacy.language import Language

logger = logging.getLogger(__name__)

TOKEN_TYPE = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("pos", pa.string(), nullable=False),  # universal part of speech
        pa.field("lower", pa.string(), nullable=False),
        # spaCy's entity label, '' outside entities
        pa.field("entity", pa.string(), nullable=False),
        pa.field("number", pa.bool_(), nullable=False),  # a numeral in digits or letters
        # continues another word without a space, like "do" and "n't"
        pa.field("fused", pa.bool_(), nullable=False),
        # how a replacement is written: 0 as it is, 1 capitalised, 2 in capitals
        pa.field("casing", pa.int8(), nullable=False),
    ]
)
TAGGED_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("key", pa.uint64(), nullable=False),
        pa.field("tokens", pa.list_(pa.field("item", TOKEN_TYPE, nullable=False)), nullable=False),
    ]
)

WORD_COUNT_SCHEMA = pa.schema(
    [
        pa.field("word", pa.string(), nullable=False),
        pa.field("frequency", pa.int64(), nullable=False),
        pa.field("pos", pa.string(), nullable=False),
    ]
)

# spaCy's labels for names; the others (DATE, TIME, MONEY, QUANTITY ...) are numbers with their
# units.
NAME_ENTITIES = frozenset(
    {
        "PERSON",
        "NORP",
        "FAC",
        "ORG",
        "GPE",
        "LOC",
        "PRODUCT",
        "EVENT",
        "WORK_OF_ART",
        "LAW",
        "LANGUAGE",
    }
)

MAX_TOKENS = 1 << 16
_SENTENCE_END = frozenset(".?!:\n")


def load_pipeline(folder: str | Path) -> "Language":
    """The spaCy pipeline of an unpacked package folder.

    Only what tagging needs is kept (tok2vec, tagger, attribute ruler, entity recogniser).
    """
    import spacy
    from thinc.api import NumpyOps, set_current_ops

    # NumPy's products: BLIS falls back to generic code on processors that it does not know
    set_current_ops(NumpyOps(use_blis=False))
    unused = ["parser", "lemmatizer", "senter"]
    pipelines = sorted(
        path.parent
        for path in Path(folder).rglob("config.cfg")
        if (path.parent / "meta.json").is_file()
    )
    if len(pipelines) != 1:
        raise LinguaLiftError(
            f"tagger: {folder} holds {len(pipelines)} spaCy pipelines (config.cfg with meta.json),"
            " expected one"
        )
    try:
        return spacy.load(pipelines[0], exclude=unused)
    except (OSError, ValueError, ImportError) as error:
        raise LinguaLiftError(
            f"tagger: {pipelines[0]} cannot be loaded ({str(error).splitlines()[0]})"
        ) from error


def tag(
    ids: Sequence[str],
    texts: Sequence[str],
    pipeline: "Language",
    processes: int = 1,
    batch_size: int = 256,
) -> pa.Table:
    """All queries tagged, in order, as one `TAGGED_SCHEMA` table, which `tag_batches` streams."""
    return pa.Table.from_batches(
        tag_batches(ids, texts, pipeline, processes, batch_size), schema=TAGGED_SCHEMA
    )


def tag_batches(
    ids: Sequence[str],
    texts: Sequence[str],
    pipeline: "Language",
    processes: int = 1,
    batch_size: int = 256,
    rows: int = 8192,
) -> Iterator[pa.RecordBatch]:
    """Tag queries with `nlp.pipe` on `processes` processes and yield record batches of `rows`
    queries.
    """
    if len(ids) != len(texts):
        raise LinguaLiftError(f"tagging: {len(ids)} ids for {len(texts)} texts")
    if len(set(ids)) != len(ids):
        twice = next(identifier for identifier, count in Counter(ids).items() if count > 1)
        raise LinguaLiftError(f"tagging: id '{twice}' occurs twice")
    pending: list[dict[str, Any]] = []
    parts = [pieces(text, LONGEST_TEXT) for text in texts]
    documents = iter(
        pipeline.pipe(chain.from_iterable(parts), n_process=processes, batch_size=batch_size)
    )
    for identifier, text, cut in tqdm(
        zip(ids, texts, parts, strict=True),
        total=len(ids),
        desc="tagging",
        unit="query",
        mininterval=5,
        disable=len(ids) < 20000,
    ):
        pending.append(
            {
                "id": identifier,
                "text": text,
                "key": query_key(identifier),
                "tokens": _tokens(list(islice(documents, len(cut))), text),
            }
        )
        if len(pending) == rows:
            yield pa.RecordBatch.from_pylist(pending, schema=TAGGED_SCHEMA)
            pending = []
    if pending:
        yield pa.RecordBatch.from_pylist(pending, schema=TAGGED_SCHEMA)


def tag_file(
    ids: Sequence[str],
    texts: Sequence[str],
    pipeline: "Language",
    output: str | Path,
    processes: int = 1,
    provenance: Mapping[str, Any] | None = None,
) -> int:
    """Tag queries straight into a Parquet file, a row group of 8,192 at a time; returns their
    number.
    """
    rows = 0
    with parquet_writer(output, TAGGED_SCHEMA, provenance) as writer:
        for batch in tag_batches(ids, texts, pipeline, processes):
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def query_key(identifier: str) -> int:
    """The 64-bit seed of a query: a hash of its id alone, whatever its order and neighbours."""
    return int.from_bytes(hashlib.blake2b(identifier.encode(), digest_size=8).digest(), "little")


def word_counts(tagged: pa.Table) -> pa.Table:
    """The words that could be substituted, most frequent first: lower-cased word, frequency, most
    frequent part of speech.

    Names, numbers and everything that is not a plain word are left out (Appendix A.1's source
    vocabulary, stop words kept).
    """
    tokens = pc.list_flatten(tagged["tokens"]).combine_chunks()
    keep = pc.and_(pc.invert(tokens.field("number")), pc.invert(tokens.field("fused")))
    keep = pc.and_(
        keep, pc.invert(pc.is_in(tokens.field("entity"), pa.array(sorted(NAME_ENTITIES))))
    )
    keep = pc.and_(
        keep,
        pc.invert(
            pc.is_in(tokens.field("pos"), pa.array(["PROPN", "NUM", "PUNCT", "SYM", "SPACE", "X"]))
        ),
    )
    keep = pc.and_(keep, pc.match_substring_regex(tokens.field("lower"), r"^\pL[\pL'-]*$"))
    pairs = pa.table({"word": tokens.field("lower"), "pos": tokens.field("pos")}).filter(keep)
    pairs = pairs.group_by(["word", "pos"]).aggregate([([], "count_all")])
    pairs = pairs.sort_by(
        [("word", "ascending"), ("count_all", "descending"), ("pos", "ascending")]
    )
    words: dict[str, tuple[int, str]] = {}
    for word, pos, count in zip(
        pairs["word"].to_pylist(),
        pairs["pos"].to_pylist(),
        pairs["count_all"].to_pylist(),
        strict=True,
    ):
        total, first = words.get(word, (0, pos))
        words[word] = total + count, first
    ordered = sorted(words.items(), key=lambda item: (-item[1][0], item[0]))
    columns = (
        [word for word, _ in ordered],
        [count for _, (count, _) in ordered],
        [pos for _, (_, pos) in ordered],
    )
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, WORD_COUNT_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=WORD_COUNT_SCHEMA)


def _tokens(documents: Sequence[Any], text: str) -> list[dict[str, Any]]:
    """The tokens of a query's pieces, which one after the other are its text."""
    offsets = accumulate((len(document.text) for document in documents), initial=0)
    tokens = [
        (offset + token.idx, token)
        for offset, document in zip(offsets, documents, strict=False)
        for token in document
        if not token.is_space
    ]
    if len(tokens) >= MAX_TOKENS:
        raise LinguaLiftError(
            f"tagging: a query of {len(tokens)} tokens is too long (at most {MAX_TOKENS - 1}); it"
            f" starts {text[:40]!r}"
        )
    rows = []
    starts_sentence = True
    for start, token in tokens:
        word = token.text
        rows.append(_row(token, start, starts_sentence))
        # quotation marks and brackets between a full stop and the next word do not matter
        if word[-1].isalnum():
            starts_sentence = False
        elif word[-1] in _SENTENCE_END:
            starts_sentence = True
    for left, right in pairwise(rows):
        if (
            left["end"] == right["start"]
            and text[left["end"] - 1].isalpha()
            and text[right["start"]].isalpha()
        ):
            left["fused"] = right["fused"] = True
    return rows


def _row(token: Any, start: int, starts_sentence: bool) -> dict[str, Any]:
    word = token.text
    return {
        "start": start,
        "end": start + len(word),
        "pos": token.pos_ or "X",
        # spelled as the lexicon's words are, or it would not be found there
        "lower": clean_word(word, "Latn", "en") or word.lower(),
        "entity": token.ent_type_,
        "number": (
            token.like_num or token.pos_ == "NUM" or any(letter.isnumeric() for letter in word)
        ),
        "fused": False,
        "casing": _casing(word, starts_sentence),
    }


def _casing(word: str, starts_sentence: bool) -> int:
    """1 for a capitalised word, 2 for one in capitals; English 'I' is a capital only where any word
    would be.
    """
    if not word[:1].isupper():
        return 0
    if len(word) == 1:
        return int(starts_sentence)
    return 2 if word.isupper() else 1
