"""Task data at the paper's scale, read from retrieved sources into one table: what the model is
asked, in which language, and what it should answer.

`forms` has the forms in which they are published. A malformed row is an error that names the file
and the line.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from lingualift.messages import LinguaLiftError, nearest
from lingualift.retrieve.pinning import told_with_revision
from lingualift.tasks.forms import (
    FORMS,
    Example,
    read_mathoctopus,
    read_opus,
    read_parallel_text,
    task_files,
)
from lingualift.tasks.held_out import BenchmarkQuestions, letters

logger = logging.getLogger(__name__)

TASK_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("response", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),  # '' for a translation
    ]
)
CHUNK = 65536  # rows that are Python objects at once


@dataclass(frozen=True)
class Reader:
    """How a source of config/sources.yaml is read: its form, and the files below its folder
    ({code}: one pattern a language).
    """

    kinds: tuple[str, ...]
    form: str
    pattern: str = ""

    @property
    def multilingual(self) -> bool:
        return self.form in (*PAIRS, "mathoctopus") or "{code}" in self.pattern


READERS = {
    "gsm8k": Reader(("maths",), "gsm8k", "**/train.jsonl"),
    "gsm8k-hub": Reader(("maths",), "gsm8k", "main/train-*.parquet"),
    "gsm8kinstruct": Reader(("maths", "translation"), "parallel"),
    "gsm8kinstruct-hub": Reader(("maths",), "mathoctopus"),
    "metamathqa": Reader(("maths",), "metamath", "**/*.json"),
    "openmathinstruct-2": Reader(("maths",), "openmath", "**/train_1M*.parquet"),
    "multinli": Reader(("nli",), "nli", "**/*train*"),
    "xnli-hub": Reader(("nli",), "nli", "{code}/train-*.parquet"),
    "xnli-dev": Reader(("nli",), "nli", "{code}/validation-*.parquet"),
    "sib200-train": Reader(("topic",), "topic", "**/eng_Latn/train.tsv"),
    "csqa": Reader(("commonsense",), "multiple-choice", "**/*_rand_split.jsonl"),
    # its labelled parts, train and validation: X-CSQA trains on some of both
    "csqa-hub": Reader(("commonsense",), "multiple-choice", "data/[tv][ra]*.parquet"),
    "openbookqa": Reader(("commonsense",), "multiple-choice", "main/train*"),
    "arc": Reader(("commonsense",), "multiple-choice", "ARC-*/*rain*"),
    "qasc": Reader(("commonsense",), "multiple-choice", "**/train*"),
    "xcsqa-train": Reader(("commonsense",), "multiple-choice", "{code}/train.jsonl"),
    "opus-100": Reader(("translation",), "opus"),
    "parallel-text": Reader(("translation",), "parallel"),
}

PAIRS: dict[str, Callable[[Path, str], Iterator[tuple[str, str]]]] = {
    "parallel": read_parallel_text,
    "opus": read_opus,
}
"""Forms that hold sentences with their English translations."""

TaskFolder = tuple[str, str | None, Path]
"""A source, the language that was retrieved (None where it comes whole), and the folder."""


def load_task_data(
    folders: Sequence[TaskFolder],
    kind: str,
    languages: Sequence[str] | None,
    names: Mapping[str, str],
    limit: int | None,
    held_out: BenchmarkQuestions | None = None,
) -> pa.Table:
    """Task data of several retrieved sources behind one another as `TASK_SCHEMA`, ids prefixed by
    source and language.

    `languages` are those that are read (None: English alone), `names` their English names; `limit`
    rows a language at most. Translated questions (`gsm8kinstruct` of kind maths) are answered by
    the English solution of the same question in the sources before. Questions that `held_out`
    benchmarks ask are left out. Raises `LinguaLiftError` for a language that ends up without data.
    """
    wanted = list(dict.fromkeys(["en"] if languages is None else languages))
    left = dict.fromkeys(wanted, limit)
    tables = [pa.Table.from_batches([], TASK_SCHEMA)]
    parts = _by_language(folders, kind, wanted, names, held_out or BenchmarkQuestions({}))
    with told_with_revision([(key, folder) for key, _, folder in folders]):
        for key, language, examples in parts:
            rows_left = left[language]
            table = _table(key, language, examples, rows_left)
            if rows_left is not None:
                left[language] = rows_left - len(table)
            tables.append(table)
    table = pa.concat_tables(tables)
    present = set(table["language"].to_pylist())
    for code in wanted:
        if code not in present and not (code == "en" and kind == "translation"):
            keys = ", ".join(dict.fromkeys(key for key, _, _ in folders))
            raise LinguaLiftError(
                f"task data from {keys}: holds nothing in '{code}'; leave it out of the task's"
                " languages"
            )
    return table


def _by_language(
    folders: Sequence[TaskFolder],
    kind: str,
    wanted: Sequence[str],
    names: Mapping[str, str],
    held_out: BenchmarkQuestions,
) -> Iterator[tuple[str, str, Iterable[Example]]]:
    """Source, language and examples of every part, in the task's order."""
    # Of the English questions, where questions come translated without their solutions.
    solutions: dict[str, Example] = {}
    translated = kind == "maths" and any(
        key in READERS and READERS[key].form == "parallel" for key, _, _ in folders
    )
    for key, language, folder in folders:
        if key not in READERS:
            raise LinguaLiftError(
                f"tasks: source '{key}' is not task data; {nearest(key, READERS)}"
            )
        reader = READERS[key]
        if reader.form in PAIRS:
            if language is None:
                raise LinguaLiftError(f"tasks: source '{key}' is read one language at a time")
            pairs = PAIRS[reader.form](folder, language)
            if kind == "translation":
                yield key, language, _translations(pairs)
            else:
                yield key, language, _solved(pairs, solutions, key)
        elif reader.form == "mathoctopus":
            examples: dict[str, list[Example]] = {code: [] for code in wanted}
            for code, example in read_mathoctopus(folder, names):
                if code in examples:
                    examples[code].append(example)
            for code in wanted:
                yield key, code, held_out.without(key, code, examples[code])
        elif "{code}" in reader.pattern:
            for code in [language] if language else wanted:
                yield key, code, held_out.without(key, code, _examples(folder, reader, code))
        else:
            english = held_out.without(key, "en", _examples(folder, reader, "en"))
            if translated:
                questions = list(english)
                solutions |= {letters(example.question): example for example in questions}
                english = questions
            if "en" in wanted:
                yield key, "en", english


