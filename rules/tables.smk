# Scores and lexicon evidence -> the tables a person opens, and the tidy ones beside them.


rule results_table:
    input:
        unpack(lambda wildcards: compared.results_table(PLAN, wildcards.table)),
        lexicons="results/tables/lexicons.parquet",
        reference=lambda wildcards: compared.printed(
            BASE,
            CONFIG.benchmark_names[wildcards.table],
            f"groups/{CONFIG.benchmark_names[wildcards.table]}",
        ),
    output:
        csv=shown_in_report("results/tables/{table}.csv", "table", "Tables", table="{table}"),
        parquet="results/tables/{table}.parquet",
        groups_csv="results/tables/{table}-groups.csv",
        groups="results/tables/{table}-groups.parquet",
        gains="results/tables/{table}-gains.csv",
        notes="results/tables/{table}.notes.txt",
    log:
        "results/logs/tables/{table}.log",
    benchmark:
        "results/timings/tables/{table}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        benchmark=lambda wildcards: CONFIG.benchmark_names[wildcards.table],
        systems=lambda wildcards: compared.titles(PLAN, wildcards.table),
        languages=lambda wildcards: PLAN.languages_of(CONFIG.benchmark_names[wildcards.table]),
        groupings=compared.groupings(PLAN),
        reference=lambda wildcards: compared.table_reference(PLAN, wildcards.table),
        methods=lambda wildcards: compared.methods(PLAN, wildcards.table),
        names=lambda wildcards: {
            lang: PLAN.language(lang).name
            for lang in PLAN.languages_of(CONFIG.benchmark_names[wildcards.table])
        },
        bootstrap=CONFIG.tables.bootstrap,
        # An object, which Snakemake does not compare: inputs say what a table depends on.
        configuration=CONFIG,
    message:
        "table {wildcards.table}"
    script:
        "../workflow/scripts/results_table.py"


rule codeswitch_table:
    # Table 18 for every setting that a system uses.
    input:
        [
            files.switched_statistics(name, lang)
            for name in PLAN.used_variants or [""]
            for lang in CONFIG.languages.alignment
        ],
    output:
        csv=shown_in_report(
            "results/tables/codeswitch.csv", "codeswitch", "Tables", table="codeswitch"
        ),
        parquet="results/tables/codeswitch.parquet",
    log:
        "results/logs/tables/codeswitch.log",
    benchmark:
        "results/timings/tables/codeswitch.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        settings=[name for name in PLAN.used_variants or [""] for _ in CONFIG.languages.alignment],
    message:
        "table of the code-switched text"
    script:
        "../workflow/scripts/codeswitch_table.py"


rule translation_table:
    # What Translate-En reads, against the English originals (Table 6 of the paper has such
    # figures of MMWP's makers).
    input:
        translated=[files.translated(benchmark, lang) for benchmark, lang, _ in PLAN.translated],
        originals=[
            files.problems(benchmark, original) for benchmark, _, original in PLAN.translated
        ],
    output:
        csv=shown_in_report(
            "results/tables/translation.csv", "translation", "Tables", table="translation"
        ),
        parquet="results/tables/translation.parquet",
    log:
        "results/logs/tables/translation.log",
    benchmark:
        "results/timings/tables/translation.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        benchmarks=[benchmark for benchmark, _, _ in PLAN.translated],
        engines=[PLAN.engine(lang) for _, lang, _ in PLAN.translated],
    message:
        "table of the translations"
    script:
        "../workflow/scripts/translation_table.py"


rule lexicon_table:
    input:
        lexicons=expand("results/lexicons/{lang}.json", lang=CONFIG.languages.alignment),
        corpora=expand(
            "results/corpora/{lang}.json",
            lang=CONFIG.languages.alignment if CONFIG.corpus.sources else [],
        ),
    output:
        csv=shown_in_report("results/tables/lexicons.csv", "lexicons", "Tables", table="lexicons"),
        parquet="results/tables/lexicons.parquet",
    log:
        "results/logs/tables/lexicons.log",
    benchmark:
        "results/timings/tables/lexicons.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    message:
        "table of the lexicons"
    script:
        "../workflow/scripts/lexicon_table.py"
