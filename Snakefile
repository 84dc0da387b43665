"""LinguaLIFT: from raw monolingual text to result tables.

snakemake --cores all results/tables/mmwp.csv
"""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/retrieve.smk"
include: "rules/corpora.smk"
include: "rules/embeddings.smk"
include: "rules/encode.smk"
include: "rules/lexicon.smk"
include: "rules/codeswitch.smk"
include: "rules/translate.smk"
include: "rules/mmwp_built.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/paper.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        to_report(
            [
                *expand(
                    "results/tables/{table}.{kind}",
                    table=[
                        "lexicons",
                        *(["codeswitch"] if PLAN.used_variants else []),
                        *(["translation"] if PLAN.translated else []),
                        *(["mmwp-built-quality"] if PLAN.built_languages else []),
                        *CONFIG.benchmarks,
                    ],
                    kind=["csv", "parquet"],
                ),
                *expand("results/tables/{table}.provenance.txt", table=CONFIG.benchmarks),
                *expand(
                    "results/mmwp-built/sheets/{lang}.{kind}",
                    lang=PLAN.built_translated,
                    kind=["tsv", "xlsx"],
                ),
                *expand("results/figures/{figure}.svg", figure=shown.all_figures(PLAN)),
                "results/report.html",
            ]
        ),
    localrule: True


onstart:
    begin_run()


onsuccess:
    print_results()
