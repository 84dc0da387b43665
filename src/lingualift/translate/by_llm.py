"""Translate with an LLM as it is: what a user would try who has nothing but the LLM."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from lingualift.evaluation.engines import TransformersEngine
from lingualift.evaluation.generate import ComposedInputs
from lingualift.evaluation.memory import require_fit
from lingualift.evaluation.predict import load_for_generation
from lingualift.machine import device
from lingualift.model.layout import LAYOUTS, Prompt, compose, end_ids, load_tokenizer, special_ids

LONGEST = 128  # new tokens of a sentence: Flores' longest sentence has about a hundred in English


def translate(
    sentences: Sequence[str], llm: Path, prompt: Prompt, batch: int, dtype: torch.dtype
) -> list[str]:
    """English translations of sentences, in order, generated greedily behind `prompt`; `llm` is the
    folder of a prepared model.

    A translation ends with its line. Where the LLM writes nothing the sentence stays as it is, for
    then that is what the user would have.
    """
    where = torch.device(device())
    require_fit(llm, dtype, where, LONGEST)
    model = load_for_generation(None, llm, dtype)
    torch.nn.Module.to(model, where)
    tokenizer = load_tokenizer(llm)
    composed = [compose(LAYOUTS["text"], tokenizer, prompt, sentence) for sentence in sentences]
    inputs = ComposedInputs(composed, None, special_ids(tokenizer)[2])
    answered: dict[int, str] = {}
    for part in TransformersEngine(model, batch).answer(
        inputs, end_ids(tokenizer, llm), LONGEST, progress="translate"
    ):
        answered |= {index: _first_line(tokenizer, ids) for index, ids, _ in part}
    return [answered[index] or sentence for index, sentence in enumerate(sentences)]


def _first_line(tokenizer: Any, ids: Sequence[int]) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=True)
    return text.strip().partition("\n")[0].strip()
