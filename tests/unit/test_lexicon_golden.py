"""Two lexicons of planted word spaces, recorded: no refactoring may change a pair or a score.

The recorded file is written anew by `python tests/unit/test_lexicon_golden.py`, after a change of
the method alone.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from lingualift.config import LexiconSettings
from lingualift.lexicon.build import Lexicon, build_lexicon
from lingualift.lexicon.views import WordSpace

RECORDED = Path(__file__).parent / "golden_lexicons.json"
WORDS, DIMENSIONS = 220, 24
STARTS = {
    "encoder and fastText": ("encoder", "similarity", "identical"),
    "fastText alone": ("similarity", "identical", "numerals"),
}


def planted_spaces() -> list[WordSpace]:
    """Word i of one language means word i of the other; every sixth is spelled alike, every ninth
    source word has no fastText vector.
    """
    generator = np.random.default_rng(20)
    meaning = generator.standard_normal((WORDS, DIMENSIONS)) * np.linspace(2, 0.5, DIMENSIONS)
    turn, _ = np.linalg.qr(generator.standard_normal((DIMENSIONS, DIMENSIONS)))

    def noisy(vectors: np.ndarray) -> np.ndarray:
        return (vectors + 0.25 * generator.standard_normal(vectors.shape)).astype(np.float32)

    spaces = []
    for side, prefix in enumerate("st"):
        fasttext = noisy(meaning @ turn if side else meaning)
        if not side:
            fasttext[::9] = np.nan
        spaces.append(
            WordSpace(
                [f"{'s' if row % 6 == 0 else prefix}{row}" for row in range(WORDS)],
                100_000 // np.arange(2 + side, WORDS + 2 + side),
                fasttext,
                noisy(meaning),
                ["NOUN", "VERB"] * (WORDS // 2),
            )
        )
    return spaces


def planted_lexicon(starts: tuple[str, ...]) -> Lexicon:
    settings = LexiconSettings(starts=list(starts), encoder_layers=[])
    return build_lexicon(*planted_spaces(), settings, seed=1)


def summary(lexicon: Lexicon) -> dict:
    """What is recorded of a lexicon: best translations with their scores, and the verdict."""
    best = [row for row in lexicon.table.to_pylist() if row["rank"] == 1]
    names = ("verdict", "kept_start", "best_fasttext_only_start", "score")
    return {
        **{name: lexicon.evidence[name] for name in names},
        "rows": lexicon.table.num_rows,
        "translations": [[row["source"], row["target"], row["mutual"]] for row in best],
        "csls": [round(row["csls"], 4) for row in best],
        "cosine": [round(row["cosine"], 4) for row in best],
        "criterion": {
            start: round(values["criterion"], 4)
            for start, values in lexicon.evidence["starts"].items()
        },
        "null_criterion": lexicon.evidence["null_criterion"],
        "isometry": lexicon.evidence["isometry"],
    }


@pytest.mark.parametrize("case", STARTS)
def test_planted_lexicon_is_the_recorded_one(case):
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[case]
    built = summary(planted_lexicon(STARTS[case]))
    # Sums of floating-point numbers differ a little between processors.
    for measured in ("csls", "cosine"):
        assert np.allclose(built.pop(measured), recorded.pop(measured), atol=1e-3)
    for measured in ("criterion", "null_criterion", "isometry"):
        assert built.pop(measured) == pytest.approx(recorded.pop(measured), rel=1e-2)
    assert built == recorded


if __name__ == "__main__":
    lexicons = {case: summary(planted_lexicon(starts)) for case, starts in STARTS.items()}
    RECORDED.write_text(json.dumps(lexicons, indent=None) + "\n", encoding="utf-8")
