"""What the table of a benchmark compares: the scores it reads, what it is printed beside, how its
systems and languages are named and grouped.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from lingualift.plan import Plan, files
from lingualift.plan.inputs import Inputs
from lingualift.plan.systems import Run


def results_table(plan: Plan, table: str) -> Inputs:
    """Every run's scores and, by language, problems and what says which were post-edited (none
    but of a built benchmark).
    """
    benchmark = plan.config.benchmark_names[table]
    languages = plan.languages_of(benchmark)
    built = languages if plan.benchmarks[benchmark].built else []
    return {
        "scores": [files.scores(run, benchmark) for run in plan.runs_on(benchmark)],
        "problems": [files.problems(benchmark, lang) for lang in languages],
        "built": [files.built_problems(lang) for lang in built],
    }


def printed(base: Path, *names: str) -> list[str]:
    """The paper's accuracies below config/reference by name ('mmwp', 'groups/mmwp'), those that
    there are, by a relative path: a moved folder has nothing to do.
    """
    paths = [base / f"config/reference/{name}.csv" for name in names]
    return [os.path.relpath(path) for path in paths if path.is_file()]


def groupings(plan: Plan) -> dict[str, dict[str, str]]:
    """The group of each evaluated language, by family and script as linguists have them and as the
    paper has them (Tables 20 and 21; empty where it groups the language not).
    """
    columns = ("family", "script", "paper_family", "paper_script")
    return {
        column.replace("_", " "): {
            code: getattr(plan.languages[code], column) or ""
            for code in plan.config.languages.evaluation
        }
        for column in columns
    }


def titles(plan: Plan, table: str) -> dict[str, tuple[str, str, str]]:
    """The title of each system in a table, the stages of its chain, and the system in which the
    same LLM reads the question itself (empty: none, or it is that one).
    """
    runs = [plan.runs[name] for name in plan.runs_on(plan.config.benchmark_names[table])]
    return {
        run.system: (
            plan.systems[run.system].title,
            " > ".join(stage.name for stage in run.stages),
            _reader(plan, run, runs),
        )
        for run in runs
    }


def _reader(plan: Plan, run: Run, runs: Sequence[Run]) -> str:
    """The first of the systems in which the LLM of `run` reads the question itself, trained on
    English task data alone: on that of `run` rather than on other data, and on any rather than on
    none.
    """
    task = run.stages[-1].task if run.stages else None

    def rank(one: Run) -> int:
        if not one.stages:
            return 2
        return int(one.stages[-1].task != task)

    same = [one for one in runs if one.llm == run.llm and _reads_itself(plan, one)]
    first = min(same, key=rank, default=None)  # of equals the first listed
    return "" if first is None or first.system == run.system else first.system


def _reads_itself(plan: Plan, run: Run) -> bool:
    """Whether a run's LLM reads the bare question, and has learnt from English tasks at most."""
    system = plan.systems[run.system]
    bare = system.input == "text" and not system.translate and system.examples is None
    data = [part for stage in run.stages for part, _ in stage.stage.parts]
    english = all(
        part in plan.config.tasks and plan.config.tasks[part].languages in (None, ["en"])
        for part in data
    )
    return bare and english


def methods(plan: Plan, table: str) -> list[str]:
    """The systems of a table that are the method or a variant: an encoder reads the question."""
    return [name for name in titles(plan, table) if plan.systems[name].input != "text"]


def table_reference(plan: Plan, table: str) -> str:
    """The system that a table compares all others with: the configured one, else its first."""
    systems, chosen = list(titles(plan, table)), plan.config.tables.reference
    return chosen if chosen in systems else next(iter(systems), "")
