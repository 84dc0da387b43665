"""Clean and tokenise the raw text of one language."""

from itertools import islice

from lingualift.config import Corpus
from lingualift.job import job
from lingualift.languages import Language
from lingualift.retrieve.fetch import verified
from lingualift.text.corpora import clean_lines, raw_lines, tokenize, write_corpus

with job(snakemake.log[0]) as logger:
    values = Corpus.model_validate(snakemake.params.corpus)
    language = Language(**snakemake.params.language)
    folder = verified(snakemake.input[0])
    lines = clean_lines(raw_lines(values.source, folder, language), language=language.code, script=language.script, source=str(folder))
    sentences, tokens = write_corpus(snakemake.output[0], islice(tokenize(lines, language.spacy or "xx"), values.max_sentences))
    logger.info("%s: %d sentences, %d tokens", language.code, sentences, tokens)
