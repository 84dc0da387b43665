"""config/systems: every row of the paper is there, its chain builds, chains share what is equal,
and mistakes are one line.
"""

from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from lingualift.codeswitch.switch import POS_PRESETS
from lingualift.config import System, load_config
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, inputs, plan, requests
from lingualift.plan.alternatives import ROWS
from lingualift.plan.systems import load_systems
from lingualift.retrieve.sources import load_sources

CONFIG = Path(__file__).parents[2] / "config"
LANGUAGES = load_languages(CONFIG / "languages.tsv")
SOURCES = load_sources(CONFIG / "sources.yaml")
SYSTEMS = load_systems(CONFIG / "systems")


def merged(*overlays: Any) -> dict[str, Any]:
    values = yaml.safe_load((CONFIG / "config.yaml").read_text(encoding="utf-8"))
    for overlay in overlays:
        update_config(
            values,
            (
                yaml.safe_load((CONFIG / overlay).read_text(encoding="utf-8"))
                if isinstance(overlay, str)
                else deepcopy(overlay)
            ),
        )
    return values


def planned(*overlays: Any, systems: dict[str, System] | None = None) -> Plan:
    return plan(load_config(merged(*overlays)), LANGUAGES, SOURCES, systems or SYSTEMS)


@pytest.fixture(scope="module")
def paper() -> Plan:
    return planned("paper.yaml")


@pytest.fixture(scope="module")
def gsm8k() -> Plan:
    return planned("gsm8k.yaml")


def ids(made: Plan, name: str) -> list[str]:
    return [stage.id for stage in made.runs[name].stages]


def test_every_system_is_listed_by_a_configuration_and_its_plan_builds(paper, gsm8k):
    others = [
        planned("paper.yaml", "released.yaml"),
        planned("all-languages.yaml", "sib200.yaml"),
        planned("beyond.yaml"),
        planned("one-gpu.yaml"),
        planned("one-gpu.yaml", "beyond-metamath.yaml"),
        planned(),
    ]
    listed = {run.system for made in (paper, gsm8k, *others) for run in made.runs.values()}
    assert listed - set(ROWS) == set(SYSTEMS)


def test_section_6_2_has_a_system_for_every_set_of_parts_of_speech_and_a_sweep_of_ratios(paper):
    settings = [stage.codeswitch for stage in paper.stages.values() if stage.codeswitch]
    assert {setting.pos for setting in settings} == set(POS_PRESETS)
    assert {setting.ratio for setting in settings if setting.pos == "all"} == {
        0.0,
        0.2,
        0.4,
        0.6,
        0.8,
        1.0,
    }
    assert all(setting.ratio == 0.8 for setting in settings if setting.pos != "all")
    assert len(paper.variants) == len(set(paper.variants)) == 5 + 13 + 1


def test_appendix_e_has_a_system_for_every_llm_encoder_and_depth(paper):
    assert {run.llm.source for run in paper.runs.values() if run.stages} == {
        "llama-2-7b",
        "llama-2-13b",
        "mistral-7b",
    }
    encoders = {
        run.encoder.source
        for name, run in paper.runs.items()
        if run.encoder and name.startswith("lingualift-nli")
    }
    assert encoders == {
        "mt5-small",
        "mt5-base",
        "mt5-large",
        "mt5-xl",
        "mt5-xxl",
        "mbert",
        "xlm",
        "xlm-r-large",
        "labse",
    }
    assert all(model.layer is None for model in paper.encoders.values())
    lingualift = [
        stage.alignment.layers
        for stage in paper.stages.values()
        if stage.alignment and stage.name == "align"
    ]
    assert set(lingualift) == {1, 2, 3}


