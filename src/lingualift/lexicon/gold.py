"""Gold dictionaries and precision at k: for reporting only, never for a choice."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lingualift.errors import LinguaLiftError
from lingualift.languages import Language
from lingualift.text.cleaning import clean_word

logger = logging.getLogger(__name__)
Dictionary = dict[str, set[str]]


def read_gold(source: str, folder: str | Path, language: Language) -> Dictionary:
    """The gold dictionary of a language in the retrieved source `source` at `folder`; all but npm's
    are in MUSE's format, one text file.

    Words are cleaned as a corpus is, so that they can be found in a vocabulary.
    """
    folder = Path(folder)
    if source == "thousand-most-common-words":
        return cleaned(
            read_thousand(folder / f"package/words/{language.common_words}.json"), language
        )
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".txt", ".tsv"))
    if len(files) != 1:
        raise LinguaLiftError(
            f"{folder}: expected one dictionary (.txt or .tsv), found"
            f" {', '.join(path.name for path in files) or 'none'}"
        )
    return cleaned(read_muse(files[0]), language)


def cleaned(dictionary: Dictionary, language: Language) -> Dictionary:
    """A dictionary from English with its words cleaned as those of corpora are."""
    return _collect(
        (clean_word(word, "Latn", "en"), clean_word(answer, language.script, language.code))
        for word, answers in dictionary.items()
        for answer in answers
    )


def read_thousand(path: str | Path) -> Dictionary:
    """npm `thousand-most-common-words` `words/XX.json`: English word to the language's words,
    lower-cased.
    """
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8"))["words"]
        pairs = [(entry.get("englishWord"), entry.get("targetWord")) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LinguaLiftError(
            f"{path}: not a word list of npm thousand-most-common-words ({type(error).__name__}:"
            f" {error})"
        ) from error
    return _collect(
        (english, target)
        for english, target in pairs
        if isinstance(english, str) and isinstance(target, str)
    )


def read_muse(path: str | Path, strict: bool = False) -> Dictionary:
    """A MUSE dictionary: one `source target` pair a line, separated by a tab or by one space;
    lower-cased.

    Malformed lines (not exactly two words; a tab separates phrases) are named in a warning with
    their numbers, or refused with `strict`.
    """
    pairs: list[tuple[str, str]] = []
    malformed: list[int] = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LinguaLiftError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split("\t")] if "\t" in line else line.split()
        if len(fields) == 2 and all(fields):
            pairs.append((fields[0], fields[1]))
        else:
            malformed.append(number)
    if malformed:
        shown = ", ".join(map(str, malformed[:5])) + (" ..." if len(malformed) > 5 else "")
        if strict:
            raise LinguaLiftError(
                f"{path}, line {malformed[0]}: not a pair of words ({len(malformed)} such lines:"
                f" {shown})"
            )
        logger.warning("%s: %d malformed lines skipped (%s)", path, len(malformed), shown)
    if not pairs:
        raise LinguaLiftError(f"{path}: no pair of words; expected 'source target' on each line")
    return _collect(pairs)


def _collect(pairs: Any) -> Dictionary:
    found: Dictionary = {}
    for source, target in pairs:
        source, target = source.strip().lower(), target.strip().lower()
        if source and target:
            found.setdefault(source, set()).add(target)
    return found


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
    ks: Sequence[int] = (1, 5, 10),
    seed: int = 0,
    resamples: int = 1000,
) -> Precision:
    """P@k of ranked `candidates` int [source words, at least max(ks)] (target indices, best first;
    -1 for none).

    A gold word counts where it is a source word and the target vocabulary holds at least one of its
    translations; it is right at k when one of them is among the first k candidates. Intervals
    resample gold words `resamples` times.
    """
    targets = {word.lower() for word in target_words}
    place: dict[str, int] = {}
    for index, word in enumerate(source_words):
        place.setdefault(word.lower(), index)
    covered = [
        (place[word], answers & targets)
        for word, answers in sorted(dictionary.items())
        if word in place and answers & targets
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
    draws = generator.integers(0, len(ranks), (resamples, len(ranks)))
    precision, intervals = {}, {}
    for k in ks:
        hits = (ranks < k).astype(np.float64)
        low, high = np.percentile(hits[draws].mean(axis=1), [2.5, 97.5])
        precision[k] = round(100 * float(hits.mean()), 2)
        intervals[k] = (round(100 * float(low), 2), round(100 * float(high), 2))
    return Precision(precision, intervals, len(covered), round(coverage, 4))
