"""Invented data in the place of the published sets that config/test/paper.yaml reads: word problems
of this project, enciphered as in `tests/tiny.py`, in the published files' names, forms and counts.

`python -m tests.tiny --paper FOLDER` writes them. The folder's registry pins them in place of the
published files; the repository's own is not touched.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests import tiny

ENGLISH = {"mgsm": "en", "msvamp": "English", "sib200": "eng_Latn", "tatoeba": "eng"}
CODES = {
    "de": {"mgsm": "de", "msvamp": "German", "sib200": "deu_Latn", "tatoeba": "deu"},
    "sw": {"mgsm": "sw", "msvamp": "Swahili", "sib200": "swh_Latn", "tatoeba": "swh"},
}
"""How each published set names the languages in its files."""

ROWS = {"gsm8k": 300, "mgsm": 250, "msvamp": 1000, "sib200": 204, "tatoeba": 300}
"""Rows that are invented; of the three tests of fixed size, as many as are published."""

KEYS = (*ROWS, "gsm8kinstruct")


def write_published(mirror: Path) -> None:
    """Every set of `KEYS` below `mirror`, in English and the languages of `CODES`."""
    seeds = {name: seed for seed, name in enumerate(ROWS, 200)}
    texts = {name: problems(count, seeds[name]) for name, count in ROWS.items()}
    _write_task_data(mirror, texts["gsm8k"])
    for language, codes in {"en": ENGLISH, **CODES}.items():
        _lines(
            mirror / f"mgsm/mgsm_{codes['mgsm']}.tsv",
            (f"{enciphered(question, language)}\t{n}" for question, _, n in texts["mgsm"]),
        )
        _lines(
            mirror / f"msvamp/test_{codes['msvamp']}.json",
            (
                json.dumps({"m_query": enciphered(question, language), "response": f"{n}.0"})
                for question, _, n in texts["msvamp"]
            ),
        )
        sentences = (enciphered(question, language) for question, _, _ in texts["sib200"])
        _lines(
            mirror / f"sib200/{codes['sib200']}/test.tsv",
            [
                "index_id\tcategory\ttext",
                *(f"{place}\ttravel\t{sentence}" for place, sentence in enumerate(sentences)),
            ],
        )
    for language, codes in CODES.items():
        pair = mirror / f"tatoeba/tatoeba.{codes['tatoeba']}-eng"
        for code, suffix in ((language, codes["tatoeba"]), ("en", "eng")):
            sentences = (enciphered(question, code) for question, _, _ in texts["tatoeba"])
            _lines(pair.with_name(f"{pair.name}.{suffix}"), sentences)


def problems(count: int, seed: int) -> list[tuple[str, str, int]]:
    """Question, worked solution and answer of `count` distinct problems."""
    from lingualift.tasks.word_problems import generate_problems

    table = generate_problems(count, seed)
    columns = (table[name].to_pylist() for name in ("question", "response", "answer"))
    return list(zip(*columns, strict=True))


def enciphered(text: str, language: str) -> str:
    """The text in English, or in a made-up language's letters."""
    return text if language == "en" else text.lower().translate(tiny.cipher(language))


def _write_task_data(mirror: Path, texts: Sequence[tuple[str, str, int]]) -> None:
    """GSM8K's two parts, and its questions translated, line by line."""
    rows = [
        json.dumps({"question": question, "answer": f"{solution}\n#### {answer}"})
        for question, solution, answer in texts
    ]
    _lines(mirror / "gsm8k/train.jsonl", rows[50:])
    _lines(mirror / "gsm8k/test.jsonl", rows[:50])
    for language in CODES:
        for code in (language, "en"):
            path = mirror / f"gsm8kinstruct/{language}-en/train.{code}"
            _lines(path, (enciphered(question, code) for question, _, _ in texts[50:]))


def _lines(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def pin_invented(folder: Path) -> None:
    """Replace, in the folder's registry, the published files' sizes and checksums by those of what
    `write_published` wrote into its mirror.
    """
    path = folder / "config/sources.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries |= {key: _repinned(entries[key], folder / "mirror" / key) for key in KEYS}
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")


def _repinned(entry: Mapping[str, Any], source: Path) -> dict[str, Any]:
    from lingualift.artifacts import sha256_file

    sums = {
        path.relative_to(source).as_posix(): sha256_file(path)
        for path in source.rglob("*")
        if path.is_file()
    }
    if "code" in entry and "checksums" in entry:
        return {**entry, "checksums": sums}
    files = [
        {**file, "size": (source / file["name"]).stat().st_size, "sha256": sums[file["name"]]}
        for file in entry["files"]
        if file["name"] in sums
    ]
    return {**entry, "files": files}
