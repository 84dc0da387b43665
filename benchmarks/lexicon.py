"""Lexicons: speed and memory of retrieval, precision and processor time of alignment, and how well
the verdict predicts precision.

    python benchmarks/lexicon.py retrieval --words 50000          exact CSLS neighbours, ours beside FAISS's flat index in the same run
    python benchmarks/lexicon.py planted                          every start on a planted rotation with noise and vocabulary mismatch
    python benchmarks/lexicon.py alignment PACKAGES --gold GOLD   fastText alignment on LibreOffice's help texts
    python benchmarks/lexicon.py verdict results/lexicons         verdicts of finished lexicons beside their precision

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
import html
import json
import logging
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lingualift.artifacts import write_json
from lingualift.embeddings.fasttext import load_embeddings, save_embeddings, train_skipgram
from lingualift.languages import find_language, load_languages
from lingualift.lexicon import search
from lingualift.lexicon.adversarial import Adversary
from lingualift.lexicon.build import Settings, WordSpace, build_lexicon
from lingualift.lexicon.csls import Scores, csls
from lingualift.lexicon.gold import (
    Dictionary,
    cleaned,
    precision_at,
    read_dictionary,
    read_thousand,
)
from lingualift.lexicon.normalise import unit

BLOCK = re.compile(r'<(p|h[1-6])\b[^>]*\bid="((?:par|hd)_id\w+)"[^>]*>(.*?)</\1>', re.S)
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
ENGLISH = "en-us"
LANGUAGES = load_languages(Path(__file__).parents[1] / "config/languages.tsv")
KINDS = ("words", "MUSE", "test", "pages")  # of gold dictionaries
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


def peak() -> float:
    """This process's largest resident memory in GB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e6


# Retrieval


