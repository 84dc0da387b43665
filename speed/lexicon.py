"""Lexicons: precision and processor time of alignment, and how well the verdict predicts precision.

    planted                          every start on a planted rotation with noise
    alignment PACKAGES --gold GOLD   fastText alignment on LibreOffice's help texts
    verdict results/lexicons         verdicts of finished lexicons beside their precision

PACKAGES is a folder with Debian's `libreoffice-help-en-us` and `libreoffice-help-XX` (apt-get
download). GOLD folders hold `words/XX.json` (npm thousand-most-common-words) or `en-XX.txt`,
`en-XX.test.tsv` (a pair a line); "pages" are word pairs from the parallel pages themselves. Vectors
are skipgrams of whole words: on half a million tokens, subwords crowd out what a word means.
`--vecmap` names a folder with VecMap's own `map_embeddings.py`, which is then run on the same
vectors. Times are processor seconds of one thread; a lexicon's hold everything from normalisation
to verdict and table, VecMap's its reading, mapping and writing of files. The adversary, which takes
hours, keeps its state beside the cached vectors: a run that was stopped goes on, and its time
counts from there.
"""

import argparse
import json
import logging
import os
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from help_texts import ENGLISH, KINDS, gold_dictionaries, precisions, trained, vecmap

from lingualift.artifacts import write_json
from lingualift.config import AdversarySettings, LexiconSettings
from lingualift.embeddings.fasttext import load_embeddings
from lingualift.lexicon.build import build_lexicon
from lingualift.lexicon.gold import Dictionary
from lingualift.lexicon.views import WordSpace

MEASURED = (
    "held_out",
    "start_agreement",
    "above_null",
    "mutual_rate",
    "direction_agreement",
    "isometry",
)
LENGTH = ("epochs", "steps", "batch", "hidden")  # of the adversarial start


def show(rows: list[list[Any]]) -> None:
    """Print rows (the first names the columns) as a table."""
    cells = [
        [
            f"{cell:.3f}" if isinstance(cell, float) else "-" if cell is None else str(cell)
            for cell in row
        ]
        for row in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(),
            flush=True,
        )


# Planted answers


def planted(options: argparse.Namespace) -> None:
    """Each start alone on vectors, invented or real, turned by a random rotation, with noise; a
    fifth of each vocabulary has no partner.
    """
    rows: list[list[Any]] = [
        ["start", "seed", "verdict", "criterion", "null", "agreement", "P@1", "CPU s"]
    ]
    for start in options.starts:
        for seed in options.seeds:
            vectors = (
                load_embeddings(options.vectors).vectors
                if options.vectors
                else clustered(options.words, options.dim, seed)
            )
            source, target, gold = planted_spaces(vectors, seed)
            rows.append([start, seed, *aligned(source, target, start, seed, gold, options)])
    show(rows)


