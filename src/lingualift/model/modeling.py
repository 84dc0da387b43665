"""`LinguaLiftModel`: an LLM that reads text, aligned states of a frozen multilingual encoder, or
both (paper section 3.1).

One class serves every system: a plain LLM is the layout without encoder positions. A frozen
encoder's states are computed once (`lingualift.model.states`) and handed in as a flat array in
reading order, so the encoder is loaded only when it is asked for: to read token ids itself
(`encoder_ids`), or because a stage trains it.
"""

import logging
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn
from torch.distributed.tensor import DTensor
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, PreTrainedModel

from lingualift.artifacts import CHECKSUMS, check_directory, write_text
from lingualift.messages import LinguaLiftError
from lingualift.model import lora
from lingualift.model.alignment import AlignmentLayer
from lingualift.model.card import CARD, model_card
from lingualift.model.configuration import LinguaLiftConfig
from lingualift.model.encoder import Backbone
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.frozen import located, place, reference
from lingualift.model.layout import END, IGNORE, START, STATE
from lingualift.model.loss import response_loss
from lingualift.model.reading import encoded
from lingualift.model.trained import trained_state
from lingualift.model.weights import (
    LLM_WEIGHTS,
    WEIGHTS,
    link,
    module_of,
    pretrained_llm,
    put,
    read_checkpoint,
    trained_llm,
)
from lingualift.modes import follow_umask

logger = logging.getLogger(__name__)

MODULES = ("alignment", "boundary", "llm", "encoder", "llm-lora")
MAX_NEW_TOKENS = 256  # of an answer; a trained model ends by itself, after 12 in the default run


def _layer_classes(*networks: nn.Module) -> list[str]:
    """The classes of the layers of Transformers' networks, which name them together with parts that
    a network may lack (a decoder's layers, those of images).
    """
    named = {name for network in networks for name in getattr(network, "_no_split_modules", ())}
    present = {type(module).__name__ for network in networks for module in network.modules()}
    return sorted(named & present)