def word_vectors(words: int, dim: int, seed: int) -> np.ndarray:
    """Unit vectors in clusters of twenty."""
    generator = np.random.default_rng(seed)
    centers = np.random.default_rng(0).standard_normal((max(words // 20, 1), dim), np.float32)
    return unit(
        centers[generator.integers(0, len(centers), words)]
        + generator.standard_normal((words, dim), np.float32)
    )


def neighbours(arguments: tuple[str, int, int, int]) -> tuple[float, float, float, np.ndarray]:
    """(processor seconds, peak GB before, peak GB after, indices) of one method's top-k by CSLS."""
    method, words, dim, k = arguments
    near = (
        np.random.default_rng(1).uniform(0.3, 0.8, words).astype(np.float32)
    )  # r of the CSLS equation
    source, target = word_vectors(words, dim, 2), word_vectors(words, dim, 3)
    ones = np.ones(words, np.float32)
    scores = Scores(
        np.column_stack([2 * source, -near, ones]), np.column_stack([target, ones, -near])
    )
    before, start = peak(), time.process_time()
    if method == "8-bit":
        found = search.integer_top_k(scores.source, scores.target, k)
    else:
        found = search.flat_top_k(scores.source, scores.target, k, use_gpu=method == "FAISS, GPU")
    return time.process_time() - start, before, peak(), found.indices


def retrieval(options: argparse.Namespace) -> None:
    """Both methods, each in a process of its own."""
    methods = (
        ["FAISS flat"]
        + ["8-bit"] * search.integer_products()
        + ["FAISS, GPU"] * bool(search._gpus())
    )
    rows: list[list[Any]] = [
        [
            "method",
            "words",
            "dim",
            "k",
            "CPU s",
            "times as fast",
            "recall",
            "GB with input",
            "GB input",
        ]
    ]
    reference: tuple[float, np.ndarray] | None = None
    for method in methods:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds, before, after, indices = pool.submit(
                neighbours, (method, options.words, options.dim, options.k)
            ).result()
        reference = reference or (seconds, indices)
        recall = float(
            np.mean(
                [
                    len(set(a) & set(b))
                    for a, b in zip(indices.tolist(), reference[1].tolist(), strict=True)
                ]
            )
            / options.k
        )
        rows.append(
            [
                method,
                options.words,
                options.dim,
                options.k,
                seconds,
                reference[0] / seconds,
                f"{recall:.5f}",
                after,
                before,
            ]
        )
    show(rows)


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
            settings = Settings(starts=(start,), score="fasttext", adversary=adversary(options))
            words = [
                (word, answer) for word, answers in list(gold.items())[:200] for answer in answers
            ]
            rows.append([start, seed, *aligned(source, target, settings, seed, gold, words)])
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
    settings: Settings,
    seed: int,
    gold: Dictionary,
    words: list[tuple[str, str]] | None = None,
) -> list[Any]:
    """Verdict, criterion, its null, agreement, P@1 and processor seconds of a lexicon."""
    before = time.process_time()
    evidence = build_lexicon(
        source, target, settings, seed=seed, seed_dictionary=words, gold=gold
    ).evidence
    seconds = time.process_time() - before
    best = evidence["starts"][evidence["best_fasttext_only_start"]]["criterion"]
    figures = evidence["gold"]["fasttext"]["precision"]["1"]
    return [
        evidence["verdict"],
        best,
        evidence["null_criterion"],
        evidence["start_agreement"],
        figures,
        seconds,
    ]


def adversary(options: argparse.Namespace) -> Adversary:
    """The adversarial start's length and size as given."""
    return Adversary(**{name: getattr(options, name) for name in (*LENGTH, "precision")})


# Help texts


def help_paragraphs(language: str, options: argparse.Namespace) -> dict[tuple[str, str], str]:
    """The paragraphs and headings of a language's help by file and number, which are the same in
    all languages.
    """
    packages = sorted(Path(options.packages).glob(f"libreoffice-help-{language}_*.deb"))
    if not packages:
        raise SystemExit(
            f"{options.packages}: no libreoffice-help-{language}_*.deb; run apt-get download"
            f" libreoffice-help-{language} there"
        )
    found: dict[tuple[str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(packages[-1]), folder], check=True)
        for file in sorted(Path(folder).rglob("text/**/*.html")):
            page = file.as_posix().split("/text/", 1)[1]
            for _, number, body in BLOCK.findall(file.read_text("utf-8")):
                text = " ".join(html.unescape(re.sub(r"<[^>]*>", "", body)).split())
                if text:
                    found[page, number] = text
    return found


def tokens(line: str) -> list[str]:
    """The words of a line in lower case."""
    return WORD.findall(line.lower())


def trained(language: str, options: argparse.Namespace) -> tuple[WordSpace, int]:
    """The language's words with vectors, and the number of tokens they were trained on: the help's
    lines, each once, less those left in English. With `--cache` they are trained once; beside them
    lie the word pairs of the parallel pages.
    """
    store, corpus, pages = (
        Path(options.cache or options.packages) / f"{kind}-{language}"
        for kind in ("vectors", "corpus", "pages")
    )
    if not store.is_dir():
        store.parent.mkdir(parents=True, exist_ok=True)
        paragraphs = help_paragraphs(language, options)
        if language != ENGLISH:
            english = help_paragraphs(ENGLISH, options)
            untranslated = set(english.values())
            paragraphs = {key: line for key, line in paragraphs.items() if line not in untranslated}
            parallel = dict.fromkeys(
                (english[key], line) for key, line in paragraphs.items() if key in english
            )
            pages.write_text(
                "".join(f"{source} {target}\n" for source, target in page_pairs(list(parallel))),
                encoding="utf-8",
            )
        lines = dict.fromkeys(" ".join(tokens(line)) for line in paragraphs.values())
        kept = (
            np.random.default_rng(len(lines)).random(len(lines)) < options.share
        )  # other lines in each language
        corpus.write_text(
            "".join(line + "\n" for line, keep in zip(lines, kept, strict=True) if line and keep),
            encoding="utf-8",
        )
        save_embeddings(
            store,
            train_skipgram(
                corpus, dim=options.dim, epochs=options.passes, minimum_count=5, subwords=(0, 0)
            ),
        )
    found = load_embeddings(store)
    return WordSpace(found.words, found.frequencies, np.array(found.vectors)), len(
        corpus.read_text("utf-8").split()
    )


def page_pairs(parallel: list[tuple[str, str]], least: float = 0.35) -> list[tuple[str, str]]:
    """Words of parallel paragraphs that are each other's best by Dice's coefficient of the
    paragraphs that hold them, at least `least`.
    """
    words, held = [], []
    for side in range(2):
        texts = [set(tokens(pair[side])) for pair in parallel]
        counts = Counter(word for text in texts for word in text)
        words.append(
            sorted(
                (word for word, count in counts.items() if count >= 5),
                key=lambda word: (-counts[word], word),
            )
        )
        place = {word: column for column, word in enumerate(words[-1])}
        at = [
            (row, place[word])
            for row, text in enumerate(texts)
            for word in sorted(text)
            if word in place
        ]
        held.append(
            csr_array(
                (np.ones(len(at), np.float32), tuple(zip(*at, strict=True))),
                shape=(len(texts), len(place)),
            )
        )
    dice = (
        2 * (held[0].T @ held[1]).toarray() / (held[0].sum(axis=0)[:, None] + held[1].sum(axis=0))
    )
    best, back = dice.argmax(axis=1), dice.argmax(axis=0)
    kept = [
        row for row in range(len(best)) if back[best[row]] == row and dice[row, best[row]] > least
    ]
    return [(words[0][row], words[1][best[row]]) for row in kept]


def gold_dictionaries(code: str, options: argparse.Namespace) -> dict[str, Dictionary]:
    """The gold dictionaries of a language, by kind."""
    language = find_language(LANGUAGES, code)
    pages = Path(options.cache or options.packages, f"pages-{code}")
    dictionaries = {"pages": read_dictionary(pages, language)}
    for folder in map(Path, options.gold):
        if (path := folder / f"words/{code}.json").is_file():
            dictionaries["words"] = cleaned(read_thousand(path), language)
        for kind, name in (("MUSE", f"en-{code}.txt"), ("test", f"en-{code}.test.tsv")):
            if (folder / name).is_file():
                dictionaries[kind] = read_dictionary(folder / name, language)
    return dictionaries


def precisions(
    source: WordSpace, target: WordSpace, best: np.ndarray, gold: dict[str, Dictionary]
) -> list[float | None]:
    """P@1 of the best target int [source words] (-1 for none) by each kind of gold dictionary."""
    return [
        (
            precision_at(source.words, target.words, best[:, None], gold[kind], ks=(1,)).precision[
                1
            ]
            if kind in gold
            else None
        )
        for kind in KINDS
    ]


def vecmap(
    options: argparse.Namespace, source: WordSpace, target: WordSpace, seed: int, cutoff: int
) -> tuple[np.ndarray, float]:
    """Each source word's best target by CSLS and processor seconds of VecMap's own unsupervised
    mapping.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [
            Path(folder, name) for name in ("source", "target", "source.mapped", "target.mapped")
        ]
        for path, space in zip(files, (source, target), strict=False):
            assert space.fasttext is not None
            lines = (
                " ".join([word, *map("{:.6g}".format, row)])
                for word, row in zip(space.words, space.fasttext.tolist(), strict=True)
            )
            path.write_text(
                "{} {}\n".format(*space.fasttext.shape) + "\n".join(lines) + "\n", encoding="utf-8"
            )
        command = [
            sys.executable,
            str(Path(options.vecmap, "map_embeddings.py")),
            "--unsupervised",
            "--seed",
            str(seed),
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, "--vocabulary_cutoff", str(cutoff), *map(str, files)], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        left, right = (
            unit(
                np.array(
                    [line.split(" ")[1:] for line in path.read_text("utf-8").splitlines()[1:]],
                    np.float32,
                )
            )
            for path in files[2:]
        )
    return (
        csls(left, right).forward(1).indices[:, 0],
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def alignment(options: argparse.Namespace) -> None:
    """Each configuration of starts on each language and seed; evidence goes to --save for the mode
    `verdict`.

    The column `runs` counts the runs of all starts whose criterion is within 0.02 of the best
    one's.
    """
    english, _ = trained(ENGLISH, options)
    evidence = ["verdict", "runs", "criterion", "null", "agreement"]
    rows: list[list[Any]] = [
        [
            "language",
            "tokens",
            "method",
            "seed",
            *evidence,
            *(f"P@1 {kind}" for kind in KINDS),
            "CPU s",
        ]
    ]
    for language in options.languages:
        space, size = trained(language, options)
        gold = gold_dictionaries(language, options)
        for starts in options.starts:
            for seed in options.seeds:
                settings = Settings(
                    starts=tuple(starts.split("+")),
                    score="fasttext",
                    reweight=options.reweight,
                    adversary=adversary(options),
                )
                before = time.process_time()
                state = Path(options.cache or options.packages, "adversary", language, str(seed))
                lexicon = build_lexicon(
                    english, space, settings, seed=seed, name=language, work=state
                )
                seconds, found = time.process_time() - before, lexicon.evidence
                first = {
                    row["source"]: row["target"]
                    for row in lexicon.table.to_pylist()
                    if row["rank"] == 1
                }
                place = {word: row for row, word in enumerate(space.words)}
                best = np.array(
                    [place[first[word]] if word in first else -1 for word in english.words]
                )
                figures = precisions(english, space, best, gold)
                top = found["starts"][found["best_fasttext_only_start"]]["criterion"]
                near = sum(run["criterion"] > top - 0.02 for run in found["starts"].values())
                runs = f"{near}/{len(found['starts'])}"
                shown = [
                    found["verdict"],
                    runs,
                    top,
                    found["null_criterion"],
                    found["start_agreement"],
                ]
                rows.append([language, size, starts, seed, *shown, *figures, seconds])
                print(*rows[-1], file=sys.stderr, flush=True)
                if options.save:
                    path = Path(options.save, f"{language}-{size}-{starts}-{seed}.json")
                    report = {
                        kind: {"precision": {"1": value}}
                        for kind, value in zip(KINDS, figures, strict=True)
                        if value is not None
                    }
                    write_json(path, {"language": path.stem, **found, "gold": report})
        for cutoff, seed in product(options.cutoffs if options.vecmap else (), options.seeds):
            best, seconds = vecmap(options, english, space, seed, cutoff)
            rows.append(
                [
                    language,
                    size,
                    f"VecMap {cutoff}",
                    seed,
                    *[None] * 5,
                    *precisions(english, space, best, gold),
                    seconds,
                ]
            )
            print(*rows[-1], file=sys.stderr, flush=True)
    show(rows)
    if len(options.seeds) > 1:
        print()
        show(means(rows))


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


def verdicts(options: argparse.Namespace) -> None:
    """Evidence beside precision, the range of precision under each verdict, and rank correlations
    of evidence and precision.
    """
    from scipy.stats import spearmanr

    kinds = (
        "held_out",
        "start_agreement",
        "above_null",
        "mutual_rate",
        "direction_agreement",
        "isometry",
    )
    rows: list[list[Any]] = [["lexicon", "verdict", "P@1", *kinds]]
    for path in sorted(path for folder in options.folders for path in Path(folder).glob("*.json")):
        found = json.loads(path.read_text("utf-8"))
        reported = found.get("gold", {})
        gold = reported.get(found["score"]) or next(
            (reported[kind] for kind in KINDS if kind in reported), None
        )
        if not gold or gold.get("words") == 0:
            continue
        best = found.get("best_fasttext_only_start")
        null = found.get("null_criterion")
        found["above_null"] = (
            None if best is None or null is None else found["starts"][best]["criterion"] - null
        )
        found["held_out"] = found["held_out"] and found["held_out"]["score"]
        rows.append(
            [
                found["language"],
                found["verdict"],
                gold["precision"]["1"],
                *(found.get(kind) for kind in kinds),
            ]
        )
    if len(rows) == 1:
        raise SystemExit("no lexicon with a gold dictionary in " + ", ".join(options.folders))
    show(rows)
    print()
    for verdict in ("good", "weak", "collapsed"):
        values = [row[2] for row in rows[1:] if row[1] == verdict]
        if values:
            print(
                f"{verdict}: {len(values)} lexicons, P@1 {min(values):.1f} to {max(values):.1f},"
                f" median {np.median(values):.1f}"
            )
    for column, kind in enumerate(kinds, 3):
        known = [(row[2], row[column]) for row in rows[1:] if row[column] is not None]
        if len(known) > 2:
            print(
                f"rank correlation of P@1 and {kind}:"
                f" {spearmanr(*zip(*known, strict=True)).statistic:.2f} over {len(known)}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    modes = parser.add_subparsers(dest="mode", required=True)
    mode = modes.add_parser("retrieval")
    mode.add_argument("--words", type=int, default=20_000)
    mode.add_argument("--dim", type=int, default=300)
    mode.add_argument("--k", type=int, default=10)
    mode.set_defaults(work=retrieval)
    length = argparse.ArgumentParser(add_help=False)
    default = Adversary()
    for name in LENGTH:
        length.add_argument(
            f"--{name}", type=int, default=getattr(default, name), help="of the adversarial start"
        )
    length.add_argument(
        "--precision",
        choices=["auto", "bfloat16", "float32"],
        default="auto",
        help="of the adversarial start",
    )
    length.add_argument("--seeds", type=int, nargs="+", default=[0])
    mode = modes.add_parser("planted", parents=[length])
    mode.add_argument("--words", type=int, default=800)
    mode.add_argument("--dim", type=int, default=40)
    mode.add_argument(
        "--vectors",
        help=(
            "folder of word vectors to turn instead of invented ones, as --cache of `alignment`"
            " keeps them"
        ),
    )
    mode.add_argument("--starts", nargs="+", default=["similarity", "identical", "seed"])
    mode.set_defaults(work=planted)
    mode = modes.add_parser("alignment", parents=[length])
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
    mode.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="of the lines that vectors are trained on, drawn at random (own --cache)",
    )
    mode.add_argument("--reweight", action="store_true")
    mode.add_argument("--vecmap", help="folder with VecMap's map_embeddings.py, to be run beside")
    mode.add_argument(
        "--cutoffs",
        type=int,
        nargs="+",
        default=[20_000, 2000],
        help="of VecMap's vocabulary; the first is its default",
    )
    mode.add_argument(
        "--cache", help="folder for corpora and vectors (default: beside the packages)"
    )
    mode.add_argument("--save", help="folder for the evidence of every lexicon")
    mode.set_defaults(work=alignment)
    mode = modes.add_parser("verdict")
    mode.add_argument("folders", nargs="+")
    mode.set_defaults(work=verdicts)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.work(options)


if __name__ == "__main__":
    main()
