"""The forms in which task data are published, each read into examples (section 5, Appendix C).

Maths: GSM8K, MetaMathQA, OpenMathInstruct-2, MGSM8KInstruct. Natural language inference: MultiNLI
and XNLI. Commonsense: CommonsenseQA, X-CSQA, OpenBookQA, ARC, QASC. Parallel text into English:
line-parallel files, OPUS-100.

For maths `question` is the bare problem, which a prompt of the configuration wraps. For inference
and commonsense it is the whole input in the form that the field uses; for topics the bare sentence.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lingualift.data.folders import names_held, visible_files
from lingualift.data.rows import NumberedRow, parallel_lines, read_delimited, read_rows, text
from lingualift.evaluation.numerals import numbers_in, plain_notation, whole_number
from lingualift.messages import LinguaLiftError, nearest

NLI_LABELS = ("entailment", "neutral", "contradiction")
TOPICS = ("science", "travel", "politics", "sports", "health", "entertainment", "geography")
TOPIC_COLUMNS = ("index_id", "category", "text")
_NO_LABEL = (-1, "-1", "-")
_CALCULATOR = re.compile(r"<<[^<>]*>>")
_STATED = re.compile(r".*The answer is:?\s*(.+?)\s*\.?\s*$", flags=re.DOTALL)  # the last
_NAMED = re.compile(r"completes the request in (\w+)")
_ASKED = re.compile(r"### Instruction:\s*(.+?)\s*### Response:", flags=re.DOTALL)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Example(NamedTuple):
    """What the model is asked and should answer; `answer` is the part that is compared."""

    id: str
    question: str
    response: str
    answer: str


def nli_question(premise: str, hypothesis: str) -> str:
    """The input for a sentence pair."""
    return f"Premise: {premise}\nHypothesis: {hypothesis}\nLabel:"


def multiple_choice_question(stem: str, choices: Sequence[str]) -> str:
    """The input for a question with choices lettered from A, separated by tabs."""
    options = "\t".join(
        f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)
    )
    return f"{stem}\nOptions:{options}\nAnswer:"


_PAIR = re.compile(r"Premise: (?P<premise>.*)\nHypothesis: (?P<hypothesis>.*)\nLabel:", re.DOTALL)
_CHOICE = re.compile(r"(?P<stem>.*)\nOptions:(?P<choices>.*)\nAnswer:", re.DOTALL)


def question_fields(question: str) -> dict[str, str]:
    """What an input of inference (`premise`, `hypothesis`) or with choices (`stem`, `choices`, a
    line each) is made of, for prompts in other words; empty for any other input.
    """
    match = _PAIR.fullmatch(question) or _CHOICE.fullmatch(question)
    fields = match.groupdict() if match else {}
    if "choices" in fields:
        fields["choices"] = fields["choices"].replace("\t", "\n")
    return fields


def nli_label(value: Any, place: str) -> str | None:
    """The label of a sentence pair, by its name or its number on the hub (0 to 2); None where the
    annotators did not agree (`-`, -1).
    """
    if value in _NO_LABEL:
        return None
    number = str(value).strip()
    if re.fullmatch("[0-2]", number):
        return NLI_LABELS[int(number)]
    if number in NLI_LABELS:
        return number
    hint = "expected 0, 1 or 2" if re.fullmatch(r"-?\d+", number) else nearest(number, NLI_LABELS)
    raise LinguaLiftError(f"{place}: unknown label '{number[:20]}'; {hint}")


def read_gsm8k(path: Path) -> Iterator[Example]:
    """GSM8K: without calculator marks `<<a=b>>`; the closing `#### N` is 'The answer is: N'."""
    for row in read_rows(path, ("question", "answer")):
        rationale, mark, answer = row.text("answer").rpartition("####")
        number = whole_number(answer)
        if not mark or number is None:
            raise LinguaLiftError(f"{row.place}: 'answer' does not end with '#### N', N a number")
        yield Example(
            _serial(row),
            row.text("question"),
            f"{_CALCULATOR.sub('', rationale).strip()}\nThe answer is: {number}",
            number,
        )


def read_metamath(path: Path) -> Iterator[Example]:
    """MetaMathQA: `query` and `response`, the latter ending 'The answer is: N'."""
    for row in read_rows(path, ("query", "response")):
        response = row.text("response")
        stated = _STATED.match(response)
        if stated is None:
            raise LinguaLiftError(f"{row.place}: 'response' does not end with 'The answer is: ...'")
        yield Example(_serial(row), row.text("query"), response, stated[1])


def read_openmath(path: Path) -> Iterator[Example]:
    """OpenMathInstruct-2: `problem`, `generated_solution`, `expected_answer`."""
    columns = ("problem", "generated_solution", "expected_answer")
    for row in read_rows(path, columns):
        yield Example(_serial(row), *map(row.text, columns))


def read_nli(path: Path) -> Iterator[Example]:
    """MultiNLI and XNLI in the original's names (`sentence1`, `gold_label`) or the hub's
    (`premise`, `label` as a number).

    Pairs without an agreed label are left out, as everybody does.
    """
    for row in read_rows(path):
        hub = "premise" in row.values
        label = nli_label(row.values.get("label" if hub else "gold_label"), row.place)
        if label is None:
            continue
        names = ("premise", "hypothesis") if hub else ("sentence1", "sentence2")
        identifier = str(row.values.get("pairID") or _serial(row))
        yield Example(identifier, nli_question(*map(row.text, names)), label, label)


def topic(category: Any, place: str) -> str:
    """The word that stands for a topic of SIB-200; its `science/technology` is `science`."""
    name = str(category).strip().partition("/")[0]
    if name not in TOPICS:
        raise LinguaLiftError(f"{place}: unknown category '{name[:20]}'; {nearest(name, TOPICS)}")
    return name


def read_topics(path: Path) -> Iterator[Example]:
    """SIB-200: a sentence and the word of its topic."""
    for row in read_delimited(path, "\t", TOPIC_COLUMNS):
        label = topic(row.values["category"], row.place)
        yield Example(row.text("index_id"), row.text("text"), label, label)


def read_multiple_choice(path: Path) -> Iterator[Example]:
    """CommonsenseQA, X-CSQA, OpenBookQA, ARC and QASC; choices are lettered A, B ... in their
    order.

    Two forms: the originals' (`question` an object with `stem` and a list of `choices`) and the
    hub's (`question` or `question_stem` a text, `choices` two parallel lists).
    """
    for row in read_rows(path):
        question = row.values.get("question")
        if isinstance(question, dict):
            stem = text(question.get("stem"), "stem", row.place)
            choices = question.get("choices")
        else:
            stem = ""
            choices = _from_lists(row)
        if not isinstance(choices, list):
            raise LinguaLiftError(f"{row.place}: 'question' is not an object with a list 'choices'")
        if not 2 <= len(choices) <= len(LETTERS) or not all(
            isinstance(choice, dict) for choice in choices
        ):
            raise LinguaLiftError(
                f"{row.place}: 'choices' needs 2 to {len(LETTERS)} objects with 'label' and 'text'"
            )
        labels = [text(choice.get("label"), "label", row.place) for choice in choices]
        key = row.text("answerKey")
        if labels.count(key) != 1:
            raise LinguaLiftError(
                f"{row.place}: answerKey '{key}' is not exactly one of the labels"
                f" {', '.join(labels)}"
            )
        letter = LETTERS[labels.index(key)]
        stem = stem or row.text("question_stem" if "question_stem" in row.values else "question")
        asked = multiple_choice_question(
            stem, [text(choice.get("text"), "text", row.place) for choice in choices]
        )
        yield Example(str(row.values.get("id") or _serial(row)), asked, letter, letter)


def _from_lists(row: NumberedRow) -> list[dict[str, Any]] | None:
    """The choices of the hub's form as a list of objects."""
    choices = row.values.get("choices")
    if not isinstance(choices, dict):
        return None
    texts, labels = choices.get("text"), choices.get("label")
    if not isinstance(texts, list) or not isinstance(labels, list) or len(texts) != len(labels):
        raise LinguaLiftError(
            f"{row.place}: 'choices' needs lists 'text' and 'label' of one length"
        )
    return [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]


