# Problems -> encoder states, once for all systems; checkpoint x language -> predictions -> scores. Scoring never generates.


rule problems:
    input:
        benchmark_manifests,
    output:
        "results/problems/{benchmark}/{lang}.parquet",
    log:
        "results/logs/problems/{benchmark}/{lang}.log",
    benchmark:
        "results/benchmarks/problems/{benchmark}/{lang}.tsv"
    priority: 4  # a malformed file ends a run before it computes anything
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    params:
        reading=problems_of,
    message:
        "read {wildcards.benchmark} in {wildcards.lang}"
    script:
        "../workflow/scripts/problems.py"


# A rule for any language alone and, where compute.languages_per_job is above 1, one for each share of the configured languages.
for SHARE in PLAN.shares:

    rule:
        name:
            SHARE.rule("encode_problems")
        input:
            problems=shared("results/problems/{benchmark}/{lang}.parquet", SHARE),
            encoder=lambda wildcards: model_files(PLAN.encoders[wildcards.encoder].source),
        output:
            [
                directory(path)
                for path in shared("results/encoded/{encoder}/problems/{benchmark}/{lang}", SHARE)
            ],
        log:
            f"results/logs/encode/{{encoder}}/problems/{SHARE.benchmark}/{SHARE.name}.log",
        benchmark:
            f"results/benchmarks/encode/{{encoder}}/problems/{SHARE.benchmark}/{SHARE.name}.tsv"
        wildcard_constraints:
            lang=PLAN.alone(CONFIG.languages.evaluation),
        priority: 0.5  # before the first answers, or the last ones wait for it
        conda:
            GPU_ENVIRONMENT
        threads: 1
        resources:
            **growing(partial(problems_request, share=SHARE)),
            **ONE_GPU,
        params:
            layer=lambda wildcards: PLAN.encoders[wildcards.encoder].layer,
            precision=CONFIG.precision,
        message:
            f"encode {SHARE.benchmark} in {', '.join(SHARE.languages)}".replace("{", "{wildcards.")
        script:
            "../workflow/scripts/encode.py"

    # Systems that read text go first: their prompts are the longest, byte by byte where the LLM's tokenizer does not know the script.
    for READERS, RUNS in runs_by_input(SHARE).items():

        rule:
            name:
                SHARE.rule(READERS)
            input:
                unpack(partial(prediction_inputs, share=SHARE)),
            output:
                shared("results/predictions/{run}/{benchmark}/{lang}.parquet", SHARE),
            log:
                f"results/logs/predict/{{run}}/{SHARE.benchmark}/{SHARE.name}.log",
            benchmark:
                f"results/benchmarks/predict/{{run}}/{SHARE.benchmark}/{SHARE.name}.tsv"
            wildcard_constraints:
                lang=PLAN.alone(CONFIG.languages.evaluation),
                run=RUNS,
            priority: 0.25 if READERS == "predict_text" else 0
            conda:
                GPU_ENVIRONMENT
            threads: 1
            resources:
                **growing(partial(prediction_request, share=SHARE)),
                **ONE_GPU,
            params:
                system=lambda wildcards: PLAN.run(wildcards.run).system,
                seed=lambda wildcards: PLAN.run(wildcards.run).seed,
                input=lambda wildcards: SYSTEMS[PLAN.run(wildcards.run).system].input,
                benchmark=lambda wildcards, share=SHARE: share.filled(wildcards).benchmark,
                languages=lambda wildcards, share=SHARE: share.filled(wildcards).languages,
                prompts=partial(prompts_of, share=SHARE),
                evaluation=partial(prediction_settings, share=SHARE),
                precision=CONFIG.precision,
            message:
                f"{{run}} answers {SHARE.benchmark} in {', '.join(SHARE.languages)}".replace(
                    "{", "{wildcards."
                )
            script:
                "../workflow/scripts/predict.py"


rule score:
    input:
        lambda wildcards: expand(
            "results/predictions/{run}/{benchmark}/{lang}.parquet",
            lang=PLAN.languages_of(wildcards.benchmark),
            allow_missing=True,
        ),
    output:
        "results/scores/{run}/{benchmark}.parquet",
    log:
        "results/logs/score/{run}/{benchmark}.log",
    benchmark:
        "results/benchmarks/score/{run}/{benchmark}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **SMALL,
    message:
        "score {wildcards.run} on {wildcards.benchmark}"
    script:
        "../workflow/scripts/score.py"
