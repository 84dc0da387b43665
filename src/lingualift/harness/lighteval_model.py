"""The model of lighteval, which reads this file itself (docs/harness.md has the command).

`model_name` is the checkpoint's folder. The query of a document is taken as the bare question, and
a `language_name` in its `specific` as the question's language.
"""

from pathlib import Path
from typing import Any

from lighteval.models.abstract_model import LightevalModel
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from lingualift.evaluation.ask import AskedCheckpoint, Question
from lingualift.harness import MAX_NEW_TOKENS
from lingualift.messages import LinguaLiftError


class LinguaLiftLighteval(LightevalModel):
    """A checkpoint that answers lighteval's documents as the workflow answers benchmarks."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.asked = AskedCheckpoint(Path(config.model_name), "auto", None, None)

    @property
    def tokenizer(self) -> Any:
        return self.asked.processor.tokenizer

    @property
    def add_special_tokens(self) -> bool:
        return False

    @property
    def max_length(self) -> int:
        return int(self.asked.model.llm.config.max_position_embeddings)

    def greedy_until(self, docs: list[Doc]) -> list[ModelResponse]:
        """The greedy answers, cut off at what a task stops at."""
        responses = []
        for doc in docs:
            limit = doc.generation_size or MAX_NEW_TOKENS
            ((text, _),) = self.asked.answers([_question(doc)], limit)
            for stop in doc.stop_sequences or []:
                text = text.split(stop)[0]
            responses.append(ModelResponse(input=doc.query, text=[text]))
        return responses

    def loglikelihood(self, docs: list[Doc]) -> list[ModelResponse]:
        """See `lingualift.evaluation.ask.Likelihood`."""
        questions = [_question(doc) for doc in docs]
        scored = self.asked.likelihoods(questions, [doc.choices for doc in docs])
        return [
            ModelResponse(
                input=doc.query,
                logprobs=[likelihood.value for likelihood in likelihoods],
                argmax_logits_eq_gold=[likelihood.greedy for likelihood in likelihoods],
            )
            for doc, likelihoods in zip(docs, scored, strict=True)
        ]

    def loglikelihood_rolling(self, docs: list[Doc]) -> list[ModelResponse]:
        """Not offered: a text without a question has nothing for the encoder to read."""
        raise LinguaLiftError(
            "tasks that measure the likelihood of running text cannot be asked: a checkpoint of"
            " LinguaLIFT answers questions"
        )


def _question(doc: Doc) -> Question:
    return Question(doc.query, (doc.specific or {}).get("language_name"))
