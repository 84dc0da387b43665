"""From a checkpoint and a benchmark's problems to a table of raw outputs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from lingualift import machine
from lingualift.artifacts import digest
from lingualift.benchmarks.base import Problem
from lingualift.config import Evaluation
from lingualift.evaluation.engines import Engine, TransformersEngine
from lingualift.evaluation.generate import (
    ComposedInputs,
    choice_likelihoods,
    sentence_vectors,
)
from lingualift.evaluation.partial import Partial
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.evaluation.problems import texts
from lingualift.evaluation.retrieval import neighbours
from lingualift.messages import LinguaLiftError
from lingualift.model.chat import in_chat_format
from lingualift.model.frozen import fingerprint
from lingualift.model.layout import (
    LAYOUTS,
    Prompt,
    compose,
    end_ids,
    load_tokenizer,
    special_ids,
)
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States


def load_for_generation(checkpoint: Path | None, llm: Path, dtype: torch.dtype) -> LinguaLiftModel:
    """A trained checkpoint, or the plain LLM where a system trains nothing."""
    model = (
        LinguaLiftModel.build(str(llm), dtype=dtype)
        if checkpoint is None
        else LinguaLiftModel.from_pretrained(checkpoint, dtype=dtype)
    )
    return ready(model)


def ready(model: LinguaLiftModel) -> LinguaLiftModel:
    """The model as answers are generated with it: adapters merged, nothing learns."""
    model.merge_lora()
    return model.eval().requires_grad_(False)


@dataclass(frozen=True)
class Asking:
    """How a benchmark's problems are asked in one language.

    `kind` is the benchmark's kind of answer: `number` and `choice` generate, a choice is scored
    instead where `settings.choices` is `likelihood`, and `neighbour` retrieves translations by
    hidden states of `settings.retrieval_layer` (None: the middle one). `layout` says how the
    question enters. An answer ends at `end`, where another example would begin (empty: nowhere).
    """

    language: str
    kind: str
    layout: str
    prompt: Prompt
    settings: Evaluation
    end: str = ""


def predict(
    model: LinguaLiftModel,
    llm: Path,
    problems: Sequence[Problem],
    states: States | None,
    asking: Asking,
    partial: Path | None = None,
    weights: Path | None = None,
    engine: Engine | None = None,
) -> pa.Table:
    """Answer every problem greedily; one row a problem (`PREDICTION_SCHEMA`), in the benchmark's
    order.

    `states` are the encoder's of `problems.texts` (None: the question enters as text alone). With
    `partial`, finished batches are stored there, and taken from there if the file belongs to the
    same problems, prompt and settings and to the model whose weights are `weights` (None: `llm`);
    the caller deletes it. `engine` generates (None: this project's own loop over `model`).
    """
    tokenizer = load_tokenizer(llm)
    asking = replace(asking, prompt=in_chat_format(asking.prompt, tokenizer))
    asked = texts(problems)
    counts = [0] * len(asked) if states is None else states.counts().tolist()
    composed = [
        compose(LAYOUTS[asking.layout], tokenizer, asking.prompt, text, count)
        for text, count in zip(asked, counts, strict=True)
    ]
    inputs = ComposedInputs(composed, states, special_ids(tokenizer)[2])
    if asking.kind == "neighbour":
        rows = _retrieve(model, inputs, problems, asking)
    elif not asking.settings.generates(asking.kind):
        rows = _choose(model, inputs, problems, asking, tokenizer)
    else:
        store = None
        if partial is not None:
            store = Partial(partial, _key(model, weights or llm, problems, asking, states))
        engine = engine or TransformersEngine(model, asking.settings.batch)
        answers = _answer(engine, inputs, end_ids(tokenizer, llm), asking, store)
        rows = []
        for index, problem in enumerate(problems):
            ids, reason = answers[index]
            output = tokenizer.decode(ids, skip_special_tokens=True)
            if asking.end:
                output = output.strip().partition(asking.end)[0]
            rows.append(_row(problem, asking, output, reason, len(ids)))
    return pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA)


def _prompt_hash(problem: Problem, asking: Asking) -> str:
    """What stands for all that a problem was asked with."""
    prompt = asking.prompt
    text = f"{asking.layout}\n{prompt.instruction}\n{prompt.text(problem.question)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _key(
    model: LinguaLiftModel,
    weights: Path,
    problems: Sequence[Problem],
    asking: Asking,
    states: States | None,
) -> str:
    """What must be the same for stored answers to be those that would be made; of encoder states,
    those of 64 problems.
    """
    settings = asking.settings
    hashes = [_prompt_hash(problem, asking) for problem in problems]
    size = (settings.max_new_tokens, settings.batch, settings.engine)
    read: list[Any] = []
    if states is not None and len(states):
        sampled = np.unique(np.linspace(0, len(states) - 1, 64).astype(int))
        read = [
            hashlib.sha256(states.rows(sampled).tobytes()).hexdigest(),
            states.counts().tolist(),
        ]
    computed: list[Any] = [str(model.dtype), model.device.type]
    if model.device.type == "cuda":  # which decides the batches
        computed.append(machine.gpu_memory(model.device))
    return digest([hashes, fingerprint(weights), *size, *computed, *read], 64)


def _answer(
    engine: Engine,
    inputs: ComposedInputs,
    ends: Sequence[int],
    asking: Asking,
    store: Partial | None,
) -> dict[int, tuple[list[int], str]]:
    """New token ids and stop reason of every input, taken from `store` as far as it goes."""
    answers = {index: (ids, reason) for index, ids, reason in store.answers} if store else {}
    batches = engine.answer(
        inputs,
        ends,
        asking.settings.max_new_tokens,
        finished=set(answers),
        progress=asking.language,
    )
    for answered in batches:
        answers |= {index: (ids, reason) for index, ids, reason in answered}
        if store:
            store.add(answered)
    return answers


def _row(
    problem: Problem, asking: Asking, output: str, reason: str, tokens: int = 0
) -> dict[str, Any]:
    return {
        "id": problem.id,
        "language": asking.language,
        "prompt_hash": _prompt_hash(problem, asking),
        "output": output,
        "gold": problem.answer,
        "choices": list(problem.choices),
        "operation": problem.operation,
        "generated_tokens": tokens,
        "stop_reason": reason,
    }


def _choose(
    model: LinguaLiftModel,
    inputs: ComposedInputs,
    problems: Sequence[Problem],
    asking: Asking,
    tokenizer: Any,
) -> list[dict[str, Any]]:
    """The likeliest choice, end token included, of every problem."""
    end = special_ids(tokenizer)[1]
    spelled = {
        choice: [*tokenizer(choice, add_special_tokens=False)["input_ids"], end]
        for problem in problems
        for choice in problem.choices
    }
    choices = [[spelled[choice] for choice in problem.choices] for problem in problems]
    batch = asking.settings.batch
    likelihoods = choice_likelihoods(model, inputs, choices, batch, progress=asking.language)
    return [
        _row(problem, asking, problem.choices[values.index(max(values))], "likelihood")
        for problem, values in zip(problems, likelihoods, strict=True)
    ]


def _retrieve(
    model: LinguaLiftModel, inputs: ComposedInputs, problems: Sequence[Problem], asking: Asking
) -> list[dict[str, Any]]:
    """Each sentence's nearest English sentence by cosine, and each English one's nearest sentence:
    two rows a problem (appendix E.1).
    """
    depth = model.llm.config.num_hidden_layers
    configured = asking.settings.retrieval_layer
    layer = depth // 2 if configured is None else configured
    if not 0 <= layer <= depth:
        raise LinguaLiftError(
            f"evaluation.retrieval_layer: {layer} is not a layer of the LLM; it has 0 to {depth}"
        )
    vectors = sentence_vectors(model, inputs, layer, asking.settings.batch)
    foreign, english = vectors[: len(problems)], vectors[len(problems) :]
    rows = []
    for direction, queries, candidates in (
        ("to-english", foreign, english),
        ("from-english", english, foreign),
    ):
        nearest = neighbours(queries, candidates).tolist()
        for problem, index in zip(problems, nearest, strict=True):
            row = _row(problem, asking, problems[index].answer, "neighbour")
            rows.append({**row, "id": f"{problem.id}-{direction}", "operation": direction})
    return rows
