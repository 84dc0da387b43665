# What figures and the report read: paths by need, and the names of all figures of the run.

from lingualift.figures import FIGURES, figure_names

FIGURE_NAMES = figure_names(
    CONFIG.benchmarks,
    [
        table
        for table, name in CONFIG.benchmarks.items()
        if BENCHMARKS[name].BENCHMARK.answer == "neighbour"
    ],
)


def figure_files(figure):
    """The files of each need of a figure, {need: paths}."""
    entry, table = FIGURE_NAMES[figure]
    retrieval = [
        f"results/tables/{other}.parquet"
        for other, name in CONFIG.benchmarks.items()
        if BENCHMARKS[name].BENCHMARK.answer == "neighbour"
    ]
    scores = [] if table is None else PLAN.runs_on(CONFIG.benchmarks[table])
    files = {
        "table": [f"results/tables/{table}.parquet"],
        "scores": [
            f"results/scores/{run}/{CONFIG.benchmarks.get(table)}.parquet" for run in scores
        ],
        "retrieval": retrieval,
        "lexicon_table": ["results/tables/lexicons.parquet"],
        "lexicons": expand("results/lexicons/{lang}.parquet", lang=CONFIG.languages.alignment),
        "stages": [f"results/checkpoints/{stage}" for stage in PLAN.stages],
        # what stands there when all tables are made; no job is done anew for the record of its time
        "timings": ["results/benchmarks"],
    }
    return {need: files[need] for need in FIGURES[entry].needs}


def figure_inputs(wildcards):
    files = figure_files(wildcards.figure)
    if "timings" in files:
        return expand("results/tables/{table}.parquet", table=CONFIG.benchmarks)
    return [path for paths in files.values() for path in paths]


def answered_files():
    """The files of each table's answers: of the first seed's run of a system."""
    answered = {}
    for table, benchmark in CONFIG.benchmarks.items():
        languages = PLAN.languages_of(benchmark)
        runs = [name for name in PLAN.runs_on(benchmark) if name == PLAN.runs[name].system]
        answered[table] = {
            "problems": {
                lang: f"results/problems/{benchmark}/{lang}.parquet" for lang in languages
            },
            "predictions": {
                (run, lang): f"results/predictions/{run}/{benchmark}/{lang}.parquet"
                for run in runs
                for lang in languages
            },
            "scores": {run: f"results/scores/{run}/{benchmark}.parquet" for run in runs},
            "parallel": BENCHMARKS[benchmark].BENCHMARK.parallel,
        }
    return answered
