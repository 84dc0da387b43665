"""The multilingual encoder's view of every word of the vocabularies of one or more languages."""

from pathlib import Path

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.embeddings.fasttext import Embeddings, save_embeddings
from lingualift.lexicon.words import embed_words
from lingualift.machine import device, dtype
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.provenance import provenance

with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    paths = {Path(path).stem: path for path in snakemake.input.vocabulary}
    vocabularies = {language: read_parquet(path) for language, path in paths.items()}
    layers, record = snakemake.params.layers, snakemake.input.encoder
    encoder = Encoder(prepared(record), max(layers), dtype(snakemake.params.precision), device())
    with job.batch_entries(snakemake.output[0], list(paths)) as stores:
        for language, store in stores.items():
            vocabulary = vocabularies[language]
            words = vocabulary["word"].to_pylist()
            vectors = embed_words(
                words,
                lambda texts, language=language: encoder.word_states(texts, layers, language),
                progress="words",
            )
            stamp = provenance(snakemake.rule, {"layers": layers}, [paths[language], record])
            frequencies = vocabulary["frequency"].to_numpy()
            save_embeddings(store, Embeddings(words, frequencies, vectors), stamp)