def _serial(row: NumberedRow) -> str:
    return f"{row.path.stem}-{row.number}"


FORMS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "gsm8k": read_gsm8k,
    "metamath": read_metamath,
    "openmath": read_openmath,
    "nli": read_nli,
    "topic": read_topics,
    "multiple-choice": read_multiple_choice,
}


def read_parallel_text(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    """Line-parallel text (`train.XX` beside `train.en`): (sentence, English sentence); lines empty
    on a side are left out.
    """
    paths = visible_files(folder, f"**/train.{language}")
    if len(paths) != 1 or not paths[0].with_name("train.en").is_file():
        held = ", ".join(f"train.{code}" for code in names_held(folder, "**/train.{code}"))
        raise LinguaLiftError(
            f"{folder}: expected one train.{language} with train.en beside it, found"
            f" {held or 'none'}; leave the language out of the task's languages, or put both into"
            " the source"
        )
    for _, sentence, english in parallel_lines(paths[0], paths[0].with_name("train.en")):
        if sentence.strip() and english.strip():
            yield sentence.strip(), english.strip()


def read_opus(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    """OPUS-100 of one language: `translation` holds a sentence in each language."""
    for path in task_files(folder, "**/train-*.parquet", language):
        for row in read_rows(path, ("translation",)):
            pair = row.values["translation"]
            sentence, english = (
                pair.get(code) if isinstance(pair, dict) else None for code in (language, "en")
            )
            if not isinstance(sentence, str) or not isinstance(english, str):
                raise LinguaLiftError(f"{row.place}: 'translation' has no '{language}' and 'en'")
            if sentence.strip() and english.strip():
                yield sentence.strip(), english.strip()


def read_mathoctopus(folder: Path, names: Mapping[str, str]) -> Iterator[tuple[str, Example]]:
    """MGSM8KInstruct as its authors publish it: (language, example).

    `prompt` is the templated question, which names its language ('... completes the request in
    Swahili.'), `chosen` the response in that language; `names` gives English names of languages.
    The answer is the response's last number.
    """
    codes = {name: code for code, name in names.items()}
    for path in sorted(
        path
        for kind in ("jsonl", "json", "parquet")
        for path in visible_files(folder, f"**/*.{kind}")
    ):
        for row in read_rows(path, ("prompt", "chosen")):
            prompt, response = row.text("prompt"), row.text("chosen")
            named, asked = _NAMED.search(prompt), _ASKED.search(prompt)
            if named is None or asked is None:
                raise LinguaLiftError(f"{row.place}: 'prompt' is not of the published form")
            stated = numbers_in(plain_notation(response))
            if named[1] in codes:
                answer = stated[-1] if stated else ""
                yield codes[named[1]], Example(_serial(row), asked[1], response, answer)


def task_files(folder: Path, pattern: str, language: str) -> list[Path]:
    """The files of a source that match a pattern, its `{code}` filled with the language."""
    if paths := visible_files(folder, pattern.replace("{code}", language)):
        return paths
    if held := names_held(folder, pattern):
        raise LinguaLiftError(
            f"{folder}: no file matches {pattern.replace('{code}', language)}; it holds"
            f" {', '.join(held)}: leave '{language}' out of the task's languages"
        )
    raise LinguaLiftError(
        f"{folder}: no file matches {pattern.replace('{code}', '*')}; delete the folder and run"
        " again, or correct the files in your mirror"
    )
