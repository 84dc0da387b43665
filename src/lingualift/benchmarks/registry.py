"""The benchmarks by name. Each module states its `BENCHMARK`, and its `read(folders, language,
code, split)` yields problems.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from lingualift.benchmarks import (
    afrimgsm,
    belebele,
    global_mmlu_lite,
    gsm_symbolic,
    mgsm,
    mgsm_rev2,
    mmwp,
    mmwp_built,
    mmwp_mini,
    mmwp_mini_hard,
    msvamp,
    polymath,
    sib200,
    tatoeba,
    xcsqa,
    xnli,
)
from lingualift.benchmarks.base import Problem, check_problems, evenly_spread
from lingualift.benchmarks.own import own_benchmarks
from lingualift.messages import LinguaLiftError, nearest
from lingualift.retrieve.pinning import told_with_revision

Benchmarks = dict[str, ModuleType | SimpleNamespace]
BENCHMARKS: Benchmarks = {
    module.BENCHMARK.name: module
    for module in (
        mmwp_mini,
        mmwp_mini_hard,
        mmwp.OFFICIAL,
        mmwp.REBUILT,
        mmwp_built,
        mgsm,
        msvamp,
        xnli,
        xcsqa,
        tatoeba,
        sib200.TOPIC,
        sib200.RETRIEVAL,
        gsm_symbolic,
        afrimgsm,
        mgsm_rev2,
        belebele,
        global_mmlu_lite,
        polymath,
    )
}


def registered(configured: Mapping[str, Any]) -> Benchmarks:
    """All benchmarks of a configuration by name: this package's, and those of the user's own that
    its `benchmarks` describes.
    """
    return BENCHMARKS | own_benchmarks(configured)


def load(
    name: str,
    language: str,
    split: str,
    folders: Sequence[str | Path] = (),
    code: str | None = None,
    excerpt: bool = False,
    items: int | None = None,
    benchmarks: Benchmarks = BENCHMARKS,
) -> list[Problem]:
    """The problems of one benchmark, language and split in their order, checked.

    `folders` are the retrieved sources (none for a benchmark of this package), `code` the
    language's name in their files (default: its code), `excerpt` accepts a part of the problems.
    `items` keeps so many of them, spread evenly over the checked whole, and so the same ones in
    languages that ask the same. `benchmarks` are those that a name may mean (`registered`). Raises
    LinguaLiftError that names what is wrong and where.
    """
    if name not in benchmarks:
        raise LinguaLiftError(f"unknown benchmark '{name}'; {nearest(name, benchmarks)}")
    module = benchmarks[name]
    module.BENCHMARK.require(language, split)
    paths = [Path(folder) for folder in folders]
    with told_with_revision([(path.name, path) for path in paths]):
        unchecked = module.read(paths, language, code or language, split)
        problems = check_problems(module.BENCHMARK, language, split, unchecked, excerpt)
    return problems if items is None else evenly_spread(problems, items)


def english_questions(name: str, folders: Sequence[str | Path], code: str) -> list[str]:
    """Every English question that a benchmark publishes, in whatever part and with or without its
    answer; `code` is English in its files.
    """
    module, paths = BENCHMARKS[name], [Path(folder) for folder in folders]
    with told_with_revision([(path.name, path) for path in paths]):
        questions = [
            problem.question
            for split in module.BENCHMARK.counts
            for problem in module.read(paths, "en", code, split)
        ]
        unanswered = getattr(module, "unanswered", None)
        return questions + (list(unanswered(paths)) if unanswered else [])
