"""One lexicon from two word spaces: try the starts, keep the best by unsupervised evidence, score,
judge, retrieve.

Which start is kept. Lample et al.'s criterion compares starts only where nothing better exists:
refinement of a collapsed map raises it (on Quran-sized corpora the collapsed similarity start
reached 0.63-0.67 with P@1 0, the sound encoder start 0.53-0.58). Where encoder vectors exist,
starts are compared by `cross_view` instead: how well a second, independent view of the words
confirms the dictionary.

Gold dictionaries enter only after everything is decided, to be reported.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lingualift.errors import LinguaLiftError, nearest
from lingualift.lexicon import verdict as judge
from lingualift.lexicon.adversarial import Adversary, adversarial_start
from lingualift.lexicon.csls import Scores, combine, csls, match, mutual_pairs
from lingualift.lexicon.gold import precision_at
from lingualift.lexicon.normalise import leading_directions, normalise
from lingualift.lexicon.refine import (
    MINIMUM_PAIRS,
    SCHEDULE,
    Alignment,
    refine,
    reweight,
    rotate_towards,
    self_learning,
    whiten_within_pairs,
)
from lingualift.lexicon.score import combined_scores
from lingualift.lexicon.search import Neighbours
from lingualift.lexicon.starts import (
    Pairs,
    encoder_space,
    frequency_scores,
    identical_start,
    numeral_start,
    seed_start,
    similarity_start,
)

logger = logging.getLogger(__name__)

LEXICON_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),  # 1 is best
        pa.field("csls", pa.float32(), nullable=False),  # the score that ranked the pair
        pa.field(
            "cosine", pa.float32(), nullable=False
        ),  # in the encoder's space, or the mapped fastText space
        pa.field("mutual", pa.bool_(), nullable=False),
        pa.field("source_frequency", pa.int64(), nullable=False),
        pa.field("source_pos", pa.string(), nullable=False),
        pa.field("target_frequency", pa.int64(), nullable=False),
    ]
)
STARTS = ("similarity", "identical", "numerals", "adversarial", "seed", "encoder")
SCORES = ("combined", "encoder", "fasttext")
GOLD_RANKS = (1, 5, 10)
MAXIMUM_RUNS = (
    5  # of each stochastic start where no encoder is there to judge it; fewer when two runs agree
)
MAXIMUM_ADVERSARIES = 3  # likewise, for that start alone: a run takes hours
# Words in the first band of frequency of the similarity start, by run: where one gets lost, another
# may get there. The run with None looks at no frequencies, for corpora in which they mislead.
FIRST_BANDS = (50, 25, None, 100, 35)
AGREED = 0.5  # share of words with the same best target from which two runs have converged
MINIMUM_FASTTEXT_WORDS = 100  # fewer words with vectors than this a side: fastText is left out


@dataclass(frozen=True)
class WordSpace:
    """The words of one language, most frequent first, with what is known of them.

    `fasttext` float32 [words, d] with a row of NaN where a word has no vector, or None; `encoder`
    float32 [words, e] from `words.embed_words`, or None; `pos` the usual part of speech of each
    word, or None.
    """

    words: Sequence[str]
    frequencies: np.ndarray
    fasttext: np.ndarray | None = None
    encoder: np.ndarray | None = None
    pos: Sequence[str] | None = None


@dataclass(frozen=True)
class Settings:
    """How a lexicon is made; the defaults are the default run's, the paper's are
    `starts=("adversarial",), score="fasttext"`.
    """

    starts: tuple[str, ...] = ("similarity", "identical", "encoder")
    # runs of each stochastic start, with different seeds (up to five without an encoder, until two
    # agree)
    restarts: int = 1
    score: str = "combined"
    top_k: int = 10  # translations kept a source word
    k: int = 10  # CSLS neighbourhood
    normalisation: tuple[str, ...] = ("unit", "center", "unit")  # of fastText vectors
    components: int = 2  # principal directions removed from encoder vectors
    dim: int = 512  # encoder dimensions kept
    adapt: bool = True  # refine the encoder's space on its own mutual pairs
    # words that translate each other are about equally frequent: starts, learning, scores and
    # weights
    use_frequencies: bool = True
    frequency_weight: float = 0.005  # penalty for unlike frequency in the encoder's score
    fasttext_frequency_weight: float = 0.05  # and in fastText's, where it is the only one
    learning_frequency_weight: float = 0.6  # and while starts learn, at first
    fasttext_weight: float = 0.3  # of fastText against the encoder in the combined score
    start_words: int = 2000  # most frequent words by which starts are made, learn, and are compared
    start_dim: int = (
        100  # leading directions of the fastText vectors in which starts learn and are compared
    )
    refine_words: int = 10_000  # most frequent words by which the kept start's map is refined
    rounds: int = 5  # Procrustes rounds on the mutual CSLS dictionary of the frequent words
    refine_rounds: int = 5  # and on that of more words, for the start that is kept
    schedule: tuple[tuple[float, int], ...] = SCHEDULE
    adversary: Adversary = field(default_factory=Adversary)
    reweight: bool = (
        False  # symmetric re-weighting of the kept fastText map, after everything is measured
    )
    null_runs: int = 1  # alignments from shuffled dictionaries that the criterion is compared with
    mutual_only: bool = False
    minimum_score: float | None = None
    thresholds: judge.Thresholds = field(default_factory=judge.Thresholds)
    use_gpu: bool = True


@dataclass(frozen=True)
class Lexicon:
    """`table` (schema LEXICON_SCHEMA, by source word in vocabulary order and rank) and `evidence`,
    a JSON object.
    """

    table: pa.Table
    evidence: dict[str, Any]


@dataclass(frozen=True)
class _Side:
    """The words of one language that have fastText vectors: their rows among all words, their
    spelling, frequencies, normalised vectors, and those vectors in their leading directions.
    """

    rows: np.ndarray
    words: list[str]
    frequencies: np.ndarray
    vectors: np.ndarray
    leading: np.ndarray


@dataclass(frozen=True)
class _Candidate:
    """A start's map as it looks on the most frequent words in their leading directions; `pairs` is
    what refinement of all begins with, and it lasts at most `rounds`.
    """

    alignment: Alignment
    pairs: Pairs
    rounds: int


def build_lexicon(
    source: WordSpace,
    target: WordSpace,
    settings: Settings | None = None,
    *,
    seed: int = 0,
    seed_dictionary: Sequence[tuple[str, str]] | None = None,
    gold: Mapping[str, set[str]] | None = None,
    name: str = "lexicon",
    work: Path | None = None,
) -> Lexicon:
    """Align two word spaces without supervision and retrieve the top-k translations of every source
    word (Appendix A.1).

    Each start in `settings.starts` yields a dictionary; its fastText map is refined (Procrustes on
    mutual CSLS) and judged (see the module's text), and the best is kept. The final score is CSLS
    of encoder vectors (with a frequency term), plus CSLS of the kept fastText map; either alone
    where the other is missing or `settings.score` says so. `seed_dictionary` is used by the start
    "seed" only. `name` appears in errors. `work` is a folder where the adversary keeps what it has
    learned, so that an interrupted call goes on; the caller deletes it. Computed with one BLAS
    thread, so that the result does not depend on how many there are.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        return _build(
            source, target, settings or Settings(), seed, seed_dictionary, gold, name, work
        )


def supervised_lexicon(
    source: WordSpace,
    target: WordSpace,
    settings: Settings,
    collapsed: Lexicon,
    *,
    seed: int = 0,
    seed_dictionary: Sequence[tuple[str, str]],
    gold: Mapping[str, set[str]] | None = None,
    name: str = "lexicon",
) -> Lexicon:
    """The fastText lexicon from a seed dictionary, for a language whose unsupervised one
    `collapsed`.

    Its verdict is its own: a seed dictionary that does not generalise to its held-out fifth has
    collapsed, too. The evidence says under `unsupervised` what was replaced.
    """
    found = build_lexicon(
        source,
        target,
        replace(settings, starts=("seed",), score="fasttext"),
        seed=seed,
        seed_dictionary=seed_dictionary,
        gold=gold,
        name=name,
    )
    replaced = {
        key: collapsed.evidence[key] for key in ("verdict", "reason", "kept_start", "criterion")
    }
    return Lexicon(found.table, {**found.evidence, "unsupervised": replaced})


def _build(
    source: WordSpace,
    target: WordSpace,
    settings: Settings,
    seed: int,
    seed_dictionary: Sequence[tuple[str, str]] | None,
    gold: Mapping[str, set[str]] | None,
    name: str,
    work: Path | None,
) -> Lexicon:
    _check(source, target, settings, seed_dictionary, name)
    encoder: tuple[np.ndarray, np.ndarray] | None = None
    encoder_scores: Scores | None = None
    encoder_pairs: Pairs | None = None
    if source.encoder is not None and target.encoder is not None and "encoder" in settings.starts:
        encoder = encoder_space(
            source.encoder, target.encoder, components=settings.components, dim=settings.dim
        )
        encoder, encoder_scores, encoder_pairs = _encoder_start(encoder, source, target, settings)

    left, right = _side(source, settings), _side(target, settings)
    aligned: dict[str, _Candidate] = {}
    skipped: dict[str, int] = {}
    cross_view: dict[str, float] = {}
    held_out, null, isometry = None, None, None
    if left is not None and right is not None:
        try:
            aligned, skipped = _alignments(
                left, right, encoder_pairs, seed_dictionary, settings, seed, work
            )
        except LinguaLiftError as error:
            raise LinguaLiftError(f"{name}: {error}") from error
        isometry = judge.isometry(left.vectors, right.vectors)
        if encoder is not None and encoder_pairs is not None:
            held_out = judge.held_out_agreement(
                left.vectors,
                right.vectors,
                _inner(_without_identical(encoder_pairs, source.words, target.words), left, right),
                seed,
            )
            cross_view = _cross_views(aligned, held_out, source, target, left, right, encoder)
    if encoder_scores is None and not aligned:
        raise LinguaLiftError(
            f"{name}: nothing to align: no encoder vectors, and no fastText start with"
            f" {MINIMUM_PAIRS} pairs of words that have vectors"
        )
    plain = {start: candidate for start, candidate in aligned.items() if start != "encoder"}
    kept, kept_plain = _best(aligned, cross_view), _best(plain, cross_view)
    start_agreement = _start_agreement(plain, cross_view)
    # The encoder's score has its own frequency term; where fastText's is the only score, it gets
    # one.
    penalty = None
    if left is not None and right is not None and encoder is None and settings.use_frequencies:
        penalty = _penalty(left, right, settings.fasttext_frequency_weight)
    final = {
        start: _polished(left, right, aligned[start], settings, penalty)
        for start in dict.fromkeys((kept, kept_plain))
        if start and left and right
    }
    if kept_plain is not None and left is not None and right is not None:
        null = _null_criterion(left, right, plain[kept_plain].alignment, settings, seed)
        if kept_plain.startswith("seed") and encoder is None:
            # A seed dictionary vouches for itself: it either generalises to its held-out fifth or
            # does not.
            pairs = _without_identical(
                seed_start(left.words, right.words, seed_dictionary or ()), left.words, right.words
            )
            held_out = judge.held_out_agreement(left.vectors, right.vectors, pairs, seed)

    results: dict[str, Scores] = {}
    mapped: tuple[np.ndarray, np.ndarray] | None = None
    if kept is not None and left is not None and right is not None:
        mapped, fasttext_scores = _mapped(final[kept], left, right, settings, penalty)
        if encoder_scores is not None:
            results["encoder"] = encoder_scores
            results["combined"] = combined_scores(
                encoder_scores, fasttext_scores, left.rows, right.rows, settings.fasttext_weight
            )
    elif encoder_scores is not None:
        results["encoder"] = encoder_scores
    used = (
        settings.score
        if settings.score in results
        else (
            "encoder" if settings.score == "combined" and encoder_scores is not None else "fasttext"
        )
    )

    if used == "fasttext":
        if mapped is None or left is None or right is None:
            raise LinguaLiftError(
                f"{name}: score 'fasttext' needs fastText vectors for {MINIMUM_FASTTEXT_WORDS}"
                " words in both languages"
            )
        rows, columns, scores, cosine = left.rows, right.rows, fasttext_scores, mapped
    else:
        assert encoder is not None
        rows, columns, scores, cosine = (
            np.arange(len(source.words)),
            np.arange(len(target.words)),
            results[used],
            encoder,
        )

    found = scores.forward(min(max(settings.top_k, *GOLD_RANKS), len(columns)), settings.use_gpu)
    mutual = mutual_pairs(scores, settings.use_gpu, found)
    above_null = (
        None if null is None or kept_plain is None else plain[kept_plain].alignment.criterion - null
    )
    if start_agreement is None and kept_plain is not None and kept_plain.startswith("seed"):
        above_null = None  # a seed's pairs are not those that would raise the criterion
    encoder_rate = (
        None
        if encoder_pairs is None
        else len(encoder_pairs[0]) / min(len(source.words), len(target.words))
    )
    level, reason = judge.verdict(
        held_out=held_out,
        start_agreement=start_agreement,
        above_null=above_null,
        encoder_rate=encoder_rate,
        thresholds=settings.thresholds,
    )
    evidence: dict[str, Any] = {
        "source_words": len(source.words),
        "target_words": len(target.words),
        "source_words_with_fasttext": 0 if left is None else len(left.rows),
        "target_words_with_fasttext": 0 if right is None else len(right.rows),
        "score": used,
        "starts": {
            start: {
                "criterion": candidate.alignment.criterion,
                "mutual_rate": candidate.alignment.mutual_rate,
                "pairs": len(candidate.alignment.pairs[0]),
                "cross_view": cross_view.get(start),
            }
            for start, candidate in aligned.items()
        },
        "skipped_starts": skipped,
        "kept_start": "encoder" if used == "encoder" else kept,
        "best_fasttext_only_start": kept_plain,
        "criterion": float(
            (cosine[0] * cosine[1][found.indices[:, 0]]).sum(axis=1, dtype=np.float64).mean()
        ),
        "mutual_rate": len(mutual[0]) / len(rows),
        "held_out": (
            None if held_out is None else {"score": held_out[0], "standard_error": held_out[1]}
        ),
        "start_agreement": start_agreement,
        "direction_agreement": (
            None if kept is None else _directions(aligned[kept].alignment, left, right, settings)
        ),
        "null_criterion": null,
        "isometry": isometry,
        "verdict": level,
        "reason": reason,
    }
    if gold is not None:
        figures = {
            key: _precision(source, target, value, None, None, gold, settings, seed)
            for key, value in results.items()
        }
        if encoder is not None:
            figures["encoder_nn"] = _precision(
                source, target, Scores(*encoder), None, None, gold, settings, seed
            )
        if kept_plain is not None and left is not None and right is not None:
            mapped, scores = _mapped(final[kept_plain], left, right, settings, penalty)
            figures["fasttext"] = _precision(
                source, target, scores, left.rows, right.rows, gold, settings, seed
            )
            figures["fasttext_nn"] = _precision(
                source, target, Scores(*mapped), left.rows, right.rows, gold, settings, seed
            )
        evidence["gold"] = figures
    return Lexicon(
        _table(source, target, rows, columns, found, mutual, cosine, settings),
        judge.summary(evidence),
    )


def _encoder_start(
    space: tuple[np.ndarray, np.ndarray], source: WordSpace, target: WordSpace, settings: Settings
) -> tuple[tuple[np.ndarray, np.ndarray], Scores, Pairs]:
    """The encoder's space, its scores and its mutual pairs, refined on those pairs where
    `settings.adapt` says so.
    """

    frequency = (
        frequency_scores(source.frequencies, target.frequencies, settings.frequency_weight)
        if settings.use_frequencies
        else None
    )

    def scored(left: np.ndarray, right: np.ndarray) -> tuple[Scores, Pairs]:
        found = match(left, right, settings.k, settings.use_gpu, frequency)
        return found.scores, found.mutual

    scores, pairs = scored(*space)
    if settings.adapt and len(pairs[0]) >= MINIMUM_PAIRS:
        turned = rotate_towards(*space, pairs), space[1]
        _, pairs = scored(*turned)
        if len(pairs[0]) >= MINIMUM_PAIRS:
            space = whiten_within_pairs(*turned, pairs)
            scores, pairs = scored(*space)
    return space, scores, pairs


def _check(
    source: WordSpace,
    target: WordSpace,
    settings: Settings,
    seed_dictionary: Sequence[tuple[str, str]] | None,
    name: str,
) -> None:
    for start in settings.starts:
        if start not in STARTS:
            raise LinguaLiftError(f"{name}: start '{start}' is unknown; {nearest(start, STARTS)}")
    if settings.score not in SCORES:
        raise LinguaLiftError(
            f"{name}: score '{settings.score}' is unknown; {nearest(settings.score, SCORES)}"
        )
    if "seed" in settings.starts and not seed_dictionary:
        raise LinguaLiftError(
            f"{name}: the start 'seed' needs a seed dictionary; name one or leave the start out"
        )
    for side, space in (("source", source), ("target", target)):
        if len(space.words) < settings.k:
            raise LinguaLiftError(
                f"{name}: {len(space.words)} {side} words, fewer than the CSLS neighbourhood of"
                f" {settings.k}; give more text or a word list"
            )
        if len(set(space.words)) != len(space.words):
            twice = next(
                word for place, word in enumerate(space.words) if word in space.words[:place]
            )
            raise LinguaLiftError(
                f"{name}: the {side} word {twice!r} occurs twice in the vocabulary"
            )
        for kind, values in (
            ("frequencies", space.frequencies),
            ("fasttext", space.fasttext),
            ("encoder", space.encoder),
            ("pos", space.pos),
        ):
            if values is not None and len(values) != len(space.words):
                raise LinguaLiftError(
                    f"{name}: {len(values)} rows of {side} {kind} for {len(space.words)} words"
                )
    for kind, left, right in (
        ("fasttext", source.fasttext, target.fasttext),
        ("encoder", source.encoder, target.encoder),
    ):
        if left is not None and right is not None and left.shape[1] != right.shape[1]:
            raise LinguaLiftError(
                f"{name}: {kind} vectors of {left.shape[1]} dimensions for the source and"
                f" {right.shape[1]} for the target; train both alike"
            )


def _side(space: WordSpace, settings: Settings) -> _Side | None:
    if space.fasttext is None:
        return None
    rows = np.flatnonzero(np.isfinite(space.fasttext).all(axis=1))
    if len(rows) < max(MINIMUM_FASTTEXT_WORDS, settings.k):
        return None
    vectors = normalise(space.fasttext[rows], settings.normalisation)
    words = [space.words[row] for row in rows.tolist()]
    return _Side(
        rows,
        words,
        np.asarray(space.frequencies)[rows],
        vectors,
        leading_directions(vectors, settings.start_dim),
    )


def _inner(pairs: Pairs, left: _Side, right: _Side) -> Pairs:
    """Pairs over all words as pairs over the words with fastText vectors; the others are left out."""
    known = np.isin(pairs[0], left.rows) & np.isin(pairs[1], right.rows)
    return np.searchsorted(left.rows, pairs[0][known]), np.searchsorted(right.rows, pairs[1][known])


def _without_identical(pairs: Pairs, source: Sequence[str], target: Sequence[str]) -> Pairs:
    # Names and loans spelled alike would vouch for any lexicon.
    differ = np.array(
        [source[i].casefold() != target[j].casefold() for i, j in zip(*pairs, strict=True)], bool
    )
    return pairs[0][differ], pairs[1][differ]


def _alignments(
    left: _Side,
    right: _Side,
    encoder_pairs: Pairs | None,
    seed_dictionary: Sequence[tuple[str, str]] | None,
    settings: Settings,
    seed: int,
    work: Path | None,
) -> tuple[dict[str, _Candidate], dict[str, int]]:
    """Each start's map, refined on the `start_words` most frequent words, and the starts skipped
    for too few pairs with their number.

    Stochastic starts run `restarts` times under the names `start`, `start#2`, ...; without an
    encoder up to five times, until two runs of any agree.
    """
    aligned: dict[str, _Candidate] = {}
    skipped: dict[str, int] = {}
    plain = [start for start in settings.starts if start not in ("encoder", "seed")]
    # Without an encoder only the agreement of several runs can tell a collapse. One start that
    # draws at random is run as often; beside others one run of the adversary, which takes hours, is
    # enough.
    alone = plain == ["adversarial"]
    runs = (
        settings.restarts
        if encoder_pairs is not None
        else max(settings.restarts, MAXIMUM_ADVERSARIES if alone else MAXIMUM_RUNS)
    )
    if "encoder" in settings.starts and encoder_pairs is not None:
        # The encoder's own pairs are better than what refinement on a small corpus makes of them.
        aligned["encoder"] = _candidate(
            left, right, _inner(encoder_pairs, left, right), settings, rounds=0
        )
    if "seed" in settings.starts:
        pairs = seed_start(left.words, right.words, seed_dictionary or ())
        held_out = judge.held_out_agreement(left.vectors, right.vectors, pairs, seed)
        # Likewise: refinement helps where the spaces are alike and harms where they are not.
        trusted = (
            held_out is not None and held_out[0] - held_out[1] >= settings.thresholds.held_out[1]
        )
        aligned["seed"] = _candidate(
            left, right, pairs, settings, rounds=settings.rounds if trusted else 0
        )
    first: dict[str, Pairs] = {}
    for run in range(runs):
        band = FIRST_BANDS[run % len(FIRST_BANDS)] if settings.use_frequencies else None
        for start in plain:
            if start == "adversarial":
                if run < (runs if alone else settings.restarts):
                    own = _numbered(start, run)
                    learned, _ = adversarial_start(
                        left.vectors,
                        right.vectors,
                        seed=seed + run,
                        settings=settings.adversary,
                        k=settings.k,
                        use_gpu=settings.use_gpu,
                        state=work / own if work else None,
                        progress=own,
                    )
                    aligned[own] = _candidate(left, right, learned, settings, settings.rounds)
                continue
            if start == "similarity" and (run == 0 or settings.use_frequencies):
                first[start] = similarity_start(
                    left.vectors,
                    right.vectors,
                    settings.start_words,
                    settings.k,
                    settings.use_gpu,
                    first_band=band,
                    frequencies=(left.frequencies, right.frequencies),
                )
            elif start not in first:
                first[start] = (identical_start if start == "identical" else numeral_start)(
                    left.words, right.words
                )
            if len(first[start][0]) < MINIMUM_PAIRS:
                skipped[start] = len(first[start][0])
                continue
            learned = _learned(
                left, right, first[start], settings, seed + run, use_frequencies=band is not None
            )
            aligned[_numbered(start, run)] = _candidate(
                left, right, learned, settings, settings.rounds
            )
        if encoder_pairs is None and _converged(
            [candidate for start, candidate in aligned.items() if start != "seed"]
        ):
            break
    return aligned, skipped


def _converged(candidates: Sequence[_Candidate]) -> bool:
    """Whether the candidate with the highest criterion agrees with another."""
    if len(candidates) < 2:
        return False
    best, *others = sorted(
        (candidate.alignment for candidate in candidates), key=lambda found: -found.criterion
    )
    return any(judge.agreement(best.best, other.best) >= AGREED for other in others)


def _numbered(start: str, run: int) -> str:
    return start if run == 0 else f"{start}#{run + 1}"


def _learned(
    left: _Side, right: _Side, pairs: Pairs, settings: Settings, seed: int, use_frequencies: bool
) -> Pairs:
    return self_learning(
        left.leading,
        right.leading,
        pairs,
        seed=seed,
        cutoff=settings.start_words,
        schedule=settings.schedule,
        k=settings.k,
        penalty=(
            _penalty(left, right, settings.learning_frequency_weight) if use_frequencies else None
        ),
    )


def _penalty(left: _Side, right: _Side, weight: float) -> Scores:
    return frequency_scores(left.frequencies, right.frequencies, weight)


def _candidate(
    left: _Side, right: _Side, pairs: Pairs, settings: Settings, rounds: int
) -> _Candidate:
    found = refine(
        left.leading,
        right.leading,
        pairs,
        rounds=rounds,
        cutoff=settings.start_words,
        k=settings.k,
        use_gpu=settings.use_gpu,
    )
    return _Candidate(found, found.pairs if rounds else pairs, rounds)


def _polished(
    left: _Side, right: _Side, candidate: _Candidate, settings: Settings, penalty: Scores | None
) -> Alignment:
    """The candidate's map in all directions, refined on the `refine_words` most frequent words; as
    it is where it has seen all that.

    `penalty`, a score of the same words by their frequencies, is part of the score, and pairs then
    weigh by frequency.
    """
    if (
        penalty is None
        and max(len(left.rows), len(right.rows)) <= settings.start_words
        and left.leading is left.vectors
    ):
        return candidate.alignment
    return refine(
        left.vectors,
        right.vectors,
        candidate.pairs,
        rounds=min(candidate.rounds, settings.refine_rounds),
        cutoff=settings.refine_words,
        k=settings.k,
        use_gpu=settings.use_gpu,
        frequencies=None if penalty is None else (left.frequencies, right.frequencies),
        penalty=penalty,
    )


def _null_criterion(
    left: _Side, right: _Side, kept: Alignment, settings: Settings, seed: int
) -> float | None:
    """The best criterion that self-learning and refinement reach from the pairs of the `kept`
    alignment with their target words shuffled: from no dictionary at all.

    On spaces that are much alike they may find the same alignment even so; that is no null, and
    another is drawn, up to twice.
    """
    if len(kept.pairs[0]) < MINIMUM_PAIRS:
        return None
    values: list[float] = []
    for run in range(settings.null_runs + 2 if settings.null_runs else 0):
        shuffled = kept.pairs[0], np.random.default_rng(seed + run).permutation(kept.pairs[1])
        learned = _learned(
            left, right, shuffled, settings, seed + run, use_frequencies=False
        )  # frequencies alone can be a dictionary
        found = _candidate(left, right, learned, settings, settings.rounds).alignment
        if judge.agreement(found.best, kept.best) < AGREED:
            values.append(found.criterion)
        if len(values) == settings.null_runs:
            break
    return max(values, default=None)


def _best(aligned: Mapping[str, _Candidate], cross_view: Mapping[str, float]) -> str | None:
    """The alignment with the best cross-view evidence, and by the criterion among those without;
    ties by name.
    """
    return max(
        aligned,
        key=lambda start: (cross_view.get(start, 0.0), aligned[start].alignment.criterion, start),
        default=None,
    )


def _cross_views(
    aligned: Mapping[str, _Candidate],
    held_out: tuple[float, float] | None,
    source: WordSpace,
    target: WordSpace,
    left: _Side,
    right: _Side,
    encoder: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    """For each start the mean rank score of its mutual pairs in a view that did not make them: 1
    perfect, 0.5 chance.

    A fastText start's pairs are ranked by the encoder's cosine; the encoder's by a held-out
    fastText map (`verdict.held_out_agreement`).
    """
    views = {}
    for start, candidate in aligned.items():
        if start == "encoder":
            if held_out is not None:
                views[start] = held_out[0]
            continue
        pairs = left.rows[candidate.alignment.pairs[0]], right.rows[candidate.alignment.pairs[1]]
        value = judge.rank_score(
            encoder[0],
            encoder[1][right.rows],
            *_ranked(_without_identical(pairs, source.words, target.words), right),
        )
        if value is not None:
            views[start] = value
    return views


def _ranked(pairs: Pairs, right: _Side) -> Pairs:
    return pairs[0], np.searchsorted(right.rows, pairs[1])


def _start_agreement(
    aligned: Mapping[str, _Candidate], cross_view: Mapping[str, float]
) -> float | None:
    """Agreement of the best alignment with the others on the best target of each source word: the
    highest, for a second way to the same dictionary is evidence however many runs got lost.
    """
    best = _best(aligned, cross_view)
    if best is None or len(aligned) < 2:
        return None
    answers = {start: candidate.alignment.best for start, candidate in aligned.items()}
    return max(judge.agreement(answers[best], answers[start]) for start in answers if start != best)


def _directions(
    alignment: Alignment, left: _Side | None, right: _Side | None, settings: Settings
) -> float | None:
    if left is None or right is None:
        return None
    sides = left.leading[: len(alignment.best)], right.leading[: len(alignment.back)]
    return judge.direction_agreement(*sides, alignment.best, alignment.back, settings.use_gpu)


def _mapped(
    alignment: Alignment, left: _Side, right: _Side, settings: Settings, penalty: Scores | None
) -> tuple[tuple[np.ndarray, np.ndarray], Scores]:
    """Both spaces in the kept map's common space, re-weighted where the settings say so, and their
    CSLS (plus `penalty`) over all words with vectors.
    """
    if settings.reweight:
        spaces = reweight(left.vectors, right.vectors, alignment.pairs)
    else:
        spaces = (left.vectors @ alignment.rotation).astype(np.float32), right.vectors
        if len(alignment.scores.source) == len(left.rows) and len(alignment.scores.target) == len(
            right.rows
        ):
            return spaces, alignment.scores
    scores = csls(*spaces, settings.k, settings.use_gpu)
    return spaces, scores if penalty is None else combine(scores, penalty)


def _precision(
    source: WordSpace,
    target: WordSpace,
    scores: Scores,
    rows: np.ndarray | None,
    columns: np.ndarray | None,
    gold: Mapping[str, set[str]],
    settings: Settings,
    seed: int,
) -> dict[str, Any]:
    """P@k over all words; a source word without a vector has no candidates and counts as wrong."""
    places = np.arange(len(source.words)) if rows is None else rows
    asked = np.array(
        [place for place, row in enumerate(places.tolist()) if source.words[row].lower() in gold],
        np.int64,
    )
    candidates = np.full(
        (len(source.words), min(max(GOLD_RANKS), len(scores.target))), -1, np.int64
    )
    if len(asked):
        found = (
            Scores(scores.source[asked], scores.target)
            .forward(candidates.shape[1], settings.use_gpu)
            .indices
        )
        candidates[places[asked]] = found if columns is None else columns[found]
    return precision_at(
        source.words, target.words, candidates, gold, ks=GOLD_RANKS, seed=seed
    ).as_dict()


def _table(
    source: WordSpace,
    target: WordSpace,
    rows: np.ndarray,
    columns: np.ndarray,
    found: Neighbours,
    mutual: Pairs,
    cosine: tuple[np.ndarray, np.ndarray],
    settings: Settings,
) -> pa.Table:
    depth = min(settings.top_k, found.indices.shape[1])
    inner_source = np.repeat(np.arange(len(rows)), depth)
    inner_target = found.indices[:, :depth].ravel()
    scores = found.scores[:, :depth].ravel()
    rank = np.tile(np.arange(1, depth + 1, dtype=np.int32), len(rows))
    partner = np.full(len(rows), -1, np.int64)
    partner[mutual[0]] = mutual[1]
    is_mutual = partner[inner_source] == inner_target
    keep = np.ones(len(rank), bool)
    if settings.mutual_only:
        keep &= is_mutual
    if settings.minimum_score is not None:
        keep &= scores >= settings.minimum_score
    inner_source, inner_target, scores, rank, is_mutual = (
        values[keep] for values in (inner_source, inner_target, scores, rank, is_mutual)
    )
    all_source, all_target = rows[inner_source], columns[inner_target]
    pos = source.pos if source.pos is not None else [""] * len(source.words)
    return pa.table(
        {
            "source": [source.words[index] for index in all_source],
            "target": [target.words[index] for index in all_target],
            "rank": rank,
            "csls": scores.astype(np.float32),
            "cosine": (
                (cosine[0][inner_source] * cosine[1][inner_target]).sum(axis=1, dtype=np.float32)
            ),
            "mutual": is_mutual,
            "source_frequency": np.asarray(source.frequencies, np.int64)[all_source],
            "source_pos": [pos[index] for index in all_source],
            "target_frequency": np.asarray(target.frequencies, np.int64)[all_target],
        },
        LEXICON_SCHEMA,
    )
