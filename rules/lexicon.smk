# Unsupervised alignment -> bilingual lexicon with its verdict. Gold dictionaries are for reporting alone.


def lexicon_inputs(wildcards):
    spaces = ["fasttext", PLAN.encoder] if "encoder" in CONFIG.lexicon.starts else ["fasttext"]
    inputs = {
        "source_vocabulary": "results/vocabulary/en.parquet",
        "target_vocabulary": f"results/vocabulary/{wildcards.lang}.parquet",
        "source_vectors": [f"results/embeddings/{space}/en" for space in spaces],
        "target_vectors": [f"results/embeddings/{space}/{wildcards.lang}" for space in spaces],
    }
    if CONFIG.lexicon.gold and LANGUAGES[wildcards.lang].common_words:
        inputs["gold"] = manifest(CONFIG.lexicon.gold, wildcards.lang)
    return inputs


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
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(
            sizes.lexicon(
                CONFIG.vocabulary.source_size, CONFIG.vocabulary.size, vectors_dimension(), "adversarial" in CONFIG.lexicon.starts
            )
        ),
    params:
        lexicon=CONFIG.lexicon.model_dump(mode="json"),
        collapsed=CONFIG.languages.collapsed,
        seed=CONFIG.seeds[0],
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
    message:
        "induce the English-{wildcards.lang} lexicon"
    script:
        "../workflow/scripts/lexicon.py"
