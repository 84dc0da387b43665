"""From files to a trained checkpoint: what one `train` job of the workflow does."""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lingualift.artifacts import atomic_directory, read_json, read_parquet, write_json
from lingualift.config import Alignment, Stage
from lingualift.errors import LinguaLiftError
from lingualift.memory import release_freed_memory
from lingualift.model.encoder import EncoderTokenizer
from lingualift.model.layout import LAYOUTS, Prompt, compose, load_tokenizer, special_ids
from lingualift.model.modeling import LinguaLiftConfig, LinguaLiftModel, reference
from lingualift.model.states import States, Tokens, as_tensor, load_states
from lingualift.training.language_modelling import (
    Optimisation,
    OutOfMemory,
    train_language_modelling,
)
from lingualift.training.warm_start import token_targets, train_warm_start

logger = logging.getLogger(__name__)
RECORD = "stage.json"


@dataclass(frozen=True)
class Data:
    """One table of texts that a stage reads: task data (`question`, `response`), or code-switched
    text of one language.

    `states` are the encoder states of its inputs (None for text input), `evidence` that of a
    code-switched language's lexicon.
    """

    texts: Path
    states: Path | None
    prompt: Prompt | None
    evidence: Path | None = None


@dataclass(frozen=True)
class Pairs:
    """Training pairs with the encoder states of their inputs (None for text input); `words` aligns
    code-switched words to English.
    """

    languages: list[str]
    questions: list[str]
    responses: list[str]
    prompts: list[Prompt | None]
    states: States | None
    words: list[list[Mapping[str, Any]]] | None = None

    def __len__(self) -> int:
        return len(self.questions)

    def take(self, rows: Sequence[int]) -> "Pairs":
        """The chosen rows, in the given order."""
        return Pairs(
            [self.languages[row] for row in rows],
            [self.questions[row] for row in rows],
            [self.responses[row] for row in rows],
            [self.prompts[row] for row in rows],
            None if self.states is None else self.states.take(rows),
            None if self.words is None else [self.words[row] for row in rows],
        )


def read_pairs(data: Data, names: Mapping[str, str] | None = None) -> Pairs:
    """All pairs of a table; `names` gives the languages' English names, for prompts that name them."""
    table = read_parquet(data.texts)
    questions = table["question"].to_pylist()
    languages = table["language"].to_pylist()
    called = names or {}
    spoken = {
        language: data.prompt and data.prompt.between(called.get(language, language), "English")
        for language in set(languages)
    }
    return Pairs(
        languages,
        questions,
        table["response"].to_pylist(),
        [spoken[language] for language in languages],
        load_states(data.states, questions) if data.states else None,
        table["words"].to_pylist() if "words" in table.column_names else None,
    )


def by_language(pairs: Pairs) -> list[Pairs]:
    """Pairs of several languages, one part a language in order of appearance."""
    languages = list(dict.fromkeys(pairs.languages))
    if len(languages) < 2:
        return [pairs]
    places = np.asarray(pairs.languages)
    return [pairs.take(np.flatnonzero(places == language).tolist()) for language in languages]


def with_words(pairs: Pairs) -> Pairs:
    """English pairs as input to the warm start: every word stands for itself."""
    words: list[list[Mapping[str, Any]]] = [
        [
            {"start": m.start(), "end": m.end(), "source_start": m.start(), "source_end": m.end()}
            for m in re.finditer(r"\w+|[^\w\s]", question)
        ]
        for question in pairs.questions
    ]
    return Pairs(
        pairs.languages, pairs.questions, pairs.questions, pairs.prompts, pairs.states, words
    )


def join(parts: Sequence[Pairs]) -> Pairs:
    """Several sets of pairs behind one another."""
    if not parts:
        raise LinguaLiftError(
            "no language has a usable lexicon, so stage 1 has no data; see"
            " results/tables/lexicons.csv"
        )
    if len(parts) == 1:
        return parts[0]
    encoded = [part.states for part in parts if part.states is not None]
    states = States.join(encoded) if encoded else None
    words = [words for part in parts for words in part.words or []]
    return Pairs(
        [language for part in parts for language in part.languages],
        [question for part in parts for question in part.questions],
        [response for part in parts for response in part.responses],
        [prompt for part in parts for prompt in part.prompts],
        states,
        words if len(words) == sum(len(part) for part in parts) else None,
    )