class LinguaLiftModel(PreTrainedModel):
    """An LLM with an alignment layer and two trainable boundary vectors, <enc_start>, <enc_end>."""

    config_class = LinguaLiftConfig
    base_model_prefix = "lingualift"
    main_input_name = "input_ids"
    accepts_loss_kwargs = True
    supports_gradient_checkpointing = True
    _supports_sdpa = True

    def __init__(self, config: LinguaLiftConfig, llm: PreTrainedModel | None = None) -> None:
        super().__init__(config)
        if llm is None:
            llm = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(config.llm["path"]))
        self.llm = llm
        if config.lora is not None:
            lora.adapt(llm, **config.lora)
        self.encoder: Backbone | None = None
        self.alignment: AlignmentLayer | None = None
        if config.encoder is not None:
            self.alignment = AlignmentLayer(
                config.encoder_dim,
                config.llm_dim,
                config.alignment_layers,
                config.alignment_activation,
                config.alignment_normalise,
                config.alignment_scaled,
                len(config.encoder["layer"]) if config.encoder.get("mixture") else 1,
            )
            scale = 1.0
            if config.alignment_scaled:
                scale = float(self.embedding_table().detach().float().std())
            self.boundary = nn.Parameter(torch.randn(2, config.llm_dim) * scale)
        self.llm_file: Path | None = None  # holds the LLM as it is, where a stage has trained it
        # Layers, by class: what is sharded, gathered and computed again as one unit.
        self._no_split_modules = _layer_classes(llm)

    @classmethod
    def build(
        cls,
        llm_path: str,
        encoder: dict[str, Any] | None = None,
        encoder_dim: int = 0,
        alignment_layers: int = 2,
        alignment_activation: str = "gelu",
        alignment_normalise: bool = False,
        alignment_scaled: bool = True,
        dtype: torch.dtype = torch.float32,
        **loading: Any,
    ) -> "LinguaLiftModel":
        """A new model over a pretrained LLM folder; the alignment layer is freshly initialised
        (seed torch before). `loading` is for Transformers: how it quantises the LLM.
        """
        llm = pretrained_llm(llm_path, dtype, **loading)
        config = LinguaLiftConfig(
            llm=reference(llm_path),
            encoder=encoder,
            encoder_dim=encoder_dim,
            llm_dim=llm.get_input_embeddings().weight.shape[1],
            alignment_layers=alignment_layers,
            alignment_activation=alignment_activation,
            alignment_normalise=alignment_normalise,
            alignment_scaled=alignment_scaled,
        )
        return cls(config, llm)

    def get_input_embeddings(self) -> nn.Module:
        return self.llm.get_input_embeddings()

    def embedding_table(self) -> torch.Tensor:
        """The LLM's input embeddings [vocabulary, llm_dim]."""
        table = self.llm.get_input_embeddings().weight
        assert isinstance(table, torch.Tensor)
        return table

    def activation_checkpointing_enable(self, *args: Any, **kwargs: Any) -> None:
        """Keep no activations of the LLM's layers: they are computed again in the backward pass."""
        self.llm.activation_checkpointing_enable(*args, **kwargs)

    def add_encoder(self, dtype: torch.dtype | None = None) -> Backbone:
        """Load the frozen encoder that the configuration refers to, unless it is there; it must be
        the one that was trained with.
        """
        if self.encoder is None:
            noted = self.config.encoder
            if noted is None:
                raise LinguaLiftError("this model has no encoder: its input is text")
            noted = located(noted, Path(), "this model's encoder")
            backbone = Backbone(
                noted["path"], noted.get("layer"), dtype or self.embedding_table().dtype
            )
            if backbone.dim != self.config.encoder_dim:
                raise LinguaLiftError(
                    f"encoder {noted['path']}: states have {backbone.dim} dimensions, the alignment"
                    f" layer takes {self.config.encoder_dim}"
                )
            self.encoder = backbone.requires_grad_(False).to(self.embedding_table().device)
            self._no_split_modules = _layer_classes(self.llm, backbone.network)
            self.encoder_prefix = len(EncoderTokenizer.load(noted["path"]).prefix)
        return self.encoder

    def trainable(
        self,
        modules: list[str],
        adapters: dict[str, Any] | None = None,
        freeze_embeddings: bool = False,
        freeze_layers: int = 0,
    ) -> None:
        """Let exactly the named modules receive gradients.

        `llm` takes earlier adapters into its weights, and leaves frozen its token embeddings (and
        the output matrix, where that is another) with `freeze_embeddings`, and its first
        `freeze_layers` layers; `llm-lora` goes on with earlier adapters of the same settings, takes
        others into the weights and adds `adapters`; `encoder` leaves its input embeddings frozen.
        Raises `LinguaLiftError` for a module or a layer that this model has not.
        """
        for name in modules:
            if name not in self.modules_present():
                raise LinguaLiftError(
                    f"stage trains '{name}', which this model does not have; it has"
                    f" {', '.join(self.modules_present())}"
                )
        if {"llm", "llm-lora"} <= set(modules):
            raise LinguaLiftError("a stage trains 'llm' or 'llm-lora', not both")
        asked = adapters or lora.DEFAULT
        if "llm" in modules or ("llm-lora" in modules and self.config.lora != asked):
            self.merge_lora()
        if "llm" in modules:
            self.llm_file = None
        if "llm-lora" in modules and self.config.lora is None:
            self.config.lora = asked
            lora.adapt(self.llm, **asked)
        if "encoder" in modules:
            self.add_encoder().float()
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(module_of(name) in modules)
        if freeze_embeddings:
            for part in (self.llm.get_input_embeddings(), self.llm.get_output_embeddings()):
                part.requires_grad_(False)
        if freeze_layers:
            layers = self.llm.get_decoder().layers
            if freeze_layers > len(layers):
                raise LinguaLiftError(
                    f"freeze_layers: {freeze_layers} is more than the LLM's {len(layers)} layers"
                )
            layers[:freeze_layers].requires_grad_(False)
        if self.encoder is not None:
            for parameter in self.encoder.network.get_input_embeddings().parameters():
                parameter.requires_grad_(False)
        self.config.trained = sorted(set(self.config.trained) | set(modules))

    def merge_lora(self) -> None:
        """Fold adapters into the LLM: the same logits, without their extra products. The LLM counts
        as trained from then on.
        """
        if self.config.lora is not None:
            lora.merge_adapters(self.llm)
            self.config.lora, self.llm_file = None, None
            self.config.trained = sorted({*self.config.trained, "llm"} - {"llm-lora"})

    def modules_present(self) -> list[str]:
        """Modules that a stage may train."""
        return [name for name in MODULES if name.startswith("llm") or self.alignment is not None]

    def embed(
        self,
        input_ids: torch.Tensor,
        segments: torch.Tensor | None = None,
        encoder_states: torch.Tensor | None = None,
        encoder_ids: torch.Tensor | None = None,
        encoder_mask: torch.Tensor | None = None,
        state_noise: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Input embeddings [batch, tokens, llm_dim] with boundary vectors and aligned states in
        place (equations (2)-(4)).

        The states [states, encoder_dim] come in reading order, or are made here from `encoder_ids`
        [texts, tokens] (equation (1)). `state_noise` [states, llm_dim] is added to the aligned
        states, in units of the embeddings' standard deviation.
        """
        embeddings = self.llm.get_input_embeddings()(input_ids)
        if encoder_ids is not None and self.alignment is not None:
            mask = torch.ones_like(encoder_ids) if encoder_mask is None else encoder_mask
            encoder_states = self.add_encoder()(encoder_ids, mask, self.encoder_prefix)
        if self.alignment is None or encoder_states is None or segments is None:
            return embeddings
        aligned = self.alignment(encoder_states)
        if state_noise is not None:
            aligned = aligned + state_noise * self.alignment.gain
        aligned = aligned.to(embeddings.dtype)
        boundary = self.boundary.to(embeddings.dtype)
        state = segments == STATE
        if not encoder_states.is_cuda and int(state.sum()) != len(
            aligned
        ):  # on a GPU the count would make every step wait
            raise LinguaLiftError(
                f"a batch has {int(state.sum())} encoder positions but {len(aligned)} encoder"
                " states"
            )
        embeddings = embeddings.masked_scatter(state.unsqueeze(-1), aligned)
        for kind, vector in ((START, boundary[0]), (END, boundary[1])):
            embeddings = torch.where((segments == kind).unsqueeze(-1), vector, embeddings)
        return embeddings

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        position_ids: torch.Tensor | None = None,
        sequence_starts: torch.Tensor | None = None,
        longest_sequence: int = 0,
        **embedded: torch.Tensor | None,
    ) -> dict[str, torch.Tensor]:
        """Logits, or with `labels` [batch, tokens] the response's mean negative log-likelihood
        (equations (5) and (6)).

        `embedded` is what `embed` takes beside `input_ids`. Packed sequences come as one row
        without `attention_mask`, with `position_ids` that start again at every sequence, whose
        `sequence_starts` [sequences + 1] end with their sum, and with `longest_sequence`.

        With labels, logits are computed at labelled positions alone: with a vocabulary of 50,000
        that is a sixth of the work of a small LLM. `num_items_in_batch` replaces the mean's divisor
        when gradients are accumulated over micro-batches.
        """
        embeddings = self.embed(input_ids, **embedded)
        positions: dict[str, Any] = {} if position_ids is None else {"position_ids": position_ids}
        if sequence_starts is not None:
            positions |= dict.fromkeys(("cu_seq_lens_q", "cu_seq_lens_k"), sequence_starts)
            positions |= dict.fromkeys(("max_length_q", "max_length_k"), longest_sequence)
        hidden = self.llm.base_model(
            inputs_embeds=embeddings, attention_mask=attention_mask, use_cache=False, **positions
        ).last_hidden_state
        if labels is None:
            return {"logits": self.logits(hidden)}
        targets = labels[:, 1:]
        chosen = targets != IGNORE
        head = self.llm.get_output_embeddings()
        total = response_loss(
            hidden[:, :-1][chosen],
            head.weight,
            getattr(head, "bias", None),
            targets[chosen],
            getattr(self.llm.config, "final_logit_softcapping", None),
        )
        divisor = chosen.sum() if num_items_in_batch is None else num_items_in_batch
        return {"loss": total / divisor}

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """The LLM's next-token logits [..., vocabulary] of hidden states [..., llm_dim]."""
        logits = self.llm.get_output_embeddings()(hidden)
        cap = getattr(self.llm.config, "final_logit_softcapping", None)
        return logits if cap is None else torch.tanh(logits / cap) * cap

    @torch.no_grad()
    def generate(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        segments: torch.Tensor | None = None,
        encoder_states: torch.Tensor | None = None,
        encoder_ids: torch.Tensor | None = None,
        encoder_mask: torch.Tensor | None = None,
        **options: Any,
    ) -> torch.Tensor:
        """New tokens [batch, new] for left-padded inputs, greedy and at most `MAX_NEW_TOKENS`
        unless `options` say otherwise: they go to the LLM's own `generate`.

        Without `encoder_states` they are made of `encoder_ids` as evaluation makes them.
        """
        here = self.device
        if encoder_ids is not None and encoder_mask is not None:
            encoder_states = torch.cat(encoded(self, encoder_ids.to(here), encoder_mask.to(here)))
        segments = segments if segments is None else segments.to(here)
        mask = attention_mask if attention_mask is None else attention_mask.to(here)
        embeddings = self.embed(input_ids.to(here), segments, encoder_states)
        usual = {"do_sample": False, "max_new_tokens": MAX_NEW_TOKENS}
        return self.llm.generate(inputs_embeds=embeddings, attention_mask=mask, **(usual | options))

    def save_pretrained(
        self,
        save_directory: str | os.PathLike,
        llm_dtype: torch.dtype | None = None,
        state_dict: dict[str, torch.Tensor] | None = None,
        is_main_process: bool = True,
        **kwargs: Any,
    ) -> None:
        """Write config.json, the trained modules as safetensors and a model card. An LLM that was
        loaded trained, and that no stage has trained since, is linked.

        `llm_dtype` is the storage type of the LLM and the encoder.
        """
        state = {}
        for name, tensor in trained_state(self, state_dict).items():
            module = module_of(name)
            if module == "llm" and self.llm_file is not None:
                continue
            # every process takes part, one writes
            whole = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
            if is_main_process:
                small = llm_dtype is not None and module in ("llm", "encoder")
                state[name] = (whole.to(llm_dtype) if small else whole).cpu()
        if not is_main_process:
            return
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
        follow_umask(folder / WEIGHTS)
        if self.llm_file is not None:
            link(self.llm_file, folder / LLM_WEIGHTS)
        self.config.save_pretrained(folder)
        write_text(folder / CARD, model_card(self.config.to_dict()))

    @classmethod
    def from_pretrained(
        cls,
        path: str | os.PathLike,
        *args: Any,
        dtype: torch.dtype | str = torch.float32,
        llm: str | os.PathLike | None = None,
        encoder: str | os.PathLike | None = None,
        **kwargs: Any,
    ) -> "LinguaLiftModel":
        """Load a checkpoint over its frozen parts; refuse it when they are not those it was trained
        on.

        `llm` and `encoder` say where these folders lie now, if not where they lay in training;
        `kwargs` are for Transformers: how it quantises the LLM.
        """
        folder, dtype = Path(path), getattr(torch, dtype) if isinstance(dtype, str) else dtype
        if not (folder / "config.json").is_file():
            raise LinguaLiftError(f"{folder}: holds no checkpoint (no config.json)")
        if (folder / CHECKSUMS).is_file():
            check_directory(folder)
        config = LinguaLiftConfig.of_checkpoint(folder)
        place(config, folder, llm, encoder)
        path, weights = config.llm["path"], read_checkpoint(folder)
        whole = None
        if "llm" in config.trained:
            whole = {name: weights[name] for name in weights if module_of(name) == "llm"}
        model = cls(
            config,
            pretrained_llm(path, dtype, **kwargs)
            if whole is None
            else trained_llm(path, whole, dtype),
        )
        if "encoder" in config.trained:
            model.add_encoder(dtype)
        put(weights, model, folder / WEIGHTS, whole)
        if whole is not None:
            model.llm_file = next(
                folder / name for name in (LLM_WEIGHTS, WEIGHTS) if (folder / name).is_file()
            )
        return model

    def load_trained(self, folder: Path) -> None:
        """Copy a checkpoint's tensors into this model; every tensor must have its place."""
        put(read_checkpoint(folder), self, folder / WEIGHTS)


AutoConfig.register("lingualift", LinguaLiftConfig, exist_ok=True)
AutoModel.register(LinguaLiftConfig, LinguaLiftModel, exist_ok=True)
AutoModelForCausalLM.register(LinguaLiftConfig, LinguaLiftModel, exist_ok=True)
