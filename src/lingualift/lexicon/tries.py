"""Every start tried: its dictionary refined to a map between the fastText spaces, and the tries
compared by unsupervised evidence.

Which try is kept. Lample et al.'s criterion compares tries only where nothing better exists:
refinement of a collapsed map raises it (on Quran-sized corpora the collapsed similarity start
reached 0.63-0.67 with P@1 0, the sound encoder start 0.53-0.58). Where encoder vectors exist, tries
are compared by how well a second, independent view of the words confirms their dictionaries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lingualift.config import LexiconSettings
from lingualift.lexicon.adversarial import AdversarialTraining, trained
from lingualift.lexicon.csls import WordPairs
from lingualift.lexicon.muse import MuseTraining, muse_map
from lingualift.lexicon.refine import MINIMUM_PAIRS, OrthogonalMap, refine, self_learning
from lingualift.lexicon.starts import (
    START_WORDS,
    identical_start,
    numeral_start,
    seed_start,
    similarity_start,
)
from lingualift.lexicon.verdict import HELD_OUT, HeldOut, rank_score
from lingualift.lexicon.views import EncoderView, FastTextPair, FastTextSide, Views, WordSpace
from lingualift.messages import LinguaLiftError

# Procrustes rounds on the mutual CSLS dictionary, as in MUSE. Ten of ten Spanish runs so end at P@1
# 42.6 (standard deviation 0.9) on dictionary words.
ROUNDS = 5
# Weight of the frequency term at the beginning of self-learning: it fades, so that the map itself
# owes nothing to it. With frequencies cs, ca, pl, hu, tr, gl and sv (211 to 383 thousand tokens)
# went from collapsed to good.
LEARNING_FREQUENCY_WEIGHT = 0.6
# Words in the first band of frequency of the similarity start, by run: where one gets lost, another
# may get there. The run with None looks at no frequencies, for corpora in which they mislead.
FIRST_BANDS = (50, 25, None, 100, 35)
# Runs of each stochastic start where no encoder is there to judge it; fewer when two runs agree.
MAXIMUM_RUNS = 5
MAXIMUM_ADVERSARIES = 3  # likewise for that start alone: a run takes hours
AGREED = 0.5  # share of words with the same best target from which two runs have converged


@dataclass(frozen=True)
class Try:
    """A start's map as it looks on the most frequent words in their leading directions.

    The final refinement begins with `pairs` and takes `rounds` rounds; a `rotation` of published
    vectors is the final map itself.
    """

    map: OrthogonalMap
    pairs: WordPairs
    rounds: int
    rotation: np.ndarray | None = None


@dataclass(frozen=True)
class Tries:
    """The tries by name (`start`, `start#2`, ... for its further runs), the starts `skipped` with
    their too few pairs, and how well another view confirms each dictionary (`cross_view`: 1
    perfect, 0.5 chance).

    `held_out` is the agreement of the two views on the encoder's pairs, `seed_held_out` that of the
    fastText view on a seed dictionary.
    """

    by_name: dict[str, Try] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    cross_view: dict[str, float] = field(default_factory=dict)
    held_out: HeldOut | None = None
    seed_held_out: HeldOut | None = None

    @property
    def of_fasttext(self) -> dict[str, Try]:
        """The tries in which the encoder has no part."""
        return {name: tried for name, tried in self.by_name.items() if name != "encoder"}

    def best(self) -> str | None:
        """The name of the try that is kept."""
        return self._best(self.by_name)

    def best_of_fasttext(self) -> str | None:
        """The name of the best try in which the encoder has no part."""
        return self._best(self.of_fasttext)

    def _best(self, tries: Mapping[str, Try]) -> str | None:
        # Tries that no second view judges compare by the criterion; ties go by name.
        return max(
            tries,
            key=lambda name: (self.cross_view.get(name, 0.0), tries[name].map.criterion, name),
            default=None,
        )

    def agreement(self, fasttext: FastTextPair) -> float | None:
        """Agreement of the best fastText try with the others on the best target of each source
        word: the highest, for a second way to the same dictionary is evidence however many runs got
        lost.
        """
        tries, best = self.of_fasttext, self.best_of_fasttext()
        if best is None or len(tries) < 2:
            return None
        return max(
            fasttext.agreement(tries[best].map.best, tried.map.best)
            for name, tried in tries.items()
            if name != best
        )


def try_starts(
    views: Views,
    settings: LexiconSettings,
    *,
    seed: int,
    seed_dictionary: Sequence[tuple[str, str]] | None = None,
    work: Path | None = None,
    precision: str = "float32",
) -> Tries:
    """Try every start of `settings.starts` that needs fastText vectors; none without them.

    `work` keeps what the adversary has learned, whose products on a processor follow `precision`.
    """
    fasttext, encoder = views.fasttext, views.encoder
    if fasttext is None:
        return Tries()
    k = settings.neighbourhood
    by_name: dict[str, Try] = {}
    if encoder is not None:
        # The encoder's own pairs are better than what refinement on a small corpus makes of them.
        by_name["encoder"] = refined(fasttext, fasttext.among(encoder.pairs), k, rounds=0)
    seed_held_out = None
    if "seed" in settings.starts:
        pairs = _seed_pairs(fasttext, seed_dictionary or ())
        by_name["seed"] = _seed_try(fasttext, pairs, k, seed)
        different = views.without_identical(fasttext.over_all(pairs))
        seed_held_out = fasttext.held_out(fasttext.among(different), seed)
    runs = _Runs(fasttext, settings, seed, work, precision)
    by_name |= runs.all(judged=encoder is not None)
    held_out, cross_view = None, {}
    if encoder is not None:
        held_out = fasttext.held_out(fasttext.among(views.without_identical(encoder.pairs)), seed)
        cross_view = _cross_view(views, fasttext, encoder, by_name, held_out)
    return Tries(by_name, runs.skipped, cross_view, held_out, seed_held_out)


def train_adversaries(
    source: WordSpace,
    target: WordSpace,
    settings: LexiconSettings,
    *,
    seed: int,
    work: Path,
    precision: str = "float32",
) -> None:
    """Run the adversaries that `try_starts` will ask for, into the folder `work` from which it
    takes them: on a GPU, which the rest of a lexicon has no use for. None without vectors.
    """
    sides = [FastTextSide.of(space, settings.neighbourhood) for space in (source, target)]
    if sides[0] is None or sides[1] is None:
        return
    runs = _Runs(FastTextPair(sides[0], sides[1]), settings, seed, work, precision)
    if runs.starts == ["adversarial"]:
        runs.all(judged="encoder" in settings.starts)
        return
    for run in range(settings.restarts):
        runs.train_adversary(run)


def refined(fasttext: FastTextPair, pairs: WordPairs, k: int, rounds: int = ROUNDS) -> Try:
    """The map that `rounds` of refinement on the most frequent words make of `pairs`."""
    fitted = refine(
        fasttext.source.leading,
        fasttext.target.leading,
        pairs,
        rounds=rounds,
        words=START_WORDS,
        k=k,
    )
    return Try(fitted, fitted.pairs if rounds else pairs, rounds)


def learned(
    fasttext: FastTextPair, pairs: WordPairs, k: int, seed: int, use_frequencies: bool
) -> WordPairs:
    """What self-learning makes of `pairs`."""
    term = fasttext.frequency_term(LEARNING_FREQUENCY_WEIGHT) if use_frequencies else None
    return self_learning(
        fasttext.source.leading, fasttext.target.leading, pairs, seed=seed, k=k, term=term
    )


def _seed_pairs(fasttext: FastTextPair, dictionary: Sequence[tuple[str, str]]) -> WordPairs:
    if not dictionary:
        raise LinguaLiftError(
            "the start 'seed' needs a seed dictionary; name one or leave the start out"
        )
    return seed_start(fasttext.source.words, fasttext.target.words, dictionary)


def _seed_try(fasttext: FastTextPair, pairs: WordPairs, k: int, seed: int) -> Try:
    held_out = fasttext.held_out(pairs, seed)
    # Refinement helps where the spaces are alike and harms where they are not.
    trusted = held_out is not None and held_out.lower >= HELD_OUT[1]
    return refined(fasttext, pairs, k, ROUNDS if trusted else 0)


class _Runs:
    """The runs of the starts that need fastText vectors alone."""

    def __init__(
        self,
        fasttext: FastTextPair,
        settings: LexiconSettings,
        seed: int,
        work: Path | None,
        precision: str,
    ) -> None:
        self.fasttext, self.settings, self.seed = fasttext, settings, seed
        self.work, self.precision = work, precision
        self.k = settings.neighbourhood
        self.starts = [start for start in settings.starts if start not in ("encoder", "seed")]
        self.skipped: dict[str, int] = {}
        self.fixed: dict[str, WordPairs] = {}  # dictionaries that are the same in every run

    def all(self, judged: bool) -> dict[str, Try]:
        """The tries of all runs. Where no encoder judges them only the agreement of several can
        tell a collapse: there every start runs up to five times, the adversary alone up to three,
        until two runs of any agree.

        Beside other starts one run of the adversary, which takes hours, is enough.
        """
        alone = self.starts == ["adversarial"]
        runs = self.settings.restarts
        if not judged:
            runs = max(runs, MAXIMUM_ADVERSARIES if alone else MAXIMUM_RUNS)
        tries: dict[str, Try] = {}
        for run in range(runs):
            for start in self.starts:
                if start == "adversarial" and not alone and run >= self.settings.restarts:
                    continue
                tried = self._try(start, run)
                if tried is not None:
                    tries[_name(start, run)] = tried
            if not judged and self._converged(list(tries.values())):
                break
        return tries

    def _try(self, start: str, run: int) -> Try | None:
        """What a run of a start ends with, or None where it begins with too few pairs."""
        if start == "adversarial":
            return self.adversary(run)
        band = FIRST_BANDS[run % len(FIRST_BANDS)] if self.settings.use_frequencies else None
        pairs = self._first(start, band)
        if len(pairs[0]) < MINIMUM_PAIRS:
            self.skipped[start] = len(pairs[0])
            return None
        pairs = learned(self.fasttext, pairs, self.k, self.seed + run, band is not None)
        return refined(self.fasttext, pairs, self.k)

    def adversary(self, run: int) -> Try:
        """A run of the adversary, from `work` where it has ended before. Its pairs go to the
        Procrustes rounds at once, as in the paper; of MUSE's schedule the finished map, measured by
        its dictionary as other tries are.
        """
        training = self.train_adversary(run)
        if isinstance(training, MuseTraining):
            made = muse_map(training)
            measured = refined(self.fasttext, made.pairs, self.k, rounds=0)
            return replace(measured, rotation=made.rotation)
        return refined(self.fasttext, training.pairs, self.k)

    def train_adversary(self, run: int) -> AdversarialTraining:
        """A trained adversary, from `work` where it has ended before, and kept there. MUSE's reads
        the vectors as they are published.
        """
        source, target = self.fasttext.source, self.fasttext.target
        how = self.seed + run, self.settings.adversarial, self.k, self.precision
        training = (
            MuseTraining(source.published, target.published, *how)
            if self.settings.adversarial.preset == "muse"
            else AdversarialTraining(source.vectors, target.vectors, *how)
        )
        name = _name("adversarial", run)
        return trained(training, self.work / name if self.work else None, name)

    def _first(self, start: str, band: int | None) -> WordPairs:
        """The first dictionary of a start; with a `band` that of the similarity start depends on
        it.
        """
        source, target = self.fasttext.source, self.fasttext.target
        if start == "similarity" and band is not None:
            counts = source.frequencies, target.frequencies
            return similarity_start(source.vectors, target.vectors, self.k, counts, band)
        makers: dict[str, Callable[[], WordPairs]] = {
            "similarity": lambda: similarity_start(source.vectors, target.vectors, self.k),
            "identical": lambda: identical_start(source.words, target.words),
            "numerals": lambda: numeral_start(source.words, target.words),
        }
        if start not in self.fixed:
            self.fixed[start] = makers[start]()
        return self.fixed[start]

    def _converged(self, tries: Sequence[Try]) -> bool:
        """Whether the try with the highest criterion agrees with another."""
        if len(tries) < 2:
            return False
        best, *others = sorted((tried.map for tried in tries), key=lambda fit: -fit.criterion)
        return any(self.fasttext.agreement(best.best, other.best) >= AGREED for other in others)


def _name(start: str, run: int) -> str:
    return start if run == 0 else f"{start}#{run + 1}"


def _cross_view(
    views: Views,
    fasttext: FastTextPair,
    encoder: EncoderView,
    tries: Mapping[str, Try],
    held_out: HeldOut | None,
) -> dict[str, float]:
    """For each try the mean rank score of its mutual pairs in a view that did not make them: 1
    perfect, 0.5 chance.

    A fastText try's pairs are ranked by the encoder's cosine; the encoder's by a held-out fastText
    map.
    """
    scores = {}
    for name, tried in tries.items():
        if name == "encoder":
            if held_out is not None:
                scores[name] = held_out.score
            continue
        source, target = views.without_identical(fasttext.over_all(tried.map.pairs))
        score = rank_score(
            encoder.source,
            encoder.target[fasttext.target.rows],
            source,
            np.searchsorted(fasttext.target.rows, target),
        )
        if score is not None:
            scores[name] = score
    return scores
