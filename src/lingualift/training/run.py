"""From files to a trained checkpoint: what one `train` job of the workflow does."""

import os
from typing import Any

import torch

from lingualift import machine
from lingualift.artifacts import atomic_directory, write_json
from lingualift.config import WarmStart
from lingualift.messages import LinguaLiftError
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.encoder import Encoder, EncoderTokenizer
from lingualift.model.frozen import encoder_reference
from lingualift.model.layout import LAYOUTS, Composed, compose, load_tokenizer, special_ids
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import States, Tokens, as_tensor
from lingualift.training import fit
from lingualift.training.examples import Examples, read_examples, stage_examples
from lingualift.training.job import StageJob
from lingualift.training.language_modelling import train_language_modelling
from lingualift.training.warm_start import stage_targets, train_warm_start

RECORD = "stage.json"
MEASURED_TEXTS = 256  # English texts whose states give the mean and deviation of each dimension


def run_stage(job: StageJob) -> None:
    """Train one stage and write its checkpoint folder, with its provenance in its record.

    A language whose lexicon is called collapsed is left out and named in the record. Where the
    encoder learns, has learnt in an earlier stage, or reads more than the question, its states are
    made as they are needed, else they come from the stores. The micro-batch is halved until it fits
    the GPU; one of several processes raises `fit.OutOfMemory` instead, for they start again
    together. Raises `SystemExit` after SIGTERM, once the state is saved.
    """
    english = None if job.reference is None else read_examples(job.reference, {})
    examples, left_out = stage_examples(job, english)
    if isinstance(job.stage, WarmStart):
        model, trained = _regress(job, job.stage, examples, english)
    else:
        states = _states(job, examples)
        composed = _compose(job, examples, states)

        def attempt(job: StageJob) -> tuple[LinguaLiftModel, dict[str, Any]]:
            model = starting_model(job, english)
            if isinstance(states, Tokens):
                model.add_encoder()
            pad = special_ids(load_tokenizer(job.llm))[2]
            return model, train_language_modelling(job, model, composed, states, pad)

        if fit.processes() > 1:
            model, trained = attempt(job)
        else:
            model, trained = fit.largest_that_fits(attempt, job)
    record = {
        "name": job.name,
        "seed": job.seed,
        "languages": sorted(set(examples.languages)),
        "left_out": left_out,
        **trained,
    }
    _save(job, model, record)


def starting_model(job: StageJob, english: Examples | None) -> LinguaLiftModel:
    """The model at the start of a stage: fresh (seeded) or as the parent stage left it; a fresh
    alignment layer is fitted to the `english` states and the LLM's embeddings.
    """
    whole = "llm" in job.stage.train or not job.bf16
    torch.manual_seed(job.seed)
    measured = None if english is None else _measured(job, english)
    encoder_dim = 0 if measured is None else measured.shape[1]
    model = _load(job, encoder_dim, torch.float32 if whole else torch.bfloat16)
    if model.alignment is not None:
        model.alignment.float()
        model.boundary.data = model.boundary.data.float()
        # measured once, on the LLM's embeddings as they were published
        fresh = bool((model.alignment.get_buffer("gain") == 1).item())
        if fresh and measured is not None:
            model.alignment.measure(measured, model.embedding_table())
    if machine.device() == "cpu":
        # For the short sequences of a processor's run plain attention trains 2 to 22 % faster than
        # the fused kernel's backward.
        model.llm.set_attn_implementation("eager")
    return model


def _measured(job: StageJob, english: Examples) -> torch.Tensor | None:
    """States [tokens, encoder_dim] of the first English texts as the encoder reads them: stored
    ones, or of whole prompts made here; None where nothing enters through the encoder.
    """
    count = min(len(english), MEASURED_TEXTS)
    if english.states is not None:
        return as_tensor(english.states.rows(range(count)))
    if job.encoder is None:
        return None
    dtype = torch.bfloat16 if job.bf16 else torch.float32
    how = (job.layer, dtype, machine.device())
    encoder = Encoder(job.encoder, *how, split_digits=job.split_digits)
    texts = _encoded(job, english)[:count]
    return torch.from_numpy(encoder.encode(texts).rows())


def _encoded(job: StageJob, examples: Examples) -> list[str]:
    """What the encoder reads of each example."""
    return [
        question if prompt is None else prompt.encoded(job.layout, question)
        for prompt, question in zip(examples.prompts, examples.questions, strict=True)
    ]


