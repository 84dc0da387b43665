"""config/one-gpu.yaml: what it promises of languages, models and sizes."""

import pytest

from lingualift.plan import Plan, requests
from lingualift.retrieve.pinning import missing_pins
from lingualift.run import gpu_hours
from tests.unit.test_systems import LANGUAGES, planned

SMALL, LARGE = ("one-gpu.yaml",), ("one-gpu.yaml", "one-gpu-80.yaml")
BYTES_OF_LEARNING = 16  # a parameter: weights, gradients, and Adam's two moments in float32


@pytest.fixture(scope="module", params=[SMALL, LARGE], ids=["24 GB", "80 GB"])
def made(request: pytest.FixtureRequest) -> Plan:
    return planned(*request.param)


def test_twelve_languages_are_aligned_eight_of_them_low_resource(made: Plan) -> None:
    aligned = made.config.languages.alignment
    assert len(aligned) == 12
    assert sum(LANGUAGES[code].level == "low" for code in aligned) == 8
    assert set(aligned) <= set(made.config.languages.evaluation)


def test_nothing_comes_from_a_mirror_alone_or_is_gated(made: Plan) -> None:
    for source in map(made.source, made.retrieved()):
        assert source.kind in ("hub", "pip", "npm"), source.key
        assert "gated" not in source.licence_note, source.key


def test_only_hub_commits_have_to_be_pinned(made: Plan) -> None:
    lacking = [made.source(folder) for folder in made.retrieved()]
    assert {source.key for source in lacking if missing_pins(source)} == {
        "smollm2-1.7b",
        "multilingual-e5-large",
        "metamathqa",
        "gsm8k-hub",
        "mgsm-hub",
        "afrimgsm",
    }


def test_word_problems_of_four_benchmarks_are_answered(made: Plan) -> None:
    assert set(made.config.benchmarks.values()) == {"mmwp-mini", "mgsm", "msvamp", "afrimgsm"}


@pytest.mark.parametrize(("overlays", "gigabytes"), [(SMALL, 24), (LARGE, 80)])
def test_what_learns_fits_the_card(overlays: tuple[str, ...], gigabytes: int) -> None:
    made = planned(*overlays)
    parameters = requests.model_size(made, made.config.llm.source).parameters
    trained = [stage.stage.train for stage in made.stages.values()]
    whole = any("llm" in modules for modules in trained)
    assert whole == (overlays == LARGE)
    held = parameters * (BYTES_OF_LEARNING if whole else 2)
    assert held < 0.5 * gigabytes * 1e9, "the other half is for activations and logits"
    assert any({"llm", "llm-lora"} & set(modules) for modules in trained)


def test_both_sizes_compare_the_same_rows(
    made: Plan,
) -> None:
    titles = [made.systems[name].title.removesuffix(" (adapters)") for name in made.config.systems]
    assert titles == [
        "Mono-SFT (MetaMath)",
        "LinguaLIFT, warm start",
        "LinguaLIFT (MetaMath)",
        "LinguaLIFT without language alignment",
    ]


def test_a_run_with_gpus_says_how_many_hours_it_asks_for_and_one_without_says_nothing() -> None:
    asked = [
        {"gpu": 1, "runtime": 90, "kept_mb": 500},
        {"gpu": 2, "runtime": 60, "kept_mb": 500},
        {"runtime": 600, "kept_mb": 9_000},
    ]
    line = gpu_hours(asked)
    assert line.startswith(
        "2 of 3 jobs ask for a GPU, for 4 hours of one in all, and 10 GB of disk"
    )
    assert gpu_hours(asked[2:]) == ""
