"""Clean and tokenise the raw text of one language."""

from dataclasses import asdict
from itertools import chain

from lingualift import job
from lingualift.artifacts import write_json
from lingualift.languages import Language
from lingualift.retrieve.fetch import verified
from lingualift.text.corpora import Counts, clean_lines, write_corpus
from lingualift.text.readers import raw_lines
from lingualift.text.segmenters import tokenize
from lingualift.text.vocabulary import wordfreq_list

with job.frame(snakemake.log[0]) as logger:
    language, counts = Language(**snakemake.params.language), Counts()
    folders = [verified(manifest) for manifest in snakemake.input]
    lines = clean_lines(
        chain.from_iterable(
            raw_lines(source, folder, language)
            for source, folder in zip(snakemake.params.sources, folders, strict=True)
        ),
        language=language.code,
        script=language.script,
        source=", ".join(map(str, folders)),
        english=wordfreq_list("en", 100_000),
        limit=snakemake.params.max_sentences,
        counts=counts,
    )
    sentences, tokens = write_corpus(snakemake.output.text, tokenize(lines, language.spacy or "xx"))
    logger.info(
        "%s: %d sentences, %d tokens; of %d lines %d were of another script and %d English",
        *(language.code, sentences, tokens, counts.lines, counts.other_script, counts.english),
    )
    write_json(
        snakemake.output.counts,
        {"language": language.code, "sentences": sentences, "tokens": tokens, **asdict(counts)},
    )