def _load(job: StageJob, encoder_dim: int, dtype: torch.dtype) -> LinguaLiftModel:
    """The parent's model, or a new one over the pretrained LLM; with an alignment layer where the
    question enters through the encoder.
    """
    encoder = None
    if job.encoder is not None:
        encoder = encoder_reference(job.encoder, job.layer, job.split_digits, job.mixture)
    layer = job.alignment
    if job.parent is None:
        if encoder is None or layer is None:
            return LinguaLiftModel.build(str(job.llm), dtype=dtype)
        sizes = (encoder_dim, layer.layers, layer.activation, layer.normalise, layer.scaled)
        return LinguaLiftModel.build(str(job.llm), encoder, *sizes, dtype=dtype)
    model = LinguaLiftModel.from_pretrained(
        job.parent, dtype=dtype, llm=job.llm, encoder=job.encoder
    )
    if encoder is None or layer is None:
        return model
    if model.alignment is not None:
        _check_encoder(job, model, encoder_dim)
        return model
    config = LinguaLiftConfig(  # an LLM trained on text alone gets its alignment layer now
        llm=model.config.llm,
        encoder=encoder,
        encoder_dim=encoder_dim,
        llm_dim=model.embedding_table().shape[1],
        alignment_layers=layer.layers,
        alignment_activation=layer.activation,
        alignment_normalise=layer.normalise,
        alignment_scaled=layer.scaled,
    )
    model.merge_lora()
    config.trained = model.config.trained
    aligned = LinguaLiftModel(config, model.llm)
    aligned.llm_file = model.llm_file
    return aligned


def _check_encoder(job: StageJob, model: LinguaLiftModel, encoder_dim: int) -> None:
    """A chain of stages keeps one encoder."""
    config = model.config
    if config.encoder.get("split_digits", False) != job.split_digits:
        raise LinguaLiftError(
            f"{job.parent}: was trained on an encoder that reads digits otherwise"
            " (encoder.split_digits); a chain of stages keeps one encoder"
        )
    if config.encoder.get("mixture", False) != job.mixture:
        raise LinguaLiftError(
            f"{job.parent}: was trained on layers that are put together otherwise"
            " (encoder.mixture); a chain of stages keeps one encoder"
        )
    if config.encoder_dim != encoder_dim or config.encoder.get("layer") != job.layer:
        raise LinguaLiftError(
            f"{job.parent}: its alignment layer takes {config.encoder_dim} dimensions of layer"
            f" {config.encoder.get('layer')}, the encoder gives {encoder_dim} of layer {job.layer};"
            " a chain of stages keeps one encoder"
        )


def _states(job: StageJob, examples: Examples) -> States | Tokens | None:
    """The stored encoder states of a stage's questions, or the tokens of what the encoder reads
    where that is more, or the encoder is not, or no longer, the frozen one.
    """
    before = [] if job.parent is None else LinguaLiftConfig.from_pretrained(job.parent).trained
    learns = "encoder" in {*job.stage.train, *before}
    if job.encoder is not None and (learns or examples.states is None):
        return EncoderTokenizer.load(job.encoder, job.split_digits).tokens(_encoded(job, examples))
    return examples.states


def _compose(job: StageJob, examples: Examples, states: States | Tokens | None) -> list[Composed]:
    """The examples as the LLM reads them."""
    tokenizer = load_tokenizer(job.llm)
    unread = states is None or job.layout == "text"
    counts = [0] * len(examples) if states is None or unread else states.counts().tolist()
    return [
        compose(LAYOUTS[job.layout], tokenizer, prompt, question, count, response)
        for prompt, question, count, response in zip(
            examples.prompts, examples.questions, counts, examples.responses, strict=True
        )
        if prompt is not None
    ]


def _regress(
    job: StageJob, stage: WarmStart, examples: Examples, english: Examples | None
) -> tuple[LinguaLiftModel, dict[str, Any]]:
    """The model after a warm start, and the record of it."""
    assert job.encoder is not None and examples.states is not None
    model = starting_model(job, english)
    encoder = EncoderTokenizer.load(job.encoder, job.split_digits)
    tokenizer = load_tokenizer(job.llm)
    targets = stage_targets(examples, encoder, tokenizer)
    return model, train_warm_start(model, examples.states, targets, stage, job.seed)


def _save(job: StageJob, model: LinguaLiftModel, record: dict[str, Any]) -> None:
    """Write the checkpoint; of several processes the first one writes, and all take part."""
    storage = torch.bfloat16 if job.bf16 else None
    if os.environ.get("RANK", "0") != "0":
        model.save_pretrained(job.out, llm_dtype=storage, is_main_process=False)
        return
    with atomic_directory(job.out) as folder:
        model.save_pretrained(folder, llm_dtype=storage, record=record)
        write_json(folder / RECORD, {**record, "provenance": job.stamp})
