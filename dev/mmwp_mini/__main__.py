"""python -m dev.mmwp_mini check [corrections.tsv] | spelling [language ...] | retrieval encoder"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.mmwp_mini import corrections, hunspell, retrieval
from dev.mmwp_mini.orthography import spelling_mistakes
from dev.mmwp_mini.parallel import mistakes
from dev.mmwp_mini.tables import load_wording
from dev.mmwp_mini.wording import wording_mistakes
from lingualift.benchmarks.mmwp_mini import (
    BENCHMARK,
    NAMES,
    NATIVE_DIGITS,
    NATIVE_ITEMS,
    VERSION,
)
from lingualift.benchmarks.registry import BENCHMARKS, load
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError, nearest

ROOT = Path(__file__).parents[2]


SETS = tuple(name for name in BENCHMARKS if name.startswith(BENCHMARK.name))
"""The set and its slices; no two problems of them share an id."""


def problems(language: str) -> dict[str, str]:
    """All problems of one language by id, of all sets and splits."""
    return {
        problem.id: problem.question
        for name in SETS
        for split in BENCHMARKS[name].BENCHMARK.counts
        for problem in load(name, language, split)
    }


def all_mistakes(
    questions: Mapping[str, str], english: Mapping[str, str], language: str
) -> list[str]:
    """What any check finds in one language's problems, each as one line."""
    table, wording = load_languages(ROOT / "config" / "languages.tsv"), load_wording(language)
    native = NATIVE_ITEMS if language in NATIVE_DIGITS else ()
    return [
        *mistakes(questions, english, table[language], native, NAMES, wording),
        *wording_mistakes(questions, english, language, wording),
        *spelling_mistakes(questions, language),
    ]


def check(path: Path | None) -> list[str]:
    """The mistakes of the whole set, or of a file of corrections and of the set with them."""
    sets = {language: problems(language) for language in BENCHMARK.languages}
    changed: Mapping[str, Mapping[str, str]] = sets
    if path is not None:
        rows = corrections.read_corrections(path)
        if lines := corrections.correction_mistakes(rows, sets):
            return [f"{path}, {line}" for line in lines]
        changed = corrections.corrected_sets(rows, sets)
        if "en" in changed:  # every translation is held against it
            changed = {**sets, **changed}
    english = changed.get("en", sets["en"])
    return [
        f"{language} {line}"
        for language, questions in changed.items()
        for line in all_mistakes(questions, english, language)
    ]


def show_spelling(languages: Sequence[str]) -> None:
    """Print the words that Hunspell does not know, or why it was not asked."""
    if unknown := set(languages) - set(BENCHMARK.languages):
        name = min(unknown)
        raise LinguaLiftError(f"no language '{name}'; {nearest(name, BENCHMARK.languages)}")
    for language in languages or BENCHMARK.languages:
        if reason := hunspell.missing(language):
            print(f"skipped: {reason}")
            continue
        names = [form for forms in load_wording(language).names.values() for form in forms]
        for word, items in hunspell.unknown_words(problems(language), language, names).items():
            print(f"{language}\t{word}\t{' '.join(items)}")


def show_retrieval(encoder: Path, layer: int) -> None:
    """Print the problems whose nearest English one is another, and their number a language."""
    sets = {language: problems(language) for language in BENCHMARK.languages}
    items = list(sets["en"])
    vectors = {
        language: retrieval.embed(encoder, layer, [questions[item] for item in items])
        for language, questions in sets.items()
    }
    misses = retrieval.misses(vectors, items)
    for miss in misses:
        print(f"{miss.language}\t{miss.item}\t{miss.nearest}\t{miss.rank}")
    counts = Counter(miss.language for miss in misses)
    print(f"of {len(items)}:", *(f"{name} {counts[name]}" for name in sets if name != "en"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.mmwp_mini", description=f"mmwp-mini {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", help="the set, or the set with a file of corrections")
    one.add_argument("corrections", nargs="?", type=Path)
    one = commands.add_parser("spelling", help="words that Hunspell's dictionaries do not know")
    one.add_argument("languages", nargs="*", metavar="language")
    one = commands.add_parser("retrieval", help="translations whose nearest English is another")
    one.add_argument("encoder", type=Path, help="a prepared encoder, resources/models/NAME")
    one.add_argument("--layer", type=int, default=12, help="hidden layer (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        if arguments.command == "check":
            lines = check(arguments.corrections)
            print(*(lines or ["no mistakes found"]), sep="\n")
            return 1 if lines else 0
        if arguments.command == "spelling":
            show_spelling(arguments.languages)
        else:
            show_retrieval(arguments.encoder, arguments.layer)
    except LinguaLiftError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
