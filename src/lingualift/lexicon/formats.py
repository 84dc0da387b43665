"""Lexicons in the forms that other tools read and write.

`muse` is one pair of words a line, parted by a tab, as MUSE's and VecMap's dictionaries are. `tsv`
and `jsonl` hold every column of the table. `tei` is an XML dictionary as the Text Encoding
Initiative has it (chapter 9, Dictionaries). The best translation of a word comes first in all.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from io import TextIOBase
from itertools import groupby
from pathlib import Path
from typing import IO, Any, cast
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import numpy as np
import pyarrow as pa

from lingualift.artifacts import read_parquet
from lingualift.data.rows import read_rows
from lingualift.lexicon.build import MappedWords
from lingualift.lexicon.gold import read_muse
from lingualift.lexicon.table import LEXICON_SCHEMA
from lingualift.messages import LinguaLiftError

Write = Callable[[IO[str], pa.Table, tuple[str, str]], None]
_NOT_PLAIN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain_word(word: str) -> str:
    """The word, or '' where it has neither letter nor digit, or has white space or a character that
    no format may hold.
    """
    return word if any(map(str.isalnum, word)) and not _NOT_PLAIN.search(word) else ""


def write_muse(handle: IO[str], table: pa.Table, languages: tuple[str, str]) -> None:
    """One `source<TAB>target` a line."""
    for row in _rows(table):
        handle.write(f"{row['source']}\t{row['target']}\n")


def write_tsv(handle: IO[str], table: pa.Table, languages: tuple[str, str]) -> None:
    """A header and one pair a line; truth values as `true` and `false`."""
    handle.write("\t".join(LEXICON_SCHEMA.names) + "\n")
    for row in _rows(table):
        cells = (_shown(row[name]) for name in LEXICON_SCHEMA.names)
        handle.write("\t".join(map(_cell, cells)) + "\n")


def write_jsonl(handle: IO[str], table: pa.Table, languages: tuple[str, str]) -> None:
    """One object a pair, with the languages' codes."""
    codes = {"source_language": languages[0], "target_language": languages[1]}
    for row in _rows(table):
        values = {name: _shown(value) for name, value in row.items()}
        handle.write(json.dumps(codes | values, ensure_ascii=False) + "\n")


def write_tei(handle: IO[str], table: pa.Table, languages: tuple[str, str]) -> None:
    """A TEI P5 document: one entry a source word, one sense a translation, its score in a note."""
    xml = XMLGenerator(cast(TextIOBase, handle), "utf-8", short_empty_elements=True)
    xml.startDocument()
    root = {"xmlns": "http://www.tei-c.org/ns/1.0", "xml:lang": languages[0]}
    with _Element(xml, "TEI", root):
        _header(xml, languages)
        with _Element(xml, "text"), _Element(xml, "body"):
            for source, rows in groupby(_rows(table), key=lambda row: row["source"]):
                handle.write("\n")
                _entry(xml, source, list(rows), languages)
    handle.write("\n")


FORMATS: dict[str, Write] = {
    "muse": write_muse,
    "tsv": write_tsv,
    "jsonl": write_jsonl,
    "tei": write_tei,
}


def read_lexicon(path: str | Path) -> pa.Table:
    """Pairs `source`, `target` and `rank` (1 is best) of a lexicon: this project's `.parquet`, the
    `.tsv` and `.jsonl` of this module, or `.txt` in MUSE's format.

    Where there is no rank, the order of the pairs is theirs; ranks are counted anew from 1.
    """
    path = Path(path)
    if not path.is_file():
        raise LinguaLiftError(f"{path}: no such lexicon")
    if path.suffix == ".parquet":
        return read_parquet(path, LEXICON_SCHEMA).select(["source", "target", "rank"])
    if path.suffix in (".tsv", ".jsonl"):
        pairs = _by_rank(path)
    elif path.suffix == ".txt":
        pairs = list(read_muse(path))
    else:
        raise LinguaLiftError(
            f"{path}: unknown format of a lexicon '{path.suffix}'; known: .parquet, .tsv, .jsonl,"
            " .txt (MUSE's)"
        )
    if not pairs:
        raise LinguaLiftError(f"{path}: holds no pair of words")
    seen: dict[str, int] = {}
    ranks = []
    for source, _ in pairs:
        seen[source] = seen.get(source, 0) + 1
        ranks.append(seen[source])
    sources, targets = zip(*pairs, strict=True)
    return pa.table(
        {
            "source": pa.array(sources, pa.string()),
            "target": pa.array(targets, pa.string()),
            "rank": pa.array(ranks, pa.int32()),
        }
    )


