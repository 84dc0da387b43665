"""Train the adversaries of one language's lexicon."""

from lingualift import job
from lingualift.artifacts import read_parquet
from lingualift.config import LexiconSettings
from lingualift.embeddings.fasttext import load_embeddings
from lingualift.lexicon.tries import train_adversaries
from lingualift.lexicon.views import WordSpace


def word_space(vocabulary: str, vectors: str) -> WordSpace:
    """The words of a vocabulary with their fastText vectors."""
    table = read_parquet(vocabulary)
    words = table["word"].to_pylist()
    return WordSpace(words, table["frequency"].to_numpy(), load_embeddings(vectors).of(words))


with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)):
    inputs, params = snakemake.input, snakemake.params
    # Folders of runs that have ended stay there for an interrupted job's successor.
    with job.resumed_folder(snakemake.output[0]) as work:
        train_adversaries(
            word_space(inputs.source_vocabulary, inputs.source_vectors),
            word_space(inputs.target_vocabulary, inputs.target_vectors),
            LexiconSettings.model_validate(params.lexicon),
            seed=params.seed,
            work=work,
            precision=params.precision,
        )
