"""A checkpoint that is asked questions outside a benchmark of the workflow: by the command, or by
an evaluation harness.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from lingualift import machine
from lingualift.evaluation.generate import ComposedInputs, choice_likelihoods, generate
from lingualift.evaluation.predict import ready
from lingualift.messages import LinguaLiftError
from lingualift.model.layout import Prompt
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.processor import LinguaLiftProcessor
from lingualift.model.reading import encoded
from lingualift.model.states import States


class Question(NamedTuple):
    """A bare question and, for a prompt that names it or an encoder that marks it, its language in
    English.
    """

    text: str
    language: str | None = None


class Answer(NamedTuple):
    """What a checkpoint wrote, and why it stopped: `end` or `length`."""

    text: str
    stop_reason: str


class Likelihood(NamedTuple):
    """Log-likelihood of a continuation, its end token included (as `evaluation.choices: likelihood`
    counts it), and whether it is the greedy answer.
    """

    value: float
    greedy: bool


class AskedCheckpoint:
    """A checkpoint, loaded once; its own layout wraps the questions, and its own prompt unless
    `prompt` replaces it. A batch holds at most `batch` questions (None: as many as `Budget` says).
    `llm` and `encoder` say where the frozen models lie now.
    """

    def __init__(
        self,
        folder: Path,
        precision: str = "auto",
        device: str | None = None,
        batch: int | None = None,
        prompt: Prompt | None = None,
        llm: Path | None = None,
        encoder: Path | None = None,
    ) -> None:
        processor = LinguaLiftProcessor.from_pretrained(folder, llm, encoder)
        self.processor = processor if prompt is None else processor.asked_with(prompt)
        # harnesses name the first GPU by default, also where there is none
        where = device if device and torch.cuda.is_available() else machine.device()
        dtype = machine.dtype(precision)
        self.model = ready(
            LinguaLiftModel.from_pretrained(folder, dtype=dtype, llm=llm, encoder=encoder)
        )
        torch.nn.Module.to(self.model, torch.device(where))
        self.batch = batch

    def answers(
        self, questions: Sequence[Question], limit: int, progress: str | None = None
    ) -> list[Answer]:
        """The greedy answers, of at most `limit` new tokens. A question that is empty, or longer
        than the encoder or the LLM has positions for, is a `LinguaLiftError`.
        """
        answers = [Answer("", "end")] * len(questions)
        inputs, ends = self._inputs(questions), self.processor.ends
        self._check_positions(max(map(len, inputs.composed), default=0), limit)
        for batch in generate(self.model, inputs, ends, limit, self.batch, progress=progress):
            for index, ids, reason in batch:
                text = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
                answers[index] = Answer(text, reason)
        return answers

    def _check_positions(self, longest: int, limit: int) -> None:
        config = self.model.llm.config.get_text_config()
        held = getattr(config, "max_position_embeddings", None)
        if held is not None and longest + limit > held:
            raise LinguaLiftError(
                f"the question takes {longest} positions and its answer up to {limit}; the LLM has"
                f" {held}: ask a shorter one"
            )

    def likelihoods(
        self, questions: Sequence[Question], continuations: Sequence[Sequence[str]]
    ) -> list[list[Likelihood]]:
        """The likelihood of every continuation of each question."""
        spelled = [[self._spelled(text) for text in texts] for texts in continuations]
        inputs, ends = self._inputs(questions), self.processor.ends
        values = choice_likelihoods(self.model, inputs, spelled, self.batch)
        longest = max(len(ids) for texts in spelled for ids in texts)
        greedy = {
            index: [*ids, *([ends[0]] if reason == "end" else [])]
            for batch in generate(self.model, inputs, ends, longest, self.batch)
            for index, ids, reason in batch
        }
        return [
            [Likelihood(value, greedy[row] == ids) for value, ids in zip(*pair, strict=True)]
            for row, pair in enumerate(zip(values, spelled, strict=True))
        ]

    def _spelled(self, text: str) -> list[int]:
        ids = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*ids, self.processor.ends[0]]

    @torch.inference_mode()
    def _inputs(self, questions: Sequence[Question]) -> ComposedInputs:
        """What the model is asked, with the encoder's states of each question."""
        processor, composed, states = self.processor, [], []
        for text, language in questions:
            tokens = processor.tokens([text], language)
            composed += processor.composed([text], tokens, language)
            if tokens is not None:
                batch = {k: v.to(self.model.device) for k, v in tokens.batch([0]).items()}
                states += [rows.float().cpu().numpy() for rows in encoded(self.model, **batch)]
        return ComposedInputs(composed, States.of_arrays(states) if states else None, processor.pad)
