"""Checkpoints in lm-evaluation-harness, and this project's benchmarks as its tasks.

The harness is no dependency: `pip install lm_eval` adds it. Its versions after 0.4.13 find the
model by the entry point; with any version `python -m lingualift.harness` starts it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from lingualift import machine
from lingualift.evaluation.generate import ComposedInputs, choice_likelihoods, generate
from lingualift.evaluation.predict import load_for_generation
from lingualift.messages import LinguaLiftError
from lingualift.model.processor import LinguaLiftProcessor
from lingualift.model.reading import encoded
from lingualift.model.states import States

TASKS = Path(__file__).with_name("tasks")
MODEL = "lingualift"
MAX_NEW_TOKENS = 256  # where a task names no `max_gen_toks`; the harness's own models do so, too


@register_model(MODEL)
class LinguaLiftLM(LM):
    """A checkpoint that answers the harness's requests as the workflow answers benchmarks.

    A request's context is the bare question: the checkpoint's own prompt and layout wrap it. A
    document's `language_name` fills a prompt that names the language.
    """

    def __init__(
        self,
        pretrained: str,
        batch_size: int | str | None = None,
        max_batch_size: int | None = None,
        device: str | None = None,
        precision: str = "auto",
    ) -> None:
        super().__init__()
        fixed = str(batch_size).isdigit()  # "auto": as many as memory holds
        self.batch = int(str(batch_size)) if fixed else max_batch_size
        folder = Path(pretrained)
        self.processor = LinguaLiftProcessor.from_pretrained(folder)
        # the harness names the first GPU by default, also where there is none
        where = device if device and torch.cuda.is_available() else machine.device()
        self.model = load_for_generation(folder, folder, machine.dtype(precision)).to(where)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """The greedy answers; what a task stops at is cut off afterwards."""
        answers = [""] * len(requests)
        for limit in sorted({_limit(request) for request in requests}):
            rows = [row for row, request in enumerate(requests) if _limit(request) == limit]
            inputs = self._inputs([requests[row] for row in rows])
            ends, name = self.processor.ends, None if disable_tqdm else "answer"
            for batch in generate(self.model, inputs, ends, limit, self.batch, progress=name):
                for index, ids, _ in batch:
                    text = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
                    answers[rows[index]] = _until(text, requests[rows[index]].args[1])
        return answers

    def loglikelihood(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """Log-likelihood of each continuation, the end token included (as `evaluation.choices:
        likelihood` counts it), and whether it is the greedy answer.
        """
        distinct: dict[tuple[str, str | None], list[int]] = {}
        for row, request in enumerate(requests):
            distinct.setdefault((request.args[0], _language(request)), []).append(row)
        inputs = self._inputs([requests[rows[0]] for rows in distinct.values()])
        spelled = [
            [self._continuation(requests[row].args[1]) for row in rows]
            for rows in distinct.values()
        ]
        name = None if disable_tqdm else "score"
        scores = choice_likelihoods(self.model, inputs, spelled, self.batch, progress=name)
        longest = max(len(ids) for choices in spelled for ids in choices)
        greedy = {
            index: [*ids, *([self.processor.ends[0]] if reason == "end" else [])]
            for batch in generate(self.model, inputs, self.processor.ends, longest, self.batch)
            for index, ids, reason in batch
        }
        result = [(0.0, False)] * len(requests)
        for index, rows in enumerate(distinct.values()):
            for row, ids, value in zip(rows, spelled[index], scores[index], strict=True):
                result[row] = (value, greedy[index] == ids)
        return result

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Not offered: a text without a question has nothing for the encoder to read."""
        raise LinguaLiftError(
            "tasks that measure the likelihood of running text cannot be asked: a checkpoint of"
            " LinguaLIFT answers questions; choose tasks that generate or choose"
        )

    def _continuation(self, text: str) -> list[int]:
        ids = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*ids, self.processor.ends[0]]

    @torch.inference_mode()
    def _inputs(self, requests: Sequence[Instance]) -> ComposedInputs:
        """What the model is asked, with the encoder's states of each question."""
        processor, composed, states = self.processor, [], []
        for request in requests:
            question, language = [request.args[0]], _language(request)
            tokens = processor.tokens(question, language)
            composed += processor.composed(question, tokens, language)
            if tokens is not None:
                batch = {k: v.to(self.model.device) for k, v in tokens.batch([0]).items()}
                states += [rows.float().cpu().numpy() for rows in encoded(self.model, **batch)]
        return ComposedInputs(composed, States.of_arrays(states) if states else None, processor.pad)


def _limit(request: Instance) -> int:
    return int(request.args[1].get("max_gen_toks", MAX_NEW_TOKENS))


def _language(request: Instance) -> str | None:
    return (request.doc or {}).get("language_name")


def _until(text: str, options: dict[str, Any]) -> str:
    """A text up to the first of the strings that end it."""
    stops = options.get("until") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0] if stop else text
    return text
