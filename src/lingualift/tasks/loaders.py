"""Task data at the paper's scale, read into one schema: what the model is asked, in which language,
and what it should answer.

Maths: GSM8K, GSM8KInstruct, MetaMathQA, OpenMathInstruct-2; natural language inference: MultiNLI,
XNLI; commonsense: CommonsenseQA, X-CSQA, OpenBookQA, ARC, QASC (section 5, Appendix C); parallel
text into English: GSM8KInstruct's questions, OPUS-100. For maths `question` is the bare problem,
which a prompt of the configuration wraps; for inference and commonsense it is the whole input in
the form that the field uses; for translation it is a sentence in another language and `response`
the English one.

A data set is read from JSON lines, a JSON array, CSV or Parquet, whatever its publisher chose: a
reader sees rows. Any malformed row is an error that names the file and the line.
"""

import csv
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lingualift.errors import LinguaLiftError, nearest

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

NLI_LABELS = ("entailment", "neutral", "contradiction")
_CALCULATOR = re.compile(r"<<[^<>]*>>")
_STATED = re.compile(r"The answer is:?\s*(.+?)\s*\.?\s*$")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHUNK = 65536  # rows that are Python objects at once

Row = tuple[str, str, str, str]
"""id, question, response, answer"""


def load_task(kind: str, paths: Sequence[str | Path], limit: int | None = None) -> pa.Table:
    """English task data in one form (`FORMS`) from one or more files, in order, as `TASK_SCHEMA`;
    at most `limit` rows.
    """
    if kind not in FORMS:
        raise LinguaLiftError(f"task data: unknown kind '{kind}'; {nearest(kind, FORMS)}")
    if not paths:
        raise LinguaLiftError(f"task data '{kind}': no file given")
    table = _table((row for path in paths for row in FORMS[kind](Path(path))), "en", limit)
    if not len(table):
        raise LinguaLiftError(f"{paths[0]}: holds no {kind} examples")
    return table


def _table(rows: Iterable[Row], language: str, limit: int | None = None) -> pa.Table:
    taken = islice(rows, limit)
    batches = []
    while chunk := list(islice(taken, CHUNK)):
        ids, questions, responses, answers = zip(*chunk, strict=True)
        columns = [ids, [language] * len(ids), questions, responses, answers]
        batches.append(
            pa.RecordBatch.from_arrays(
                [pa.array(values, pa.string()) for values in columns], schema=TASK_SCHEMA
            )
        )
    return pa.Table.from_batches(batches, schema=TASK_SCHEMA)


def nli_question(premise: str, hypothesis: str) -> str:
    """The input for a sentence pair."""
    return f"Premise: {premise}\nHypothesis: {hypothesis}\nLabel:"


def multiple_choice_question(stem: str, choices: Sequence[str]) -> str:
    """The input for a question with choices lettered from A, separated by tabs."""
    options = "\t".join(
        f"{letter}. {choice}" for letter, choice in zip(_LETTERS, choices, strict=False)
    )
    return f"{stem}\nOptions:{options}\nAnswer:"


def read_gsm8k(path: Path) -> Iterator[Row]:
    """GSM8K: calculator marks `<<a=b>>` removed, the closing `#### N` becomes 'The answer is: N'."""
    for number, item in _items(path, ("question", "answer")):
        question, solution = (
            _text(item, "question", path, number),
            _text(item, "answer", path, number),
        )
        rationale, mark, answer = solution.rpartition("####")
        answer = answer.strip().replace(",", "")
        if not mark or not re.fullmatch(r"-?\d+(\.\d+)?", answer):
            raise LinguaLiftError(
                f"{path}, line {number}: 'answer' does not end with '#### N', N a number"
            )
        yield (
            f"{path.stem}-{number}",
            question,
            f"{_CALCULATOR.sub('', rationale).strip()}\nThe answer is: {answer}",
            answer,
        )


