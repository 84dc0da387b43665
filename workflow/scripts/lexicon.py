"""Induce the lexicon of one language and judge it."""

import shutil
from pathlib import Path

import pyarrow as pa

from lingualift import job
from lingualift.artifacts import read_parquet, write_json, write_parquet
from lingualift.config import Lexicon
from lingualift.embeddings.fasttext import load_embeddings
from lingualift.errors import LinguaLiftError
from lingualift.languages import Language
from lingualift.lexicon.adversarial import Adversary
from lingualift.lexicon.build import (
    LEXICON_SCHEMA,
    Settings,
    WordSpace,
    build_lexicon,
    supervised_lexicon,
)
from lingualift.lexicon.gold import cleaned, read_gold, read_muse
from lingualift.provenance import provenance
from lingualift.retrieve.fetch import verified


def space(vocabulary: pa.Table, folders: list[str]) -> WordSpace:
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


with job.frame(snakemake.log[0], snakemake.threads) as logger:
    given = snakemake.input
    values = Lexicon.model_validate(snakemake.params.lexicon)
    language = Language(**snakemake.params.language)
    gold = None
    if "gold" in given.keys():
        gold = read_gold(values.gold, verified(given.gold), language)
    pairs = None
    if "seed_dictionary" in given.keys():
        seeds = cleaned(read_muse(given.seed_dictionary), language)
        pairs = [
            (word, answer)
            for word, answers in sorted(seeds.items())
            for answer in sorted(answers)
        ]
    settings = Settings(
        starts=tuple(values.starts),
        restarts=values.restarts,
        use_frequencies=values.use_frequencies,
        score="combined" if "encoder" in values.starts else "fasttext",
        top_k=values.top_k,
        k=values.neighbourhood,
        adversary=Adversary(
            **values.adversarial.model_dump(), precision=snakemake.params.precision
        ),
        reweight=values.reweight,
        mutual_only=values.mutual_only,
        minimum_score=values.minimum_score,
    )
    spaces = [
        space(read_parquet(vocabulary), list(vectors))
        for vocabulary, vectors in (
            (given.source_vocabulary, given.source_vectors),
            (given.target_vocabulary, given.target_vectors),
        )
    ]
    how = {
        "seed": snakemake.params.seed,
        "seed_dictionary": pairs,
        "gold": gold,
        "name": f"lexicon of {language.code}",
    }
    work = Path(snakemake.output.lexicon + ".partial")
    result = build_lexicon(*spaces, settings, **how, work=work)
    if (
        result.evidence["verdict"] == "collapsed"
        and snakemake.params.collapsed == "supervised"
        and pairs
    ):
        logger.warning(
            "%s: the unsupervised lexicon collapsed (%s); aligning from the seed dictionary",
            language.code,
            result.evidence["reason"],
        )
        result = supervised_lexicon(*spaces, settings, result, **how)
    logger.info("%s: %s, %s", language.code, result.evidence["verdict"], result.evidence["reason"])
    if result.evidence["verdict"] == "collapsed" and snakemake.params.collapsed == "fail":
        raise LinguaLiftError(
            f"lexicon of {language.code} collapsed ({result.evidence['reason']}); leave the"
            " language out of languages.alignment, give it more text, or set languages.collapsed:"
            " leave-out"
        )
    stamp = provenance(snakemake.rule, values.model_dump(), given)
    write_parquet(snakemake.output.lexicon, result.table, LEXICON_SCHEMA, stamp)
    write_json(snakemake.output.evidence, {"language": language.code, **result.evidence})
    shutil.rmtree(work, ignore_errors=True)
