"""LibreOffice's help texts as corpora of the lexicon benchmark, with gold dictionaries, and VecMap
on the same vectors.
"""

import argparse
import html
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from lingualift.embeddings.fasttext import load_embeddings, save_embeddings, train_skipgram
from lingualift.languages import find_language, load_languages
from lingualift.lexicon.csls import csls
from lingualift.lexicon.gold import (
    Dictionary,
    cleaned,
    precision_at,
    read_dictionary,
    read_thousand,
)
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.views import WordSpace

BLOCK = re.compile(r'<(p|h[1-6])\b[^>]*\bid="((?:par|hd)_id\w+)"[^>]*>(.*?)</\1>', re.S)
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
ENGLISH = "en-us"
LANGUAGES = load_languages(Path(__file__).parents[1] / "config/languages.tsv")
LEAST_DICE = 0.35  # of words that are taken for translations of each other
KINDS = ("words", "MUSE", "test", "pages")  # of gold dictionaries


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
    paragraphs: dict[tuple[str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(packages[-1]), folder], check=True)
        for file in sorted(Path(folder).rglob("text/**/*.html")):
            page = file.as_posix().split("/text/", 1)[1]
            for _, number, body in BLOCK.findall(file.read_text("utf-8")):
                text = " ".join(html.unescape(re.sub(r"<[^>]*>", "", body)).split())
                if text:
                    paragraphs[page, number] = text
    return paragraphs


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
    embeddings = load_embeddings(store)
    space = WordSpace(embeddings.words, embeddings.frequencies, np.array(embeddings.vectors))
    return space, len(corpus.read_text("utf-8").split())


def page_pairs(parallel: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Words of parallel paragraphs that are each other's best by Dice's coefficient of the
    paragraphs that hold them, above `LEAST_DICE`.
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
        column_of = {word: column for column, word in enumerate(words[-1])}
        at = [
            (row, column_of[word])
            for row, text in enumerate(texts)
            for word in sorted(text)
            if word in column_of
        ]
        held.append(
            csr_array(
                (np.ones(len(at), np.float32), tuple(zip(*at, strict=True))),
                shape=(len(texts), len(column_of)),
            )
        )
    dice = (
        2 * (held[0].T @ held[1]).toarray() / (held[0].sum(axis=0)[:, None] + held[1].sum(axis=0))
    )
    best, back = dice.argmax(axis=1), dice.argmax(axis=0)
    kept = [
        row
        for row in range(len(best))
        if back[best[row]] == row and dice[row, best[row]] > LEAST_DICE
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
