"""A benchmark's problems as documents of lm-evaluation-harness, and their marks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lm_eval.api.metrics  # noqa: F401  (registers what `mean` is)
from datasets import Dataset
from lm_eval.api.registry import register_metric

from lingualift.benchmarks.base import Problem
from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.evaluation.problems import read_problems
from lingualift.evaluation.score import mark
from lingualift.messages import LinguaLiftError


def documents(
    benchmark: str,
    language: str,
    language_name: str,
    split: str = "test",
    problems: str = "results/problems",
    **metadata: Any,
) -> dict[str, Dataset]:
    """The problems of a benchmark in one language, as the harness's split `split`.

    Those of a packaged benchmark come with this package. Others are read where the workflow has
    written them (`snakemake results/problems/mgsm/sw.parquet`), below the folder `problems`. Raises
    `LinguaLiftError` where they are not there.
    """
    rows = [
        {
            "id": problem.id,
            "question": problem.question,
            "answer": problem.answer,
            "choices": list(problem.choices),
            "kind": BENCHMARKS[benchmark].BENCHMARK.answer,
            "language_name": language_name,
        }
        for problem in _problems(benchmark, language, split, Path(problems))
    ]
    return {split: Dataset.from_list(rows)}


def _problems(benchmark: str, language: str, split: str, folder: Path) -> Sequence[Problem]:
    if not BENCHMARKS[benchmark].BENCHMARK.sources:
        return load(benchmark, language, split)
    path = folder / benchmark / f"{language}.parquet"
    if not path.is_file():
        raise LinguaLiftError(
            f"{path}: not there; `snakemake --cores 1 {path} --configfile config/paper.yaml` makes"
            ' it, and --metadata \'{"problems": "FOLDER"}\' names another folder'
        )
    return read_problems(path)


@register_metric(
    metric="acc_strict", higher_is_better=True, output_type="generate_until", aggregation="mean"
)
def strict(mark: float) -> float:
    """A mark by the strict rule, as `marks` gives it; the harness looks for unknown metrics on the
    hub.
    """
    return mark


def marks(document: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """The marks of an output by the field's rule (`acc`) and by the strict one."""
    output, choices = results[0], document["choices"]
    marked = mark(document["kind"], output, document["answer"], choices)
    return {"acc": float(marked.correct), "acc_strict": float(marked.correct_strict)}
