"""The multilingual encoder's view of every word of the vocabularies of one or more languages."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.embeddings.fasttext import Embeddings, save_embeddings
from lingualift.lexicon.words import embed_words
from lingualift.machine import device, dtype
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.provenance import provenance

with job.frame(snakemake.log[0], snakemake.threads):
    vocabularies = [read_parquet(path) for path in snakemake.input.vocabulary]
    layers = snakemake.params.layers
    encoder = Encoder(
        prepared(snakemake.input.encoder), max(layers), dtype(snakemake.params.precision), device()
    )
    for out, path, vocabulary in zip(
        snakemake.output, snakemake.input.vocabulary, vocabularies, strict=True
    ):
        words = vocabulary["word"].to_pylist()
        vectors = embed_words(words, lambda texts: encoder.states(texts, layers), progress="words")
        stamp = provenance("encode_words", {"layers": layers}, [path, snakemake.input.encoder])
        save_embeddings(out, Embeddings(words, vocabulary["frequency"].to_numpy(), vectors), stamp)