def _examples(folder: Path, reader: Reader, language: str) -> Iterator[Example]:
    for path in task_files(folder, reader.pattern, language):
        yield from FORMS[reader.form](path)


def _table(key: str, language: str, examples: Iterable[Example], limit: int | None) -> pa.Table:
    prefix = key if language == "en" else f"{key}-{language}"
    taken = islice(examples, limit)
    batches = []
    while chunk := list(islice(taken, CHUNK)):
        ids, questions, responses, answers = zip(*chunk, strict=True)
        columns = [
            [f"{prefix}-{identifier}" for identifier in ids],
            [language] * len(ids),
            questions,
            responses,
            answers,
        ]
        batches.append(
            pa.RecordBatch.from_arrays(
                [pa.array(values, pa.string()) for values in columns], schema=TASK_SCHEMA
            )
        )
    return pa.Table.from_batches(batches, schema=TASK_SCHEMA)


def _translations(pairs: Iterable[tuple[str, str]]) -> Iterator[Example]:
    return (
        Example(str(number), sentence, english, "")
        for number, (sentence, english) in enumerate(pairs, 1)
    )


def _solved(
    pairs: Iterable[tuple[str, str]], solutions: Mapping[str, Example], key: str
) -> Iterator[Example]:
    """Translated questions with the solutions of their English originals, matched by letters and
    digits alone.
    """
    missing, number = 0, 0
    for number, (sentence, english) in enumerate(pairs, 1):
        original = solutions.get(letters(english))
        if original is None:
            missing += 1
        else:
            yield Example(str(number), sentence, original.response, original.answer)
    if missing == number:
        raise LinguaLiftError(
            f"task data: '{key}' holds questions alone; list the source of their English solutions"
            " (gsm8k) before it"
        )
    if missing:
        logger.warning(
            "%s: %d of %d questions have no English solution and are left out", key, missing, number
        )