def clustered(words: int, dim: int, seed: int) -> np.ndarray:
    """Vectors [6/5 words, dim] in clusters of uneven density, as words have (isotropic noise has no
    shape to align by).
    """
    generator = np.random.default_rng(seed)
    centers = generator.standard_normal((words // 10, dim)) * generator.uniform(
        0.3, 3, (words // 10, 1)
    )
    vectors = centers[
        generator.integers(0, len(centers), words + words // 5)
    ] + generator.standard_normal((words + words // 5, dim))
    return vectors * np.linspace(1.5, 0.3, dim)


def planted_spaces(
    vectors: np.ndarray, seed: int, noise: float = 0.05
) -> tuple[WordSpace, WordSpace, Dictionary]:
    """Source and target of five sixths of the vectors each, the target's turned at random, with
    noise in units of their deviation.

    Words that translate each other are about as frequent: the logarithms of their ranks differ by
    0.65, as measured on help texts.
    """
    generator = np.random.default_rng(seed)
    words = 5 * len(vectors) // 6
    spare = len(vectors) - words
    shared, dim = words - spare, vectors.shape[1]
    rotation, _ = np.linalg.qr(generator.standard_normal((dim, dim)))
    turned = vectors @ rotation + noise * vectors.std() * generator.standard_normal(vectors.shape)
    kept = np.r_[np.arange(shared), words + np.arange(spare)]
    rank = np.r_[
        np.arange(shared), generator.integers(0, words, spare)
    ]  # words without a partner are of any frequency
    order = kept[
        np.argsort(np.log(rank + 1.0) + 0.65 * generator.standard_normal(words), kind="stable")
    ]
    names = [
        f"w{row}" if row < 20 or row % 50 == 0 else f"t{row}" for row in range(words + spare)
    ]  # some are spelled alike
    frequencies = 1_000_000 // np.arange(1, words + 1)  # Zipf's law
    source = WordSpace(
        [f"w{row}" for row in range(words)], frequencies, vectors[:words].astype(np.float32)
    )
    target = WordSpace([names[row] for row in order], frequencies, turned[order].astype(np.float32))
    return source, target, {f"w{row}": {names[row]} for row in range(shared)}


def aligned(
    source: WordSpace,
    target: WordSpace,
    start: str,
    seed: int,
    gold: Dictionary,
    options: argparse.Namespace,
) -> list[Any]:
    """Verdict, criterion, its null, agreement, P@1 and processor seconds of a lexicon; 200 gold
    words are the seed dictionary.
    """
    words = [(word, answer) for word, answers in list(gold.items())[:200] for answer in answers]
    before = time.process_time()
    evidence = build_lexicon(
        source,
        target,
        settings([start], options),
        seed=seed,
        seed_dictionary=words,
        gold={"planted": gold},
        precision=options.precision,
    ).evidence
    seconds = time.process_time() - before
    best = evidence["starts"][evidence["best_fasttext_only_start"]]["criterion"]
    return [
        evidence["verdict"],
        best,
        evidence["null_criterion"],
        evidence["start_agreement"],
        evidence["gold"]["planted"]["fasttext"]["precision"]["1"],
        seconds,
    ]


def settings(
    starts: list[str], options: argparse.Namespace, reweight: bool = False
) -> LexiconSettings:
    """A lexicon's settings with the adversarial start's length and size as given."""
    return LexiconSettings(
        starts=starts,
        encoder_layers=[],
        reweight=reweight,
        adversarial=AdversarySettings(**{name: getattr(options, name) for name in LENGTH}),
    )


# Help texts


def alignment(options: argparse.Namespace) -> None:
    """Each configuration of starts on each language and seed; evidence goes to --save for the mode
    `verdict`.

    The column `runs` counts the runs of all starts whose criterion is within 0.02 of the best
    one's.
    """
    english, _ = trained(ENGLISH, options)
    evidence = ["verdict", "runs", "criterion", "null", "agreement"]
    names = ["language", "tokens", "method", "seed", *evidence]
    rows: list[list[Any]] = [[*names, *(f"P@1 {kind}" for kind in KINDS), "CPU s"]]
    for language in options.languages:
        space, size = trained(language, options)
        gold = gold_dictionaries(language, options)
        for starts, seed in product(options.starts, options.seeds):
            row = aligned_texts(english, space, gold, (language, size, starts, seed), options)
            rows.append([language, size, starts, seed, *row])
            print(*rows[-1], file=sys.stderr, flush=True)
        for cutoff, seed in product(options.cutoffs if options.vecmap else (), options.seeds):
            best, seconds = vecmap(options, english, space, seed, cutoff)
            figures = precisions(english, space, best, gold)
            rows.append([language, size, f"VecMap {cutoff}", seed, *[None] * 5, *figures, seconds])
            print(*rows[-1], file=sys.stderr, flush=True)
    show(rows)
    if len(options.seeds) > 1:
        print()
        show(means(rows))


def aligned_texts(
    english: WordSpace,
    space: WordSpace,
    gold: dict[str, Dictionary],
    run: tuple[str, int, str, int],
    options: argparse.Namespace,
) -> list[Any]:
    """Evidence, P@1 by kind of gold dictionary and processor seconds of one `run`: (language,
    tokens, starts, seed).
    """
    language, size, starts, seed = run
    before = time.process_time()
    lexicon = build_lexicon(
        english,
        space,
        settings(starts.split("+"), options, options.reweight),
        seed=seed,
        work=Path(options.cache or options.packages, "adversary", language, str(seed)),
        precision=options.precision,
    )
    seconds, evidence = time.process_time() - before, lexicon.evidence
    first = {row["source"]: row["target"] for row in lexicon.table.to_pylist() if row["rank"] == 1}
    row_of = {word: row for row, word in enumerate(space.words)}
    best = np.array([row_of[first[word]] if word in first else -1 for word in english.words])
    figures = precisions(english, space, best, gold)
    top = evidence["starts"][evidence["best_fasttext_only_start"]]["criterion"]
    near = sum(tried["criterion"] > top - 0.02 for tried in evidence["starts"].values())
    if options.save:
        path = Path(options.save, f"{language}-{size}-{starts}-{seed}.json")
        report = {
            kind: {"precision": {"1": value}}
            for kind, value in zip(KINDS, figures, strict=True)
            if value is not None
        }
        write_json(path, {"language": path.stem, **evidence, "gold": {"kinds": report}})
    return [
        evidence["verdict"],
        f"{near}/{len(evidence['starts'])}",
        top,
        evidence["null_criterion"],
        evidence["start_agreement"],
        *figures,
        seconds,
    ]


def means(rows: list[list[Any]]) -> list[list[Any]]:
    """Mean over the seeds, by language and method, of the precision and the processor time; with
    the standard deviation of the former.
    """
    measured = [*(f"P@1 {kind}" for kind in KINDS), "CPU s"]
    by_method = (
        pd.DataFrame(rows[1:], columns=rows[0])
        .astype(dict.fromkeys(measured, float))
        .groupby(["language", "method"], sort=False)
    )
    mean, spread = by_method[measured].mean(), by_method[measured[:-1]].std()
    result: list[list[Any]] = [
        [
            "language",
            "method",
            "seeds",
            *(name for kind in measured[:-1] for name in (kind, "+-")),
            "CPU s",
        ]
    ]
    for key, count in by_method.size().items():
        figures = [
            value
            for kind in measured[:-1]
            for value in (mean.loc[key, kind], spread.loc[key, kind])
        ]
        result.append(
            [
                *key,
                count,
                *(None if np.isnan(value) else float(value) for value in figures),
                float(mean.loc[key, "CPU s"]),
            ]
        )
    return result


# Verdicts


def judged(path: Path) -> list[Any] | None:
    """Name, verdict, P@1 and `MEASURED` of a finished lexicon; None without a gold dictionary."""
    evidence = json.loads(path.read_text("utf-8"))
    reported = next(iter(evidence.get("gold", {}).values()), {})  # the first dictionary's
    gold = reported.get(evidence["score"]) or next(
        (reported[kind] for kind in KINDS if kind in reported), None
    )
    if not gold or gold.get("words") == 0:
        return None
    best, null = evidence.get("best_fasttext_only_start"), evidence.get("null_criterion")
    measured = {name: evidence.get(name) for name in MEASURED}
    if best is not None and null is not None:
        measured["above_null"] = evidence["starts"][best]["criterion"] - null
    if evidence["held_out"]:
        measured["held_out"] = evidence["held_out"]["score"]
    return [
        evidence["language"],
        evidence["verdict"],
        gold["precision"]["1"],
        *measured.values(),
    ]


def verdicts(options: argparse.Namespace) -> None:
    """Evidence beside precision, the range of precision under each verdict, and rank correlations
    of evidence and precision.
    """
    from scipy.stats import spearmanr

    paths = sorted(path for folder in options.folders for path in Path(folder).glob("*.json"))
    rows = [row for row in map(judged, paths) if row is not None]
    if not rows:
        raise SystemExit("no lexicon with a gold dictionary in " + ", ".join(options.folders))
    show([["lexicon", "verdict", "P@1", *MEASURED], *rows])
    print()
    for verdict in ("good", "weak", "collapsed"):
        values = [row[2] for row in rows if row[1] == verdict]
        if values:
            print(
                f"{verdict}: {len(values)} lexicons, P@1 {min(values):.1f} to {max(values):.1f},"
                f" median {np.median(values):.1f}"
            )
    for column, name in enumerate(MEASURED, 3):
        known = [(row[2], row[column]) for row in rows if row[column] is not None]
        if len(known) > 2:
            print(
                f"rank correlation of P@1 and {name}:"
                f" {spearmanr(*zip(*known, strict=True)).statistic:.2f} over {len(known)}"
            )


def starts_parser() -> argparse.ArgumentParser:
    """Seeds, and the length of the adversarial start."""
    parser = argparse.ArgumentParser(add_help=False)
    default = AdversarySettings()
    for name in LENGTH:
        parser.add_argument(
            f"--{name}", type=int, default=getattr(default, name), help="of the adversarial start"
        )
    parser.add_argument(
        "--precision",
        choices=["auto", "bfloat16", "float32"],
        default="auto",
        help="of the adversarial start",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    return parser


def add_alignment(mode: argparse.ArgumentParser) -> None:
    """The options of the mode `alignment`."""
    mode.add_argument("packages")
    mode.add_argument("--gold", nargs="+", required=True)
    mode.add_argument("--languages", nargs="+", default=["es", "de", "eu", "fi"])
    mode.add_argument(
        "--starts",
        nargs="+",
        default=["similarity", "identical"],
        help="joined by + to compete in one lexicon",
    )
    mode.add_argument("--dim", type=int, default=300)
    mode.add_argument("--passes", type=int, default=10, help="of fastText over the corpus")
    share = "of the lines that vectors are trained on, drawn at random (own --cache)"
    mode.add_argument("--share", type=float, default=1.0, help=share)
    mode.add_argument("--reweight", action="store_true")
    mode.add_argument("--vecmap", help="folder with VecMap's map_embeddings.py, to be run beside")
    cutoffs = "of VecMap's vocabulary; the first is its default"
    mode.add_argument("--cutoffs", type=int, nargs="+", default=[20_000, 2000], help=cutoffs)
    mode.add_argument("--cache", help="folder for corpora and vectors (default: the packages')")
    mode.add_argument("--save", help="folder for the evidence of every lexicon")
    mode.set_defaults(work=alignment)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    modes = parser.add_subparsers(dest="mode", required=True)
    mode = modes.add_parser("planted", parents=[starts_parser()])
    mode.add_argument("--words", type=int, default=800)
    mode.add_argument("--dim", type=int, default=40)
    vectors = "folder of word vectors to turn instead of invented ones, as `alignment` caches them"
    mode.add_argument("--vectors", help=vectors)
    mode.add_argument("--starts", nargs="+", default=["similarity", "identical", "seed"])
    mode.set_defaults(work=planted)
    add_alignment(modes.add_parser("alignment", parents=[starts_parser()]))
    mode = modes.add_parser("verdict")
    mode.add_argument("folders", nargs="+")
    mode.set_defaults(work=verdicts)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.work(options)


if __name__ == "__main__":
    main()
