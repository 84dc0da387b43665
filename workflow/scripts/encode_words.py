"""The multilingual encoder's view of every word of a vocabulary."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.embeddings.fasttext import Embeddings, save_embeddings
from lingualift.lexicon.words import embed_words
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, dtype
from lingualift.provenance import provenance

with job.frame(snakemake.log[0], snakemake.threads):
    vocabulary = read_parquet(snakemake.input.vocabulary)
    words = vocabulary["word"].to_pylist()
    layers = snakemake.params.layers
    encoder = Encoder(prepared(snakemake.input.encoder), max(layers), dtype(snakemake.params.precision), device())
    vectors = embed_words(words, lambda texts: encoder.states(texts, layers), progress="words")
    stamp = provenance(snakemake.rule, {"layers": layers}, snakemake.input)
    save_embeddings(snakemake.output[0], Embeddings(words, vocabulary["frequency"].to_numpy(), vectors), stamp)
