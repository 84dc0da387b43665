# What `snakemake --report` carries beside the tables: where every figure comes from.


report: "../workflow/report/workflow.rst"


rule provenance_record:
    input:
        "results/tables/{table}.parquet",
    output:
        report(
            "results/tables/{table}.provenance.txt",
            caption="../workflow/report/provenance.rst",
            category="Provenance",
            labels={"table": "{table}"},
        ),
    log:
        "results/logs/provenance/{table}.log",
    benchmark:
        "results/benchmarks/provenance/{table}.tsv"
    wildcard_constraints:
        table="|".join(CONFIG.benchmarks),
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    message:
        "write down what made table {wildcards.table}"
    script:
        "../workflow/scripts/provenance_record.py"


rule results_report:
    input:
        tables=expand("results/tables/{table}.parquet", table=CONFIG.benchmarks),
        lexicon_table="results/tables/lexicons.parquet",
        lexicons=expand("results/lexicons/{lang}.parquet", lang=CONFIG.languages.alignment),
        figures=expand("results/figures/{figure}.json", figure=FIGURE_NAMES),
        answers=[
            path
            for files in answered_files().values()
            for kind in ("problems", "predictions", "scores")
            for path in files[kind].values()
        ],
    output:
        report(
            "results/report.html",
            caption="../workflow/report/report.rst",
            category="Report",
            labels={"report": "the whole run"},
        ),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        tables={table: f"results/tables/{table}.parquet" for table in CONFIG.benchmarks},
        figures={figure: f"results/figures/{figure}.json" for figure in FIGURE_NAMES},
        lexicons={lang: f"results/lexicons/{lang}.parquet" for lang in CONFIG.languages.alignment},
        answered=answered_files(),
        languages=LANGUAGES,
        systems={
            run.system: (
                SYSTEMS[run.system].title,
                " > ".join(stage.name for stage in run.stages),
            )
            for run in PLAN.runs.values()
        },
        licences=[
            {
                "key": folder,
                "title": PLAN.source(folder).title,
                "version": str(PLAN.source(folder).version or ""),
                "licence": PLAN.source(folder).licence,
                "note": PLAN.source(folder).licence_note,
                "citation": PLAN.source(folder).citation,
            }
            for folder in PLAN.retrieved()
        ],
    message:
        "report of the run"
    script:
        "../workflow/scripts/results_report.py"
