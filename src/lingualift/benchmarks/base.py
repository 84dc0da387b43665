"""What every benchmark shares: what it states about itself, its problems, and the checks that its
files must pass.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from lingualift.data.folders import names_held, visible_files, wrong_cell
from lingualift.evaluation.answers import to_number
from lingualift.evaluation.numerals import whole_number
from lingualift.messages import LinguaLiftError, nearest
from lingualift.tasks.forms import multiple_choice_question

AnswerKind = Literal["number", "choice", "neighbour"]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Problem:
    """One test item.

    `question` is the text a system reads: for maths the bare problem, which a prompt wraps; for
    multiple choice the whole input in the form of the task data; for retrieval a sentence, with its
    English translation in `translation`. `answer` is the gold answer: a number, one of `choices`,
    or the number of the sentence's translation. `place` says where it stands (file and row).
    """

    id: str
    question: str
    answer: str
    operation: str = ""
    choices: tuple[str, ...] = ()
    translation: str = ""
    place: str = field(default="", compare=False)


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark is: its languages by group, its prompt, how its answers are read, where it
    comes from and under which terms.

    `groups` are the groups that the paper averages over. `prompt` is the kind of task that trains
    for it and the name of its prompt (None: it is not asked but measured). `answer` tells how
    outputs are read (`evaluation.answers`): the number they state, one of `choices`, or the nearest
    neighbour. `counts` are the problems of a language by split, one number or several published
    ones, none where any number will do; a split that is not a key does not exist. `sources` are
    keys of config/sources.yaml: without any, the benchmark is part of this package; the first is
    the default, others hold the same problems in another form; with `together` all are read. Where
    it is `built`, rules of its own make its problems from them. `code` is the column of
    languages.tsv by which its files know a language. `version` is that of the problems, where this
    project publishes them; tables show it. Problems of one id say the same in every language where
    it is `parallel`. `left_out` are languages that some of the paper's averages leave out. `shown`
    is the operation that tables average, where answers of others are stored, too (empty: all).
    Checksums stand with the files in config/sources.yaml.
    """

    name: str
    title: str
    groups: Mapping[str, tuple[str, ...]]
    prompt: str | None
    metric: str
    licence: str
    note: str = ""
    citation: str = ""
    answer: AnswerKind = "number"
    choices: tuple[str, ...] = ()
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    together: bool = False
    code: str = "code"
    parallel: bool = False
    version: str = ""
    built: bool = False
    left_out: tuple[str, ...] = ()
    shown: str = ""

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(language for group in self.groups.values() for language in group)

    def group(self, language: str) -> str:
        """The resource group of a language, or an empty string when the benchmark's averages leave
        it out.
        """
        return next(
            (group for group, languages in self.groups.items() if language in languages), ""
        )

    def require(self, language: str, split: str) -> None:
        """Raise LinguaLiftError where the benchmark has no such language or split."""
        if language not in self.languages:
            raise LinguaLiftError(
                f"{self.name} has no language '{language}'; it has {', '.join(self.languages)}"
            )
        if split not in self.counts:
            raise LinguaLiftError(
                f"{self.name} has no split '{split}'; {nearest(split, self.counts)}"
            )


def evenly_spread(items: Sequence[Item], count: int) -> list[Item]:
    """So many items (or all), spread evenly over all in their order; the same ones of the same
    items.
    """
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def gold_number(text: str, place: str) -> str:
    """A gold number as a plain numeral, read as answers are (`1,234`, `18.0`, `299/5`, `82,3`,
    `१७`); a row with anything else is an error.
    """
    numeral = whole_number(text)
    value = None if numeral is None else to_number(numeral)
    if numeral is None or value is None or not math.isfinite(value):
        raise LinguaLiftError(
            f"{place}: gold answer '{text[:60]}' is not a number; correct the row or take the file"
            " from its source again"
        )
    return re.sub(r"\.0+$", "", numeral)


def choice_problem(
    identifier: str, stem: str, choices: Sequence[str], key: str, place: str
) -> Problem:
    """A question with choices lettered from A, in the form of the task data; `key` is the letter of
    the right one, and any other is an error.
    """
    letters = tuple("ABCDEFGHIJ"[: len(choices)])
    if key not in letters:
        raise LinguaLiftError(
            f"{place}: the answer '{key[:20]}' is not one of the choices {', '.join(letters)}"
        )
    question = multiple_choice_question(stem, choices)
    return Problem(identifier, question, key, choices=letters, place=place)


def find(
    benchmark: Benchmark, folder: Path, patterns: Sequence[str], language: str, code: str
) -> list[Path]:
    """The files below a retrieved folder that match the first fitting pattern (`{language}`,
    `{code}` filled in).

    Several are the shards of one table. None is an error: the code in the table of languages is
    none of the source's, or the source lacks the language.
    """
    filled = [pattern.format(language=language, code=code) for pattern in patterns]
    for pattern in filled:
        if paths := visible_files(folder, pattern):
            return paths
    held = {name for pattern in patterns for name in names_held(folder, pattern)}
    if held and benchmark.code not in ("code", "name"):
        raise wrong_cell(language, benchmark.code, code, str(folder), held)
    known = f"; it holds {', '.join(sorted(held))}" if held else ""
    raise LinguaLiftError(
        f"{folder}: no file for language '{language}' (looked for {', '.join(filled)}){known};"
        " leave the language out of languages.evaluation or take the source again"
    )


def find_one(benchmark: Benchmark, folder: Path, pattern: str, language: str, code: str) -> Path:
    """The only file below a retrieved folder that matches the pattern (`find`)."""
    paths = find(benchmark, folder, (pattern,), language, code)
    if len(paths) > 1:
        names = ", ".join(path.relative_to(folder).as_posix() for path in paths)
        raise LinguaLiftError(f"{folder}: expected one file, found {names}; keep one of them")
    return paths[0]


def check_problems(
    benchmark: Benchmark,
    language: str,
    split: str,
    problems: Iterable[Problem],
    excerpt: bool,
) -> list[Problem]:
    """The problems, once all rows are well-formed and there are as many as the benchmark has in a
    language.

    `excerpt` accepts fewer: the user's files are known to hold a part alone. Raises LinguaLiftError
    that names file and row.
    """
    kept: list[Problem] = []
    seen: dict[str, str] = {}
    for problem in problems:
        if not problem.question.strip():
            raise LinguaLiftError(f"{problem.place}: the question is empty")
        if problem.id in seen:
            raise LinguaLiftError(
                f"{problem.place}: id '{problem.id}' stands at {seen[problem.id]} already"
            )
        seen[problem.id] = problem.place
        kept.append(problem)
    expected = benchmark.counts[split]
    if not expected and kept:
        return kept
    if not expected:
        raise LinguaLiftError(f"{benchmark.name} has no problem in '{language}'; is a file empty?")
    if len(kept) not in expected and not (excerpt and 0 < len(kept) <= max(expected)):
        place = kept[-1].place.rpartition(", ")[0] + ": " if kept and kept[-1].place else ""
        hint = (
            ""
            if excerpt or len(kept) > max(expected)
            else "; a part on purpose is allowed by listing it in evaluation.excerpts"
        )
        wanted = (
            f"{expected[0]} to {expected[-1]}"
            if len(expected) > 2
            else " or ".join(map(str, expected))
        )
        raise LinguaLiftError(
            f"{place}{benchmark.name} has {len(kept)} problems in '{language}' ({split}), expected"
            f" {wanted}: take the file again{hint}"
        )
    return kept