def test_chains_that_are_equal_are_trained_once(paper):
    mono = ids(paper, "mono-sft-metamath")
    assert ids(paper, "translate-en-metamath") == mono  # the same checkpoint, asked otherwise
    for name in (
        "langbridge-metamath",
        "mindmerger-metamath",
        "mindmerger-metamath-add-low-resource",
    ):
        assert ids(paper, name)[:1] == mono
    assert (
        ids(paper, "lingualift-metamath")[:1]
        == ids(paper, "lingualift-nli")[:1]
        == ids(paper, "lingualift-metamath-without-transfer")
    )
    own_stage_1 = [
        name
        for name in paper.runs
        if name.startswith("lingualift")
        and paper.runs[name].stages[0].id != ids(paper, "lingualift-metamath")[0]
    ]
    assert len({paper.runs[name].stages[0].id for name in own_stage_1}) == len(own_stage_1)
    assert len(paper.stages) == len({stage for name in paper.runs for stage in ids(paper, name)})
    assert (
        Counter(stage.name for stage in paper.stages.values())["merge-map"] == 4 + 2 + 2
    )  # by LLM, by task-tuned LLM, by its data


def test_what_a_system_overrides_is_in_its_stages_and_in_no_other(paper):
    reference, other = (
        paper.runs["lingualift-metamath"].stages,
        paper.runs["lingualift-metamath-ratio-0.2"].stages,
    )
    assert (reference[0].codeswitch.ratio, other[0].codeswitch.ratio) == (0.8, 0.2)
    assert reference[0].codeswitch.model_dump(exclude={"ratio"}) == other[0].codeswitch.model_dump(
        exclude={"ratio"}
    )
    assert not {stage.id for stage in reference} & {stage.id for stage in other}
    first, sparse = (inputs.stage_texts(paper, stage)[0] for stage in (reference[0], other[0]))
    assert first.texts == "results/codeswitch/af.parquet"
    assert sparse.texts == "results/codeswitch/ratio-0.2/af.parquet"
    assert first.states == "results/encoded/mt5-xl/codeswitch/af-ar-be-bn-eu-gu-ha-hi/af"
    assert sparse.states is None  # read by one stage alone: made in the step
    assert first.lexicon == sparse.lexicon == "results/lexicons/af.json"


def test_rates_for_some_modules_leave_the_stages_number_to_the_others():
    together = {"train": ["alignment", "boundary", "llm"], "learning_rate": {"llm": 2e-5}}
    system = System(title="t", input="encoder", stages=["warm-start", {"align": together}])
    stage = planned({"systems": ["mine"]}, systems={"mine": system}).runs["mine"].stages[-1].stage
    assert stage.rates == {"alignment": 6e-4, "boundary": 6e-4, "llm": 2e-5}
    assert stage.decays == dict.fromkeys(together["train"], 0.0)


def test_text_stages_of_an_encoder_system_know_no_encoder(gsm8k):
    first, second = gsm8k.runs["langbridge"].stages[1:]
    assert (first.input, first.encoder, second.input, second.alignment.layers) == (
        "text",
        None,
        "templated-encoder-end",
        1,
    )
    assert second.stage.train == ["alignment", "boundary"]
    assert [stage.input for stage in gsm8k.runs["mindmerger"].stages] == [
        "text",
        "text",
        "templated-encoder-end",
        "both",
    ]


def test_mixed_supervision_reads_each_data_set_with_its_prompt(gsm8k):
    stage = gsm8k.runs["lingualift-mixed"].stages[2]
    texts = inputs.stage_texts(gsm8k, stage)
    assert texts[0].texts == "results/codeswitch/de.parquet"
    assert texts[0].prompt == gsm8k.prompt("translation").fields()
    assert texts[-1].texts == "results/tasks/gsm8kinstruct/questions.parquet"
    assert texts[-1].prompt == gsm8k.prompt("maths").fields() and texts[-1].lexicon is None
    assert (
        stage.tasks == ["maths", "gsm8kinstruct"]
        and len(texts) == len(gsm8k.config.languages.alignment) + 1
    )
    assert gsm8k.asked("lingualift-mixed", "mmwp-mini") == gsm8k.prompt("maths")


