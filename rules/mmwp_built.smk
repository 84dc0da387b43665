# mmwp-built (section 4, appendix B): English problems -> drafts -> sheets for annotators ->
# problems of each language, from its draft or from the sheet that came back -> a table of their
# quality.


rule built_english:
    input:
        [PLAN.manifest(key) for key in ("asdiv", "mawps")],
    output:
        files.built_english(),
    log:
        "results/logs/mmwp-built/english.log",
    benchmark:
        "results/timings/mmwp-built/english.tsv"
    priority: 4
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    message:
        "draw the English problems of mmwp-built"
    script:
        "../workflow/scripts/built_english.py"


rule built_draft:
    input:
        unpack(lambda wildcards: inputs.built_draft(PLAN, wildcards.lang)),
    output:
        "results/mmwp-built/translated/{lang}.parquet",
    log:
        "results/logs/mmwp-built/translated/{lang}.log",
    benchmark:
        "results/timings/mmwp-built/translated/{lang}.tsv"
    priority: 1
    conda:
        GPU_ENVIRONMENT
    resources:
        **growing(lambda wildcards: requests.built_draft(PLAN, wildcards.lang)),
        **ONE_GPU,
    params:
        engines=lambda wildcards: inputs.built_engines(PLAN, wildcards.lang),
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
        bound=CONFIG.mmwp_built.bound,
        batch=CONFIG.mmwp_built.batch,
    message:
        "translate mmwp-built into {wildcards.lang} and back"
    script:
        "../workflow/scripts/built_draft.py"


rule built_sheet:
    input:
        "results/mmwp-built/translated/{lang}.parquet",
    output:
        tsv="results/mmwp-built/sheets/{lang}.tsv",
        xlsx="results/mmwp-built/sheets/{lang}.xlsx",
    log:
        "results/logs/mmwp-built/sheets/{lang}.log",
    benchmark:
        "results/timings/mmwp-built/sheets/{lang}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        title=lambda wildcards: LANGUAGES[wildcards.lang].name,
    message:
        "sheet for the annotators of {wildcards.lang}"
    script:
        "../workflow/scripts/built_sheet.py"


rule built_problems:
    input:
        unpack(lambda wildcards: inputs.built_problems(PLAN, wildcards.lang)),
    output:
        problems="results/mmwp-built/problems/{lang}.parquet",
        card="results/mmwp-built/problems/{lang}.md",
    log:
        "results/logs/mmwp-built/problems/{lang}.log",
    benchmark:
        "results/timings/mmwp-built/problems/{lang}.tsv"
    priority: 4  # a malformed sheet ends a run before it computes anything
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
        bound=CONFIG.mmwp_built.bound,
    message:
        "put mmwp-built together in {wildcards.lang}"
    script:
        "../workflow/scripts/built_problems.py"


rule built_table:
    # Table 6, by language.
    input:
        [files.built_problems(lang) for lang in PLAN.built_languages],
    output:
        csv=shown_in_report(
            "results/tables/mmwp-built-quality.csv",
            "mmwp_built",
            "Tables",
            table="mmwp-built-quality",
        ),
        parquet="results/tables/mmwp-built-quality.parquet",
    log:
        "results/logs/tables/mmwp-built-quality.log",
    benchmark:
        "results/timings/tables/mmwp-built-quality.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(Request(1000, 10 + len(PLAN.built_languages))),
    params:
        languages=PLAN.built_languages,
    message:
        "table of the quality of mmwp-built"
    script:
        "../workflow/scripts/built_table.py"
