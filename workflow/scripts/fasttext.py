"""Train fastText skipgram vectors on one corpus."""

from lingualift import job
from lingualift.config import FastText
from lingualift.embeddings.fasttext import save_embeddings, train_skipgram
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    values = FastText.model_validate(snakemake.params.fasttext)
    vectors = train_skipgram(
        snakemake.input[0],
        dim=values.dimension,
        epochs=values.epochs,
        minimum_count=values.min_count,
        language=snakemake.params.language,
    )
    save_embeddings(
        snakemake.output[0],
        vectors,
        provenance(snakemake.rule, snakemake.params.fasttext, snakemake.input),
    )
