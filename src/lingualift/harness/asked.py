"""A checkpoint that is asked many questions at once, whichever harness asks them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from lingualift import machine
from lingualift.evaluation.generate import ComposedInputs, choice_likelihoods, generate
from lingualift.evaluation.predict import load_for_generation
from lingualift.model.processor import LinguaLiftProcessor
from lingualift.model.reading import encoded
from lingualift.model.states import States


class Question(NamedTuple):
    """A bare question and, for a prompt that names it, its language in English."""

    text: str
    language: str | None = None


class Likelihood(NamedTuple):
    """Log-likelihood of a continuation, its end token included (as `evaluation.choices: likelihood`
    counts it), and whether it is the greedy answer.
    """

    value: float
    greedy: bool


class AskedCheckpoint:
    """A checkpoint, loaded once; its own prompt and layout wrap the questions. A batch holds at
    most `batch` questions (None: as many as memory holds).
    """

    def __init__(self, folder: Path, precision: str, device: str | None, batch: int | None) -> None:
        self.processor = LinguaLiftProcessor.from_pretrained(folder)
        # harnesses name the first GPU by default, also where there is none
        where = device if device and torch.cuda.is_available() else machine.device()
        self.model = load_for_generation(folder, folder, machine.dtype(precision))
        torch.nn.Module.to(self.model, torch.device(where))
        self.batch = batch

    def answers(
        self, questions: Sequence[Question], limit: int, progress: str | None = None
    ) -> list[str]:
        """The greedy answers, of at most `limit` new tokens."""
        answers = [""] * len(questions)
        inputs, ends = self._inputs(questions), self.processor.ends
        for batch in generate(self.model, inputs, ends, limit, self.batch, progress=progress):
            for index, ids, _ in batch:
                answers[index] = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
        return answers

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
