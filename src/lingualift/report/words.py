"""A configuration in words."""

from collections.abc import Mapping

from lingualift.config import Config
from lingualift.figures.style import counted, listed


def in_words(
    config: Config, sources: Mapping[str, str], systems: Mapping[str, tuple[str, str]]
) -> list[str]:
    """The choices that a reader of the results must know, a sentence each.

    `sources` maps a source to its title, `systems` a system to its title and its chain of stages.
    """

    def source(key: str) -> str:
        return sources.get(key, key)

    encoder = config.encoder
    layer = "" if encoder.layer is None else f", hidden layer {encoder.layer}"
    sentences = [
        f"LLM: {source(config.llm.source)}.",
        f"Encoder, frozen: {source(encoder.source)}{layer}.",
        f"Alignment: {counted(config.alignment.layers, 'layer')} with"
        f" {config.alignment.activation} from encoder states to the LLM's input.",
    ]
    if config.corpus.sources:
        texts = listed([source(key) for key in config.corpus.sources])
        sentences.append(f"Raw text: {texts}.")
    if config.fasttext.pretrained:
        sentences.append(f"Word vectors, published: {source(config.fasttext.pretrained)}.")
    sentences.append(
        f"Lexicons: {config.vocabulary.source_size:,} English and {config.vocabulary.size:,} target"
        f" words a language, starts tried: {listed(list(config.lexicon.starts))}."
    )
    sentences.append(
        f"Code-switching: {100 * config.codeswitch.ratio:.0f} % of the words of"
        f" {config.codeswitch.queries or 'all'} questions that a lexicon holds (parts of speech:"
        f" {config.codeswitch.pos})."
    )
    for title, stages in systems.values():
        sentences.append(f"{title}: {stages.replace(' > ', ', then ') or 'as published'}.")
    sentences.append(
        f"Evaluation: the {config.evaluation.split} split, up to"
        f" {config.evaluation.max_new_tokens} new tokens an answer,"
        f" {counted(len(config.seeds), 'seed')} ({', '.join(map(str, config.seeds))})."
    )
    sentences.append(f"Intervals: 95 %, from {config.tables.bootstrap:,} bootstrap resamples.")
    return sentences
