"""English source vocabulary: the most frequent words of corpus (or published vectors) and word
lists, and every word of the questions.
"""

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import read_parquet, write_parquet
from lingualift.codeswitch.tag import load_pipeline, word_counts
from lingualift.config import Vocabulary
from lingualift.embeddings.pretrained import stored_words
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified
from lingualift.text.corpora import read_corpus
from lingualift.text.vocabulary import SOURCE_SCHEMA, build_source_vocabulary, wordfreq_list

with job.frame(snakemake.log[0]) as logger:
    values = Vocabulary.model_validate(snakemake.params.vocabulary)
    tagged = read_parquet(snakemake.input.questions)
    if "vectors" in snakemake.input.keys():
        texts, listed = tagged["text"].to_pylist(), stored_words(snakemake.input.vectors)
    else:
        texts = [" ".join(sentence) for sentence in read_corpus(snakemake.input.corpus)] + tagged[
            "text"
        ].to_pylist()
        listed = wordfreq_list("en", values.source_size) if "wordfreq" in values.wordlists else {}
    pipeline = load_pipeline(verified(snakemake.input.tagger))
    everything = build_source_vocabulary(
        texts, pipeline, listed, size=len(texts) * 50, keep_stop_words=values.stop_words
    )
    asked = set(word_counts(tagged)["word"].to_pylist())
    keep = [
        row < values.source_size or word in asked
        for row, word in enumerate(everything["word"].to_pylist())
    ]
    table = everything.filter(pa.array(keep))
    logger.info(
        "%d English words, %d of them for the questions alone",
        len(table),
        len(table) - min(values.source_size, len(everything)),
    )
    write_parquet(
        snakemake.output[0],
        table,
        SOURCE_SCHEMA,
        provenance(snakemake.rule, values.model_dump(), snakemake.input),
    )
