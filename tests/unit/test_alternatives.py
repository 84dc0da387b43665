"""The group `alternatives`: every row's plan is what its words say, in every configuration."""

from pathlib import Path
from typing import Any

import pytest

from lingualift.config import System, load_config
from lingualift.messages import LinguaLiftError
from lingualift.model.chat import in_chat_format
from lingualift.model.layout import load_tokenizer
from lingualift.plan import Plan, compared, files, inputs, plan, requests
from lingualift.plan.alternatives import GROUP, ROWS
from lingualift.plan.told import SHIPPED, describe_system
from lingualift.preflight import check_pinned
from lingualift.retrieve.pinning import missing_pins
from lingualift.retrieve.sources import load_sources
from tests.unit.test_systems import CONFIG, LANGUAGES, SYSTEMS, merged, planned


def alternatives(*overlays: Any, **changes: Any) -> Plan:
    return planned(*overlays, {"systems": ["lingualift", GROUP], **changes})


ENGINE = {"engines": ["apertium"], "without": "keep"}


@pytest.fixture(scope="module")
def made() -> Plan:
    return alternatives(translation=ENGINE)


def stages(made: Plan, row: str) -> list[str]:
    return [stage.name for stage in made.runs[row].stages]


def ids(made: Plan, row: str) -> list[str]:
    return [stage.id for stage in made.runs[row].stages]


def test_the_group_expands_to_its_rows_behind_the_systems_that_it_is_made_from(made: Plan) -> None:
    assert list(made.runs) == ["lingualift", "mono-sft-unreadable", *ROWS]
    assert made.config.systems == list(made.runs)


def test_a_row_may_be_listed_alone_and_without_the_group_nothing_changes() -> None:
    assert list(planned({"systems": ["mono-sft", "llm-as-it-is"]}).runs) == [
        "mono-sft",
        "llm-as-it-is",
    ]
    assert list(planned().runs) == ["mono-sft-unreadable", "lingualift", "lingualift-without-align"]


def test_rows_that_train_nothing_ask_the_llm_as_it_was_published(made: Plan) -> None:
    for row, llm in (
        ("llm-as-it-is", "smollm2-135m-instruct"),
        ("llm-in-its-chat-format", "smollm2-135m-instruct"),
        ("llm-with-examples", "smollm2-135m-instruct"),
        ("multilingual-as-it-is", "gemma3-270m"),
    ):
        run = made.runs[row]
        assert (run.stages, run.encoder, run.llm.source) == ([], None, llm)
        assert "checkpoint" not in inputs.prediction(made, row, "mmwp-mini", "sw")
    for row in ROWS:
        examples = inputs.prediction(made, row, "mmwp-mini", "sw").get("examples")
        asked = files.worked_examples("maths", 8)
        assert examples == (asked if row == "llm-with-examples" else None)


def test_a_row_asks_in_the_chat_format_where_the_llm_has_one(made: Plan) -> None:
    plain, chat = (
        made.asked(row, "mmwp-mini") for row in ("llm-as-it-is", "llm-in-its-chat-format")
    )
    assert chat.chat and not plain.chat and chat.template == plain.template
    assert inputs.asked_model(made, "smollm2-135m-instruct").chats[0][0].chat
    without = alternatives({"alternatives": {"chat": False}})
    assert "llm-in-its-chat-format" not in without.runs
    assert "llm-in-its-chat-format" not in alternatives("paper.yaml").runs


def test_the_multilingual_llm_is_trained_as_the_two_systems_are(made: Plan) -> None:
    for row, base in (
        ("multilingual-tuned", "mono-sft-unreadable"),
        ("multilingual-lingualift", "lingualift"),
    ):
        run, other = made.runs[row], made.runs[base]
        assert [stage.stage for stage in run.stages] == [stage.stage for stage in other.stages]
        assert {stage.llm.source for stage in run.stages} == {"gemma3-270m"} != {run.encoder}
        assert not set(ids(made, row)) & set(ids(made, base))
    assert made.runs["multilingual-tuned"].encoder is None
    assert made.runs["multilingual-lingualift"].encoder == made.runs["lingualift"].encoder


def test_translate_test_asks_the_tuned_checkpoint_in_english() -> None:
    made = alternatives(translation=ENGINE)
    for row in ("translated-by-engine", "translated-by-llm"):
        assert ids(made, row) == ids(made, "mono-sft-unreadable")
    llm = "smollm2-135m-instruct"
    for lang, engine in (("es", files.translated("mmwp-mini", "es")), ("sw", None), ("en", None)):
        assert inputs.translation(made, "translated-by-engine", "mmwp-mini", lang) == engine
        assert inputs.translation(made, "translated-by-llm", "mmwp-mini", lang) == (
            None if lang == "en" else files.translated_by(llm, "mmwp-mini", lang)
        )
        assert inputs.translation(made, "lingualift", "mmwp-mini", lang) is None


