# fastText vectors of words, trained here or published. The encoder's view of words: encode.smk.


if CONFIG.fasttext.pretrained:

    rule pretrained_vectors:
        input:
            lambda wildcards: PLAN.manifest(CONFIG.fasttext.pretrained, wildcards.lang),
        output:
            directory("results/embeddings/fasttext/{lang}"),
        log:
            "results/logs/fasttext/{lang}.log",
        benchmark:
            "results/timings/fasttext/{lang}.tsv"
        priority: 1
        conda:
            "../envs/cpu.yaml"
        resources:
            **growing(requests.published_vectors(PLAN)),
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
            "results/timings/fasttext/{lang}.tsv"
        priority: 1
        conda:
            "../envs/cpu.yaml"
        resources:
            **growing(requests.trained_vectors(PLAN)),
        params:
            fasttext=CONFIG.fasttext.model_dump(
                mode="json", exclude={"pretrained", "max_words", "malformed"}
            ),
            language=lambda wildcards: PLAN.language(wildcards.lang).code,
        message:
            "train fastText vectors for {wildcards.lang}"
        script:
            "../workflow/scripts/fasttext.py"