def _by_rank(path: Path) -> list[tuple[str, str]]:
    """The pairs of a table, a word's translations by their `rank` where it has that column."""
    needed = ("source", "target")
    places: dict[str, int] = {}
    ranked: list[tuple[int, float, str, str]] = []
    for row in read_rows(path, needed):
        source, target = map(row.text, needed)
        rank = row.values.get("rank")
        if rank is not None and not re.fullmatch(r"\d+(\.0*)?", str(rank).strip()):
            raise LinguaLiftError(
                f"{row.place}: 'rank' is not a number from 1 on: '{rank!s:.20}'; correct it, or"
                " leave the column out"
            )
        place = places.setdefault(source, len(places))
        ranked.append((place, float(rank or 0), source, target))
    return [(source, target) for _, _, source, target in sorted(ranked, key=lambda one: one[:2])]


def write_vectors(path: Path, mapped: MappedWords) -> None:
    """Words and vectors in the text format of fastText, MUSE and VecMap: a header `words dim`, then
    `word v1 ... v_dim` a line, in the order given.
    """
    with open(path, "w", encoding="utf-8", newline="\n") as handle:
        words, dim = mapped.vectors.shape
        handle.write(f"{words} {dim}\n")
        for word, vector in zip(mapped.words, mapped.vectors, strict=True):
            handle.write(f"{word} {' '.join(f'{value:.6g}' for value in vector.tolist())}\n")


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=4096):
        yield from batch.to_pylist()


def _shown(value: Any) -> Any:
    """A float as short as float32 is told apart by; anything else as it is."""
    return float(np.format_float_positional(np.float32(value))) if type(value) is float else value


def _cell(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _header(xml: XMLGenerator, languages: tuple[str, str]) -> None:
    with _Element(xml, "teiHeader"), _Element(xml, "fileDesc"):
        with _Element(xml, "titleStmt"):
            _text(xml, "title", f"Lexicon {languages[0]}-{languages[1]}")
        with _Element(xml, "publicationStmt"):
            _text(xml, "p", "Unpublished")
        with _Element(xml, "sourceDesc"):
            _text(xml, "p", "Induced from vectors of words by LinguaLIFT; no person has read it.")


def _entry(
    xml: XMLGenerator, source: str, rows: list[dict[str, Any]], languages: tuple[str, str]
) -> None:
    with _Element(xml, "entry"):
        with _Element(xml, "form", {"type": "lemma"}):
            _text(xml, "orth", source)
        if rows[0]["source_pos"]:
            with _Element(xml, "gramGrp"):
                _text(xml, "pos", rows[0]["source_pos"])
        for row in rows:
            with _Element(xml, "sense", {"n": str(row["rank"])}):
                attributes = {"type": "translationEquivalent", "xml:lang": languages[1]}
                with _Element(xml, "cit", attributes):
                    _text(xml, "quote", row["target"])
                _text(xml, "note", str(_shown(row["csls"])), {"type": "csls"})


def _text(
    xml: XMLGenerator, name: str, content: str, attributes: Mapping[str, str] | None = None
) -> None:
    with _Element(xml, name, attributes):
        xml.characters(content)


class _Element:
    """An element of XML that ends with its block."""

    def __init__(
        self, xml: XMLGenerator, name: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        self.xml, self.name, self.attributes = xml, name, dict(attributes or {})

    def __enter__(self) -> None:
        self.xml.startElement(self.name, AttributesImpl(self.attributes))

    def __exit__(self, *error: object) -> None:
        self.xml.endElement(self.name)
