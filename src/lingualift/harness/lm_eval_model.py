"""The model of lm-evaluation-harness. Its versions after 0.4.13 find it by the entry point; with
any version `python -m lingualift.harness` starts it.
"""

from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from lingualift.evaluation.ask import AskedCheckpoint, Question
from lingualift.harness import MAX_NEW_TOKENS
from lingualift.messages import LinguaLiftError


@register_model("lingualift")
class LinguaLiftLM(LM):
    """A checkpoint that answers the harness's requests as the workflow answers benchmarks.

    A request's context is the bare question: the checkpoint's own prompt and layout wrap it. A
    document's `language_name` is for a prompt that names the language, or an encoder that marks it.
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
        fixed = str(batch_size).isdigit()  # "auto": as many as `Budget` says
        batch = int(str(batch_size)) if fixed else max_batch_size
        self.asked = AskedCheckpoint(Path(pretrained), precision, device, batch)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """The greedy answers; what a task stops at is cut off afterwards."""
        answers = [""] * len(requests)
        for limit in sorted({_limit(request) for request in requests}):
            rows = [row for row, request in enumerate(requests) if _limit(request) == limit]
            questions = [_question(requests[row]) for row in rows]
            made = self.asked.answers(questions, limit, None if disable_tqdm else "answer")
            for row, answer in zip(rows, made, strict=True):
                answers[row] = until(answer.text, requests[row].args[1])
        return answers

    def loglikelihood(
        self, requests: list[Instance], disable_tqdm: bool = False
    ) -> list[tuple[float, bool]]:
        """See `Likelihood`; the continuations of one question are scored together."""
        distinct: dict[Question, list[int]] = {}
        for row, request in enumerate(requests):
            distinct.setdefault(_question(request), []).append(row)
        continuations = [[requests[row].args[1] for row in rows] for rows in distinct.values()]
        scored = self.asked.likelihoods(list(distinct), continuations)
        result = [(0.0, False)] * len(requests)
        for rows, likelihoods in zip(distinct.values(), scored, strict=True):
            for row, likelihood in zip(rows, likelihoods, strict=True):
                result[row] = (likelihood.value, likelihood.greedy)
        return result

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Not offered: a text without a question has nothing for the encoder to read."""
        raise LinguaLiftError(
            "tasks that measure the likelihood of running text cannot be asked: a checkpoint of"
            " LinguaLIFT answers questions; choose tasks that generate or choose"
        )


def _limit(request: Instance) -> int:
    return int(request.args[1].get("max_gen_toks", MAX_NEW_TOKENS))


def _question(request: Instance) -> Question:
    return Question(request.args[0], (request.doc or {}).get("language_name"))


def until(text: str, options: dict[str, Any]) -> str:
    """A text up to the first of the strings that end it."""
    stops = options.get("until") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        text = text.split(stop)[0] if stop else text
    return text
