# Raw text -> corpora -> vocabularies.


rule corpus:
    input:
        lambda wildcards: [
            PLAN.manifest(key, wildcards.lang) for key in PLAN.corpora(wildcards.lang)
        ],
    output:
        text="results/corpora/{lang}.txt",
        counts="results/corpora/{lang}.json",
    log:
        "results/logs/corpora/{lang}.log",
    benchmark:
        "results/timings/corpora/{lang}.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(lambda wildcards: requests.corpus(PLAN, wildcards.lang)),
    params:
        sources=lambda wildcards: PLAN.corpora(wildcards.lang),
        max_sentences=CONFIG.corpus.max_sentences,
        language=lambda wildcards: asdict(PLAN.language(wildcards.lang)),
    message:
        "clean and tokenise the {wildcards.lang} text"
    script:
        "../workflow/scripts/corpus.py"


rule source_vocabulary:
    input:
        unpack(lambda wildcards: inputs.words(PLAN, "en")),
        tagger=PLAN.manifest(CONFIG.tagger),
        questions=files.tagged(CONFIG.codeswitch.task),
    output:
        "results/vocabulary/en.parquet",
    log:
        "results/logs/vocabulary/en.log",
    benchmark:
        "results/timings/vocabulary/en.tsv"
    priority: 1
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(requests.source_vocabulary(PLAN)),
    params:
        vocabulary=CONFIG.vocabulary.model_dump(mode="json"),
    message:
        "English source vocabulary (Appendix A.1)"
    script:
        "../workflow/scripts/source_vocabulary.py"


rule target_vocabulary:
    input:
        unpack(lambda wildcards: inputs.words(PLAN, wildcards.lang)),
        cldr=lambda wildcards: (
            [PLAN.manifest("cldr-annotations-full", wildcards.lang)]
            if "cldr" in PLAN.wordlists(wildcards.lang)
            else []
        ),
    output:
        "results/vocabulary/{lang}.parquet",
    log:
        "results/logs/vocabulary/{lang}.log",
    benchmark:
        "results/timings/vocabulary/{lang}.tsv"
    wildcard_constraints:
        lang=r"(?!en\b)[a-z]{2,3}",
    priority: 1
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(requests.vocabulary(PLAN)),
    params:
        vocabulary=CONFIG.vocabulary.model_dump(mode="json"),
        wordlists=lambda wildcards: PLAN.wordlists(wildcards.lang),
        language=lambda wildcards: asdict(PLAN.language(wildcards.lang)),
    message:
        "{wildcards.lang} vocabulary"
    script:
        "../workflow/scripts/target_vocabulary.py"