@pytest.mark.parametrize(
    ("row", "data"),
    [
        ("llm-on-monolingual-text", "monolingual"),
        ("llm-on-code-switched-text", "code-switched"),
    ],
)
def test_adapters_read_the_text_of_the_aligned_languages_before_the_task(
    made: Plan, row: str, data: str
) -> None:
    first, *rest = made.runs[row].stages
    assert (first.stage.data, first.stage.train, first.input) == (data, ["llm-lora"], "text")
    assert first.encoder is None and first.alignment is None
    lifted = next(stage for stage in made.runs["lingualift"].stages if stage.name == first.name)
    for setting in ("examples", "batch", "epochs"):
        assert getattr(first.stage, setting) == getattr(lifted.stage, setting)
    assert [stage.name for stage in rest] == stages(made, "mono-sft-unreadable")
    read = [table.texts for table in inputs.stage_texts(made, first)]
    aligned = made.config.languages.alignment
    table = files.corpus if data == "monolingual" else files.switched_folder("").table
    assert read == [table(lang) for lang in aligned]
    assert set(inputs.training(made, first.id)) == {"llm", "texts", "lexicons"}


ONE_GPU = [["one-gpu.yaml"], ["one-gpu.yaml", "one-gpu-80.yaml"]]


@pytest.mark.parametrize(
    ("overlays", "examples"),
    [([], 560), (ONE_GPU[0], 12 * 4000), (ONE_GPU[1], 12 * 7473), (["gsm8k.yaml"], 7 * 2000)],
)
def test_adapters_see_as_many_examples_as_lingualift_does_in_every_configuration(
    overlays: list[str], examples: int
) -> None:
    made = planned(*overlays, {"systems": [GROUP]})
    lifted = next(
        stage
        for stage in made.runs[made.config.alternatives.aligned].stages
        if stage.name == "align"
    )
    for row in ("llm-on-monolingual-text", "llm-on-code-switched-text"):
        first = made.runs[row].stages[0]
        asked = [requests.stage_example_count(made, stage) for stage in (first, lifted)]
        assert (first.stage.examples, *asked) == (examples,) * 3
        for setting in ("batch", "epochs"):
            assert getattr(first.stage, setting) == getattr(lifted.stage, setting)


def test_fewer_examples_than_asked_for_are_as_many_on_monolingual_text() -> None:
    made = alternatives({"stages": {"align": {"examples": 10**6}}})
    for row in ("llm-on-monolingual-text", "llm-on-code-switched-text"):
        assert made.runs[row].stages[0].stage.examples == 7 * 160


def test_the_same_adapters_learn_from_text_and_task_where_the_tuned_system_trains_adapters() -> (
    None
):
    small, large = (planned(*overlays, {"systems": [GROUP]}) for overlays in ONE_GPU)
    for row in ("llm-on-monolingual-text", "llm-on-code-switched-text"):
        first, task = (stage.stage for stage in small.runs[row].stages)
        assert first.adapters == task.adapters == {"rank": 64, "alpha": 128.0}
        first, task = (stage.stage for stage in large.runs[row].stages)
        assert (first.adapters["rank"], task.train) == (16, ["llm"])
    other = {"stages": {"transfer": {"magnitude": True, "lora_rank": 8}}}
    made = planned("one-gpu.yaml", {"systems": [GROUP], **other})
    first, task = (stage.stage for stage in made.runs["llm-on-monolingual-text"].stages)
    assert first.adapters == task.adapters == {"rank": 8, "alpha": 128.0, "magnitude": True}


SIZES = 2.0
"""How many times as many parameters either of an LLM and its multilingual counterpart may have."""


@pytest.mark.parametrize(
    "overlays",
    SHIPPED,
    ids="+".join,
)
def test_the_multilingual_llm_of_every_shipped_configuration_is_about_as_large_as_the_llm(
    overlays: list[str],
) -> None:
    made = planned(*overlays)
    sizes = [
        requests.model_size(made, key).parameters
        for key in (made.config.llm.source, made.config.alternatives.multilingual)
    ]
    assert max(sizes) <= SIZES * min(sizes)


DEFAULT = ["mono-sft-unreadable", "lingualift", "lingualift-without-align"]
NO_PIN = "row translated-by-engine is left out: nllb-200-3.3b, which would translate '"