def read_metamath(path: Path) -> Iterator[Row]:
    """MetaMathQA: `query` and `response`, the latter ending 'The answer is: N'."""
    for number, item in _items(path, ("query", "response")):
        question, response = (
            _text(item, "query", path, number),
            _text(item, "response", path, number),
        )
        stated = _STATED.search(response)
        if stated is None:
            raise LinguaLiftError(
                f"{path}, entry {number}: 'response' does not end with 'The answer is: ...'"
            )
        yield f"{path.stem}-{number}", question, response, stated[1]


def read_openmath(path: Path) -> Iterator[Row]:
    """OpenMathInstruct-2: `problem`, `generated_solution`, `expected_answer`."""
    columns = ("problem", "generated_solution", "expected_answer")
    for number, item in _items(path, columns):
        question, response, answer = (_text(item, column, path, number) for column in columns)
        yield f"{path.stem}-{number}", question, response, answer


def read_multinli(path: Path) -> Iterator[Row]:
    """MultiNLI and XNLI in the original's names (`sentence1`, `gold_label`) or the hub's
    (`premise`, `label` as a number).

    Pairs without an agreed label (`-`, -1) are left out, as everybody does.
    """
    for number, item in _items(path):
        hub = "premise" in item
        if hub:
            index = item.get("label")
            if index == -1:
                continue
            if not isinstance(index, int) or not 0 <= index < len(NLI_LABELS):
                raise LinguaLiftError(
                    f"{path}, line {number}: unknown label {str(index)[:20]!r}; expected 0, 1 or 2"
                )
            label = NLI_LABELS[index]
        else:
            label = _text(item, "gold_label", path, number)
            if label == "-":
                continue
            if label not in NLI_LABELS:
                raise LinguaLiftError(
                    f"{path}, line {number}: unknown label '{label}'; {nearest(label, NLI_LABELS)}"
                )
        names = ("premise", "hypothesis") if hub else ("sentence1", "sentence2")
        premise, hypothesis = (_text(item, name, path, number) for name in names)
        yield (
            str(item.get("pairID") or f"{path.stem}-{number}"),
            nli_question(premise, hypothesis),
            label,
            label,
        )


def read_multiple_choice(path: Path) -> Iterator[Row]:
    """CommonsenseQA, X-CSQA, OpenBookQA, ARC and QASC; choices are lettered A, B ... in their
    order.

    Two forms: the originals' (`question` an object with `stem` and a list of `choices`) and the
    hub's (`question` or `question_stem` a text, `choices` two parallel lists).
    """
    for number, item in _items(path):
        question = item.get("question")
        nested = isinstance(question, dict)
        choices = question.get("choices") if isinstance(question, dict) else item.get("choices")
        if not nested and isinstance(choices, dict):
            texts, labels = choices.get("text"), choices.get("label")
            if (
                not isinstance(texts, list)
                or not isinstance(labels, list)
                or len(texts) != len(labels)
            ):
                raise LinguaLiftError(
                    f"{path}, line {number}: 'choices' needs lists 'text' and 'label' of one length"
                )
            choices = [
                {"text": text, "label": label} for text, label in zip(texts, labels, strict=True)
            ]
        elif not nested or not isinstance(choices, list):
            raise LinguaLiftError(
                f"{path}, line {number}: 'question' is not an object with a list 'choices'"
            )
        if not 2 <= len(choices) <= len(_LETTERS) or not all(
            isinstance(choice, dict) for choice in choices
        ):
            raise LinguaLiftError(
                f"{path}, line {number}: 'choices' needs 2 to {len(_LETTERS)} objects with 'label'"
                " and 'text'"
            )
        labels = [_text(choice, "label", path, number) for choice in choices]
        key = _text(item, "answerKey", path, number)
        if labels.count(key) != 1:
            raise LinguaLiftError(
                f"{path}, line {number}: answerKey '{key}' is not exactly one of the labels"
                f" {', '.join(labels)}"
            )
        letter = _LETTERS[labels.index(key)]
        holder = question if isinstance(question, dict) else item
        stem = _text(
            holder,
            "stem" if nested else "question_stem" if "question_stem" in item else "question",
            path,
            number,
        )
        text = multiple_choice_question(
            stem, [_text(choice, "text", path, number) for choice in choices]
        )
        yield str(item.get("id") or f"{path.stem}-{number}"), text, letter, letter


