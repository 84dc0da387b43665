"""From a checkpoint and a benchmark's problems to a table of raw outputs."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import torch
from transformers import AutoTokenizer

from lingualift.benchmarks.base import Problem
from lingualift.evaluation.generate import generate
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.model.encoder import Encoder
from lingualift.model.layout import LAYOUTS, Prompt, compose, special_ids
from lingualift.model.modeling import LinguaLiftModel

logger = logging.getLogger(__name__)


def load_for_generation(checkpoint: Path | None, llm: Path, dtype: torch.dtype) -> LinguaLiftModel:
    """A trained checkpoint, or the plain LLM where a system trains nothing."""
    model = LinguaLiftModel.build(str(llm), dtype=dtype) if checkpoint is None else LinguaLiftModel.from_pretrained(checkpoint, dtype=dtype)
    return model.eval().requires_grad_(False)


def predict(
    model: LinguaLiftModel,
    encoder: Encoder | None,
    problems: Sequence[Problem],
    language: str,
    layout: str,
    prompt: Prompt,
    llm: Path,
    max_new_tokens: int,
    batch: int,
) -> pa.Table:
    """Answer every problem greedily; one row a problem (`PREDICTION_SCHEMA`), in the benchmark's order."""
    tokenizer = AutoTokenizer.from_pretrained(llm, local_files_only=True)
    _, eos, pad = special_ids(tokenizer)
    questions = [problem.question for problem in problems]
    states = None if encoder is None else encoder.encode(questions)
    counts = [0] * len(problems) if states is None else states.counts().tolist()
    examples = [compose(LAYOUTS[layout], tokenizer, prompt, question, count) for question, count in zip(questions, counts, strict=True)]
    rows: list[dict[str, object]] = [{} for _ in problems]
    for index, ids, reason in generate(model, examples, states, eos, pad, max_new_tokens, batch, progress=language):
        problem = problems[index]
        written = f"{layout}\n{prompt.instruction}\n{prompt.text(problem.question)}"
        rows[index] = {
            "id": problem.id,
            "language": language,
            "prompt_hash": hashlib.sha256(written.encode()).hexdigest()[:16],
            "output": tokenizer.decode(ids, skip_special_tokens=True),
            "gold": problem.answer,
            "operation": problem.operation,
            "generated_tokens": len(ids),
            "stop_reason": reason,
        }
    return pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA)
