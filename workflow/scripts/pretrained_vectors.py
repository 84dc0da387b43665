"""Published word vectors of one language, cut to the most frequent words."""

from lingualift import job
from lingualift.embeddings.pretrained import store_pretrained
from lingualift.languages import Language
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified

with job.frame(snakemake.log[0]) as logger:
    folder, params = verified(snakemake.input[0]), snakemake.params
    language = Language(**params.language)
    settings = {
        "max_words": params.max_words,
        "dimension": params.dimension,
        "malformed": params.malformed,
    }
    words, dimension = store_pretrained(
        folder,
        snakemake.output[0],
        params.max_words,
        script=language.script,
        language=language.code,
        dimension=params.dimension,
        strict=params.malformed == "refuse",
        provenance=provenance(snakemake.rule, settings, snakemake.input),
    )
    logger.info("%s: %d words, %d dimensions", folder.name, words, dimension)