def test_the_group_over_the_default_run_needs_package_registries_alone() -> None:
    made = planned({"systems": [*DEFAULT, GROUP]})
    used = [made.source(folder) for folder in made.retrieved()]
    assert {source.kind for source in used} == {"pip", "npm"}
    assert not any(map(missing_pins, used))
    assert list(made.runs) == [*DEFAULT, *(row for row in ROWS if row != "translated-by-engine")]
    (note,) = made.notes
    assert NO_PIN in note and "name engines in translation.engines (`lingualift pin" in note
    assert "\n" not in note


@pytest.mark.parametrize(
    ("overlays", "unpinned"),
    [(["all-languages.yaml", "sib200.yaml"], set()), (["one-gpu.yaml"], {"qwen3-1.7b-base"})],
)
def test_the_group_needs_no_engine_without_a_pin_in_other_configurations(
    overlays: list[str], unpinned: set[str]
) -> None:
    before, changes = planned(*overlays), {"systems": [*merged(*overlays)["systems"], GROUP]}
    made = planned(*overlays, changes)
    assert "translated-by-engine" not in made.runs and any(NO_PIN in note for note in made.notes)
    old, new = (
        {source.key for source in map(each.source, each.retrieved()) if missing_pins(source)}
        for each in (before, made)
    )
    assert new - old == unpinned


def test_an_engine_that_is_pinned_or_named_or_used_anyway_brings_its_row() -> None:
    asked = load_config(merged({"systems": [GROUP], "pins": {"nllb-200-3.3b": "0" * 40}}))
    pinned = plan(asked, LANGUAGES, load_sources(CONFIG / "sources.yaml", asked.pins), SYSTEMS)
    named = planned({"systems": [GROUP], "translation": {"engines": ["nllb-200-3.3b"]}})
    used = planned({"systems": ["translate-en", GROUP]})
    for made in (pinned, named, used):
        assert "translated-by-engine" in made.runs and not made.notes


def test_a_user_who_names_the_row_of_an_engine_is_told_to_pin_it(tmp_path: Path) -> None:
    for systems in (["translated-by-engine"], [GROUP, "translated-by-engine"]):
        made = planned({"systems": systems})
        assert "translated-by-engine" in made.runs and not made.notes
        used = [made.source(folder) for folder in made.retrieved()]
        with pytest.raises(LinguaLiftError, match=r"'nllb-200-3\.3b' has no pinned revision"):
            check_pinned(used, tmp_path, tmp_path)


def test_every_row_that_is_left_out_is_a_line_with_the_setting_that_brings_it() -> None:
    made = planned("paper.yaml", {"systems": [GROUP]})
    chat, text = made.notes
    assert "llm-in-its-chat-format is left out: set alternatives.chat to true if llama-2-7b" in chat
    assert "llm-on-monolingual-text is left out: there is no monolingual text; name a" in text
    unknown = {"tasks": {"maths": {"source": "gsm8k", "examples": None}}}
    unknown |= {"codeswitch": {"queries": None}, "stages": {"align": {"examples": None}}}
    (note,) = alternatives(unknown, translation=ENGINE).notes
    assert "learns from is not known beforehand; set stages.align.examples" in note


def test_an_llm_without_a_chat_template_is_told_the_setting_of_the_row(llama: Path) -> None:
    made = alternatives(translation=ENGINE)
    ((prompt, remedy),) = inputs.asked_model(made, "smollm2-135m-instruct").chats
    tokenizer = load_tokenizer(llama)
    tokenizer.chat_template = None
    with pytest.raises(LinguaLiftError, match=r"template; set alternatives\.chat to false, or "):
        in_chat_format(prompt, tokenizer, remedy)


def test_another_corpus_or_language_trains_the_monolingual_row_anew(made: Plan) -> None:
    own = ids(made, "llm-on-monolingual-text")
    for changes in (
        {"corpus": {"max_sentences": 10}},
        {"languages": {"alignment": ["de", "hi"]}},
    ):
        other = alternatives(**changes)
        assert ids(other, "llm-on-monolingual-text")[0] != own[0]
        assert ids(other, "mono-sft-unreadable") == ids(made, "mono-sft-unreadable")


