# Raw text -> corpora -> vocabularies and vectors: fastText (trained here) and the encoder's view of single words.


rule corpus:
    input:
        lambda wildcards: manifest(CONFIG.corpus.source, wildcards.lang),
    output:
        "results/corpora/{lang}.txt",
    log:
        "results/logs/corpora/{lang}.log",
    benchmark:
        "results/benchmarks/corpora/{lang}.tsv"
    threads: 1
    resources:
        **growing(1500, 60),
    params:
        corpus=CONFIG.corpus.model_dump(mode="json"),
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
    message:
        "clean and tokenise the {wildcards.lang} text"
    script:
        "../workflow/scripts/corpus.py"


rule source_vocabulary:
    input:
        corpus="results/corpora/en.txt",
        tagger=manifest(CONFIG.tagger),
        questions=f"results/tasks/{CONFIG.codeswitch.task}/tagged.parquet",
    output:
        "results/vocabulary/en.parquet",
    log:
        "results/logs/vocabulary/en.log",
    benchmark:
        "results/benchmarks/vocabulary/en.tsv"
    threads: 1
    resources:
        **growing(2000, 60),
    params:
        vocabulary=CONFIG.vocabulary.model_dump(mode="json"),
    message:
        "English source vocabulary (Appendix A.1)"
    script:
        "../workflow/scripts/source_vocabulary.py"


rule target_vocabulary:
    input:
        corpus="results/corpora/{lang}.txt",
        cldr=lambda wildcards: [manifest("cldr-annotations-full", wildcards.lang)] if "cldr" in PLAN.wordlists(wildcards.lang) else [],
    output:
        "results/vocabulary/{lang}.parquet",
    wildcard_constraints:
        lang="(?!en)[a-z]{2,3}",
    log:
        "results/logs/vocabulary/{lang}.log",
    benchmark:
        "results/benchmarks/vocabulary/{lang}.tsv"
    threads: 1
    resources:
        **growing(1500, 30),
    params:
        vocabulary=CONFIG.vocabulary.model_dump(mode="json"),
        wordlists=lambda wildcards: PLAN.wordlists(wildcards.lang),
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
    message:
        "{wildcards.lang} vocabulary"
    script:
        "../workflow/scripts/target_vocabulary.py"


rule fasttext:
    input:
        "results/corpora/{lang}.txt",
    output:
        directory("results/embeddings/fasttext/{lang}"),
    log:
        "results/logs/fasttext/{lang}.log",
    benchmark:
        "results/benchmarks/fasttext/{lang}.tsv"
    threads: 1
    resources:
        **growing(2000, 120),
    params:
        fasttext=CONFIG.fasttext.model_dump(mode="json"),
    message:
        "train fastText vectors for {wildcards.lang}"
    script:
        "../workflow/scripts/fasttext.py"


rule encode_words:
    input:
        vocabulary="results/vocabulary/{lang}.parquet",
        encoder=model_files(CONFIG.encoder.source),
    output:
        directory("results/embeddings/{encoder}/{lang}"),
    wildcard_constraints:
        encoder=PLAN.encoder,
    log:
        "results/logs/encode-words/{encoder}/{lang}.log",
    benchmark:
        "results/benchmarks/encode-words/{encoder}/{lang}.tsv"
    threads: 1
    resources:
        **growing(2500, 30),
    params:
        layers=CONFIG.lexicon.encoder_layers,
        precision=CONFIG.precision,
    message:
        "encode the words of {wildcards.lang}"
    script:
        "../workflow/scripts/encode_words.py"
