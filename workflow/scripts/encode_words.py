"""The multilingual encoder's view of every word of a vocabulary."""

import torch

from lingualift.artifacts import read_parquet
from lingualift.embeddings.fasttext import Embeddings, save_embeddings
from lingualift.job import job
from lingualift.lexicon.words import embed_words
from lingualift.model.encoder import Encoder
from lingualift.model.prepare import prepared
from lingualift.precision import device, use_bf16
from lingualift.provenance import provenance

with job(snakemake.log[0], snakemake.threads):
    vocabulary = read_parquet(snakemake.input.vocabulary)
    words = vocabulary["word"].to_pylist()
    layers = snakemake.params.layers
    dtype = torch.bfloat16 if use_bf16(snakemake.params.precision) else torch.float32
    encoder = Encoder(prepared(snakemake.input.encoder), max(layers), dtype, device())
    vectors = embed_words(words, lambda texts: encoder.states(texts, layers), progress="words")
    stamp = provenance(snakemake.rule, {"layers": layers}, snakemake.input)
    save_embeddings(snakemake.output[0], Embeddings(words, vocabulary["frequency"].to_numpy(), vectors), stamp)
