# Raw text -> corpora -> vocabularies and vectors: fastText (trained here, or published) and the encoder's view of single words.


rule corpus:
    input:
        lambda wildcards: [
            manifest(source, wildcards.lang) for source in PLAN.corpora(wildcards.lang)
        ],
    output:
        text="results/corpora/{lang}.txt",
        counts="results/corpora/{lang}.json",
    log:
        "results/logs/corpora/{lang}.log",
    benchmark:
        "results/benchmarks/corpora/{lang}.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(corpus_request),
    params:
        sources=lambda wildcards: PLAN.corpora(wildcards.lang),
        max_sentences=CONFIG.corpus.max_sentences,
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
    message:
        "clean and tokenise the {wildcards.lang} text"
    script:
        "../workflow/scripts/corpus.py"


rule source_vocabulary:
    input:
        unpack(lambda wildcards: words_of("en")),
        tagger=manifest(CONFIG.tagger),
        questions=f"results/tasks/{CONFIG.codeswitch.task}/tagged.parquet",
    output:
        "results/vocabulary/en.parquet",
    log:
        "results/logs/vocabulary/en.log",
    benchmark:
        "results/benchmarks/vocabulary/en.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(sizes.tagging(questions(CONFIG.codeswitch.task), CONFIG.vocabulary.source_size)),
    params:
        vocabulary=CONFIG.vocabulary.model_dump(mode="json"),
    message:
        "English source vocabulary (Appendix A.1)"
    script:
        "../workflow/scripts/source_vocabulary.py"


rule target_vocabulary:
    input:
        unpack(lambda wildcards: words_of(wildcards.lang)),
        cldr=lambda wildcards: (
            [manifest("cldr-annotations-full", wildcards.lang)]
            if "cldr" in PLAN.wordlists(wildcards.lang)
            else []
        ),
    output:
        "results/vocabulary/{lang}.parquet",
    log:
        "results/logs/vocabulary/{lang}.log",
    benchmark:
        "results/benchmarks/vocabulary/{lang}.tsv"
    wildcard_constraints:
        lang="(?!en)[a-z]{2,3}",
    priority: 1
    conda:
        "../envs/cpu.yaml"
    threads: 1
    resources:
        **growing(sizes.vocabulary(CONFIG.vocabulary.size)),
    params:
        vocabulary=CONFIG.vocabulary.model_dump(mode="json"),
        wordlists=lambda wildcards: PLAN.wordlists(wildcards.lang),
        language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
    message:
        "{wildcards.lang} vocabulary"
    script:
        "../workflow/scripts/target_vocabulary.py"


if CONFIG.fasttext.pretrained:

    rule pretrained_vectors:
        input:
            lambda wildcards: manifest(CONFIG.fasttext.pretrained, wildcards.lang),
        output:
            directory("results/embeddings/fasttext/{lang}"),
        log:
            "results/logs/fasttext/{lang}.log",
        benchmark:
            "results/benchmarks/fasttext/{lang}.tsv"
        priority: 1
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            **growing(
                sizes.vectors_reading(
                    CONFIG.fasttext.max_words, CONFIG.fasttext.dimension, binary_vectors()
                )
            ),
        params:
            max_words=CONFIG.fasttext.max_words,
            dimension=CONFIG.fasttext.dimension,
            malformed=CONFIG.fasttext.malformed,
            language=lambda wildcards: asdict(LANGUAGES[wildcards.lang]),
        message:
            "read the published vectors of {wildcards.lang}"
        script:
            "../workflow/scripts/pretrained_vectors.py"

else:

    rule fasttext:
        input:
            "results/corpora/{lang}.txt",
        output:
            directory("results/embeddings/fasttext/{lang}"),
        log:
            "results/logs/fasttext/{lang}.log",
        benchmark:
            "results/benchmarks/fasttext/{lang}.tsv"
        priority: 1
        conda:
            "../envs/cpu.yaml"
        threads: 1
        resources:
            **growing(sizes.vectors_training(CONFIG.fasttext.dimension)),
        params:
            fasttext=CONFIG.fasttext.model_dump(
                mode="json", exclude={"pretrained", "max_words", "malformed"}
            ),
            language=lambda wildcards: LANGUAGES[wildcards.lang].code,
        message:
            "train fastText vectors for {wildcards.lang}"
        script:
            "../workflow/scripts/fasttext.py"


# A rule for any language alone and, where compute.languages_per_job is above 1, one for each share of the aligned languages.
for SHARE in PLAN.alignment_shares:

    rule:
        name:
            SHARE.rule("encode_words")
        input:
            vocabulary=shared("results/vocabulary/{lang}.parquet", SHARE),
            encoder=model_files(CONFIG.encoder.source),
        output:
            [directory(path) for path in shared("results/embeddings/{encoder}/{lang}", SHARE)],
        log:
            f"results/logs/encode-words/{{encoder}}/{SHARE.name}.log",
        benchmark:
            f"results/benchmarks/encode-words/{{encoder}}/{SHARE.name}.tsv"
        wildcard_constraints:
            encoder=PLAN.encoder,
            lang=PLAN.alone(CONFIG.languages.alignment),
        priority: 1
        conda:
            GPU_ENVIRONMENT
        threads: 1
        resources:
            **growing(words_request(SHARE)),
            **ONE_GPU,
        params:
            layers=CONFIG.lexicon.encoder_layers,
            precision=CONFIG.precision,
        message:
            f"encode the words of {', '.join(SHARE.languages)}".replace("{", "{wildcards.")
        script:
            "../workflow/scripts/encode_words.py"
