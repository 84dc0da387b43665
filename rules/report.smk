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
        "results/timings/provenance/{table}.tsv"
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