def draw(parts: Sequence[Pairs], examples: int | None, seed: int) -> Pairs:
    """`examples` pairs, as many from each part as from any other (None: all)."""
    if examples is None:
        return join(parts)
    taken = []
    for index, part in enumerate(parts):
        share = examples // len(parts) + (index < examples % len(parts))
        order = np.random.default_rng([seed, index]).permutation(len(part))[:share]
        taken.append(part.take(sorted(int(row) for row in order)))
    return join(taken)


def build_model(
    llm: Path,
    encoder: Path | None,
    layer: int | None,
    encoder_dim: int,
    alignment: Alignment | None,
    dtype: torch.dtype,
    parent: Path | None,
    seed: int,
) -> LinguaLiftModel:
    """The model at the start of a stage: fresh (seeded) or as the parent stage left it."""
    alignment = alignment or Alignment.model_validate({"normalise": False})
    torch.manual_seed(seed)
    frozen = None if encoder is None else {**reference(encoder), "layer": layer}
    if parent is not None:
        model = LinguaLiftModel.from_pretrained(parent, dtype=dtype, llm=llm, encoder=encoder)
        if frozen is None:
            return model
        if model.alignment is not None:
            if (
                model.config.encoder_dim != encoder_dim
                or model.config.encoder.get("layer") != layer
            ):
                raise LinguaLiftError(
                    f"{parent}: its alignment layer takes {model.config.encoder_dim} dimensions of"
                    f" layer {model.config.encoder.get('layer')}, the encoder gives {encoder_dim}"
                    f" of layer {layer}; a chain of stages keeps one encoder"
                )
            return model
        config = LinguaLiftConfig(  # an LLM trained on text alone gets its alignment layer now
            llm=model.config.llm,
            encoder=frozen,
            encoder_dim=encoder_dim,
            llm_dim=model.embedding_table().shape[1],
            alignment_layers=alignment.layers,
            alignment_activation=alignment.activation,
            alignment_normalise=alignment.normalise,
        )
        model.merge_lora()
        config.trained = model.config.trained
        return LinguaLiftModel(config, model.llm)
    return LinguaLiftModel.build(
        str(llm),
        frozen,
        encoder_dim,
        alignment.layers,
        alignment.activation,
        alignment.normalise,
        dtype,
    )


