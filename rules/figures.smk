# Tables, lexicons, checkpoints and times -> figures. A figure is a module of lingualift.figures and
# an entry there.


rule figure:
    input:
        lambda wildcards: shown.figure_inputs(PLAN, wildcards.figure),
        fonts=shown.fonts(PLAN),
    output:
        svg=shown_in_report("results/figures/{figure}.svg", "figure", "Figures", figure="{figure}"),
        png="results/figures/{figure}.png",
        record="results/figures/{figure}.json",
    log:
        "results/logs/figures/{figure}.log",
    benchmark:
        "results/timings/figures/{figure}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        **SMALL,
    params:
        entry=lambda wildcards: shown.all_figures(PLAN)[wildcards.figure][0],
        files=lambda wildcards: shown.figure_files(PLAN, wildcards.figure),
        names=shown.shown_languages(PLAN),
        systems=shown.stage_titles(PLAN),
        bootstrap=CONFIG.tables.bootstrap,
    message:
        "figure {wildcards.figure}"
    script:
        "../workflow/scripts/figure.py"
