"""Sentence retrieval (Tatoeba, appendix E.1): how well a system's representations of translations lie side by side.

A sentence is the mean over its tokens of what the LLM reads: the aligned encoder states A = MLP(E(X)) of a system with an encoder
(equation (2)), or for a text system the LLM's last hidden states. Neighbours are by cosine, as in XTREME; both directions are asked.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoTokenizer

from lingualift.benchmarks.base import Problem
from lingualift.errors import LinguaLiftError
from lingualift.evaluation.predictions import PREDICTION_SCHEMA
from lingualift.model.encoder import Encoder, as_tensor
from lingualift.model.modeling import LinguaLiftModel


def neighbours(queries: np.ndarray, candidates: np.ndarray, block: int = 1024) -> np.ndarray:
    """For each row of `queries` [n, d] the row of `candidates` [m, d] with the highest cosine (the first of equals), int64 [n].

    A vector of length zero or with a value that is no number raises LinguaLiftError: it has no direction.
    """
    units = []
    for vectors in (queries, candidates):
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise LinguaLiftError("retrieval: a sentence has an empty or infinite representation; the model's weights are damaged")
        units.append(vectors.astype(np.float32) / lengths)
    found = [(units[0][start : start + block] @ units[1].T).argmax(1) for start in range(0, len(queries), block)]
    return np.concatenate(found).astype(np.int64)


@torch.inference_mode()
def sentence_vectors(model: LinguaLiftModel, encoder: Encoder | None, sentences: Sequence[str], llm: Path, batch: int) -> np.ndarray:
    """One float32 vector a sentence, [sentences, llm dim]."""
    device = next(model.parameters()).device
    if encoder is not None:
        if model.alignment is None:
            raise LinguaLiftError("retrieval: the system has an encoder but its checkpoint holds no alignment layer")
        states = encoder.encode(sentences)
        aligned = (model.alignment(as_tensor(states.of(index)).to(device)) for index in range(len(sentences)))
        return np.stack([rows.float().mean(0).cpu().numpy() for rows in aligned])
    tokenizer = AutoTokenizer.from_pretrained(llm, local_files_only=True)
    ids = [tokenizer(sentence)["input_ids"] for sentence in sentences]
    vectors: list[np.ndarray] = [np.empty(0)] * len(ids)
    order = sorted(range(len(ids)), key=lambda index: (-len(ids[index]), index))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        width = len(ids[chosen[0]])
        tokens = torch.tensor([ids[index] + [0] * (width - len(ids[index])) for index in chosen], device=device)
        mask = torch.tensor([[1] * len(ids[index]) + [0] * (width - len(ids[index])) for index in chosen], device=device)
        hidden = model.llm.base_model(input_ids=tokens, attention_mask=mask).last_hidden_state.float()
        means = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        for index, mean in zip(chosen, means.cpu().numpy(), strict=True):
            vectors[index] = mean
    return np.stack(vectors)


def retrieve(
    model: LinguaLiftModel, encoder: Encoder | None, problems: Sequence[Problem], language: str, llm: Path, batch: int
) -> pa.Table:
    """Both directions as predictions (`PREDICTION_SCHEMA`): the output is the number of the nearest sentence, the gold answer one's own.

    `operation` is the direction, `to-english` or `from-english`; so accuracy over all rows is the mean of both.
    """
    foreign = sentence_vectors(model, encoder, [problem.question for problem in problems], llm, batch)
    english = sentence_vectors(model, encoder, [problem.translation for problem in problems], llm, batch)
    rows = []
    for direction, queries, candidates in (("to-english", foreign, english), ("from-english", english, foreign)):
        for problem, neighbour in zip(problems, neighbours(queries, candidates).tolist(), strict=True):
            asked = problem.question if direction == "to-english" else problem.translation
            rows.append(
                {
                    "id": f"{problem.id}-{direction}",
                    "language": language,
                    "prompt_hash": hashlib.sha256(f"{direction}\n{asked}".encode()).hexdigest()[:16],
                    "output": problems[neighbour].answer,
                    "gold": problem.answer,
                    "operation": direction,
                    "generated_tokens": 0,
                    "stop_reason": "end",
                }
            )
    return pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA)
