"""From files to a trained checkpoint: what one `train` job of the workflow does."""

import os
from typing import Any

import numpy as np
import torch
from transformers import BitsAndBytesConfig

from lingualift import machine
from lingualift.artifacts import atomic_directory, write_json, write_text
from lingualift.config import LanguageModelling, WarmStart
from lingualift.messages import LinguaLiftError
from lingualift.model import packed
from lingualift.model.card import CARD, model_card
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.encoder import Encoder, state_width
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.frozen import encoder_reference
from lingualift.model.layout import load_tokenizer, special_ids
from lingualift.model.modeling import LinguaLiftModel
from lingualift.model.states import Tokens, as_tensor
from lingualift.training import fit
from lingualift.training.asked import card_example, note_prompt
from lingualift.training.data import StageData, stage_data
from lingualift.training.examples import encoder_texts, read_examples, stage_examples
from lingualift.training.job import StageJob, StageTexts
from lingualift.training.language_modelling import train_language_modelling
from lingualift.training.warm_start import stage_targets, train_warm_start

RECORD = "stage.json"
MEASURED_TEXTS = 256  # English texts whose states give the mean and deviation of each dimension


def run_stage(job: StageJob) -> None:
    """Train one stage and write its checkpoint folder, with its provenance in its record.

    A language whose lexicon is called collapsed is left out and named in the record. Where the
    encoder learns, has learnt in an earlier stage, reads more than the question or its states are
    not stored, they are made as they are needed. The tokens of a micro-batch are halved until they
    fit the GPU; one of several processes raises `fit.OutOfMemory` instead, for they start again
    together. Raises `SystemExit` after SIGTERM, once the state is saved.
    """
    if isinstance(job.stage, WarmStart):
        model, record = _regress(job, job.stage)
    else:
        data = read_data(job)
        encoder = _frozen_encoder(job, data)

        def attempt(job: StageJob) -> tuple[LinguaLiftModel, dict[str, Any]]:
            model = starting_model(job, encoder)
            pad = special_ids(load_tokenizer(job.llm))[2]
            return model, train_language_modelling(
                job, model, data.examples, data.states, pad, encoder
            )

        if fit.processes() > 1:
            model, trained = attempt(job)
        else:
            model, trained = fit.largest_that_fits(attempt, with_room_for_examples(job, data, 1))
        record = {"languages": data.languages, "left_out": data.left_out, **trained}
    _save(job, model, {"name": job.name, "seed": job.seed, **record})


def read_data(job: StageJob) -> StageData:
    """What a stage of language modelling learns from; the first process that asks reads and
    tokenises it.
    """
    return stage_data(job, _encoder_learns(job))


def with_room_for_examples(job: StageJob, data: StageData, gpus: int) -> StageJob:
    """The stage with the settings of memory that its search begins with; see `fit.with_room`."""
    if not len(data.examples):
        raise LinguaLiftError(f"stage '{job.name}': has no training examples")
    return fit.with_room(job, int(np.diff(data.examples.ends).max()), gpus)


def _frozen_encoder(job: StageJob, data: StageData) -> Encoder | None:
    """The frozen encoder, where it makes states in the step: not one that learns, or has learnt,
    which is the model's own.
    """
    if not isinstance(data.states, Tokens) or _encoder_learns(job):
        return None
    return _encoder(job)


def _encoder_learns(job: StageJob) -> bool:
    """Whether the stage trains the encoder, or an earlier one has."""
    before = [] if job.parent is None else LinguaLiftConfig.from_pretrained(job.parent).trained
    return "encoder" in {*job.stage.train, *before}


def _encoder(job: StageJob) -> Encoder:
    assert job.encoder is not None
    dtype = torch.bfloat16 if job.bf16 else torch.float32
    return Encoder(job.encoder, job.layer, dtype, machine.device(), split_digits=job.split_digits)


def starting_model(job: StageJob, encoder: Encoder | None = None) -> LinguaLiftModel:
    """The model at the start of a stage: fresh (seeded) or as the parent stage left it; a fresh
    alignment layer is fitted to the states of English texts and the LLM's embeddings.

    `encoder` is the frozen one where it is loaded anyway.
    """
    whole = "llm" in job.stage.train or not job.bf16
    torch.manual_seed(job.seed)
    encoder_dim = 0 if job.encoder is None else state_width(job.encoder, job.layer)
    model = _load(job, encoder_dim, torch.float32 if whole else torch.bfloat16)
    if model.alignment is not None:
        model.alignment.float()
        model.boundary.data = model.boundary.data.float()
        # measured once, on the LLM's embeddings as they were published
        fresh = bool((model.alignment.get_buffer("gain") == 1).item())
        if fresh and job.reference is not None:
            sample = _english_states(job, job.reference, encoder)
            model.alignment.measure(sample, model.embedding_table())
    if machine.device() == "cpu":
        # For the short sequences of a processor's run plain attention trains 2 to 22 % faster than
        # the fused kernel's backward.
        model.llm.set_attn_implementation("eager")
    elif job.bf16 and packed.packable(model.llm.config):
        model.llm.set_attn_implementation(packed.NAME)
    return model


