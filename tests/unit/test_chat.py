"""Prompts in an LLM's chat format: the tokens are those of Transformers' own call with the question
filled in, and what a template cannot do is one line.
"""

import dataclasses
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from lingualift.config import System, load_config
from lingualift.messages import LinguaLiftError
from lingualift.model.chat import FIXED, LEAVE_OUT, in_chat_format
from lingualift.model.layout import LAYOUTS, Prompt, compose, load_tokenizer
from lingualift.model.prepare import prepare_model
from lingualift.plan import Plan, inputs
from lingualift.retrieve.sources import IGNORED
from tests.conftest import hub_source
from tests.tiny import CHATML
from tests.unit.test_systems import SOURCES, SYSTEMS, merged, planned

LLAMA = (
    "{{ bos_token }}{% if not date_string is defined %}"
    "{% set date_string = strftime_now('%d %b %Y') %}{% endif %}[{{ date_string }}]"
    "{% for message in messages %}<{{ message.role }}>"
    "{{ message.content | trim }}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<assistant>"
    "{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for message in messages %}{% if message.role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}<start_of_turn>user\n"
    "{{ message.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
PROMPT = Prompt("{question}\nAnswer with a number.", "", chat=True)
QUESTION = "Maria has {3} apples; how many now?"


def tokenizer_with(template: str | None, llama: Path) -> Any:
    tokenizer = load_tokenizer(llama)
    tokenizer.chat_template = template
    return tokenizer


@pytest.mark.parametrize("system", ["", "You are a teacher."])
@pytest.mark.parametrize("template", [CHATML, LLAMA], ids=["without a BOS", "with a BOS"])
def test_a_chat_is_what_transformers_makes_of_the_filled_in_question(
    template: str, system: str, llama: Path
) -> None:
    tokenizer = tokenizer_with(template, llama)
    prompt = in_chat_format(dataclasses.replace(PROMPT, system=system), tokenizer)
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": f"{QUESTION}\nAnswer with a number."})
    expected = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_dict=False, **FIXED
    )
    if expected[0] != tokenizer.bos_token_id:  # the layout always begins with one
        expected.insert(0, tokenizer.bos_token_id)
    composed = compose(LAYOUTS["text"], tokenizer, prompt, QUESTION)
    assert composed.ids.tolist() == expected
    assert not prompt.chat and in_chat_format(prompt, tokenizer) == prompt


def test_a_prompt_that_is_no_chat_stays_as_it_is(llama: Path) -> None:
    plain = dataclasses.replace(PROMPT, chat=False)
    assert in_chat_format(plain, tokenizer_with(CHATML, llama)) is plain
    assert plain.fields() == {"template": plain.template, "instruction": ""}


def test_a_chat_names_languages_and_no_day(llama: Path) -> None:
    prompt = Prompt("{question}", "", chat=True, system="Answer in {source}.")
    made = in_chat_format(prompt.between("Swahili", "English"), tokenizer_with(LLAMA, llama))
    assert made.template == (
        "[26 Jul 2024]<system>Answer in Swahili.<|eot_id|><user>{question}<|eot_id|><assistant>"
    )


@pytest.mark.parametrize(
    ("template", "system", "message"),
    [
        (None, "", "has no chat template; leave chat out of the prompt, or name the chat version"),
        (GEMMA, "Be short.", r"\(System role not supported\); leave its system message out"),
        ("{{ messages[0].role }}", "", "has a chat template that drops the question"),
        (
            "{{ messages[-1].content }}",
            "Be short.",
            "has a chat template that drops the system message",
        ),
    ],
)
def test_what_a_template_cannot_do_is_one_line(
    template: str | None, system: str, message: str, llama: Path
) -> None:
    with pytest.raises(LinguaLiftError, match=message) as caught:
        in_chat_format(dataclasses.replace(PROMPT, system=system), tokenizer_with(template, llama))
    assert "\n" not in str(caught.value)


def test_a_model_without_a_chat_template_is_refused_when_it_is_prepared(
    llama: Path, tmp_path: Path
) -> None:
    source = hub_source()
    with pytest.raises(LinguaLiftError, match="has no chat template"):
        prepare_model(source, llama, tmp_path / "refused", llm=True, chats=[(PROMPT, LEAVE_OUT)])
    assert not (tmp_path / "refused/model.json").exists()
    shutil.copytree(llama, tmp_path / "chat")
    tokenizer_with(CHATML, llama).save_pretrained(tmp_path / "chat")
    prepare_model(
        source, tmp_path / "chat", tmp_path / "out", llm=True, chats=[(PROMPT, LEAVE_OUT)]
    )
    assert (tmp_path / "out/model.json").is_file()


def test_an_llm_of_the_hub_brings_a_chat_template_in_a_file_of_its_own() -> None:
    llms = [source for source in SOURCES.values() if source.kind == "hub" and "LLM" in source.use]
    assert {source.key for source in llms if source.allow} == {
        "smollm2-1.7b-instruct",
        "mistral-7b-v0.3",
    }
    for source in llms:
        allowed = source.allow or ["*"]
        assert any(fnmatch("chat_template.jinja", pattern) for pattern in allowed), source.key
        assert not any(fnmatch("chat_template.jinja", pattern) for pattern in IGNORED)


CHAT = {"template": "{question}", "chat": True, "system": "Be short."}
AS_IT_IS = {"title": "As it is", "input": "text", "stages": [], "prompt": "chat", "kind": "maths"}


def with_system(definition: dict[str, Any]) -> Plan:
    """The default configuration with one system `own` and the prompt `chat`."""
    overlay = {"systems": ["own"], "prompts": {"chat": CHAT}}
    return planned(overlay, systems={**SYSTEMS, "own": System.model_validate(definition)})


def test_a_plan_knows_which_prompts_an_llm_is_asked_as_a_chat() -> None:
    made = with_system(AS_IT_IS)
    expected = Prompt("{question}", "", True, "Be short.")
    assert inputs.asked_model(made, made.config.llm.source).chats == [(expected, LEAVE_OUT)]
    asked = inputs.questions(made, "own", "mmwp-mini", "sw")[0]
    assert asked.prompt == expected.fields()


def test_a_chat_beside_encoder_states_is_refused() -> None:
    encoder = {**AS_IT_IS, "input": "encoder", "stages": ["warm-start"]}
    with pytest.raises(LinguaLiftError, match="is a chat, which input 'encoder' has no place for"):
        with_system(encoder)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ({"template": "{question}", "system": "Be short."}, "system: belongs to chat: true"),
        (
            {"template": "{question}", "chat": True, "system": "{question}"},
            "system: holds a slot",
        ),
    ],
)
def test_a_system_message_without_a_chat_or_with_a_slot_is_refused(
    prompt: dict[str, Any], message: str
) -> None:
    with pytest.raises(LinguaLiftError, match=message):
        load_config(merged({"prompts": {"own": prompt}}))
