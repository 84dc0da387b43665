"""Gold dictionaries and precision at k: for reporting only, never for a choice."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lingualift.data.folders import named_file, visible_files
from lingualift.data.rows import lines, read_document, read_rows, text
from lingualift.languages import Language
from lingualift.messages import LinguaLiftError
from lingualift.text.cleaning import clean_word

logger = logging.getLogger(__name__)
Dictionary = dict[str, set[str]]
RESAMPLES = 1000  # for intervals


def read_gold(source: str, folder: str | Path, language: Language) -> Dictionary:
    """The gold dictionary of a language in the retrieved source `source` at `folder`; all but npm's
    and GATITOS are in MUSE's format, one text file.
    """
    if source == "thousand-most-common-words":
        path = named_file(folder, "package/words/{code}.json", language, "common_words")
        return cleaned(read_thousand(path), language)
    if source == "gatitos":
        return cleaned(read_gatitos(_only_file(folder, (".jsonl",))), language)
    return read_dictionary(_only_file(folder, (".txt", ".tsv")), language)


def _only_file(folder: str | Path, suffixes: Sequence[str]) -> Path:
    """The one dictionary in a source's folder, by how its name may end."""
    paths = [path for path in visible_files(folder, "**/*") if path.suffix in suffixes]
    if len(paths) != 1:
        raise LinguaLiftError(
            f"{folder}: expected one dictionary ({' or '.join(suffixes)}), found"
            f" {', '.join(path.name for path in paths) or 'none'}; keep one there"
        )
    return paths[0]


def read_dictionary(path: str | Path, language: Language) -> Dictionary:
    """A dictionary in MUSE's format, gold or seed, from English into a language."""
    return cleaned(read_muse(path), language)


def cleaned(pairs: Iterable[tuple[str, str]], language: Language) -> Dictionary:
    """Pairs of an English word and a word of the language as a dictionary, lower-cased and cleaned
    as a corpus is, so that the words can be found in a vocabulary.
    """
    dictionary: Dictionary = {}
    for english, word in pairs:
        english = clean_word(english, "Latn", "en")
        word = clean_word(word, language.script, language.code)
        if english and word:
            dictionary.setdefault(english, set()).add(word)
    return dictionary


def lowered(pairs: Iterable[tuple[str, str]]) -> Dictionary:
    """Pairs of words of any two languages as a dictionary, in lower case."""
    dictionary: Dictionary = {}
    for source, target in pairs:
        dictionary.setdefault(source.lower(), set()).add(target.lower())
    return dictionary


def read_thousand(path: str | Path) -> list[tuple[str, str]]:
    """npm `thousand-most-common-words` `words/XX.json`: pairs of an English word and a word of the
    language, as written.
    """
    document = read_document(path)
    entries = document.get("words") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LinguaLiftError(
            f"{path}: not a word list of npm thousand-most-common-words ('words' needs a list of"
            " objects)"
        )
    pairs = ((entry.get("englishWord"), entry.get("targetWord")) for entry in entries)
    return [
        (english, word)
        for english, word in pairs
        if isinstance(english, str) and isinstance(word, str)
    ]


def read_gatitos(path: str | Path) -> list[tuple[str, str]]:
    """GATITOS as google/smol has it, JSON lines: pairs of an English term `src` and each of its
    translations `trgs`, as written.
    """
    pairs: list[tuple[str, str]] = []
    for row in read_rows(path, ("src", "trgs")):
        words = row.values["trgs"]
        if not isinstance(words, list):
            raise LinguaLiftError(f"{row.place}: 'trgs' is not a list of translations")
        pairs += [(row.text("src"), text(word, "trgs", row.place)) for word in words]
    return pairs


def read_muse(path: str | Path) -> list[tuple[str, str]]:
    """A MUSE dictionary: one pair `source target` a line, separated by a tab or by one space, as
    written.

    Malformed lines (not exactly two words; a tab separates phrases) are named in a warning with
    their numbers.
    """
    pairs: list[tuple[str, str]] = []
    malformed: list[int] = []
    for number, line in lines(path):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
        if len(cells) == 2 and all(cells):
            pairs.append((cells[0], cells[1]))
        else:
            malformed.append(number)
    if malformed:
        shown = ", ".join(map(str, malformed[:5])) + (" ..." if len(malformed) > 5 else "")
        logger.warning("%s: %d malformed lines skipped (%s)", path, len(malformed), shown)
    if not pairs:
        raise LinguaLiftError(f"{path}: no pair of words; expected 'source target' on each line")
    return pairs


@dataclass(frozen=True)
class Precision:
    """P@k in percent over the `words` gold words that both vocabularies cover (`coverage`: their
    share), with 95 % intervals.
    """

    precision: dict[int, float]
    intervals: dict[int, tuple[float, float]]
    words: int
    coverage: float

    def as_dict(self) -> dict[str, Any]:
        """JSON values; the keys of `precision` and `intervals` become strings."""
        value = asdict(self)
        value["precision"] = {str(k): figure for k, figure in self.precision.items()}
        value["intervals"] = {str(k): list(figure) for k, figure in self.intervals.items()}
        return value


def precision_at(
    source_words: Sequence[str],
    target_words: Sequence[str],
    candidates: np.ndarray,
    dictionary: Mapping[str, set[str]],
    *,
    ks: Sequence[int],
    seed: int = 0,
) -> Precision:
    """P@k of ranked `candidates` int [source words, at least max(ks)] (target indices, best first;
    -1 for none).

    A gold word counts where it is a source word and the target vocabulary holds at least one of its
    translations; it is right at k when one of them is among the first k candidates. Intervals
    resample gold words `RESAMPLES` times.
    """
    targets = {word.lower() for word in target_words}
    positions: dict[str, int] = {}
    for index, word in enumerate(source_words):
        positions.setdefault(word.lower(), index)
    covered = [
        (positions[word], answers & targets)
        for word, answers in sorted(dictionary.items())
        if word in positions and answers & targets
    ]
    ranks = np.full(len(covered), np.inf)
    for row, (index, answers) in enumerate(covered):
        for rank, candidate in enumerate(candidates[index]):
            if candidate >= 0 and target_words[candidate].lower() in answers:
                ranks[row] = rank
                break
    coverage = len(covered) / len(dictionary) if dictionary else 0.0
    if not covered:
        return Precision({k: 0.0 for k in ks}, {k: (0.0, 0.0) for k in ks}, 0, coverage)
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(ranks), (RESAMPLES, len(ranks)))
    precision, intervals = {}, {}
    for k in ks:
        hits = (ranks < k).astype(np.float64)
        low, high = np.percentile(hits[draws].mean(axis=1), [2.5, 97.5])
        precision[k] = round(100 * float(hits.mean()), 2)
        intervals[k] = (round(100 * float(low), 2), round(100 * float(high), 2))
    return Precision(precision, intervals, len(covered), round(coverage, 4))
