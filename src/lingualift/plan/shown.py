"""What figures and the report read: paths by need, and the names that they show."""

from dataclasses import dataclass
from typing import Any

from lingualift.figures import FIGURES, figure_names
from lingualift.plan import Plan, files
from lingualift.plan.fonts import font_sources

FigureFiles = dict[str, list[str]]


@dataclass(frozen=True)
class AnsweredFiles:
    """The files behind one table's answers, of each system's first seed: problems by language,
    predictions by system and language, scores by system.

    `parallel` says whether one id is the same problem in all languages.
    """

    problems: dict[str, str]
    predictions: dict[tuple[str, str], str]
    scores: dict[str, str]
    parallel: bool

    def paths(self) -> list[str]:
        """All of them."""
        return [*self.problems.values(), *self.predictions.values(), *self.scores.values()]


def all_figures(plan: Plan) -> dict[str, tuple[str, str | None]]:
    """The figures of a run: {name of its files: (entry of the register, result table or None)}."""
    return figure_names(plan.config.benchmarks, _retrieval_tables(plan))


def _retrieval_tables(plan: Plan) -> list[str]:
    benchmarks = plan.config.benchmark_names.items()
    return [table for table, name in benchmarks if plan.benchmarks[name].answer == "neighbour"]


def figure_files(plan: Plan, figure: str) -> FigureFiles:
    """The files of each need of a figure, {need: paths}."""
    entry, table = all_figures(plan)[figure]
    benchmark = plan.config.benchmark_names[table] if table else ""
    paths = {
        "table": [files.table(table)] if table else [],
        "scores": [files.scores(run, benchmark) for run in plan.runs_on(benchmark)]
        if table
        else [],
        "retrieval": [files.table(other) for other in _retrieval_tables(plan)],
        "lexicon_table": [files.table("lexicons")],
        "lexicons": [files.lexicon(lang) for lang in plan.config.languages.alignment],
        "stages": [files.checkpoint(stage) for stage in plan.stages],
        "timings": [files.TIMINGS],
    }
    return {need: paths[need] for need in FIGURES[entry].needs}


def figure_inputs(plan: Plan, figure: str) -> list[str]:
    """What a figure waits for. That of times is drawn when all tables are made; no job is done anew
    for the record of its time.
    """
    needs = figure_files(plan, figure)
    if "timings" in needs:
        return [files.table(table) for table in plan.config.benchmarks]
    return [path for paths in needs.values() for path in paths]


def fonts(plan: Plan) -> list[str]:
    """What stands for the fonts that pages and figures carry."""
    return [plan.manifest(key) for key in font_sources(plan.config, plan.languages, plan.sources)]


def shown_languages(plan: Plan) -> dict[str, str]:
    """English names of the languages that a run aligns or evaluates."""
    languages = plan.config.languages
    codes = dict.fromkeys(["en", *languages.alignment, *languages.evaluation])
    return {code: plan.languages[code].name for code in codes}


def stage_titles(plan: Plan) -> dict[str, list[str]]:
    """The titles of the systems that each stage trains."""
    titles: dict[str, list[str]] = {stage: [] for stage in plan.stages}
    for run in plan.runs.values():
        for stage in run.stages:
            titles[stage.id].append(plan.systems[run.system].title)
    return {stage: list(dict.fromkeys(names)) for stage, names in titles.items()}


def system_chains(plan: Plan) -> dict[str, tuple[str, str]]:
    """The title of each system, and the stages of its chain."""
    return {
        run.system: (
            plan.systems[run.system].title,
            " > ".join(stage.name for stage in run.stages),
        )
        for run in plan.runs.values()
    }


def answered_files(plan: Plan) -> dict[str, AnsweredFiles]:
    """The files of each table's answers."""
    return {
        table: _answered(plan, benchmark)
        for table, benchmark in plan.config.benchmark_names.items()
    }


def _answered(plan: Plan, benchmark: str) -> AnsweredFiles:
    languages = plan.languages_of(benchmark)
    systems = [name for name in plan.runs_on(benchmark) if name == plan.runs[name].system]
    return AnsweredFiles(
        problems={lang: files.problems(benchmark, lang) for lang in languages},
        predictions={
            (system, lang): files.predictions(system, benchmark, lang)
            for system in systems
            for lang in languages
        },
        scores={system: files.scores(system, benchmark) for system in systems},
        parallel=plan.benchmarks[benchmark].parallel,
    )


def licences(plan: Plan) -> list[dict[str, Any]]:
    """Under which terms each source of the run stands."""
    sources = map(plan.source, plan.retrieved())
    return [
        {
            "key": source.key,
            "title": source.title,
            "version": str(source.version or ""),
            "licence": source.licence,
            "note": source.licence_note,
            "citation": source.citation,
        }
        for source in sources
    ]
