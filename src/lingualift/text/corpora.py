"""Corpora: raw lines cleaned, filtered by script and language, tokenised, written.

Appendix A.1 needs a corpus per language. The lexicon engine is sensitive to what is in it: leftover
English lines in a non-English corpus break unsupervised alignment, so lines whose letters are
mostly of another script, and English lines in Latin-script corpora, are dropped here. A corpus file
holds one sentence per line, tokens joined by one space, cased, NFC. Everything streams: a corpus of
any size needs memory for a sample and a sentence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lingualift.artifacts import atomic_path
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import clean_line
from lingualift.text.english import EnglishLines
from lingualift.text.readers import read_plain
from lingualift.text.scripts import letters_pattern, script_pattern

SAMPLE = 50_000  # lines that the models of English and the corpus are fitted to
SCRIPT_SHARE = 0.5  # of a line's letters


@dataclass
class Counts:
    """What became of the lines with letters in them; `lines` is their number."""

    lines: int = 0
    other_script: int = 0
    english: int = 0
    kept: int = 0


def clean_lines(
    lines: Iterable[str],
    *,
    language: str,
    script: str,
    source: str,
    english: Mapping[str, float] | None = None,
    limit: int | None = None,
    counts: Counts | None = None,
) -> Iterator[str]:
    """The lines that are text of `language`, cleaned; the first `limit` of them.

    Dropped: lines without letters; lines of whose letters less than half are of `script` (ISO
    15924); English lines of other Latin-script languages (`english`: relative frequencies of
    English words). `counts` is filled on the way. `source` is named in errors, which come at the
    end: nothing left at all, one line only, or most lines in another script.
    """
    counts = Counts() if counts is None else counts
    stream = _in_script(lines, script, language, counts)
    foreign: EnglishLines | None = None
    if script == "Latn" and language != "en":
        sample = list(islice(stream, SAMPLE))
        foreign = EnglishLines(sample, english or {})
        stream = _chain(sample, stream)
    for line in stream:
        if foreign is not None and line in foreign:
            counts.english += 1
            continue
        counts.kept += 1
        yield line
        if counts.kept == limit:
            break
    if not counts.lines:
        raise LinguaLiftError(
            f"{source}: empty corpus: no line holds a letter; give a text file of language"
            f" '{language}'"
        )
    if counts.other_script * 2 > counts.lines:
        raise LinguaLiftError(
            f"{source}: {counts.other_script} of {counts.lines} lines are not in the script"
            f" {script} of language '{language}'; wrong file or script?"
        )
    if counts.kept < 2 and counts.kept != limit:
        raise LinguaLiftError(
            f"{source}: {counts.kept} usable line(s) of {counts.lines} ({counts.english} in"
            " English); a corpus needs two at least (one sentence per line)"
        )


def _chain(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    first.clear()
    yield from rest


def _in_script(lines: Iterable[str], script: str, language: str, counts: Counts) -> Iterator[str]:
    in_script, letters = script_pattern(script), letters_pattern()
    for line in lines:
        line = clean_line(line, script, language)
        total = len(letters.findall(line))
        if not total:
            continue
        counts.lines += 1
        if len(in_script.findall(line)) < SCRIPT_SHARE * total:
            counts.other_script += 1
        else:
            yield line


def write_corpus(path: str | Path, sentences: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Write one sentence per line, tokens joined by one space, atomically; the numbers of sentences
    and tokens.
    """
    count = tokens = 0
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as handle,
    ):
        for sentence in sentences:
            handle.write(" ".join(sentence) + "\n")
            count += 1
            tokens += len(sentence)
    return count, tokens


def read_corpus(path: str | Path) -> Iterator[list[str]]:
    """The sentences that `write_corpus` wrote, as token lists; a file that is missing or empty is
    an error.
    """
    empty = True
    for line in read_plain(path):
        if tokens := line.split():
            empty = False
            yield tokens
    if empty:
        raise LinguaLiftError(f"{path}: empty corpus; delete it and run again")
