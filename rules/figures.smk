# Tables, lexicons, checkpoints and times -> figures. A figure is a module of lingualift.figures and an entry there.

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


rule figure:
    input:
        figure_inputs,
    output:
        svg=report(
            "results/figures/{figure}.svg",
            caption="../workflow/report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        png="results/figures/{figure}.png",
        record="results/figures/{figure}.json",
    log:
        "results/logs/figures/{figure}.log",
    benchmark:
        "results/benchmarks/figures/{figure}.tsv"
    wildcard_constraints:
        figure="|".join(FIGURE_NAMES),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        entry=lambda wildcards: FIGURE_NAMES[wildcards.figure][0],
        files=lambda wildcards: figure_files(wildcards.figure),
        names={code: language.name for code, language in LANGUAGES.items()},
        systems={
            stage: list(
                dict.fromkeys(
                    SYSTEMS[run.system].title
                    for run in PLAN.runs.values()
                    if stage in [own.id for own in run.stages]
                )
            )
            for stage in PLAN.stages
        },
        bootstrap=CONFIG.tables.bootstrap,
    message:
        "figure {wildcards.figure}"
    script:
        "../workflow/scripts/figure.py"