def test_every_row_is_compared_with_the_same_llm_reading_the_question_itself(made: Plan) -> None:
    readers = {name: reader for name, (_, _, reader) in compared.titles(made, "mmwp").items()}
    mono, multilingual = "mono-sft-unreadable", "multilingual-tuned"
    expected = dict.fromkeys(["lingualift", *ROWS], mono)
    expected |= dict.fromkeys([mono, multilingual], "")
    expected |= dict.fromkeys(["multilingual-as-it-is", "multilingual-lingualift"], multilingual)
    assert readers == expected
    assert compared.methods(made, "mmwp") == ["lingualift", "multilingual-lingualift"]
    assert set(expected.values()) == {mono, multilingual, ""}


def test_without_a_trained_reader_the_llm_as_it_is_is_compared_with_or_none() -> None:
    made = planned({"systems": ["lingualift", "llm-as-it-is"]})
    assert compared.titles(made, "mmwp")["lingualift"][2] == "llm-as-it-is"
    alone = planned({"systems": ["lingualift", "translated-by-llm"]})
    assert compared.titles(alone, "mmwp")["lingualift"][2] == ""


def test_a_system_of_other_data_is_compared_with_the_llm_trained_on_these() -> None:
    titles = compared.titles(planned("paper.yaml"), "mgsm")
    assert titles["lingualift-openmath2"][2] == "mono-sft-openmath2"
    assert titles["lingualift-metamath"][2] == "mono-sft-metamath"


def test_the_papers_configuration_has_the_group_but_no_monolingual_text_nor_chats() -> None:
    made = planned("paper.yaml", {"systems": [GROUP]})
    lacks = ("llm-on-monolingual-text", "llm-in-its-chat-format")
    rows = [row for row in ROWS if row not in lacks]
    assert list(dict.fromkeys(run.system for run in made.runs.values())) == [
        "mono-sft-metamath",
        "lingualift-metamath",
        *rows,
    ]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_told_in_words(row: str) -> None:
    told = describe_system(row, [])
    assert told.startswith(f"{row}: ") and "mmwp-mini" in told


def test_the_words_of_a_row_say_what_is_special() -> None:
    assert "behind 8 solved English questions of maths" in describe_system("llm-with-examples")
    assert "as it is first translates into English" in describe_system("translated-by-llm")
    told = describe_system("llm-on-monolingual-text")
    assert "monolingual text (holy-quran) in 7 languages" in told
    assert "the LLM reads: BOS, then the response that it learns" in told


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alternatives": {"tuned": "mono"}}, "alternatives.tuned: unknown system 'mono'"),
        (
            {"alternatives": {"tuned": "lingualift"}},
            "alternatives.tuned: 'lingualift' does not train an LLM that reads the question itself",
        ),
        (
            {"alternatives": {"aligned": "mono-sft"}},
            "alternatives.aligned: no stage of 'Mono-SFT' learns from code-switched text",
        ),
        (
            {"alternatives": {"multilingual": "gemma"}},
            "system 'multilingual-as-it-is', llm: unknown source 'gemma'",
        ),
        (
            {
                "systems": ["llm-on-monolingual-text"],
                "corpus": {"source": None},
                "fasttext": {"pretrained": "fasttext-wiki", "dimension": 300},
            },
            "stage 'align' reads monolingual text; name a corpus in corpus.source",
        ),
    ],
)
def test_a_mistake_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LinguaLiftError) as caught:
        alternatives(**changes)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_row_of_the_group_cannot_be_redefined() -> None:
    own = System(title="x", input="text", stages=["transfer"])
    with pytest.raises(LinguaLiftError, match="system 'llm-as-it-is' of config/systems: a row"):
        planned({"systems": [GROUP]}, systems={**SYSTEMS, "llm-as-it-is": own})


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"examples": {"task": "math"}}, "examples: unknown task 'math'"),
        ({"input": "encoder", "examples": {"task": "maths"}}, "examples are for input: text"),
        ({"input": "encoder", "translate": "llm"}, "translate is for input: text"),
        ({"translate": "nllb"}, "translate"),
        (
            {"stages": [{"align": {"data": "monolingual"}}], "input": "encoder"},
            "reads monolingual text, which is no question for an encoder",
        ),
    ],
)
def test_a_wrong_definition_is_one_line(definition: dict[str, Any], message: str) -> None:
    values = {"title": "x", "input": "text", "stages": [], **definition}
    with pytest.raises((LinguaLiftError, ValueError), match=message):
        planned({"systems": ["x"]}, systems={"x": System.model_validate(values)})


@pytest.mark.parametrize("overlays", SHIPPED, ids="+".join)
def test_the_group_compares_with_a_system_that_its_configuration_lists(overlays: list[str]) -> None:
    config = load_config(merged(*overlays))
    assert config.alternatives.aligned in config.systems
