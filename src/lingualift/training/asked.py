"""What a stage leaves with its checkpoint about how it is asked: layout, prompt, and one question
with the checkpoint's own answer for its card.
"""

import logging
import os
from typing import Any, cast

import torch

from lingualift.artifacts import read_parquet
from lingualift.messages import LinguaLiftError
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.frozen import noted_languages
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.processor import LinguaLiftProcessor
from lingualift.model.weights import module_of
from lingualift.training.job import StageJob, StageTexts

logger = logging.getLogger(__name__)


def asked_texts(job: StageJob) -> StageTexts | None:
    """The table whose questions the LLM is asked after the stage: its last task data, else its last
    code-switched text; None where it is asked nothing (a warm start).
    """
    asked = [texts for texts in job.data if texts.prompt is not None]
    return max(asked, key=lambda texts: texts.lexicon is None) if asked else None


def note_prompt(job: StageJob, model: LinguaLiftModel) -> None:
    """Write into a model's configuration how the stage asked it."""
    texts = asked_texts(job)
    prompt = None if texts is None else texts.prompt
    model.config.layout = job.layout
    model.config.prompt = prompt and prompt.fields()


def card_example(
    job: StageJob, model: LinguaLiftModel, storage: torch.dtype | None
) -> dict[str, Any]:
    """The first question of the stage with the answer that its checkpoint gives, for the card;
    without an answer where several processes hold the model, or no memory is left for it.

    The trained weights are first rounded to the `storage` type, as the checkpoint holds them; the
    model is done with afterwards.
    """
    texts = asked_texts(job)
    if texts is None:
        return {}
    first = read_parquet(texts.texts).slice(0, 1).to_pylist()[0]
    language = job.names.get(first["language"], first["language"])
    example: dict[str, Any] = {
        "checkpoint": str(job.out),
        "question": first["question"],
        "language": language if _asks_language(job, texts) else None,
        "dtype": str(model.embedding_table().dtype).removeprefix("torch."),
    }
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return example
    try:
        return {**example, "answer": _answer(model.eval(), example, storage)}
    except (LinguaLiftError, OSError, RuntimeError) as error:  # torch's lack of memory among them
        logger.warning(
            "%s: its card has no answer (%s)", job.name, " ".join(str(error).split())[:200]
        )
        return example


def _asks_language(job: StageJob, texts: StageTexts) -> bool:
    """Whether the prompt names a question's language, or the encoder marks it."""
    assert texts.prompt is not None
    marks = job.encoder is not None and bool(noted_languages(job.encoder))
    return texts.prompt.names_language or marks


@torch.no_grad()
def _answer(model: LinguaLiftModel, example: dict[str, Any], storage: torch.dtype | None) -> str:
    """What the checkpoint answers, by the lines of its card."""
    for name, parameter in model.named_parameters():
        if storage is not None and module_of(name) in ("llm", "encoder"):
            parameter.copy_(parameter.to(storage))
    processor = LinguaLiftProcessor.of(cast(LinguaLiftConfig, model.config), "this stage")
    inputs = processor([example["question"]], example["language"])
    (answer,) = processor.decode(model.generate(**inputs))
    return answer