def test_parallel_data_alone_needs_no_lexicon_and_english_measures_the_encoder(gsm8k):
    stage = gsm8k.runs["lingualift-parallel"].stages[2]
    assert (stage.codeswitch, stage.tasks, stage.reference) == (None, ["parallel"], "maths")


def test_published_checkpoints_train_nothing_and_are_asked_maths_in_their_own_words(paper):
    published = [name for name in paper.runs if name.startswith("published-")]
    assert len(published) == 7 and all(paper.runs[name].checkpoint is None for name in published)
    assert set(published) <= set(paper.runs_on("mmwp-mini"))
    assert (
        paper.asked("published-mathoctopus-parallel-7b", "mmwp-mini")
        .between("Swahili", "English")
        .template.count("Swahili")
        == 2
    )
    assert {"metamath-7b", "mammoth-7b"} <= set(paper.retrieved())


def test_data_that_no_system_uses_is_not_retrieved():
    used = planned("paper.yaml", {"systems": ["lingualift-metamath"]}).retrieved()
    assert "metamathqa" in used and "llama-2-7b" in used
    assert "gsm8k" in used  # whose questions are code-switched
    # xnli-hub stays, for it is also a benchmark
    assert not any(
        key.startswith(
            ("opus-100", "openmath", "multinli", "nllb", "metamath-7b", "llama-2-13b", "gsm8ki")
        )
        for key in used
    )


def test_precision_decides_what_a_checkpoint_is():
    one, other = (
        planned({"precision": precision, "systems": ["mono-sft"]})
        for precision in ("float32", "bfloat16")
    )
    assert set(one.stages) != set(other.stages)


MISTAKES = [
    ({"llm": {"source": "llama-3"}}, "system 'mine', llm: unknown source 'llama-3'"),
    (
        {"llm": {"sorce": "llama-2-7b"}},
        "system 'Mine', llm: unknown key 'sorce'; did you mean 'source'?",
    ),
    (
        {"encoder": {"source": "mt5-smal"}},
        "system 'mine', encoder: unknown source 'mt5-smal'; did you mean 'mt5-small'?",
    ),
    (
        {"encoder": {"layer": 0}},
        "system 'Mine', encoder: layer: Input should be greater than or equal to 1",
    ),
    (
        {"alignment": {"layers": 4}},
        "system 'Mine', alignment: layers: Input should be less than or equal to 3",
    ),
    (
        {"codeswitch": {"ratio": 2}},
        "system 'Mine', codeswitch: ratio: Input should be less than or equal to 1",
    ),
    (
        {"codeswitch": {"pos": "nouns"}},
        "system 'mine', codeswitch: unknown pos preset 'nouns'; did you mean 'noun'?",
    ),
    ({"codeswitch": {"task": "math"}}, "unknown data 'math'; did you mean 'maths'?"),
    (
        {"codeswitch": {"top_k": 9}},
        "system 'Mine', codeswitch: top_k: lexicon.top_k keeps no more than 5 translations",
    ),
    ({"prompt": "math"}, "system 'mine': unknown prompt 'math'; did you mean 'maths'?"),
    (
        {"translate": True},
        "system 'mine': translate is for input: text; the encoder reads any language",
    ),
    (
        {"stages": ["transfer"]},
        (
            "system 'Mine': stage 'transfer' reads the encoder, but no stage up to it trains the"
            " alignment layer"
        ),
    ),
    (
        {"stages": [{"align": {"train": ["alignement"]}}]},
        "system 'Mine', stage 'align': train.0: Input should be 'alignment', 'boundary', ",
    ),
    (
        {"stages": [{"align": {"data": ["code-switched", "maths"], "prompt": ["translation"]}}]},
        "prompt: 1 prompts for 2 data sets",
    ),
    (
        {"stages": [{"align": {"data": ["maths", "maths"]}}]},
        "data: lists nothing, or one data set twice",
    ),
    ({"stages": [{"align": {"data": []}}]}, "data: lists nothing, or one data set twice"),
    (
        {"stages": [{"align": {"data": ["code-switched", "gsm8k"]}}]},
        "stage 'align': unknown data 'gsm8k'",
    ),
    (
        {"stages": [{"align": {"learning_rate": {"alignment": 6e-4, "llm": 2e-5}}}]},
        (
            "system 'Mine', stage 'align': learning_rate: names llm, which does not learn here;"
            " train lists alignment, boundary"
        ),
    ),
    (
        {"stages": [{"align": {"weight_decay": {"encoder": 0.1}}}]},
        "stage 'align': weight_decay: names encoder, which does not learn here",
    ),
    (
        {"stages": [{"align": {"learning_rate": {"aligment": 6e-4}}}]},
        "stage 'align': learning_rate",
    ),
    (
        {"stages": [{"align": {"learning_rate": {"alignment": 0}}}]},
        "stage 'align': learning_rate",
    ),
    (
        {"input": "templated-encoder", "stages": ["warm-start", "align"]},
        "stage 'warm-start' is a warm start, whose encoder reads the question alone",
    ),
    (
        {"stages": [{"align": {"input": "text"}}]},
        "stage 'align' trains on the encoder, but the system's input is text",
    ),
]


