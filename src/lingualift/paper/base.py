"""What the paper's tables, figures and pages share: an entry of the register, what it is made from,
and what it becomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lingualift.figures.base import Drawing, LeftOut, Row

if TYPE_CHECKING:
    from lingualift.paper.measured import Slot
    from lingualift.paper.published import PaperRow, Published

HERE = "here"
"""`PaperRow.origin` of a system of ours that the paper has no figures of."""


@dataclass(frozen=True)
class Artifact:
    """One entry of the register: the module that makes it, what the paper shows there, and what it
    takes.

    `needs` names fields of `PaperInputs` read from files. `benchmarks` are slots (`SLOTS` of
    the register), of which one is enough. `rows` is the printed table whose systems make its rows
    (`facts/rows.csv`); one of these systems is enough. `language` must be evaluated. `facts` is a
    file of further printed figures. A `page` holds examples, in HTML.
    """

    module: str
    title: str
    needs: tuple[str, ...] = ()
    benchmarks: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    language: str = ""
    facts: str = ""
    page: bool = False


@dataclass(frozen=True)
class SystemFacts:
    """What a run knows of one of its systems: title, LLM and encoder (None for text input) by their
    keys, and the share of words that its code-switched text replaces.
    """

    title: str
    llm: str
    encoder: str | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class LanguageFacts:
    """What a table of languages knows: name, family, script, resource level."""

    name: str
    family: str
    script: str
    level: str | None


@dataclass(frozen=True)
class Answers:
    """One benchmark's problems of a language, their English, and each system's outputs and marks by
    problem id.
    """

    benchmark: str
    questions: Mapping[str, str]
    english: Mapping[str, str]
    gold: Mapping[str, str]
    outputs: Mapping[str, Mapping[str, str]]
    correct: Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True)
class Dataset:
    """A data set as a run read it: `source` is its key, `languages` and `samples` are counted."""

    part: str
    source: str
    name: str
    languages: int
    samples: int


@dataclass(frozen=True)
class PaperInputs:
    """What an entry is made from; a module reads what its entry `needs`.

    `name` is the target's (`table-01`), `rows` the printed systems in their order, `published`
    their figures, `facts` the rows of the entry's file of further figures. `slots` are the result
    tables by what they stand for, `retrieval` that of Tatoeba, `groups` the first slot's rows by
    language family and script. The rest is read from files where the entry needs it.
    """

    name: str
    title: str = ""
    rows: Sequence[PaperRow] = ()
    published: Published = field(default_factory=dict)
    facts: Sequence[Mapping[str, str]] = ()
    slots: Mapping[str, Slot] = field(default_factory=dict)
    systems: Mapping[str, SystemFacts] = field(default_factory=dict)
    languages: Mapping[str, LanguageFacts] = field(default_factory=dict)
    retrieval: Slot | None = None
    groups: Sequence[Row] = ()
    lexicons: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    codeswitch: Sequence[Row] = ()
    translation: Sequence[Row] = ()
    datasets: Sequence[Dataset] = ()
    answers: Answers | None = None
    sentences: Sequence[Row] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table as text, header first. `measured` counts the cells that this run filled; `missing`
    says, a sentence each, what was not run.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    measured: int
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """A page of examples: its heading, a sentence below it, and one block a problem."""

    title: str
    lead: str
    blocks: Sequence[Block]
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Block:
    """A problem of a page: question, its English, gold answer, and (system, output, right)."""

    id: str
    language: str
    question: str
    english: str
    gold: str
    answers: Sequence[tuple[str, str, bool]]


Made = Table | Page | Drawing | LeftOut
