# Unsupervised alignment -> bilingual lexicon with its verdict. Gold dictionaries are for reporting
# alone.


rule lexicon:
    input:
        unpack(lambda wildcards: inputs.lexicon(PLAN, wildcards.lang)),
    output:
        lexicon="results/lexicons/{lang}.parquet",
        evidence="results/lexicons/{lang}.json",
    log:
        "results/logs/lexicons/{lang}.log",
    benchmark:
        "results/timings/lexicons/{lang}.tsv"
    priority: 1
    conda:
        GPU_ENVIRONMENT if requests.needs_adversary(PLAN) else "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(requests.lexicon(PLAN)),
        **(ONE_GPU if requests.needs_adversary(PLAN) else {}),
    params:
        lexicon=CONFIG.lexicon.model_dump(mode="json"),
        precision=CONFIG.precision if requests.needs_adversary(PLAN) else "float32",
        collapsed=CONFIG.languages.collapsed,
        seed=CONFIG.seeds[0],
        language=lambda wildcards: asdict(PLAN.language(wildcards.lang)),
        gold=lambda wildcards: inputs.gold_dictionaries(PLAN, wildcards.lang),
        source_vectors=inputs.word_vectors(PLAN, "en"),
        target_vectors=lambda wildcards: inputs.word_vectors(PLAN, wildcards.lang),
    message:
        "induce the English-{wildcards.lang} lexicon"
    script:
        "../workflow/scripts/lexicon.py"
