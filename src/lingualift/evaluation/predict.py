"""From a checkpoint and a benchmark's problems to a table of raw outputs."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from lingualift.artifacts import digest
from lingualift.benchmarks.base import Problem
from lingualift.errors import LinguaLiftError
from lingualift.evaluation.generate import choice_likelihoods, generate, sentence_vectors
from lingualift.evaluation.partial import Partial
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import texts
from lingualift.evaluation.retrieval import neighbours
from lingualift.evaluation.score import mark
from lingualift.model.layout import LAYOUTS, Composed, Prompt, compose, load_tokenizer, special_ids
from lingualift.model.modeling import LinguaLiftModel, fingerprint
from lingualift.model.states import States

logger = logging.getLogger(__name__)


def load_for_generation(checkpoint: Path | None, llm: Path, dtype: torch.dtype) -> LinguaLiftModel:
    """A trained checkpoint, or the plain LLM where a system trains nothing."""
    model = (
        LinguaLiftModel.build(str(llm), dtype=dtype)
        if checkpoint is None
        else LinguaLiftModel.from_pretrained(checkpoint, dtype=dtype)
    )
    model.merge_lora()
    return model.eval().requires_grad_(False)


def predict(
    model: LinguaLiftModel,
    states: States | None,
    problems: Sequence[Problem],
    language: str,
    kind: str,
    layout: str,
    prompt: Prompt,
    llm: Path,
    max_new_tokens: int,
    batch: int,
    *,
    likelihood: bool = False,
    retrieval_layer: int | None = None,
    partial: Path | None = None,
    weights: Path | None = None,
) -> pa.Table:
    """Answer every problem greedily; one row a problem (`PREDICTION_SCHEMA`), in the benchmark's
    order.

    `states` are the encoder's of `problems.texts` (None: the question enters as text alone). `kind`
    is the benchmark's kind of answer: `number` and `choice` generate, a choice with `likelihood` is
    scored instead, `neighbour` retrieves translations by hidden states of `retrieval_layer` (None:
    the middle). With `partial`, finished batches are stored there, and taken from there if the file
    belongs to the same problems, prompt and settings and to the model whose weights are `weights`
    (default: `llm`); the caller deletes it.
    """
    tokenizer = load_tokenizer(llm)
    _, eos, pad = special_ids(tokenizer)
    asked = texts(problems)
    counts = [0] * len(asked) if states is None else states.counts().tolist()
    examples = [
        compose(LAYOUTS[layout], tokenizer, prompt, text, count)
        for text, count in zip(asked, counts, strict=True)
    ]
    hashes = [
        hashlib.sha256(
            f"{layout}\n{prompt.instruction}\n{prompt.text(problem.question)}".encode()
        ).hexdigest()[:16]
        for problem in problems
    ]
    if kind == "neighbour":
        return _retrieve(
            model, examples, states, problems, language, hashes, retrieval_layer, pad, batch
        )
    if kind == "choice" and likelihood:
        return _choose(
            model, examples, states, problems, language, hashes, tokenizer, eos, pad, batch
        )
    store = None
    if partial is not None:
        key = digest(
            [hashes, fingerprint(weights or llm), max_new_tokens, batch, str(model.dtype), counts],
            64,
        )
        store = Partial(partial, key)
    answers = {index: (ids, reason) for index, ids, reason in store.answers} if store else {}
    for answered in generate(
        model,
        examples,
        states,
        eos,
        pad,
        max_new_tokens,
        batch,
        finished=set(answers),
        progress=language,
    ):
        answers |= {index: (ids, reason) for index, ids, reason in answered}
        if store:
            store.add(answered)
    outputs = [
        (tokenizer.decode(answers[index][0], skip_special_tokens=True), *answers[index])
        for index in range(len(problems))
    ]
    return pa.Table.from_pylist(
        [
            _row(problem, language, own, output, len(ids), reason, kind)
            for problem, own, (output, ids, reason) in zip(problems, hashes, outputs, strict=True)
        ],
        schema=PREDICTION_SCHEMA,
    )


def _row(
    problem: Problem, language: str, own_hash: str, output: str, tokens: int, reason: str, kind: str
) -> dict[str, Any]:
    marks = mark(kind, output, problem.answer, problem.choices)
    return {
        "id": problem.id,
        "language": language,
        "prompt_hash": own_hash,
        "output": output,
        "answer": marks.answer,
        "gold": problem.answer,
        "correct": marks.correct,
        "choices": list(problem.choices),
        "operation": problem.operation,
        "generated_tokens": tokens,
        "stop_reason": reason,
    }


def _choose(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    problems: Sequence[Problem],
    language: str,
    hashes: Sequence[str],
    tokenizer: Any,
    eos: int,
    pad: int,
    batch: int,
) -> pa.Table:
    """The likeliest choice, end token included, of every problem."""
    spelled = {
        choice: [*tokenizer(choice, add_special_tokens=False)["input_ids"], eos]
        for problem in problems
        for choice in problem.choices
    }
    choices = [[spelled[choice] for choice in problem.choices] for problem in problems]
    found = choice_likelihoods(model, examples, states, choices, pad, batch, progress=language)
    rows = [
        _row(
            problem,
            language,
            own,
            problem.choices[int(np.argmax(values))],
            0,
            "likelihood",
            "choice",
        )
        for problem, own, values in zip(problems, hashes, found, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA)


def _retrieve(
    model: LinguaLiftModel,
    examples: Sequence[Composed],
    states: States | None,
    problems: Sequence[Problem],
    language: str,
    hashes: Sequence[str],
    layer: int | None,
    pad: int,
    batch: int,
) -> pa.Table:
    """Each sentence's nearest English sentence by cosine, and each English one's nearest sentence:
    two rows a problem (appendix E.1).
    """
    depth = model.llm.config.num_hidden_layers
    layer = depth // 2 if layer is None else layer
    if not 0 <= layer <= depth:
        raise LinguaLiftError(
            f"evaluation.retrieval_layer: {layer} is not a layer of the LLM; it has 0 to {depth}"
        )
    vectors = sentence_vectors(model, examples, states, layer, pad, batch)
    foreign, english = vectors[: len(problems)], vectors[len(problems) :]
    rows = []
    for direction, queries, candidates in (
        ("to-english", foreign, english),
        ("from-english", english, foreign),
    ):
        for problem, own, nearest in zip(
            problems, hashes, neighbours(queries, candidates).tolist(), strict=True
        ):
            row = _row(
                problem, language, own, problems[nearest].answer, 0, "neighbour", "neighbour"
            )
            rows.append({**row, "id": f"{problem.id}-{direction}", "operation": direction})
    return pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA)
