"""Parallel sentences in the encoder, after the alignment layer before and after stage 1, and in
LLMs, each space drawn as points (section 6.3, Figure 5).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors import safe_open

from lingualift.benchmarks.base import Problem, evenly_spread
from lingualift.evaluation.generate import ComposedInputs, sentence_vectors
from lingualift.evaluation.retrieval import neighbours
from lingualift.model.alignment import AlignmentLayer
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.layout import LAYOUTS, Prompt, compose, load_tokenizer, special_ids
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, as_tensor
from lingualift.paper.read import WEIGHTS
from lingualift.paper.tsne import tsne

SENTENCE_SCHEMA = pa.schema(
    [
        pa.field("space", pa.string(), nullable=False),
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("x", pa.float64(), nullable=False),
        pa.field("y", pa.float64(), nullable=False),
        pa.field("retrieved", pa.bool_()),
    ]
)
"""`retrieved` says whether the nearest English sentence of the space itself, by cosine, is the
translation; null for English.
"""
BATCH = 16  # sentences that an LLM reads at once
ENGLISH = "en"


@dataclass(frozen=True)
class Sentences:
    """Parallel sentences: `texts` by language, each in the order of `ids`."""

    ids: list[str]
    texts: dict[str, list[str]]


def parallel(problems: Mapping[str, Sequence[Problem]], count: int) -> tuple[list[str], bool]:
    """The ids of so many sentences that all languages share, spread evenly, and whether English
    stands beside each (retrieval) instead of being a language of its own.
    """
    shared = set.intersection(*({problem.id for problem in of} for of in problems.values()))
    first = next(iter(problems.values()))
    ordered = [problem.id for problem in first if problem.id in shared]
    return evenly_spread(ordered, count), ENGLISH not in problems


def select(
    problems: Mapping[str, Sequence[Problem]],
    states: Mapping[str, Mapping[str, States]],
    count: int,
) -> tuple[Sentences, dict[str, dict[str, States]]]:
    """The sentences, and their states by encoder and language in the same order.

    The store of a language holds the states of its questions and then those of their English.
    """
    ids, beside = parallel(problems, count)
    texts: dict[str, list[str]] = {}
    rows: dict[str, tuple[str, list[int]]] = {}
    for code, of in problems.items():
        position = {problem.id: index for index, problem in enumerate(of)}
        if beside and ENGLISH not in texts:
            texts[ENGLISH] = [of[position[id_]].translation for id_ in ids]
            rows[ENGLISH] = (code, [len(of) + position[id_] for id_ in ids])
        texts[code] = [of[position[id_]].question for id_ in ids]
        rows[code] = (code, [position[id_] for id_ in ids])
    taken = {
        encoder: {
            code: stores[store].take(chosen_rows) for code, (store, chosen_rows) in rows.items()
        }
        for encoder, stores in states.items()
    }
    return Sentences(ids, texts), taken


def alignment_layer(checkpoint: str | Path) -> AlignmentLayer | None:
    """The alignment layer of a checkpoint (None: it has none); the LLM is not loaded."""
    config = LinguaLiftConfig.from_pretrained(checkpoint)
    if config.encoder is None:
        return None
    layer = fresh_layer(config)
    with safe_open(Path(checkpoint) / WEIGHTS, framework="pt") as tensors:
        names = [name for name in tensors.keys() if name.startswith("alignment.")]
        layer.load_state_dict(
            {name.removeprefix("alignment."): tensors.get_tensor(name) for name in names}
        )
    return layer.float()


def fresh_layer(config: LinguaLiftConfig) -> AlignmentLayer:
    """A new alignment layer of a model's sizes (seed torch before)."""
    return AlignmentLayer(
        config.encoder_dim,
        config.llm_dim,
        config.alignment_layers,
        config.alignment_activation,
        config.alignment_normalise,
    )


def before_stage_one(before: str | None, after: str, seed: int) -> AlignmentLayer:
    """The alignment layer that stage 1 starts from: what an earlier stage trained, or a fresh one
    that is fitted to the encoder as training fits it.
    """
    trained = None if before is None else alignment_layer(before)
    if trained is not None:
        return trained
    torch.manual_seed(seed)
    layer = fresh_layer(LinguaLiftConfig.from_pretrained(after))
    fitted = alignment_layer(after)
    assert fitted is not None
    for name, values in fitted.named_buffers():  # measured once, before any step
        layer.get_buffer(name).copy_(values)
    return layer


@torch.inference_mode()
def mean_states(states: States, layer: AlignmentLayer | None = None) -> np.ndarray:
    """The mean state [texts, width] of each text, as the encoder gives it or aligned."""
    means = []
    for index in range(len(states)):
        rows = as_tensor(states.of(index)).float()
        means.append((rows if layer is None else layer(rows)).float().mean(0).numpy())
    return np.stack(means)


def stacked(states: Mapping[str, States], means: Callable[[States], np.ndarray]) -> np.ndarray:
    """The means of every language's texts, one language after the other."""
    return np.concatenate([means(of) for of in states.values()])


@dataclass(frozen=True)
class SentenceReader:
    """A model that reads the sentences, the folder of its LLM, its layout, and the states where it
    reads any.
    """

    model: LinguaLiftModel
    llm: Path
    layout: str
    states: Mapping[str, States] | None


def llm_vectors(sentences: Sentences, reader: SentenceReader, layer: int | None) -> np.ndarray:
    """Mean hidden state [sentences of all languages, width] of one LLM layer (None: the middle one)
    over the positions that carry a sentence, as retrieval takes it (appendix E.1).
    """
    tokenizer = load_tokenizer(reader.llm)
    depth = reader.model.llm.config.num_hidden_layers
    prompt = Prompt("{question}", "")
    vectors = []
    for code, texts in sentences.texts.items():
        states = None if reader.states is None else reader.states[code]
        counts = [0] * len(texts) if states is None else states.counts().tolist()
        composed = [
            compose(LAYOUTS[reader.layout], tokenizer, prompt, text, count)
            for text, count in zip(texts, counts, strict=True)
        ]
        inputs = ComposedInputs(composed, states, special_ids(tokenizer)[2])
        vectors.append(
            sentence_vectors(reader.model, inputs, depth // 2 if layer is None else layer, BATCH)
        )
    return np.concatenate(vectors)


def sentence_points(
    space: str, benchmark: str, sentences: Sentences, vectors: np.ndarray
) -> Iterator[dict[str, Any]]:
    """The rows (`SENTENCE_SCHEMA`) of one space; `vectors` [sentences, width] are those of all
    languages, one after the other.
    """
    size = len(sentences.ids)
    codes = list(sentences.texts)
    english = vectors[codes.index(ENGLISH) * size :][:size]
    placed = tsne(vectors)
    for number, code in enumerate(codes):
        span = slice(number * size, (number + 1) * size)
        nearest = None if code == ENGLISH else neighbours(vectors[span], english)
        for position, id_ in enumerate(sentences.ids):
            x, y = placed[span][position]
            yield {
                "space": space,
                "benchmark": benchmark,
                "language": code,
                "id": id_,
                "x": float(x),
                "y": float(y),
                "retrieved": None if nearest is None else bool(nearest[position] == position),
            }
