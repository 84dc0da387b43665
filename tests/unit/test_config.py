"""Configuration: every mistake is one line that names its key; ids of stages change with what
determines them and with nothing else.
"""

import json
import re
from copy import deepcopy
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lingualift.benchmarks.registry import BENCHMARKS
from lingualift.config import Config, Settings, System, load_config
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.plan import Plan, plan
from lingualift.plan.inputs import prediction_settings
from lingualift.plan.systems import chain, load_systems
from lingualift.retrieve.sources import load_sources

ROOT = Path(__file__).parents[2]
DEFAULT = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
LANGUAGES = load_languages(ROOT / "config" / "languages.tsv")
SOURCES = load_sources(ROOT / "config" / "sources.yaml")
SYSTEMS = load_systems(ROOT / "config" / "systems")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def merged(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `overlay`, group by group, as Snakemake merges configurations."""
    result = dict(base)
    for key, value in overlay.items():
        result[key] = (
            merged(result[key], value)
            if isinstance(value, dict) and isinstance(result.get(key), dict)
            else value
        )
    return result


def changed(place: str, value: Any) -> dict[str, Any]:
    """The default configuration with one value changed; `place` is its dotted key."""
    values = deepcopy(DEFAULT)
    *groups, key = place.split(".")
    group = values
    for name in groups:
        group = group[name]
    group[key] = value
    return values


def planned(values: dict[str, Any]) -> Plan:
    return plan(load_config(values), LANGUAGES, SOURCES, SYSTEMS)


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(LinguaLiftError) as caught:
        planned(values)
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and "pydantic" not in message
    return message


def test_the_default_configuration_is_valid_and_every_key_of_it_is_known():
    made = planned(DEFAULT)
    assert set(made.runs) == set(DEFAULT["systems"])
    assert made.config.languages.collapsed == "leave-out"


OF_GSM8K = [ROOT / "config" / name for name in ("gsm8k.yaml", "gsm8k-small.yaml")]
OVERLAYS = [
    [*(OF_GSM8K if path.stem == "paper" else []), path]
    for path in sorted((ROOT / "config" / "test").glob("*.yaml"))
]
OVERLAYS += [
    [ROOT / "config" / "all-languages.yaml"],
    [ROOT / "config" / "all-languages.yaml", ROOT / "config" / "sib200.yaml"],
    [ROOT / "config" / "beyond.yaml"],
    [ROOT / "config" / "paper.yaml"],
    [ROOT / "config" / "paper.yaml", ROOT / "config" / "released.yaml"],
    [ROOT / "config" / "paper.yaml", ROOT / "config" / "beyond-metamath.yaml"],
    [ROOT / "config" / "one-gpu.yaml", ROOT / "config" / "beyond-metamath.yaml"],
]
OVERLAYS += [
    [ROOT / "config" / "gsm8k.yaml"],
    [ROOT / "config" / "gsm8k.yaml", ROOT / "config" / "gsm8k-small.yaml"],
]


def over_default(paths: list[Path]) -> dict[str, Any]:
    values = DEFAULT
    for path in paths:
        values = merged(values, yaml.safe_load(path.read_text(encoding="utf-8")))
    return values


@pytest.mark.parametrize("paths", OVERLAYS, ids=lambda paths: "+".join(path.stem for path in paths))
def test_overlays_are_valid_over_the_default_configuration(paths):
    assert planned(over_default(paths)).runs


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_every_configured_system_has_a_chain_in_the_default_or_the_papers_configuration(name):
    problems = []
    for paths in ([], [ROOT / "config" / "paper.yaml"]):
        try:
            chain(load_config(over_default(paths)), SYSTEMS[name], 1, SOURCES)
            return
        except LinguaLiftError as error:
            problems.append(str(error))
    raise AssertionError(problems)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("codeswitch.ratio", 1.2, "Input should be less than or equal to 1, got '1.2'"),
        ("codeswitch.ratio", -0.1, "Input should be greater than or equal to 0, got '-0.1'"),
        ("codeswitch.ratio", float("nan"), ""),
        ("stages.transfer.warmup", 7, "Input should be less than or equal to 1, got '7'"),
        ("codeswitch.ratio", "half", "Input should be a valid number, unable to parse"),
        ("codeswitch.ratio", True, "expected a number, got True"),
        ("stages.align.batch", 8.5, "Input should be a valid integer, got a number with "),
        ("stages.align.batch", True, "expected a number, got True"),
        ("stages.align.freeze_layers", True, "expected a number, got True"),
        ("compute.gpus", True, "expected a number, got True"),
        ("evaluation.retrieval_layer", True, "expected a number, got True"),
        ("stages.align.batch", 0, "Input should be greater than or equal to 1, got '0'"),
        ("stages.align.learning_rate", float("inf"), "Input should be a finite number"),
        ("seeds", 1, "Input should be a valid list, got '1'"),
        ("seeds", [], "List should have at least 1 item"),
        ("offline", "perhaps", "Input should be a valid boolean"),
        ("llm", "smollm2", "Input should be a valid dictionary"),
        ("languages", None, "Input should be a valid dictionary"),
        ("languages.evaluation", "de", "Input should be a valid list, got 'de'"),
        ("lexicon.seed_dictionary", "gold/en-de.txt", "needs {lang} where "),
        ("languages.alignment", ["en", "de"], "en is the language that the others are aligned to"),
        ("languages.alignment", ["de", "hi", "de"], "lists de twice"),
        ("languages.evaluation", ["de", "de"], "lists de twice"),
        ("seeds", [3, 3], "lists 3 twice"),
        ("systems", ["lingualift", "lingualift"], "lists lingualift twice"),
        ("benchmarks", {"lexicons": "mmwp-mini"}, "'lexicons' is the table of the lexicons"),
        ("codeswitch.top_k", 9, "lexicon.top_k keeps no more than 5 translations"),
        ("resources", "", "not one line of text, got ''"),
        ("resources", "a\nb", "not one line of text, got 'a?b'"),
        ("mirror", "x" * 2000, "not one line of text, got 'xxx"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line_behind_its_key(place, value, message):
    assert f"configuration: {place}: {message}" in refusal(changed(place, value))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("languages.alignment", ["dd"], "unknown language 'dd'; it holds af, "),
        ("languages.alignment", ["kr"], "unknown language 'kr'; did you mean 'ko'?"),
        ("languages.evaluation", ["zh_CN"], "unknown language 'zh_CN'; did you mean 'zh'?"),
        ("languages.evaluation", ["German"], "unknown language 'German'; did you mean 'de'?"),
        ("languages.evaluation", ["swa"], "unknown language 'swa'; did you mean 'sw'?"),
        (
            "languages.evaluation",
            ["en", "tr"],
            "no configured benchmark has a language 'tr' (mmwp-mini: af, ",
        ),
        (
            "languages.evaluation",
            ["tr", "el"],
            "benchmark 'mmwp-mini' has none of these languages; it has af, ",
        ),
        (
            "languages.alignment",
            ["af"],
            "'af' has no text in corpus 'holy-quran'; name another in corpus.source",
        ),
        (
            "corpus.source",
            ["holy-quran", "holy-kuran"],
            "unknown source 'holy-kuran'; did you mean 'holy-quran'?",
        ),
        ("corpus.source", [], "needed to train vectors on"),
        ("systems", ["lingalift"], "unknown system 'lingalift'; did you mean 'lingualift'?"),
        (
            "prompts",
            {"translation": DEFAULT["prompts"]["translation"]},
            "benchmark 'mmwp-mini' needs a prompt 'maths'",
        ),
        ("codeswitch.task", "math", "unknown task 'math'; did you mean 'maths'?"),
        ("codeswitch.pos", "nouns", "unknown preset 'nouns'; did you mean 'noun'?"),
        ("tasks.maths.examples", None, "say how many word-problems to generate"),
        (
            "tasks.maths.source",
            "word-problem",
            "unknown source 'word-problem'; did you mean 'word-problems'?",
        ),
        ("corpus.source", "holy-kuran", "unknown source 'holy-kuran'; did you mean 'holy-quran'?"),
        (
            "llm.source",
            "smollm2-135m-instrukt",
            "unknown source 'smollm2-135m-instrukt'; did you mean 'smollm2-",
        ),
    ],
)
def test_a_name_that_nothing_defines_is_refused_in_one_line_behind_its_key(place, value, message):
    assert f"{place}: {message}" in refusal(changed(place, value))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("seed", [1], "configuration: unknown key 'seed'; did you mean 'seeds'?"),
        (
            "codeswitch.ration",
            0.5,
            "configuration: unknown key 'codeswitch.ration'; did you mean 'ratio'?",
        ),
        (
            "stages.align.learning_rat",
            1.0,
            "configuration: unknown key 'stages.align.learning_rat'; did you mean 'learning_rate'?",
        ),
        (
            "prompts.maths.templat",
            "",
            "configuration: unknown key 'prompts.maths.templat'; did you mean 'template'?",
        ),
        (
            "tasks.maths.exampels",
            5,
            "configuration: unknown key 'tasks.maths.exampels'; did you mean 'examples'?",
        ),
        (
            "seeds",
            [1, "x"],
            "configuration: seeds.1: Input should be a valid integer, unable to parse",
        ),
        ("evaluation", {}, "configuration: evaluation.max_new_tokens: Field required"),
        (
            "lexicon.starts",
            ["enc"],
            "configuration: lexicon.starts.0: Input should be 'similarity', ",
        ),
        (
            "languages.collapsed",
            "supervised",
            "configuration: lexicon.seed_dictionary: needed by the start `seed` and by ",
        ),
        (
            "languages.evaluation",
            ["../de"],
            "languages.evaluation.0: not the code of a language (two or three letters a-z), got",
        ),
        (
            "benchmarks",
            {"mgsm": "mgsm"},
            "languages.evaluation: no configured benchmark has a language 'ar' (mgsm: bn, ",
        ),
        (
            "evaluation.excerpts",
            ["msvam"],
            "evaluation: unknown benchmark 'msvam'; did you mean 'msvamp'?",
        ),
        (
            "benchmarks",
            {"mmwp": "mmwp-min"},
            "benchmarks.mmwp: unknown benchmark 'mmwp-min'; did you mean 'mmwp-mini'?",
        ),
        (
            "stages",
            {"transfer": DEFAULT["stages"]["transfer"]},
            "unknown stage 'arithmetic'; known: transfer",
        ),
        (
            "stages.align.prompt",
            "tranlation",
            "stage 'align': unknown prompt 'tranlation'; did you mean 'translation'?",
        ),
        (
            "stages.align.prompt",
            None,
            "configuration: stages.align.prompt: expected text, got nothing",
        ),
        (
            "stages.align.data",
            "code-switch",
            "stage 'align': unknown data 'code-switch'; did you mean 'code-switched'?",
        ),
        (
            "stages.warm-start.steps",
            None,
            "configuration: stages.warm-start.steps: Input should be a valid integer, got 'None'",
        ),
        (
            "stages.align.steps",
            3,
            "configuration: unknown key 'stages.align.steps'; it belongs to warm-start",
        ),
        (
            "stages.warm-start.epochs",
            3,
            "unknown key 'stages.warm-start.epochs'; it belongs to language-modelling",
        ),
        ("stages.warm-start.step", 3, "key 'stages.warm-start.step'; did you mean 'steps'?"),
        (
            "stages.warm-start.data",
            "maths",
            "stages.warm-start.data: Input should be 'code-switched' or 'english', got 'maths'",
        ),
        (
            "stages.align.objective",
            "regression",
            "stages.align.objective: Input should be 'warm-start' or 'language-modelling', got",
        ),
        ("stages.align", {"data": "maths"}, "stages.align.objective: Field required"),
        (
            "stages.language-modelling",
            {"objective": "warm-start", "epochs": 1},
            "configuration: stages.language-modelling.data: Field required",
        ),
        ("stages.align", 3, "configuration: stages.align: Input should be a valid dictionary"),
        (
            "prompts.maths.template",
            "no slot",
            "configuration: prompts.maths: needs exactly one {question} slot",
        ),
        (
            "prompts.maths.template",
            "{question} {question}",
            "configuration: prompts.maths: needs exactly one {question} slot",
        ),
        (
            "tasks.maths.source",
            ["gsm8k", "../x"],
            "configuration: tasks.maths.source.1: not a plain name ",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_its_key(place, value, message):
    assert message in refusal(changed(place, value))


FALSE = "YAML reads false, no or off without quotes as false; write it in quotes"
TRUE = "YAML reads true, yes or on without quotes as true; write it in quotes"
NUMBER = "YAML reads a number or a date, "


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ("languages.alignment", "[de, no]", f"languages.alignment.1: {FALSE}, or nb for Norwegian"),
        ("languages.evaluation", "[en, off]", f"languages.evaluation.1: {FALSE}, or nb"),
        ("languages.evaluation", "no", f"languages.evaluation: {FALSE}, or nb for Norwegian"),
        ("languages.evaluation", "[en, on]", f"languages.evaluation.1: {TRUE}"),
        ("languages.evaluation", "[en, yes]", f"languages.evaluation.1: {TRUE}"),
        ("tasks.maths.languages", "[no]", f"tasks.maths.languages.0: {FALSE}, or nb for Norwegian"),
        ("languages.evaluation", "[en, ]", None),
        ("languages.evaluation", "[en, ~]", "languages.evaluation.1: expected text, got nothing"),
        ("benchmarks", "{no: mmwp-mini}", f"benchmarks: a key: {FALSE}"),
        ("languages", "{no: x, alignment: [de], evaluation: [en]}", f"languages: a key: {FALSE}"),
        ("tasks", "{on: {source: maths}}", f"tasks: a key: {TRUE}"),
        ("benchmarks", "{12:30: mmwp-mini}", f"benchmarks: a key: {NUMBER}750 "),
        ("systems", "[yes]", f"systems.0: {TRUE}"),
        ("corpus.source", "1_000", f"corpus.source: {NUMBER}1000 "),
        ("corpus.source", "[010]", f"corpus.source.0: {NUMBER}8 "),
        ("corpus.source", "12:30", f"corpus.source: {NUMBER}750 "),
        ("corpus.source", "1.5", f"corpus.source: {NUMBER}1.5 "),
        ("tagger", "2026-11-30", f"tagger: {NUMBER}2026-11-30 "),
        ("corpus.source", "08", "corpus.source: unknown source '08'"),
        ("stages.align.data", "no", f"stages.align.data: {FALSE}"),
        ("pins", "{gsm8k: off}", f"pins.gsm8k: {FALSE}"),
        ("prompts.maths.template", "yes", f"prompts.maths.template: {TRUE}"),
        ("languages.evaluation", "['False']", f"unknown language 'False'; {FALSE}, or nb for"),
    ],
)
def test_a_word_that_yaml_reads_as_something_else_is_told_with_the_cure(place, text, message):
    values = changed(place, yaml.safe_load(text))
    if message is None:
        planned(values)
    else:
        line = refusal(values)
        assert message in line and "\n" not in line


def test_an_empty_configuration_names_the_first_missing_key():
    assert refusal({}) == "configuration: seeds: Field required"


def test_values_are_the_same_from_a_file_and_from_the_command_line():
    # Snakemake hands over what stands below the first level of --config as text; YAML 1.1 reads
    # 6e-4 as text, too
    assert yaml.safe_load("6e-4") == "6e-4"
    for place, text, value in (
        ("seeds", ["1", "2"], [1, 2]),
        ("codeswitch.ratio", "0.5", 0.5),
        ("codeswitch.queries", "null", None),
        ("stages.align.learning_rate", "6e-4", 6e-4),
        ("alignment.layers", "3", 3),
        ("alignment.normalise", "false", False),
        ("tasks", {**DEFAULT["tasks"], "unused": "null"}, {**DEFAULT["tasks"], "unused": None}),
    ):
        assert load_config(changed(place, text)) == load_config(changed(place, value))
        assert ids(changed(place, text)) == ids(changed(place, value))


BAD_NAMES = st.text(max_size=80) | st.sampled_from(
    [
        "..",
        "../x",
        "a/b",
        "a b",
        "a;rm -rf",
        "$(x)",
        "`x`",
        "a\n",
        "a\u2028b",
        "-a",
        "A",
        "é",
        "",
        "a" * 65,
        "a" * 10**5,
    ]
)


@given(
    name=BAD_NAMES.filter(lambda name: not NAME.fullmatch(name)),
    place=st.sampled_from(["systems", "benchmarks", "stages", "prompts", "tasks", "tagger", "key"]),
)
def test_names_that_could_not_be_paths_are_refused_in_one_short_line(name, place):
    values = deepcopy(DEFAULT)
    if place == "systems":
        values["systems"].append(name)
    elif place == "tagger":
        values["tagger"] = name
    elif place == "key":
        values[name] = 1
    else:
        values[place][name] = next(iter(DEFAULT[place].values()))
    assert len(refusal(values)) < 600


@given(
    code=st.text(max_size=20).filter(lambda code: code not in LANGUAGES),
    key=st.sampled_from(["alignment", "evaluation"]),
)
def test_any_unknown_language_is_refused_in_one_line(code, key):
    values = deepcopy(DEFAULT)
    values["languages"][key].append(code)
    assert f"languages.{key}" in refusal(values)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
)


@given(key=st.sampled_from(sorted(DEFAULT)), value=VALUES)
def test_any_value_of_any_key_is_accepted_or_refused_in_one_line(key, value):
    try:
        planned({**DEFAULT, key: value})
    except LinguaLiftError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "expected systems by name"),
        ("a", "expected systems by name"),
        ("a: [", "not YAML (while parsing a flow node"),
        (b"\xff", "mine.yaml, line 1: not UTF-8 text"),
        ("a: {title: 2020-13-45}", "not YAML (month must be in 1..12)"),
        ("a:", "a: Input should be a valid dictionary"),
        ("A b: {}", "system name 'A b': not a plain name"),
        (
            "1: {title: x, input: text, stages: []}",
            "a system's name: YAML reads a number or a date, 1 ",
        ),
        (
            "a: {title: x, input: txt, stages: []}",
            "a: input: Input should be 'text', 'encoder', 'encoder-first', 'templated-encoder',",
        ),
        (
            "a: {title: x, input: text, stages: [], nota: x}",
            "a: unknown key 'nota'; did you mean 'note'?",
        ),
        ('a: {title: "x\\ny", input: text, stages: []}', "a: title: not one line of text"),
        ("a: {title: x, input: text, stages: [../x]}", "a: stages.0: not a plain name"),
        (
            "a: {title: x, input: text, stages: [{transfer: 3}]}",
            "a: stages.0.transfer: Input should be a valid dictionary, got '3'",
        ),
        (
            "a: {title: x, input: text, stages: [{transfer: {}, align: {}}]}",
            "a: stages: an entry is a stage's name or {name: {key: value}}",
        ),
        (
            "a: {title: x, input: text, stages: [{}]}",
            "a: stages: an entry is a stage's name or {name: {key: value}}",
        ),
        (
            "a: {title: x, input: text, stages: [transfr]}",
            "system 'x': unknown stage 'transfr'; did you mean 'transfer'?",
        ),
        (
            "a: {title: x, input: text, stages: [{transfer: {bach: 3}}]}",
            "system 'x', stage 'transfer': unknown key 'bach'; did you mean 'batch'?",
        ),
        (
            "a: {title: x, input: text, stages: [{transfer: {steps: 3}}]}",
            "system 'x', stage 'transfer': unknown key 'steps'; it belongs to warm-start",
        ),
        (
            "a: {title: x, input: text, stages: [{transfer: {batch: 0}}]}",
            "system 'x', stage 'transfer': batch: Input should be greater than or equal to 1",
        ),
        (
            "a: {title: x, input: text, stages: [align]}",
            "system 'x': stage 'align' trains on the encoder, but the system's input is text",
        ),
    ],
)
def test_a_mistake_in_a_system_is_one_line_that_names_file_or_system(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LinguaLiftError) as caught:
        for system in load_systems(tmp_path).values():
            chain(load_config(DEFAULT), system, 1, SOURCES)
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_what_macos_leaves_beside_a_file_of_systems_is_passed_over(tmp_path):
    (tmp_path / "mine.yaml").write_text("a: {title: x, input: text, stages: []}")
    (tmp_path / "._mine.yaml").write_bytes(b"\0\5\x16\7")
    assert list(load_systems(tmp_path)) == ["a"]


def test_a_system_defined_in_two_files_is_refused(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text("a: {title: x, input: text, stages: []}")
    with pytest.raises(LinguaLiftError, match=r"two.yaml: system 'a' is defined twice"):
        load_systems(tmp_path)


def ids(values: dict[str, Any], system: str = "lingualift", seed: int = 1) -> list[str]:
    return [stage.id for stage in chain(load_config(values), SYSTEMS[system], seed, SOURCES)]


def test_chains_that_begin_alike_share_checkpoints_and_part_where_they_differ():
    full, warm, joint = (
        ids(DEFAULT),
        ids(DEFAULT, "lingualift-warm-start-only"),
        ids(DEFAULT, "lingualift-without-align"),
    )
    assert [name.rpartition("-")[0] for name in full] == [
        "arithmetic",
        "warm-start",
        "align",
        "transfer",
    ]
    assert full[:2] == warm[:2] and full[0] == joint[0] == ids(DEFAULT, "mono-sft")[0]
    assert full[1] != joint[1]  # a warm start without code-switched text
    assert (
        len({full[3], warm[2], joint[2]}) == 3
    )  # one stage name over other parents, or with other settings
    stages = planned(DEFAULT).runs["lingualift"].stages
    assert [stage.parent for stage in stages] == [None, *full[:3]]
    assert len(planned(DEFAULT).stages) == len({*full, *joint, *ids(DEFAULT, "mono-sft")})


def test_seeds_train_apart_and_equal_settings_train_once():
    assert not set(ids(DEFAULT, seed=1)) & set(ids(DEFAULT, seed=2))
    assert ids(DEFAULT) == ids(json.loads(json.dumps(DEFAULT)))
    made = planned(changed("seeds", [5, 7]))
    assert set(made.runs) == {name + suffix for name in DEFAULT["systems"] for suffix in ("", "~7")}
    assert [made.runs["lingualift"].seed, made.runs["lingualift~7"].seed] == [5, 7]
    assert made.runs["lingualift"].checkpoint == ids(DEFAULT, seed=5)[-1]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("stages.align.micro_tokens", 200),
        ("stages.transfer.micro_tokens", 100),
        ("evaluation.batch", 7),
        ("evaluation.batch", None),
        ("tables.bootstrap", 10),
        ("languages.evaluation", ["en", "ta"]),
        ("resources", "elsewhere"),
        ("mirror", "folder"),
        ("lexicon.gold", None),
    ],
)
def test_what_changes_no_result_of_training_retrains_nothing(place, value):
    values = deepcopy(DEFAULT)
    values.setdefault("tables", {})
    *groups, key = place.split(".")
    group = values
    for name in groups:
        group = group[name]
    group[key] = value
    for system in DEFAULT["systems"]:
        assert ids(values, system) == ids(DEFAULT, system)


@pytest.mark.parametrize(
    ("place", "value", "kept"),
    [
        ("stages.warm-start.steps", 10, 1),
        ("stages.align.learning_rate", 1e-3, 2),
        ("stages.transfer.epochs", 2, 3),
        ("prompts.translation.template", "{question}\nEnglish:", 2),
        ("prompts.maths.instruction", "Answer.\n", 0),
        ("languages.alignment", ["de", "hi"], 1),
        ("codeswitch.ratio", 0.5, 1),
        ("lexicon.starts", ["identical"], 1),
        ("corpus.max_sentences", 1000, 1),
        ("vocabulary.size", 100, 1),
        ("fasttext.epochs", 1, 1),
        ("encoder.layer", 9, 1),
        ("alignment.layers", 3, 1),
        ("tasks.maths.seed", 2, 1),
    ],
)
def test_a_changed_setting_retrains_its_stage_and_those_after_it(place, value, kept):
    before, after = ids(DEFAULT), ids(changed(place, value))
    assert before[:kept] == after[:kept]
    assert not set(before[kept:]) & set(after[kept:])


def test_text_systems_do_not_depend_on_encoder_or_text():
    for place, value in (
        ("encoder.layer", 9),
        ("codeswitch.ratio", 0.5),
        ("languages.alignment", ["de"]),
        ("alignment.layers", 3),
    ):
        assert ids(changed(place, value), "mono-sft") == ids(DEFAULT, "mono-sft")


def test_the_schema_file_is_the_schema_of_the_typed_configuration():
    stored = json.loads((ROOT / "config" / "schema.json").read_text(encoding="utf-8"))
    assert stored == Config.model_json_schema(), (
        "run: python -m lingualift.config > config/schema.json"
    )


def test_bounds_of_numbers_stand_in_the_schema_as_editors_read_them():
    text = (ROOT / "config" / "schema.json").read_text(encoding="utf-8")
    assert '"minimum": 1' in text and '"exclusiveMinimum": 0' in text
    assert not re.search(r'"(ge|le|gt|lt)":', text)


def groups_of(kind: Any) -> list[type[Settings]]:
    """The groups of settings that an annotation names: several where an objective chooses."""
    if isinstance(kind, type) and issubclass(kind, Settings):
        return [kind]
    return [group for part in get_args(kind) for group in groups_of(part)]


def named_or_described(kind: Any) -> bool:
    """Whether each value of a mapping is a name or, instead, a group of settings."""
    values = get_args(kind)[-1] if get_origin(kind) is dict else None
    return get_origin(values) in (Union, UnionType) and not all(map(groups_of, get_args(values)))


def leaves(model: type[BaseModel], prefix: str = "") -> list[tuple[str, Any]]:
    """Every setting below a group with its pydantic field; names of one's own choice are NAME.

    A setting that two groups share in all that is said of it is listed once.
    """
    listed: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        groups = groups_of(field.annotation)
        below = f"{prefix}{name}." + ("NAME." if get_origin(field.annotation) is dict else "")
        if not groups or named_or_described(field.annotation):
            listed.append((prefix + name, field))
        for group in groups:
            said = {(key, other.description, str(other.default)) for key, other in listed}
            listed += [
                (key, other)
                for key, other in leaves(group, below)
                if (key, other.description, str(other.default)) not in said
            ]
    return listed


def default_of(key: str, field: Any) -> str:
    """The value in config.yaml, or what stands for an absent key, as the page writes it."""
    value: Any = DEFAULT
    for part in key.split("."):
        value = value.get(part, PydanticUndefined) if isinstance(value, dict) else PydanticUndefined
    if value is PydanticUndefined:
        value = field.default
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, dict):
        return "`{" + ", ".join(f"{name}: {item}" for name, item in value.items()) + "}`"
    if isinstance(value, list):
        return "`[" + ", ".join(map(str, value)) + "]`"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def test_the_documentation_describes_every_key_with_its_meaning_and_default():
    expected = [
        f"| `{key}` | {field.description} | {default_of(key, field)} |"
        for key, field in leaves(Config)
    ]
    assert [row for row in expected if row not in DOCUMENT] == []
    documented = re.findall(r"^\| `([\w.-]+)` \|", DOCUMENT.split("## Systems")[0], re.MULTILINE)
    assert documented == [key for key, _ in leaves(Config)]


def test_the_documentation_describes_every_key_of_a_system():
    rows = re.findall(
        r"^\| `(\w+)` \| (.*?) \|", DOCUMENT.split("## Systems")[1].split("## ")[0], re.MULTILINE
    )
    assert rows == [(key, field.description) for key, field in System.model_fields.items()]


def test_a_languages_text_is_that_of_all_listed_corpora_that_hold_it():
    values = changed("corpus.source", ["holy-quran", "libreoffice-help", "libreoffice-l10n"])
    values["languages"]["alignment"] = ["af", "fi", "hi", "sw"]
    made = planned(values)
    assert (
        made.corpora("af") == ["libreoffice-l10n"]
        and made.corpora("sw") == ["holy-quran"]
        and made.corpora("fi") == ["libreoffice-help"]
    )
    assert (
        made.corpora("en")
        == made.corpora("hi")
        == ["holy-quran", "libreoffice-help", "libreoffice-l10n"]
    )
    assert {
        "holy-quran",
        "libreoffice-l10n-af",
        "libreoffice-help-fi",
        "libreoffice-l10n-en",
    } <= set(made.retrieved())
    assert "libreoffice-help-af" not in made.retrieved()


def test_packages_hold_text_for_all_languages_of_the_paper_but_two():
    corpora = [
        SOURCES[key] for key in ("holy-quran", "quran-json", "libreoffice-help", "libreoffice-l10n")
    ]
    held = {
        code
        for code, language in LANGUAGES.items()
        if any(source.holds(language) for source in corpora)
    }
    papers = {code for code, language in LANGUAGES.items() if language.level} | {"tr", "ur", "el"}
    assert papers - held == {"hy", "lb"}


def test_keys_of_systems_and_sources_that_yaml_reads_as_something_else_are_told(tmp_path):
    (tmp_path / "mine.yaml").write_text("no:\n  title: a\n  input: text\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"mine\.yaml: a system's name: " + FALSE):
        load_systems(tmp_path)
    path = tmp_path / "sources.yml"
    path.write_text("12:30:\n  title: a\n", encoding="utf-8")
    with pytest.raises(LinguaLiftError, match=r"sources\.yml: a source's key: " + NUMBER + "750"):
        load_sources(path)
    path.write_text(
        "held: {kind: local, title: a, use: b, licence: MIT, mirror: x,"
        " files: [{name: a.txt, language: no}]}\n",
        encoding="utf-8",
    )
    with pytest.raises(LinguaLiftError, match=r"files\.0\.language: " + FALSE + ", or nb"):
        load_sources(path)


def test_a_source_that_knows_a_language_by_another_code_is_refused():
    """It would never be found to hold it."""
    file = SOURCES["holy-quran"].files[0].model_copy(update={"language": "cz"})
    sources = {**SOURCES, "mine": SOURCES["holy-quran"].model_copy(update={"files": [file]})}
    with pytest.raises(
        LinguaLiftError, match=r"source 'mine': unknown language 'cz'; did you .*'cs'"
    ):
        plan(load_config(DEFAULT), LANGUAGES, sources, SYSTEMS)


def test_a_serving_engine_without_a_gpu_is_refused():
    assert "which needs a GPU" in refusal(changed("evaluation.engine", "vllm"))
    values = changed("evaluation.engine", "vllm")
    values["compute"]["gpus"] = 1
    settings = prediction_settings(planned(values), "mmwp-mini")
    assert settings["engine"] == "vllm"
    assert "engine" not in prediction_settings(planned(DEFAULT), "mmwp-mini")


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_every_benchmark_can_be_asked_for_over_the_default_configuration(name: str) -> None:
    """Without a prompt of the user's own."""
    groups = BENCHMARKS[name].BENCHMARK.groups.values()
    languages = {
        **DEFAULT["languages"],
        "evaluation": [code for group in groups for code in group][:2],
    }
    made = planned({**DEFAULT, "benchmarks": {"asked": name}, "languages": languages})
    assert made.languages_of(name)


def test_a_benchmark_without_its_prompt_is_refused() -> None:
    values = changed("benchmarks", {"x": "xcsqa"})
    values["languages"]["evaluation"] = ["de"]
    values["prompts"]["commonsense"] = None
    assert refusal(values) == "prompts: benchmark 'xcsqa' needs a prompt 'commonsense'"