def _english_states(job: StageJob, reference: StageTexts, encoder: Encoder | None) -> torch.Tensor:
    """States [states, dim] of the first English texts as the encoder reads them, stored or made
    here; the same numbers.
    """
    english = read_examples(reference, {})
    count = min(len(english), MEASURED_TEXTS)
    if english.states is not None:
        return as_tensor(english.states.rows(range(count)))
    texts = encoder_texts(english, job.layout)[:count]
    made = (encoder or _encoder(job)).encode(texts, languages=english.languages[:count])
    return as_tensor(made.rows()).to(torch.bfloat16)


def _load(job: StageJob, encoder_dim: int, dtype: torch.dtype) -> LinguaLiftModel:
    """The parent's model, or a new one over the pretrained LLM; with an alignment layer where the
    question enters through the encoder.
    """
    encoder, loading = None, _four_bits(job)
    if job.encoder is not None:
        encoder = encoder_reference(job.encoder, job.layer, job.split_digits, job.mixture)
    layer = job.alignment
    if job.parent is None:
        if encoder is None or layer is None:
            return LinguaLiftModel.build(str(job.llm), dtype=dtype, **loading)
        sizes = (encoder_dim, layer.layers, layer.activation, layer.normalise, layer.scaled)
        return LinguaLiftModel.build(str(job.llm), encoder, *sizes, dtype=dtype, **loading)
    model = LinguaLiftModel.from_pretrained(
        job.parent, dtype=dtype, llm=job.llm, encoder=job.encoder, **loading
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


def _four_bits(job: StageJob) -> dict[str, Any]:
    """How Transformers loads the LLM in 4 bits (NF4), where the stage asks for it."""
    if not isinstance(job.stage, LanguageModelling) or not job.stage.four_bit:
        return {}
    before = None if job.parent is None else LinguaLiftConfig.from_pretrained(job.parent)
    if before is not None and "llm" in before.trained:
        raise LinguaLiftError(
            f"stage '{job.name}': four_bit holds the published LLM, but an earlier stage has"
            " trained it; leave four_bit out"
        )
    if before is not None and before.lora not in (None, job.stage.adapters):
        raise LinguaLiftError(
            f"stage '{job.name}': four_bit holds the published LLM, which cannot take in an earlier"
            f" stage's adapters of rank {before.lora['rank']}; give both stages the same lora_rank,"
            " lora_alpha and magnitude, or leave four_bit out"
        )
    if machine.device() != "cuda":
        raise LinguaLiftError(f"stage '{job.name}': four_bit needs a GPU; leave it out")
    how = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": how, "device_map": {"": torch.cuda.current_device()}}


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


def _regress(job: StageJob, stage: WarmStart) -> tuple[LinguaLiftModel, dict[str, Any]]:
    """The model after a warm start, and the record of it."""
    english = None if job.reference is None else read_examples(job.reference, {})
    examples, left_out = stage_examples(job, english)
    assert job.encoder is not None and examples.states is not None
    model = starting_model(job)
    encoder = EncoderTokenizer.load(job.encoder, job.split_digits)
    targets = stage_targets(examples, encoder, load_tokenizer(job.llm))
    trained = train_warm_start(model, examples.states, targets, stage, job.seed)
    languages = sorted(set(examples.languages))
    return model, {"languages": languages, "left_out": left_out, **trained}


def _save(job: StageJob, model: LinguaLiftModel, record: dict[str, Any]) -> None:
    """Write the checkpoint; of several processes the first one writes, and all take part."""
    storage = torch.bfloat16 if job.bf16 else None
    note_prompt(job, model)
    if os.environ.get("RANK", "0") != "0":
        model.save_pretrained(job.out, llm_dtype=storage, is_main_process=False)
        return
    with atomic_directory(job.out) as folder:
        model.save_pretrained(folder, llm_dtype=storage)
        about = {**record, "example": card_example(job, model, storage)}
        write_text(folder / CARD, model_card(model.config.to_dict(), about))
        write_json(folder / RECORD, {**about, "provenance": job.stamp})
