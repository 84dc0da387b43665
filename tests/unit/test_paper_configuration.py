"""config/paper.yaml and config/released.yaml say what docs/method.md says of them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from lingualift.benchmarks.mmwp_mini import GROUPS
from lingualift.config import Config, load_config
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, plan
from lingualift.plan.systems import load_systems
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import load_sources

CONFIG = Path(__file__).resolve().parents[2] / "config"


def merged(*overlays: Any) -> dict[str, Any]:
    """The configuration as Snakemake merges it: overlay names or mappings over config.yaml."""
    values = yaml.safe_load((CONFIG / "config.yaml").read_text(encoding="utf-8"))
    for overlay in overlays:
        update_config(
            values,
            (
                yaml.safe_load((CONFIG / overlay).read_text(encoding="utf-8"))
                if isinstance(overlay, str)
                else overlay
            ),
        )
    return values


def planned(config: Config) -> Plan:
    sources = load_sources(CONFIG / "sources.yaml", config.pins)
    return plan(
        config, load_languages(CONFIG / "languages.tsv"), sources, load_systems(CONFIG / "systems")
    )


@pytest.fixture(scope="module")
def paper() -> Config:
    return load_config(merged("paper.yaml"))


def test_the_paper_aligns_and_evaluates_every_language_of_its_benchmarks(
    paper: Config,
) -> None:
    mmwp = [language for group in GROUPS.values() for language in group]
    asked = [*mmwp, "tr", "ur", "el"]  # the last three are in XNLI or X-CSQA alone
    assert paper.languages.evaluation == asked
    assert paper.languages.alignment == [language for language in asked if language != "en"]


def test_the_papers_stages_are_appendix_a4(paper: Config) -> None:
    align = paper.stages["align"]
    assert (align.epochs, align.batch, align.learning_rate, align.schedule) == (
        3,
        256,
        6e-4,
        "constant",
    )
    assert (align.warmup, align.weight_decay, align.train, align.examples) == (
        0,
        0,
        ["alignment", "boundary"],
        None,
    )
    for name in ("transfer", "transfer-openmath2", "transfer-nli", "transfer-commonsense"):
        stage = paper.stages[name]
        assert (stage.epochs, stage.batch, stage.learning_rate, stage.schedule) == (
            3,
            128,
            2e-5,
            "cosine",
        )
        assert (stage.warmup, stage.weight_decay, stage.train) == (0.05, 0.01, ["llm"])
        assert (stage.noise, stage.freeze_embeddings, stage.freeze_layers) == (
            0,
            False,
            0,
        )  # the default run's own additions


def test_no_system_of_the_paper_has_a_warm_start_and_those_of_its_tables_share_stage_one(
    paper: Config,
) -> None:
    chains = {
        name: [stage.name for stage in run.stages] for name, run in planned(paper).runs.items()
    }
    assert [name for name, chain in chains.items() if "warm-start" in chain] == [
        "lingualift-metamath-warm-start"
    ]  # our own ablation
    tables = [f"lingualift-{data}" for data in ("metamath", "openmath2", "nli", "commonsense")]
    assert len({planned(paper).runs[name].stages[0].id for name in tables}) == 1


def test_released_settings_differ_from_the_papers_in_what_is_documented() -> None:
    paper, released = (
        load_config(merged("paper.yaml")),
        load_config(merged("paper.yaml", "released.yaml")),
    )
    assert {
        stage.epochs
        for name, stage in released.stages.items()
        if name.startswith(("align", "transfer"))
    } == {1}
    assert released.stages["transfer"].warmup == 0.03
    assert released.encoder.source == "mt5-xl-lm-adapt"
    same = {
        "languages",
        "vocabulary",
        "fasttext",
        "lexicon",
        "codeswitch",
        "tasks",
        "llm",
        "alignment",
        "prompts",
    }
    assert all(getattr(released, key) == getattr(paper, key) for key in same)
    assert (paper.evaluation.max_new_tokens, released.evaluation.max_new_tokens) == (512, 1024)
    inputs = [planned(released).systems[name].input for name in released.systems]
    assert inputs == ["templated-encoder"] * 3


def test_a_system_is_asked_in_the_words_that_it_was_trained_on(paper: Config) -> None:
    asked = planned(paper).asked
    assert asked("lingualift-openmath2", "mmwp-mini").template.startswith(
        "Solve the following math problem."
    )
    assert asked("mono-sft-metamath", "mmwp-mini").template.endswith(
        "### Response: Let's think step by step."
    )
    assert asked("lingualift-metamath", "mmwp-mini").instruction.endswith("### Instruction:\n")


def test_what_the_project_cannot_know_is_asked_of_the_user(paper: Config) -> None:
    work = planned(paper)
    lacking = {folder for folder in work.retrieved() if missing_pins(work.source(folder))}
    assert {
        "mt5-xl",
        "metamathqa",
        "openmathinstruct-2",
        "multinli",
        "fasttext-wiki-sw",
        "fasttext-wiki-en",
    } <= lacking
    assert not {"llama-2-7b", "csqa", "en-core-web-sm"} & lacking


def test_an_overlay_removes_an_entry_of_the_default_by_null(paper: Config) -> None:
    assert "maths" not in paper.tasks
    assert "holy-quran" not in planned(paper).retrieved()
    with pytest.raises(LinguaLiftError, match=r"codeswitch\.task: unknown task 'maths'"):
        planned(load_config(merged({"tasks": {"maths": None, "other": {"source": "gsm8k"}}})))


def test_without_a_corpus_there_must_be_published_vectors() -> None:
    with pytest.raises(LinguaLiftError, match=r"corpus\.source: needed to train vectors on"):
        load_config(merged({"corpus": {"source": None}}))


def test_a_language_without_published_vectors_is_refused(paper: Config) -> None:
    values = merged("paper.yaml", {"fasttext": {"pretrained": "libreoffice-help"}})
    with pytest.raises(
        LinguaLiftError, match=r"languages\.alignment: 'af' has no vectors in 'libreoffice-help'"
    ):
        planned(load_config(values))
    with pytest.raises(
        LinguaLiftError,
        match=r"fasttext\.pretrained: unknown source 'fasttext-wike'; did you mean 'fasttext-wiki'",
    ):
        planned(load_config(merged("paper.yaml", {"fasttext": {"pretrained": "fasttext-wike"}})))
