"""Induce the lexicon of one language and judge it."""

from pathlib import Path

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import read_parquet, write_json, write_parquet
from lingualift.config import LexiconSettings
from lingualift.embeddings.fasttext import load_embeddings
from lingualift.languages import Language
from lingualift.lexicon.build import build_lexicon, supervised_lexicon
from lingualift.lexicon.gold import read_dictionary, read_gold
from lingualift.lexicon.table import LEXICON_SCHEMA
from lingualift.lexicon.views import WordSpace
from lingualift.messages import LinguaLiftError
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified


def word_space(vocabulary: pa.Table, folders: list[str]) -> WordSpace:
    """The words of a vocabulary with their fastText and, where there is one, encoder vectors."""
    words = vocabulary["word"].to_pylist()
    vectors = [load_embeddings(folder).of(words) for folder in folders]
    pos = vocabulary["pos"].to_pylist() if "pos" in vocabulary.column_names else None
    return WordSpace(
        words,
        vocabulary["frequency"].to_numpy(),
        vectors[0],
        vectors[1] if len(vectors) > 1 else None,
        pos,
    )


with job.frame(snakemake.log[0], snakemake.threads, snakemake.resources.get("gpu", 0)) as logger:
    inputs, params = snakemake.input, snakemake.params
    settings = LexiconSettings.model_validate(params.lexicon)
    language = Language(**params.language)
    gold = {
        name: read_gold(name, verified(path), language)
        for name, path in zip(params.gold, inputs.get("gold", []), strict=True)
    }
    seed_dictionary = None
    if "seed_dictionary" in inputs.keys():
        seed_dictionary = [
            (word, answer)
            for word, answers in sorted(read_dictionary(inputs.seed_dictionary, language).items())
            for answer in sorted(answers)
        ]
    source = word_space(read_parquet(inputs.source_vocabulary), params.source_vectors)
    target = word_space(read_parquet(inputs.target_vocabulary), params.target_vectors)
    work = Path(inputs.adversaries) if "adversaries" in inputs.keys() else None
    material = {"seed": params.seed, "seed_dictionary": seed_dictionary, "gold": gold}
    try:
        lexicon = build_lexicon(source, target, settings, **material, work=work)
        collapsed = lexicon.evidence["verdict"] == "collapsed"
        if collapsed and params.collapsed == "supervised" and seed_dictionary:
            logger.warning(
                "%s: the unsupervised lexicon collapsed (%s); aligning from the seed dictionary",
                language.code,
                lexicon.evidence["reason"],
            )
            lexicon = supervised_lexicon(source, target, settings, lexicon, **material)
    except LinguaLiftError as error:
        raise LinguaLiftError(f"lexicon of {language.code}: {error}") from error
    verdict, reason = lexicon.evidence["verdict"], lexicon.evidence["reason"]
    logger.info("%s: %s, %s", language.code, verdict, reason)
    if verdict == "collapsed" and params.collapsed == "fail":
        raise LinguaLiftError(
            f"lexicon of {language.code} collapsed ({reason}); leave the language out of"
            " languages.alignment, give it more text, or set languages.collapsed: leave-out"
        )
    read = [inputs.source_vocabulary, inputs.target_vocabulary]
    read += [*params.source_vectors, *params.target_vectors]
    named = ("seed_dictionary", "adversaries")
    read += [inputs[name] for name in named if name in inputs.keys()]
    read += inputs.get("gold", [])
    stamp = provenance(snakemake.rule, settings.model_dump(), read)
    write_parquet(snakemake.output.lexicon, lexicon.table, LEXICON_SCHEMA, stamp)
    write_json(snakemake.output.evidence, {"language": language.code, **lexicon.evidence})
