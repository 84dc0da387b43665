"""`LinguaLiftModel`: an LLM that reads text, aligned states of a frozen multilingual encoder, or
both (paper section 3.1).

One class serves every system: a plain LLM is the layout without encoder positions. A frozen
encoder's states are computed once (`lingualift.model.states`) and handed in as a flat array in
reading order, so the encoder is loaded only when it is asked for: to read token ids itself
(`encoder_ids`), or because a stage trains it.
"""

import hashlib
import logging
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from torch.distributed.tensor import DTensor
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
)

from lingualift.artifacts import CHECKSUMS, check_directory, read_json, write_text
from lingualift.errors import LinguaLiftError
from lingualift.model import lora
from lingualift.model.card import model_card
from lingualift.model.encoder import Backbone, EncoderTokenizer
from lingualift.model.layout import END, IGNORE, START, STATE
from lingualift.model.loss import response_loss
from lingualift.modes import follow_umask

logger = logging.getLogger(__name__)

ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}
# standardised encoder dimensions beyond six deviations are outliers of the encoder, not meaning
CLIP = 6.0
MODULES = ("alignment", "boundary", "llm", "encoder", "llm-lora")
WEIGHTS = "model.safetensors"


class LinguaLiftConfig(PreTrainedConfig):
    """Sizes of the alignment layer and references to the frozen parts.

    `llm` and `encoder` are what `reference` returns (plus "layer" for the encoder, None for a model
    without one); `trained` names the modules whose weights the checkpoint holds, `lora` is {"rank",
    "alpha"} of adapters.
    """

    model_type = "lingualift"

    def __init__(
        self,
        llm: dict[str, Any] | None = None,
        encoder: dict[str, Any] | None = None,
        encoder_dim: int = 0,
        llm_dim: int = 0,
        alignment_layers: int = 2,
        alignment_activation: str = "gelu",
        alignment_normalise: bool = False,
        trained: list[str] | None = None,
        lora: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.llm = llm or {}
        self.encoder = encoder
        self.encoder_dim = encoder_dim
        self.llm_dim = llm_dim
        self.alignment_layers = alignment_layers
        self.alignment_activation = alignment_activation
        self.alignment_normalise = alignment_normalise
        self.trained = trained or []
        self.lora = lora
        super().__init__(**kwargs)


class AlignmentLayer(nn.Module):
    """The MLP A = MLP(H) of equation (2): [states, encoder_dim] -> [states, llm_dim].

    Hidden layers are twice the encoder's width. With `normalise`, each encoder dimension is first
    standardised by `mean` and `scale` (measured on English training text) and clipped: decoder-only
    encoders have a few dimensions hundreds of times larger than the rest. `gain` scales the output
    to the size of the LLM's input embeddings; it is a constant, not trained.
    """

    def __init__(
        self, encoder_dim: int, llm_dim: int, layers: int, activation: str, normalise: bool
    ) -> None:
        super().__init__()
        if layers not in (1, 2, 3):
            raise LinguaLiftError(f"alignment.layers: {layers} is not 1, 2 or 3")
        if activation not in ACTIVATIONS:
            raise LinguaLiftError(
                f"alignment.activation: '{activation}' is not one of {', '.join(ACTIVATIONS)}"
            )
        width = 2 * encoder_dim
        sizes = [encoder_dim] + [width] * (layers - 1) + [llm_dim]
        modules: list[nn.Module] = []
        for index in range(layers):
            modules.append(nn.Linear(sizes[index], sizes[index + 1]))
            if index + 1 < layers:
                modules.append(ACTIVATIONS[activation]())
        self.mlp = nn.Sequential(*modules)
        self.normalise = normalise
        self.register_buffer("mean", torch.zeros(encoder_dim))
        self.register_buffer("scale", torch.ones(encoder_dim))
        self.register_buffer("gain", torch.ones(()))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        if self.normalise:
            states = ((states.float() - self.mean) / self.scale).clamp(-CLIP, CLIP)
        return self.mlp(states.to(self.mlp[0].weight.dtype)) * self.gain

    @torch.no_grad()
    def measure(self, states: torch.Tensor, embeddings: torch.Tensor) -> None:
        """Set the input statistics from English states [n, encoder_dim] and the output gain from
        the LLM's embeddings.
        """
        if self.normalise:
            states = states.float()
            self.mean.copy_(states.mean(0))
            self.scale.copy_(states.std(0).clamp_min(1e-6))
        self.gain.copy_(embeddings.float().std())


def fingerprint(path: str | Path) -> str:
    """A cheap checksum of a model folder: configuration, and size, header and 64 sampled blocks of
    every weight file.
    """
    folder = Path(path)
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise LinguaLiftError(
            f"{folder}: no safetensors weights; other formats are not loaded (convert the model"
            " first)"
        )
    total = hashlib.sha256((folder / "config.json").read_bytes())
    for shard in shards:
        size = shard.stat().st_size
        with open(shard, "rb") as handle:
            total.update(f"{shard.name}:{size}".encode())
            for block in range(65):
                handle.seek(block * max(size - 65536, 0) // 64)
                total.update(handle.read(65536))
    return total.hexdigest()


def reference(path: str | Path) -> dict[str, Any]:
    """What a checkpoint notes of a frozen model folder: where it lay, its name, version and
    revision, and its checksums.

    `fingerprint` samples the weights as they are; `sha256` are the checksums that were taken of
    whole files when it was prepared.
    """
    record = Path(path) / "model.json"
    known = read_json(record) if record.is_file() else {}
    return {
        "path": str(path),
        "name": known.get("source"),
        "version": known.get("version"),
        "revision": known.get("revision"),
        "fingerprint": fingerprint(path),
        "sha256": {
            name: checksum
            for name, checksum in known.get("files", {}).items()
            if name.endswith(".safetensors")
        },
    }


def _module_of(name: str) -> str:
    """The trainable module that a tensor belongs to."""
    return "llm-lora" if name.rpartition(".")[2] in ("lora_a", "lora_b") else name.split(".")[0]


class LinguaLiftModel(PreTrainedModel):
    """An LLM with an alignment layer and two trainable boundary vectors, <enc_start> and <enc_end>."""

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
            )
            scale = float(self.embedding_table().detach().float().std())
            self.boundary = nn.Parameter(torch.randn(2, config.llm_dim) * scale)

    @classmethod
    def build(
        cls,
        llm_path: str,
        encoder: dict[str, Any] | None = None,
        encoder_dim: int = 0,
        alignment_layers: int = 2,
        alignment_activation: str = "gelu",
        alignment_normalise: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> "LinguaLiftModel":
        """A new model over a pretrained LLM folder; the alignment layer is freshly initialised
        (seed torch before).
        """
        llm = AutoModelForCausalLM.from_pretrained(llm_path, dtype=dtype, local_files_only=True)
        config = LinguaLiftConfig(
            llm=reference(llm_path),
            encoder=encoder,
            encoder_dim=encoder_dim,
            llm_dim=llm.get_input_embeddings().weight.shape[1],
            alignment_layers=alignment_layers,
            alignment_activation=alignment_activation,
            alignment_normalise=alignment_normalise,
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
            found = self.config.encoder
            if found is None:
                raise LinguaLiftError("this model has no encoder: its input is text")
            _check(found, "this model's encoder")
            backbone = Backbone(
                found["path"], found.get("layer"), dtype or self.embedding_table().dtype
            )
            if backbone.dim != self.config.encoder_dim:
                raise LinguaLiftError(
                    f"encoder {found['path']}: states have {backbone.dim} dimensions, the alignment"
                    f" layer takes {self.config.encoder_dim}"
                )
            self.encoder = backbone.requires_grad_(False).to(self.embedding_table().device)
            self._prefix = len(EncoderTokenizer.load(found["path"]).prefix)
        return self.encoder

    def trainable(
        self,
        modules: list[str],
        lora_rank: int = 16,
        lora_alpha: float = 32.0,
        freeze_embeddings: bool = False,
        freeze_layers: int = 0,
    ) -> None:
        """Let exactly the named modules receive gradients.

        `llm` takes earlier adapters into its weights, and leaves frozen its token embeddings (and
        the output matrix, where that is another) with `freeze_embeddings`, and its first
        `freeze_layers` layers; `llm-lora` adds adapters; `encoder` leaves its input embeddings
        frozen. Raises `LinguaLiftError` for a module or a layer that this model has not.
        """
        for name in modules:
            if name not in self.modules_present():
                raise LinguaLiftError(
                    f"stage trains '{name}', which this model does not have; it has"
                    f" {', '.join(self.modules_present())}"
                )
        if {"llm", "llm-lora"} <= set(modules):
            raise LinguaLiftError("a stage trains 'llm' or 'llm-lora', not both")
        if "llm" in modules:
            self.merge_lora()
        if "llm-lora" in modules and self.config.lora is None:
            self.config.lora = {"rank": lora_rank, "alpha": lora_alpha}
            lora.adapt(self.llm, lora_rank, lora_alpha)
        if "encoder" in modules:
            self.add_encoder().float()
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(_module_of(name) in modules)
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
            lora.merge(self.llm)
            self.config.lora = None
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
            encoder_states = self.add_encoder()(encoder_ids, mask, self._prefix)
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
        segments: torch.Tensor | None = None,
        encoder_states: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        position_ids: torch.Tensor | None = None,
        encoder_ids: torch.Tensor | None = None,
        encoder_mask: torch.Tensor | None = None,
        state_noise: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Logits, or with `labels` [batch, tokens] the response's mean negative log-likelihood
        (equations (5) and (6)).

        Packed sequences come as one row without `attention_mask`, with `position_ids` that start
        again at every sequence.

        With labels, logits are computed at labelled positions alone: with a vocabulary of 50,000
        that is a sixth of the work of a small LLM. `num_items_in_batch` replaces the mean's divisor
        when gradients are accumulated over micro-batches.
        """
        embeddings = self.embed(
            input_ids, segments, encoder_states, encoder_ids, encoder_mask, state_noise
        )
        places = {} if position_ids is None else {"position_ids": position_ids}
        hidden = self.llm.base_model(
            inputs_embeds=embeddings, attention_mask=attention_mask, use_cache=False, **places
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
        **kwargs: Any,
    ) -> torch.Tensor:
        """New tokens [batch, new] for left-padded inputs; keyword arguments go to the LLM's own
        `generate`.
        """
        embeddings = self.embed(input_ids, segments, encoder_states, encoder_ids, encoder_mask)
        return self.llm.generate(inputs_embeds=embeddings, attention_mask=attention_mask, **kwargs)

    def trained_state(
        self, state_dict: dict[str, torch.Tensor] | None = None
    ) -> dict[str, torch.Tensor]:
        """Tensors of the modules trained so far, each shared tensor once, and whatever is found
        nowhere else: alignment and boundary.

        `state_dict` replaces the model's own, where its parameters are sharded over devices.
        """
        frozen = (
            []
            if self.encoder is None
            else list(self.encoder.network.get_input_embeddings().parameters())
        )
        named = [*self.named_parameters(), *self.named_buffers()]  # a shared tensor is named once
        names = [
            name
            for name, own in named
            if _module_of(name) in {"alignment", "boundary", *self.config.trained}
            and not any(own is parameter for parameter in frozen)
        ]
        given = self.state_dict() if state_dict is None else state_dict
        return {name: given[name].detach().contiguous() for name in names if name in given}

    def save_pretrained(
        self,
        save_directory: str | os.PathLike,
        llm_dtype: torch.dtype | None = None,
        state_dict: dict[str, torch.Tensor] | None = None,
        is_main_process: bool = True,
        record: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write config.json, the trained modules as safetensors and a model card.

        `llm_dtype` is the storage type of the LLM and the encoder, `record` what the card says of
        the stage.
        """
        state = {}
        for name, tensor in self.trained_state(state_dict).items():
            whole = (
                tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
            )  # every process takes part, one writes
            if is_main_process:
                small = llm_dtype is not None and _module_of(name) in ("llm", "encoder")
                state[name] = (whole.to(llm_dtype) if small else whole).cpu()
        if not is_main_process:
            return
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
        follow_umask(folder / WEIGHTS)
        self.config.save_pretrained(folder)
        write_text(folder / "README.md", model_card(self.config.to_dict(), record))

    @classmethod
    def from_pretrained(
        cls,
        path: str | os.PathLike,
        *args: Any,
        dtype: torch.dtype = torch.float32,
        llm: str | os.PathLike | None = None,
        encoder: str | os.PathLike | None = None,
        **kwargs: Any,
    ) -> "LinguaLiftModel":
        """Load a checkpoint over its frozen parts; refuse it when they are not those it was trained
        on.

        `llm` and `encoder` say where these folders lie now, if not where they lay in training.
        """
        folder = Path(path)
        if not (folder / "config.json").is_file():
            raise LinguaLiftError(f"{folder}: holds no checkpoint (no config.json)")
        if (folder / CHECKSUMS).is_file():
            check_directory(folder)
        config = LinguaLiftConfig.from_pretrained(folder)
        if llm is not None:
            config.llm = {**config.llm, "path": str(llm)}
        if encoder is not None and config.encoder is not None:
            config.encoder = {**config.encoder, "path": str(encoder)}
        _check(config.llm, f"{folder}: the LLM")
        if config.encoder is not None and Path(config.encoder["path"]).is_dir():
            _check(config.encoder, f"{folder}: the encoder")
        model = cls(
            config,
            AutoModelForCausalLM.from_pretrained(
                config.llm["path"], dtype=dtype, local_files_only=True
            ),
        )
        if "encoder" in config.trained:
            model.add_encoder(dtype)
        model.load_trained(folder)
        return model

    @torch.no_grad()
    def load_trained(self, folder: Path) -> None:
        """Copy a checkpoint's tensors into this model; every tensor must have its place."""
        own = self.state_dict()
        weights_file = folder / WEIGHTS
        try:
            with safe_open(weights_file, framework="pt") as weights:
                for name in weights.keys():
                    tensor = weights.get_tensor(name)
                    if name not in own or own[name].shape != tensor.shape:
                        raise LinguaLiftError(
                            f"{weights_file}: tensor '{name}' does not fit the model; the"
                            " checkpoint belongs elsewhere"
                        )
                    own[name].copy_(tensor)
        except (OSError, ValueError, SafetensorError) as error:
            raise LinguaLiftError(
                f"{weights_file}: damaged ({error}); delete {folder} and run again"
            ) from error


def _check(noted: dict[str, Any], what: str) -> None:
    """Refuse a frozen model folder that is not the one that a checkpoint was trained over."""
    path = Path(noted["path"])
    if not path.is_dir():
        raise LinguaLiftError(f"{what} {path} is not there; restore it, or say where it lies now")
    now = reference(path)
    found = now["fingerprint"]
    if found != noted["fingerprint"] or (
        now["sha256"] and noted.get("sha256") not in (None, {}, now["sha256"])
    ):
        raise LinguaLiftError(
            f"{what}: was trained on another version of {path} (fingerprint"
            f" {noted['fingerprint'][:12]}, found {found[:12]}); restore that model or delete the"
            " checkpoint"
        )


AutoConfig.register("lingualift", LinguaLiftConfig, exist_ok=True)
AutoModel.register(LinguaLiftConfig, LinguaLiftModel, exist_ok=True)
AutoModelForCausalLM.register(LinguaLiftConfig, LinguaLiftModel, exist_ok=True)
