# Tables, lexicons, checkpoints and times -> figures. A figure is a module of lingualift.figures and
# an entry there.


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
