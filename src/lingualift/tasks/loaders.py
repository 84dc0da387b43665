"""English task data at the paper's scale, read into one schema: what the model is asked and what it should answer.

Maths: GSM8K, MetaMathQA, OpenMathInstruct-2; natural language inference: MultiNLI; commonsense: CommonsenseQA, X-CSQA, OpenBookQA,
ARC, QASC (section 5, Appendix C). For maths `question` is the bare problem, which a prompt of the configuration wraps; for the others
it is the whole input in the form that the field uses. Any malformed row is an error that names the file and the line.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lingualift.errors import LinguaLiftError, nearest

TASK_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("response", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
    ]
)

NLI_LABELS = ("entailment", "neutral", "contradiction")
_CALCULATOR = re.compile(r"<<[^<>]*>>")
_STATED = re.compile(r"The answer is:?\s*(.+?)\s*\.?\s*$")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Row = tuple[str, str, str, str]


def load_task(kind: str, paths: Sequence[str | Path], limit: int | None = None) -> pa.Table:
    """Task data of one kind (`KINDS`) from one or more files, in order, as `TASK_SCHEMA`; at most `limit` rows."""
    if kind not in KINDS:
        raise LinguaLiftError(f"task data: unknown kind '{kind}'; {nearest(kind, KINDS)}")
    if not paths:
        raise LinguaLiftError(f"task data '{kind}': no file given")
    rows = list(islice((row for path in paths for row in KINDS[kind](Path(path))), limit))
    if not rows:
        raise LinguaLiftError(f"{paths[0]}: holds no {kind} examples")
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays([pa.array(values, pa.string()) for values in columns], schema=TASK_SCHEMA)


def nli_question(premise: str, hypothesis: str) -> str:
    """The input for a sentence pair."""
    return f"Premise: {premise}\nHypothesis: {hypothesis}\nLabel:"


def multiple_choice_question(stem: str, choices: Sequence[str]) -> str:
    """The input for a question with choices lettered from A, separated by tabs."""
    options = "\t".join(f"{letter}. {choice}" for letter, choice in zip(_LETTERS, choices, strict=False))
    return f"{stem}\nOptions:{options}\nAnswer:"


def read_gsm8k(path: Path) -> Iterator[Row]:
    """GSM8K JSON lines: calculator marks `<<a=b>>` removed, the closing `#### N` becomes 'The answer is: N'."""
    for number, item in _json_lines(path):
        question, solution = _text(item, "question", path, number), _text(item, "answer", path, number)
        rationale, mark, answer = solution.rpartition("####")
        answer = answer.strip().replace(",", "")
        if not mark or not re.fullmatch(r"-?\d+(\.\d+)?", answer):
            raise LinguaLiftError(f"{path}, line {number}: 'answer' does not end with '#### N', N a number")
        yield f"{path.stem}-{number}", question, f"{_CALCULATOR.sub('', rationale).strip()}\nThe answer is: {answer}", answer


def read_metamath(path: Path) -> Iterator[Row]:
    """MetaMathQA: one JSON array of objects with `query` and `response`, the latter ending 'The answer is: N'."""
    for number, item in _json_array(path):
        question, response = _text(item, "query", path, number), _text(item, "response", path, number)
        stated = _STATED.search(response)
        if stated is None:
            raise LinguaLiftError(f"{path}, entry {number}: 'response' does not end with 'The answer is: ...'")
        yield f"{path.stem}-{number}", question, response, stated[1]


def read_openmath(path: Path) -> Iterator[Row]:
    """OpenMathInstruct-2 Parquet: `problem`, `generated_solution`, `expected_answer`; streamed, for it has 14 million rows."""
    columns = ["problem", "generated_solution", "expected_answer"]
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise LinguaLiftError(f"{path}: damaged or not Parquet ({str(error).splitlines()[0]}); download it again") from error
    missing = [column for column in columns if column not in file.schema_arrow.names]
    if missing:
        raise LinguaLiftError(f"{path}: column '{missing[0]}' is missing; columns are {', '.join(file.schema_arrow.names)}")
    number = 0
    for batch in file.iter_batches(batch_size=4096, columns=columns):
        for item in batch.to_pylist():
            number += 1
            question, response, answer = (_text(item, column, path, number) for column in columns)
            yield f"{path.stem}-{number}", question, response, answer


def read_multinli(path: Path) -> Iterator[Row]:
    """MultiNLI JSON lines; pairs without an agreed label (`-`) are left out, as everybody does."""
    for number, item in _json_lines(path):
        label = _text(item, "gold_label", path, number)
        if label == "-":
            continue
        if label not in NLI_LABELS:
            raise LinguaLiftError(f"{path}, line {number}: unknown label '{label}'; {nearest(label, NLI_LABELS)}")
        question = nli_question(_text(item, "sentence1", path, number), _text(item, "sentence2", path, number))
        yield str(item.get("pairID") or f"{path.stem}-{number}"), question, label, label


def read_multiple_choice(path: Path) -> Iterator[Row]:
    """CommonsenseQA, X-CSQA, OpenBookQA, ARC and QASC JSON lines, which share one form; choices are lettered A, B ... in their order."""
    for number, item in _json_lines(path):
        question = item.get("question")
        if not isinstance(question, dict) or not isinstance(question.get("choices"), list):
            raise LinguaLiftError(f"{path}, line {number}: 'question' is not an object with a list 'choices'")
        choices = question["choices"]
        if not 2 <= len(choices) <= len(_LETTERS) or not all(isinstance(choice, dict) for choice in choices):
            raise LinguaLiftError(f"{path}, line {number}: 'choices' needs 2 to {len(_LETTERS)} objects with 'label' and 'text'")
        labels = [_text(choice, "label", path, number) for choice in choices]
        key = _text(item, "answerKey", path, number)
        if labels.count(key) != 1:
            raise LinguaLiftError(f"{path}, line {number}: answerKey '{key}' is not exactly one of the labels {', '.join(labels)}")
        letter = _LETTERS[labels.index(key)]
        text = multiple_choice_question(_text(question, "stem", path, number), [_text(choice, "text", path, number) for choice in choices])
        yield str(item.get("id") or f"{path.stem}-{number}"), text, letter, letter


KINDS = {
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


SOURCES = {
    "gsm8k": ("gsm8k", "**/train.jsonl"),
    "metamathqa": ("metamath", "**/*.json"),
    "openmathinstruct-2": ("openmath", "**/train_1M*.parquet"),
    "multinli": ("multinli", "**/*train*.jsonl"),
    "csqa": ("commonsenseqa", "**/train*.jsonl"),
    "openbookqa": ("openbookqa", "**/train*.jsonl"),
    "arc": ("arc", "**/*rain*.jsonl"),
    "qasc": ("qasc", "**/train*.jsonl"),
}
"""Source of config/sources.yaml -> (kind, files below its folder that hold the training data)."""


def load_sources(folders: Mapping[str, Path], limit: int | None = None) -> pa.Table:
    """Task data of several retrieved sources (key -> folder) behind one another, at most `limit` rows, ids prefixed by the source."""
    tables = []
    for key, folder in folders.items():
        if key not in SOURCES:
            raise LinguaLiftError(f"tasks: source '{key}' is not English task data; {nearest(key, SOURCES)}")
        kind, pattern = SOURCES[key]
        paths = sorted(path for path in folder.glob(pattern) if path.name != "MANIFEST.json")
        if not paths:
            raise LinguaLiftError(f"{folder}: no file matches {pattern}; delete the folder and retrieve '{key}' again")
        table = load_task(kind, paths, limit)
        ids = pa.array([f"{key}-{identifier}" for identifier in table["id"].to_pylist()], pa.string())
        tables.append(table.set_column(0, TASK_SCHEMA.field("id"), ids))
    return pa.concat_tables(tables).slice(0, limit)


def _text(item: dict[str, Any], key: str, path: Path, number: int) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value.strip():
        raise LinguaLiftError(f"{path}, line {number}: '{key}' is missing or not a text")
    return value.strip()


def _json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with open(path, encoding="utf-8-sig", newline=None) as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                yield number, _object(json.loads(line), path, number)
    except json.JSONDecodeError as error:
        raise LinguaLiftError(f"{path}, line {number}: not JSON ({error.msg}); download it again or remove the line") from None
    except UnicodeDecodeError:
        raise LinguaLiftError(f"{path}: not UTF-8; download it again") from None
    except OSError as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error.strerror})") from None


def _json_array(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    try:
        items = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise LinguaLiftError(f"{path}, line {error.lineno}: not JSON ({error.msg}); download it again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LinguaLiftError(f"{path}: cannot be read ({error})") from None
    if not isinstance(items, list):
        raise LinguaLiftError(f"{path}: expected a JSON array")
    return ((number, _object(item, path, number)) for number, item in enumerate(items, 1))


def _object(item: Any, path: Path, number: int) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise LinguaLiftError(f"{path}, line {number}: expected a JSON object")
    return item