FORMS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "gsm8k": read_gsm8k,
    "metamath": read_metamath,
    "openmath": read_openmath,
    "multinli": read_multinli,
    "commonsenseqa": read_multiple_choice,
    "xcsqa": read_multiple_choice,
    "openbookqa": read_multiple_choice,
    "arc": read_multiple_choice,
    "qasc": read_multiple_choice,
}


def read_pairs(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    """Line-parallel text (`train.XX` beside `train.en`): (sentence, English sentence); lines empty
    on a side are left out.
    """
    found = sorted(folder.rglob(f"train.{language}"))
    if len(found) != 1 or not found[0].with_name("train.en").is_file():
        raise LinguaLiftError(
            f"{folder}: expected one train.{language} with train.en beside it; delete the folder"
            " and retrieve it again"
        )
    sides = []
    for path in (found[0], found[0].with_name("train.en")):
        try:
            sides.append(path.read_text(encoding="utf-8-sig").split("\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise LinguaLiftError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    while sides[0][-1:] == [""] and sides[1][-1:] == [""]:
        sides = [lines[:-1] for lines in sides]
    if len(sides[0]) != len(sides[1]):
        raise LinguaLiftError(
            f"{found[0]}: {len(sides[0])} lines, but {len(sides[1])} in English; the two must be"
            " parallel"
        )
    for ours, english in zip(*sides, strict=True):
        if ours.strip() and english.strip():
            yield ours.strip(), english.strip()


def read_opus(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    """OPUS-100 of one language: `translation` holds a sentence in each language."""
    for path in _files(folder, "**/train-*.parquet"):
        for number, item in _items(path, ("translation",)):
            pair = item["translation"]
            ours, english = (
                pair.get(code) if isinstance(pair, dict) else None for code in (language, "en")
            )
            if not isinstance(ours, str) or not isinstance(english, str):
                raise LinguaLiftError(
                    f"{path}, line {number}: 'translation' has no '{language}' and 'en'"
                )
            if ours.strip() and english.strip():
                yield ours.strip(), english.strip()


def read_mathoctopus(folder: Path, names: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    """MGSM8KInstruct as its authors publish it: (language, row).

    `prompt` is the templated question, which names its language ('... completes the request in
    Swahili.'), `chosen` the response in that language; `names` gives English names of languages.
    The answer is the response's last number.
    """
    codes = {name: code for code, name in names.items()}
    for path in sorted(
        path
        for kind in ("jsonl", "json", "parquet")
        for path in folder.rglob(f"*.{kind}")
        if path.name != "MANIFEST.json"
    ):
        for number, item in _items(path, ("prompt", "chosen")):
            prompt, response = (
                _text(item, "prompt", path, number),
                _text(item, "chosen", path, number),
            )
            named = re.search(r"completes the request in (\w+)", prompt)
            asked = re.search(r"### Instruction:\s*(.+?)\s*### Response:", prompt, flags=re.DOTALL)
            if named is None or asked is None:
                raise LinguaLiftError(
                    f"{path}, line {number}: 'prompt' is not of the published form"
                )
            stated = re.findall(r"-?\d+(?:\.\d+)?", response.replace(",", ""))
            if named[1] in codes:
                yield (
                    codes[named[1]],
                    (f"{path.stem}-{number}", asked[1], response, stated[-1] if stated else ""),
                )


@dataclass(frozen=True)
class Reader:
    """How a source of config/sources.yaml is read: its form, and the files below its folder
    ({lang}: one pattern a language).
    """

    kinds: tuple[str, ...]
    form: str
    pattern: str = ""

    @property
    def multilingual(self) -> bool:
        return self.form in ("pairs", "opus", "mathoctopus") or "{lang}" in self.pattern


READERS = {
    "gsm8k": Reader(("maths",), "gsm8k", "**/train.jsonl"),
    "gsm8k-hub": Reader(("maths",), "gsm8k", "main/train-*.parquet"),
    "gsm8kinstruct": Reader(("maths", "translation"), "pairs"),
    "gsm8kinstruct-hub": Reader(("maths",), "mathoctopus"),
    "metamathqa": Reader(("maths",), "metamath", "**/*.json"),
    "openmathinstruct-2": Reader(("maths",), "openmath", "**/train_1M*.parquet"),
    "multinli": Reader(("nli",), "multinli", "**/*train*"),
    "xnli-hub": Reader(("nli",), "multinli", "{lang}/train-*.parquet"),
    "csqa": Reader(("commonsense",), "commonsenseqa", "**/train*.jsonl"),
    "csqa-hub": Reader(("commonsense",), "commonsenseqa", "data/train-*.parquet"),
    "openbookqa": Reader(("commonsense",), "openbookqa", "main/train*"),
    "arc": Reader(("commonsense",), "arc", "ARC-*/*rain*"),
    "qasc": Reader(("commonsense",), "qasc", "**/train*"),
    "xcsqa-train": Reader(("commonsense",), "xcsqa", "{lang}/train.jsonl"),
    "opus-100": Reader(("translation",), "opus"),
    "parallel-text": Reader(("translation",), "pairs"),
}


def load_sources(
    folders: Sequence[tuple[str, str | None, Path]],
    kind: str,
    languages: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> pa.Table:
    """Task data of several retrieved sources behind one another as `TASK_SCHEMA`, ids prefixed by
    source and language.

    `folders` are (source, language or None where it comes whole, folder) in the task's order;
    `languages` those that are read (None: English alone), `names` their English names; `limit` rows
    a language at most. Translated questions (`gsm8kinstruct` of kind maths) are answered by the
    English solution of the same question in the sources before. Raises `LinguaLiftError` for a
    language that ends up without data.
    """
    wanted = list(dict.fromkeys(["en"] if languages is None else languages))
    tables: list[pa.Table] = []
    left = dict.fromkeys(wanted, limit)

    translated = kind == "maths" and any(
        key in READERS and READERS[key].form == "pairs" for key, _, _ in folders
    )
    solutions: dict[
        str, tuple[str, str]
    ] = {}  # of the English questions, where questions come translated without them

    def add(key: str, language: str, rows: Iterable[Row]) -> None:
        table = _table(rows, language, left[language])
        if left[language] is not None:
            left[language] = (left[language] or 0) - len(table)
        prefix = key if language == "en" else f"{key}-{language}"
        ids = pa.array(
            [f"{prefix}-{identifier}" for identifier in table["id"].to_pylist()], pa.string()
        )
        tables.append(table.set_column(0, TASK_SCHEMA.field("id"), ids))

    for key, language, folder in folders:
        if key not in READERS:
            raise LinguaLiftError(
                f"tasks: source '{key}' is not task data; {nearest(key, READERS)}"
            )
        reader = READERS[key]
        if reader.form in ("pairs", "opus"):
            if language is None:
                raise LinguaLiftError(f"tasks: source '{key}' is read one language at a time")
            pairs = (read_pairs if reader.form == "pairs" else read_opus)(folder, language)
            add(
                key,
                language,
                _translations(pairs) if kind == "translation" else _solved(pairs, solutions, key),
            )
        elif reader.form == "mathoctopus":
            by_language: dict[str, list[Row]] = {code: [] for code in wanted}
            for code, row in read_mathoctopus(folder, names or {}):
                if code in by_language and (limit is None or len(by_language[code]) < limit):
                    by_language[code].append(row)
            for code, rows in by_language.items():
                add(key, code, rows)
        elif "{lang}" in reader.pattern:
            for code in [language] if language else wanted:
                paths = _files(folder, reader.pattern.replace("{lang}", code))
                add(key, code, (row for path in paths for row in FORMS[reader.form](path)))
        else:
            english: Iterable[Row] = (
                row for path in _files(folder, reader.pattern) for row in FORMS[reader.form](path)
            )
            if translated:
                english = list(english)
                solutions |= {
                    _letters(question): (response, answer)
                    for _, question, response, answer in english
                }
            if "en" in left:
                add(key, "en", english)
    table = pa.concat_tables([pa.Table.from_batches([], TASK_SCHEMA), *tables])
    present = set(table["language"].to_pylist())
    for code in wanted:
        if code not in present and not (code == "en" and kind == "translation"):
            keys = ", ".join(dict.fromkeys(key for key, _, _ in folders))
            raise LinguaLiftError(
                f"task data from {keys}: holds nothing in '{code}'; leave it out of the task's"
                " languages"
            )
    return table


def _files(folder: Path, pattern: str) -> list[Path]:
    paths = sorted(
        path for path in folder.glob(pattern) if path.is_file() and path.name != "MANIFEST.json"
    )
    if not paths:
        raise LinguaLiftError(
            f"{folder}: no file matches {pattern}; delete the folder and retrieve it again"
        )
    return paths


def _translations(pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    return ((f"{number}", ours, english, "") for number, (ours, english) in enumerate(pairs, 1))


def _solved(
    pairs: Iterable[tuple[str, str]], solutions: Mapping[str, tuple[str, str]], key: str
) -> Iterator[Row]:
    """Translated questions with the solutions of their English originals, matched by letters and
    digits alone.
    """
    missing, number = 0, 0
    for number, (ours, english) in enumerate(pairs, 1):
        found = solutions.get(_letters(english))
        if found is None:
            missing += 1
        else:
            yield f"{number}", ours, *found
    if missing == number:
        raise LinguaLiftError(
            f"task data: '{key}' holds questions alone; list the source of their English solutions"
            " (gsm8k) before it"
        )
    if missing:
        logger.warning(
            "%s: %d of %d questions have no English solution and are left out", key, missing, number
        )


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _text(item: Mapping[str, Any], key: str, path: Path, number: int) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value.strip():
        raise LinguaLiftError(f"{path}, line {number}: '{key}' is missing or not a text")
    return value.strip()


def _items(path: Path, columns: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered rows of a file, streamed: Parquet, CSV or TSV with a header, a JSON array, or JSON
    lines.
    """
    if path.suffix == ".parquet":
        yield from _parquet_rows(path, columns)
    elif path.suffix in (".csv", ".tsv"):
        with _opened(path) as lines:
            for number, row in enumerate(
                csv.DictReader(lines, delimiter="," if path.suffix == ".csv" else "\t"), 2
            ):
                yield number, dict(row)
    else:
        with _opened(path) as handle:
            start = handle.read(1)
            while start.isspace():
                start = handle.read(1)
        yield from _json_array(path) if start == "[" else _json_lines(path)


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(
            f"{path}: damaged or not Parquet ({str(error).splitlines()[0]}); download it again"
        ) from error
    with file:
        held = file.schema_arrow.names
        missing = [column for column in columns if column not in held]
        if missing:
            raise LinguaLiftError(
                f"{path}: column '{missing[0]}' is missing; columns are {', '.join(held)}"
            )
        number = 0
        for batch in file.iter_batches(batch_size=4096, columns=list(columns) or None):
            for item in batch.to_pylist():
                number += 1
                yield number, item


class _opened:
    """A text file whose faults are one line that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Any:
        try:
            self.handle = open(self.path, encoding="utf-8-sig", newline=None)
        except OSError as error:
            raise LinguaLiftError(f"{self.path}: cannot be read ({error.strerror})") from None
        return self.handle

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.handle.close()
        if isinstance(error, UnicodeDecodeError):
            raise LinguaLiftError(f"{self.path}: not UTF-8; download it again") from None


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _opened(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield number, _object(json.loads(line), path, number)
                except json.JSONDecodeError as error:
                    raise LinguaLiftError(
                        f"{path}, line {number}: not JSON ({error.msg}); download it again or"
                        " remove the line"
                    ) from None


def _json_array(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with _opened(path) as handle:
            items = json.load(handle)
    except json.JSONDecodeError as error:
        raise LinguaLiftError(
            f"{path}, line {error.lineno}: not JSON ({error.msg}); download it again"
        ) from None
    return ((number, _object(item, path, number)) for number, item in enumerate(items, 1))


def _object(item: Any, path: Path, number: int) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise LinguaLiftError(f"{path}, line {number}: expected a JSON object")
    return item