def run_stage(
    stage: Stage,
    name: str,
    layout: str,
    seed: int,
    out: Path,
    llm: Path,
    encoder: Path | None,
    layer: int | None,
    alignment: Alignment | None,
    parent: Path | None,
    data: Sequence[Data],
    reference: Data | None,
    names: Mapping[str, str],
    bf16: bool,
    save_minutes: float = 3.0,
    stamp: Mapping[str, Any] | None = None,
) -> None:
    """Train one stage and write its checkpoint folder `out`, with `stamp` (provenance) in its
    record.

    A language whose lexicon is called collapsed is left out and named in the record. `reference`
    are English texts with states that measure the encoder's dimensions (None for text input);
    `names` gives the languages' English names. Where the encoder learns, or has learnt in an
    earlier stage, its states are made as they are needed, else they come from the stores. The
    micro-batch is halved until it fits the GPU. Raises `SystemExit` after SIGTERM, once the state
    is saved.
    """
    tokenizer = load_tokenizer(llm)
    pad = special_ids(tokenizer)[2]
    left_out: list[str] = []
    parts: list[Pairs] = []
    for source in data:
        if (
            source.evidence is not None
            and (found := read_json(source.evidence))["verdict"] == "collapsed"
        ):
            left_out.append(found["language"])
        else:
            parts += by_language(read_pairs(source, names))
    if left_out:
        logger.warning(
            "%s: left out because their lexicons collapsed: %s", name, ", ".join(left_out)
        )
    english = None if reference is None else read_pairs(reference)
    if stage.objective == "warm-start" and english is not None:
        parts.append(with_words(english))
    pairs = draw(parts, stage.examples, seed)
    encoder_dim = 0 if english is None or english.states is None else english.states.dim
    dtype = torch.float32 if "llm" in stage.train or not bf16 else torch.bfloat16
    main = int(os.environ.get("RANK", "0")) == 0
    micro_batch = stage.micro_batch
    while True:
        model = build_model(llm, encoder, layer, encoder_dim, alignment, dtype, parent, seed)
        if model.alignment is not None:
            model.alignment.float()
            model.boundary.data = model.boundary.data.float()
            fresh = bool(
                (model.alignment.get_buffer("gain") == 1).item()
            )  # measured once, on the LLM's embeddings as they were published
            if fresh and english is not None and english.states is not None:
                sample = english.states.rows(range(min(len(english), 256)))
                model.alignment.measure(as_tensor(sample), model.embedding_table())
        if not torch.cuda.is_available():
            # For the short sequences of a CPU run plain attention trains 2 to 22 % faster than the
            # fused kernel's backward.
            model.llm.set_attn_implementation("eager")
        if stage.objective == "warm-start":
            record = _warm_start(model, stage, pairs, encoder, layer, tokenizer, seed)
            break
        states: States | Tokens | None = pairs.states
        if encoder is not None and "encoder" in {*stage.train, *model.config.trained}:
            states = EncoderTokenizer.load(encoder).tokens(pairs.questions)
        counts = (
            [0] * len(pairs) if states is None or layout == "text" else states.counts().tolist()
        )
        examples = [
            compose(LAYOUTS[layout], tokenizer, prompt, question, count, response)
            for prompt, question, count, response in zip(
                pairs.prompts, pairs.questions, counts, pairs.responses, strict=True
            )
            if prompt is not None
        ]
        optimisation = Optimisation(
            epochs=stage.epochs,
            batch=stage.batch,
            micro_batch=micro_batch,
            learning_rate=stage.learning_rate,
            schedule=stage.schedule,
            warmup=stage.warmup,
            weight_decay=stage.weight_decay,
            bf16=bf16,
            save_minutes=save_minutes,
            gradient_checkpointing=stage.gradient_checkpointing,
            lora_rank=stage.lora_rank,
            lora_alpha=stage.lora_alpha,
            freeze_embeddings=stage.freeze_embeddings,
            freeze_layers=stage.freeze_layers,
            noise=stage.noise,
        )
        work = out.with_name(out.name + ".partial")
        try:
            record = train_language_modelling(
                model, examples, states, stage.train, optimisation, pad, seed, work, name
            )
            break
        except OutOfMemory as error:
            if error.micro_batch == 1:
                raise LinguaLiftError(
                    f"stage '{name}': a micro-batch of one does not fit the GPU; set"
                    " gradient_checkpointing, train llm-lora instead of llm, use more GPUs"
                    " (compute.gpus) or a smaller LLM"
                ) from None
            if int(os.environ.get("WORLD_SIZE", "1")) > 1:
                raise  # the processes start again together (lingualift.training.launch)
            logger.warning("%s: %s; trying half", name, error)
            micro_batch = error.micro_batch // 2
        del model
        release_freed_memory()
        torch.cuda.empty_cache()
    record = {
        "name": name,
        "seed": seed,
        "languages": sorted(set(pairs.languages)),
        "left_out": left_out,
        **record,
    }
    storage = torch.bfloat16 if bf16 else None
    if not main:
        model.save_pretrained(out, llm_dtype=storage, is_main_process=False)
        return
    with atomic_directory(out) as folder:
        model.save_pretrained(folder, llm_dtype=storage, record=record)
        write_json(folder / RECORD, {**record, "provenance": dict(stamp or {})})


def _warm_start(
    model: LinguaLiftModel,
    stage: Stage,
    pairs: Pairs,
    encoder: Path | None,
    layer: int | None,
    tokenizer: Any,
    seed: int,
) -> dict[str, Any]:
    assert (
        encoder is not None
        and pairs.states is not None
        and pairs.words is not None
        and stage.steps is not None
    )
    _, offsets = EncoderTokenizer.load(encoder)(pairs.questions)
    english = tokenizer(pairs.responses, add_special_tokens=False, return_offsets_mapping=True)
    targets = [
        token_targets(own, theirs, ids, words)
        for own, theirs, ids, words in zip(
            offsets, english["offset_mapping"], english["input_ids"], pairs.words, strict=True
        )
    ]
    for count, tokens in zip(pairs.states.counts(), targets, strict=True):
        if count != len(tokens):
            raise LinguaLiftError(
                "stored encoder states do not match the encoder's tokenizer; delete results/encoded"
                " and run again"
            )
    return train_warm_start(
        model, pairs.states, targets, stage.steps, stage.batch, stage.learning_rate, seed
    )
