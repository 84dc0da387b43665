"""Published word vectors of one language, cut to the most frequent words."""

from lingualift.embeddings.fasttext import save_embeddings
from lingualift.embeddings.pretrained import read_pretrained
from lingualift.job import job
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified

with job(snakemake.log[0]) as logger:
    folder, limit = verified(snakemake.input[0]), snakemake.params.max_words
    vectors = read_pretrained(folder, limit)
    logger.info("%s: %d words, %d dimensions", folder.name, *vectors.vectors.shape)
    save_embeddings(snakemake.output[0], vectors, provenance(snakemake.rule, {"max_words": limit}, snakemake.input))
