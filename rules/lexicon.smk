# Unsupervised alignment -> bilingual lexicon with its verdict. Gold dictionaries are for reporting alone.


rule lexicon:
    input:
        unpack(lexicon_inputs),
    output:
        lexicon="results/lexicons/{lang}.parquet",
        evidence="results/lexicons/{lang}.json",
    log:
        "results/logs/lexicons/{lang}.log",
    benchmark:
        "results/benchmarks/lexicons/{lang}.tsv"
    priority: 1
    conda:
        GPU_ENVIRONMENT if "adversarial" in CONFIG.lexicon.starts else "../envs/cpu.yaml"
    threads: 1
    resources:
        **lexicon_request(),
    params:
        lexicon=CONFIG.lexicon.model_dump(mode="json"),
        precision=CONFIG.precision if "adversarial" in CONFIG.lexicon.starts else "float32",
        collapsed=CONFIG.languages.collapsed,
        seed=CONFIG.seeds[0],
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
    message:
        "induce the English-{wildcards.lang} lexicon"
    script:
        "../workflow/scripts/lexicon.py"
