# Unsupervised alignment -> bilingual lexicon with its verdict. Gold dictionaries are for reporting
# alone.


rule adversary:
    # Apart, for it alone has a use for a GPU: the rest is one thread's work.
    input:
        unpack(lambda wildcards: inputs.adversaries(PLAN, wildcards.lang)),
    output:
        directory("results/adversaries/{lang}"),
    log:
        "results/logs/adversaries/{lang}.log",
    benchmark:
        "results/timings/adversaries/{lang}.tsv"
    priority: 1
    conda:
        GPU_ENVIRONMENT
    resources:
        **growing(requests.adversary(PLAN)),
        **ONE_GPU,
    params:
        lexicon=CONFIG.lexicon.model_dump(mode="json"),
        precision=CONFIG.precision,
        seed=CONFIG.seeds[0],
    message:
        "train the adversaries of the English-{wildcards.lang} lexicon"
    script:
        "../workflow/scripts/adversary.py"


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
        "../envs/cpu.yaml"
    resources:
        **growing(requests.lexicon(PLAN)),
    params:
        lexicon=CONFIG.lexicon.model_dump(mode="json"),
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
