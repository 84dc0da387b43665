# What `snakemake --report` carries beside the tables: where every figure comes from.


report: "../workflow/report/workflow.rst"


rule provenance_record:
    input:
        "results/tables/{table}.parquet",
    output:
        shown_in_report(
            "results/tables/{table}.provenance.txt", "provenance", "Provenance", table="{table}"
        ),
    log:
        "results/logs/provenance/{table}.log",
    benchmark:
        "results/timings/provenance/{table}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    message:
        "write down what made table {wildcards.table}"
    script:
        "../workflow/scripts/provenance_record.py"


rule results_report:
    input:
        tables=[files.table(table) for table in CONFIG.benchmarks],
        lexicon_table=files.table("lexicons"),
        lexicons=[files.lexicon(lang) for lang in CONFIG.languages.alignment],
        figures=expand("results/figures/{figure}.json", figure=shown.all_figures(PLAN)),
        answers=[path for table in shown.answered_files(PLAN).values() for path in table.paths()],
        fonts=shown.fonts(PLAN),
    output:
        shown_in_report("results/report.html", "report", "Report", report="the whole run"),
    log:
        "results/logs/report.log",
    benchmark:
        "results/timings/report.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        tables={table: files.table(table) for table in CONFIG.benchmarks},
        figures={figure: f"results/figures/{figure}.json" for figure in shown.all_figures(PLAN)},
        lexicons={lang: files.lexicon(lang) for lang in CONFIG.languages.alignment},
        answered={table: asdict(paths) for table, paths in shown.answered_files(PLAN).items()},
        languages={code: LANGUAGES[code] for code in shown.shown_languages(PLAN)},
        systems=shown.system_chains(PLAN),
        licences=shown.licences(PLAN),
        config=CONFIG,
    message:
        "report of the run"
    script:
        "../workflow/scripts/results_report.py"
