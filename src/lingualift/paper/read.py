"""What the paper's tables and figures are made from, read from the files of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from safetensors import safe_open

from lingualift.artifacts import check_parquet, read_parquet
from lingualift.messages import LinguaLiftError
from lingualift.paper import entry
from lingualift.paper.base import Answers, Dataset, LanguageFacts, PaperInputs, SystemFacts
from lingualift.paper.measured import Slot
from lingualift.paper.published import facts, paper_rows, read_published

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class SlotFiles:
    """A result table, the benchmark behind it, and its languages by resource level."""

    table: str
    benchmark: str
    groups: dict[str, list[str]]


@dataclass(frozen=True)
class DatasetFiles:
    """A data set as it was read: `sources` are the keys that it comes from, `files` its tables."""

    part: str
    name: str
    sources: list[str]
    files: list[str]


@dataclass(frozen=True)
class AnswerFiles:
    """One benchmark's problems in a language and, where it has them, in English; predictions and
    scores by system.
    """

    benchmark: str
    language: str
    problems: str
    english: str | None
    predictions: dict[str, str]
    scores: dict[str, str]


@dataclass(frozen=True)
class SentenceFiles:
    """Parallel sentences (problems by language), their states by encoder and language, the encoder
    of the alignment layer, its checkpoints before (None: fresh) and after stage 1, and of each
    system (checkpoint, LLM, layout, encoder).
    """

    problems: dict[str, str]
    states: dict[str, dict[str, str]]
    encoder: str
    before: str | None
    after: str
    systems: dict[str, tuple[str | None, str, str, str | None]]


@dataclass(frozen=True)
class ArtifactFiles:
    """What one table or figure is made from; empty where it needs nothing of the kind."""

    slots: dict[str, SlotFiles] = field(default_factory=dict)
    retrieval: SlotFiles | None = None
    groups: str | None = None
    lexicons: dict[str, str] = field(default_factory=dict)
    codeswitch: str | None = None
    translation: list[str] = field(default_factory=list)
    datasets: list[DatasetFiles] = field(default_factory=list)
    answers: AnswerFiles | None = None
    sentences: str | None = None
    checkpoints: dict[str, str] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """All of them."""
        paths = [slot.table for slot in self.slots.values()]
        paths += [self.retrieval.table] if self.retrieval else []
        paths += [*self.lexicons.values(), *self.translation, *self.checkpoints.values()]
        paths += filter(None, [self.groups, self.codeswitch, self.sentences])
        paths += [path for dataset in self.datasets for path in dataset.files]
        if self.answers is not None:
            read = self.answers
            paths += [read.problems, *([read.english] if read.english else [])]
            paths += [*read.predictions.values(), *read.scores.values()]
        return list(dict.fromkeys(paths))


def read_paper_inputs(
    name: str,
    read: ArtifactFiles,
    reference: Sequence[str | Path],
    systems: Mapping[str, Mapping[str, Any]],
    languages: Mapping[str, Mapping[str, Any]],
) -> PaperInputs:
    """Everything that an entry is made from; `reference` are the files of printed accuracies, of
    `systems` and `languages` the values of `SystemFacts` and `LanguageFacts`.
    """
    artifact = entry(name)
    return PaperInputs(
        name=name,
        title=artifact.title,
        rows=paper_rows(artifact.rows),
        published=read_published(reference),
        facts=facts(artifact.facts) if artifact.facts else [],
        slots={slot: read_slot(slot, files) for slot, files in read.slots.items()},
        systems={system: SystemFacts(**values) for system, values in systems.items()},
        languages={code: LanguageFacts(**values) for code, values in languages.items()},
        retrieval=read_slot("retrieval", read.retrieval) if read.retrieval else None,
        groups=_rows(read.groups) if read.groups else [],
        lexicons={code: _rows(path) for code, path in read.lexicons.items()},
        codeswitch=_rows(read.codeswitch) if read.codeswitch else [],
        translation=[row for path in read.translation for row in _rows(path)],
        datasets=[row for files in read.datasets for row in read_datasets(files)],
        answers=read_answers(read.answers) if read.answers else None,
        sentences=_rows(read.sentences) if read.sentences else [],
        parameters={
            system: alignment_parameters(path) for system, path in read.checkpoints.items()
        },
    )


def _rows(path: str | Path) -> list[dict[str, Any]]:
    return read_parquet(path).to_pylist()


def read_slot(name: str, files: SlotFiles) -> Slot:
    """A result table as one of the paper's benchmarks."""
    return Slot(name, files.benchmark, files.groups, _rows(files.table))


def alignment_parameters(checkpoint: str | Path) -> int:
    """Trained numbers of a checkpoint's alignment layer (0: it has none); reads no weights."""
    path = Path(checkpoint) / WEIGHTS
    if not path.is_file():
        raise LinguaLiftError(f"{path}: is missing; delete {checkpoint} and run again")
    total = 0
    with safe_open(path, framework="numpy") as tensors:
        for key in tensors.keys():
            if key.startswith("alignment.mlp."):
                total += prod(tensors.get_slice(key).get_shape())
    return total


def read_datasets(files: DatasetFiles) -> list[Dataset]:
    """A data set's languages and rows, counted; one that joins several sources, source by source
    (ids begin with theirs).
    """
    if files.part == "evaluation":
        samples = 0
        for path in files.files:
            check_parquet(path)
            samples += pq.read_metadata(path).num_rows
        return [Dataset(files.part, files.name, files.name, len(files.files), samples)]
    counts: Counter[str] = Counter()
    languages: dict[str, set[str]] = {}
    keys = sorted(files.sources, key=len, reverse=True)
    for path in files.files:
        check_parquet(path)
        table = pq.read_table(path, columns=["id", "language"])
        for row, code in zip(table["id"].to_pylist(), table["language"].to_pylist(), strict=True):
            key = next((key for key in keys if row.startswith(f"{key}-")), keys[0])
            counts[key] += 1
            languages.setdefault(key, set()).add(code)
    return [
        Dataset(files.part, key, files.name, len(languages[key]), counts[key])
        for key in files.sources
        if key in counts
    ]


def read_answers(files: AnswerFiles) -> Answers:
    """One language's problems with what each system answered."""
    problems = _rows(files.problems)
    english = _rows(files.english) if files.english else []
    outputs, correct = {}, {}
    for system, path in files.predictions.items():
        outputs[system] = {row["id"]: row["output"] for row in _rows(path)}
        correct[system] = {
            row["id"]: row["correct"]
            for row in _rows(files.scores[system])
            if row["language"] == files.language
        }
    return Answers(
        benchmark=files.benchmark,
        questions={row["id"]: row["question"] for row in problems},
        english={row["id"]: row["question"] for row in english},
        gold={row["id"]: row["answer"] for row in problems},
        outputs=outputs,
        correct=correct,
    )