@pytest.mark.parametrize(("values", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_mistake_in_a_system_is_one_line_before_anything_runs(values, message, tmp_path):
    definition = {"title": "Mine", "input": "encoder", "stages": ["align", "transfer"], **values}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"mine": definition}))
    with pytest.raises(LinguaLiftError) as caught:
        planned({"systems": ["mine"]}, systems=load_systems(tmp_path))
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


DATA = [
    (
        {"source": "gsm8kinstruct", "kind": "translation"},
        "tasks.maths.languages: say which languages are translated into English",
    ),
    (
        {"source": "gsm8kinstruct", "kind": "translation", "languages": ["de", "te"]},
        "tasks.maths.languages: none of its sources (gsm8kinstruct) has data for 'te'",
    ),
    (
        {"source": "gsm8k", "languages": ["en", "de"]},
        "tasks.maths.languages: none of its sources (gsm8k) has data for 'de'",
    ),
    (
        {"source": "gsm8kinstruct", "languages": ["dee"]},
        "tasks.maths.languages: unknown language 'dee'",
    ),
    (
        {"source": "metamathqa", "kind": "nli"},
        "tasks.maths: source 'metamathqa' holds data of kind maths, not nli",
    ),
    ({"source": "mgsm"}, "tasks.maths.source: source 'mgsm' is no task data"),
    (
        {"source": "word-problems", "examples": 5, "languages": ["de"]},
        "tasks.maths: word-problems are English and of kind maths",
    ),
]


@pytest.mark.parametrize(("task", "message"), DATA, ids=[message for _, message in DATA])
def test_a_task_without_data_for_a_language_is_refused_before_anything_runs(task, message):
    with pytest.raises(LinguaLiftError) as caught:
        planned({"tasks": {"maths": {"examples": None, **task}}})
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_language_that_no_engine_translates_is_refused_unless_it_may_stay():
    overlay = {
        "translation": {"engines": ["apertium"]},
        "systems": ["translate-en"],
        "languages": {"evaluation": ["en", "es", "sw"]},
    }
    with pytest.raises(
        LinguaLiftError,
        match=(
            r"translation\.engines: none of apertium translates 'sw', which languages\.evaluation"
            r" lists"
        ),
    ):
        planned(overlay)
    kept = planned(overlay, {"translation": {"without": "keep"}})
    assert [kept.engine(code) for code in ("es", "sw")] == ["apertium", None]
    assert [key for key in kept.retrieved() if key.startswith("apertium")] == ["apertium-es"]
    both = planned(overlay, {"translation": {"engines": ["apertium", "nllb-200-3.3b"]}})
    assert [both.engine(code) for code in ("es", "sw")] == ["apertium", "nllb-200-3.3b"]
    with pytest.raises(LinguaLiftError, match=r"translation\.engines: unknown source 'nlbl'"):
        planned(overlay, {"translation": {"engines": ["nlbl"]}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"encoder": {"layer": 13}},
            "encoder.layer: 13 is not a layer of 'e5-small'; it has 1 to 12",
        ),
        (
            {"stages": {"transfer": {"freeze_layers": 31}}},
            (
                "stages.transfer.freeze_layers: 31 is not a layer of 'smollm2-135m-instruct'; it"
                " has 1 to 30"
            ),
        ),
        (
            {"lexicon": {"encoder_layers": [4, 30]}},
            "lexicon.encoder_layers: 30 is not a layer of 'e5-small'; it has 1 to 12",
        ),
        (
            {"llm": {"layer": 3}},
            "system 'mono-sft-unreadable', llm: layer is for encoders; an LLM is used whole",
        ),
    ],
)
def test_a_layer_that_the_registry_knows_to_be_missing_is_refused_before_anything_runs(
    change, message
):
    with pytest.raises(LinguaLiftError, match=message):
        planned(change)


