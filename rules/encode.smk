# States of the frozen encoder, made once for all systems and seeds: of single words, and of any
# table of texts. The batch of languages that a job encodes is a wildcard (`plan/files.py`).


rule encode_words:
    input:
        vocabulary=lambda wildcards: [
            files.vocabulary(lang) for lang in files.batch_languages(wildcards.batch)
        ],
        encoder=PLAN.model(CONFIG.encoder.source),
    output:
        directory(f"results/embeddings/{PLAN.encoder}/{{batch}}"),
    log:
        f"results/logs/encode-words/{PLAN.encoder}/{{batch}}.log",
    benchmark:
        f"results/timings/encode-words/{PLAN.encoder}/{{batch}}.tsv"
    priority: 1
    conda:
        GPU_ENVIRONMENT
    resources:
        **growing(lambda wildcards: requests.word_encoding(PLAN, wildcards.batch)),
        **ONE_GPU,
    params:
        layers=CONFIG.lexicon.encoder_layers,
        precision=CONFIG.precision,
    message:
        "encode the words of {wildcards.batch}"
    script:
        "../workflow/scripts/encode_words.py"


rule encode:
    input:
        texts=lambda wildcards: files.TextFolder.read(wildcards.folder).tables(wildcards.tables),
        encoder=lambda wildcards: PLAN.model(PLAN.encoder_settings(wildcards.encoder).source),
    output:
        directory("results/encoded/{encoder}/{folder}/{tables}"),
    log:
        "results/logs/encode/{encoder}/{folder}/{tables}.log",
    benchmark:
        "results/timings/encode/{encoder}/{folder}/{tables}.tsv"
    priority: lambda wildcards: requests.encoding_priority(wildcards.folder)
    conda:
        GPU_ENVIRONMENT
    resources:
        **growing(
            lambda wildcards: requests.encoding(
                PLAN, wildcards.encoder, wildcards.folder, wildcards.tables
            )
        ),
        **ONE_GPU,
    params:
        layer=lambda wildcards: PLAN.encoder_settings(wildcards.encoder).read,
        split_digits=lambda wildcards: PLAN.encoder_settings(wildcards.encoder).split_digits,
        precision=CONFIG.precision,
    message:
        "encode {wildcards.folder}/{wildcards.tables}"
    script:
        "../workflow/scripts/encode.py"
