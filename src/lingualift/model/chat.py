"""Prompts in an LLM's own chat format, as its tokenizer's template writes it.

The template is applied once, to the prompt with its slots still open; what comes out is a prompt
like any other, so that training, evaluation and the record of what was asked need to know nothing
more.
"""

from dataclasses import replace
from typing import Any

from jinja2 import TemplateError

from lingualift.data.rows import first_line
from lingualift.messages import LinguaLiftError
from lingualift.model.layout import Prompt, has_slots

FIXED = {"enable_thinking": False, "date_string": "26 Jul 2024"}
"""What templates may ask for beside the messages: Qwen 3's without a stretch of thinking before the
answer, Llama 3.1's and 3.2's with the date that they name where they are told none, not today's.
"""
LEAVE_OUT = "leave chat out of the prompt"
"""How to do without the chat format, where the prompt is one of the user's own."""


def in_chat_format(prompt: Prompt, tokenizer: Any, remedy: str = LEAVE_OUT) -> Prompt:
    """The prompt as a user's turn, behind its system message, up to where the answer begins; a
    prompt that does not ask for the chat format stays as it is.

    The BOS that a template writes is left out: the layout has one. Raises `LinguaLiftError`, which
    names the `remedy`, where the tokenizer has no chat template, or one that refuses these
    messages.
    """
    if not prompt.chat:
        return prompt
    where = f"prompt {prompt.template[:40]!r}: the LLM {tokenizer.name_or_path}"
    if not tokenizer.chat_template:
        raise LinguaLiftError(
            f"{where} has no chat template; {remedy}, or name the chat version of the LLM in"
            " llm.source"
        )
    messages = [{"role": "user", "content": prompt.template}]
    if prompt.system:
        messages.insert(0, {"role": "system", "content": prompt.system})
    try:
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, **FIXED
        )
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        raise LinguaLiftError(
            f"{where} has a chat template that refuses this prompt ({first_line(error)});"
            f" {'leave its system message out' if prompt.system else remedy}"
        ) from error
    text = text.removeprefix(tokenizer.bos_token or "")
    if not has_slots(text) or (prompt.system and prompt.system not in text):
        lost = "the question" if not has_slots(text) else "the system message"
        raise LinguaLiftError(f"{where} has a chat template that drops {lost}; {remedy}")
    return replace(prompt, template=text, chat=False, system="")