def test_a_systems_own_encoder_is_asked_for_its_own_layers_alone():
    system = System(
        title="t",
        input="encoder",
        encoder={"source": "labse", "layer": 13},
        stages=["warm-start", "align"],
    )
    with pytest.raises(
        LinguaLiftError,
        match=r"system 'other', encoder\.layer: 13 is not a layer of 'labse'; it has 1 to 12",
    ):
        planned({"systems": ["other"]}, systems={"other": system})
    made = planned(
        {"systems": ["other"]},
        systems={"other": system.model_copy(update={"encoder": {"source": "labse", "layer": 9}})},
    )
    asked = {
        key: inputs.asked_model(made, key) for key in ("labse", "e5-small", "smollm2-135m-instruct")
    }
    assert asked == {
        "labse": inputs.AskedModel(False, [9], split_digits=True),
        "e5-small": inputs.AskedModel(False, [4, 8, 12]),
        "smollm2-135m-instruct": inputs.AskedModel(True, []),
    }


def test_the_registry_states_layers_and_width_of_every_model_that_a_system_may_use(paper, gsm8k):
    made = [paper, gsm8k, planned("paper.yaml", "released.yaml")]
    used = {
        model.source
        for plans in made
        for run in plans.runs.values()
        for model in (run.llm, run.encoder)
        if model
    }
    assert not {key for key in used if SOURCES[key].layers is None or SOURCES[key].width is None}


def test_several_gold_dictionaries_are_read_where_they_hold_a_language() -> None:
    gold = ["thousand-most-common-words", "muse-dictionaries", "xling-eval"]
    plan = planned({"lexicon": {"gold": gold}})
    assert inputs.gold_dictionaries(plan, "sw") == gold[:2]
    assert inputs.gold_dictionaries(plan, "de") == [gold[0], gold[2]]
    assert inputs.lexicon(plan, "sw")["gold"] == [plan.manifest(key, "sw") for key in gold[:2]]
    assert {"muse-dictionaries-sw", "xling-eval-de"} <= set(plan.retrieved())
    of_ones_own = ["local-dictionaries", "gatitos", "panlex"]
    several = planned({"lexicon": {"gold": [*gold, *of_ones_own]}, "mirror": "mirror"})
    assert inputs.gold_dictionaries(several, "sw") == [*gold[:2], *of_ones_own]
    with pytest.raises(LinguaLiftError, match=r"lexicon\.gold: unknown source 'muze'"):
        planned({"lexicon": {"gold": ["muze"]}})


@pytest.mark.parametrize(
    "overlays", [[], ["all-languages.yaml"], ["all-languages.yaml", "sib200.yaml"]]
)
def test_what_two_cores_are_meant_for_knows_how_many_examples_it_trains(
    overlays: list[str],
) -> None:
    """A task that does not say counts as hundreds of thousands: 129 hours instead of one."""
    made = planned(*overlays)
    assert all(requests.stage_example_count(made, stage) <= 5000 for stage in made.stages.values())
