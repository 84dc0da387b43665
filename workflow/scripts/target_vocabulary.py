"""Target vocabulary of one language: corpus (or published vectors) and word lists, most frequent
first.
"""

from lingualift import job
from lingualift.artifacts import write_parquet
from lingualift.config import Vocabulary
from lingualift.data.folders import named_file
from lingualift.embeddings.pretrained import stored_words
from lingualift.languages import Language
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified
from lingualift.text.corpora import read_corpus
from lingualift.text.vocabulary import (
    TARGET_SCHEMA,
    build_target_vocabulary,
    cldr_list,
    count_words,
    wordfreq_list,
    wordfreq_of,
)

with job.frame(snakemake.log[0]) as logger:
    values = Vocabulary.model_validate(snakemake.params.vocabulary)
    language = Language(**snakemake.params.language)
    # One list a language: the first configured one that knows it; the lists' frequencies are not
    # comparable.
    name = next(iter(snakemake.params.wordlists), None)
    if name == "wordfreq":
        listed = wordfreq_of(language, 2 * values.size)
    elif name == "cldr":
        listed = cldr_list(
            named_file(
                verified(snakemake.input.cldr[0]),
                "package/annotations/{code}/annotations.json",
                language,
                "cldr",
            ),
            language.script,
            language.spacy or "xx",
            language.code,
        )
    else:
        listed = {}
    published = "vectors" in snakemake.input.keys()
    corpus = (
        stored_words(snakemake.input.vectors)
        if published
        else count_words(read_corpus(snakemake.input.corpus), language.script, language.code)
    )
    english = wordfreq_list("en", 20_000) if "wordfreq" in values.wordlists else None
    table = build_target_vocabulary(
        corpus,
        listed,
        language.script,
        language=language.code,
        size=values.size,
        english=english,
        name=f"vocabulary of {language.code}",
    )
    logger.info("%s: %d words, word list %s", language.code, len(table), name)
    write_parquet(
        snakemake.output[0],
        table,
        TARGET_SCHEMA,
        provenance(snakemake.rule, values.model_dump(), snakemake.input),
    )
