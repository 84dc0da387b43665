"""`LinguaLiftModel`: an LLM that reads text, aligned states of a frozen multilingual encoder, or both (paper section 3.1).

One class serves every system: a plain LLM is the layout without encoder positions. The encoder itself stays outside: it is
frozen, so its states are computed once (`lingualift.model.encoder`) and handed in as a flat array in reading order.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from lingualift.errors import LinguaLiftError
from lingualift.model.layout import END, IGNORE, START, STATE
from lingualift.model.loss import response_loss

ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}
CLIP = 6.0  # standardised encoder dimensions beyond six deviations are outliers of the encoder, not meaning
MODULES = ("alignment", "boundary", "llm")
WEIGHTS = "model.safetensors"


class LinguaLiftConfig(PreTrainedConfig):
    """Sizes of the alignment layer and references to the frozen parts.

    `llm` and `encoder` are {"path", "fingerprint"} (plus "layer" for the encoder, None for a model without one); `trained` names
    the modules whose weights the checkpoint holds.
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
        super().__init__(**kwargs)


class AlignmentLayer(nn.Module):
    """The MLP A = MLP(H) of equation (2): [states, encoder_dim] -> [states, llm_dim].

    Hidden layers are twice the encoder's width. With `normalise`, each encoder dimension is first standardised by `mean` and
    `scale` (measured on English training text) and clipped: decoder-only encoders have a few dimensions hundreds of times
    larger than the rest. `gain` scales the output to the size of the LLM's input embeddings; it is a constant, not trained.
    """

    def __init__(self, encoder_dim: int, llm_dim: int, layers: int, activation: str, normalise: bool) -> None:
        super().__init__()
        if layers not in (1, 2, 3):
            raise LinguaLiftError(f"alignment.layers: {layers} is not 1, 2 or 3")
        if activation not in ACTIVATIONS:
            raise LinguaLiftError(f"alignment.activation: '{activation}' is not one of {', '.join(ACTIVATIONS)}")
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
        """Set the input statistics from English states [n, encoder_dim] and the output gain from the LLM's embeddings."""
        if self.normalise:
            states = states.float()
            self.mean.copy_(states.mean(0))
            self.scale.copy_(states.std(0).clamp_min(1e-6))
        self.gain.copy_(embeddings.float().std())


def fingerprint(path: str | Path) -> str:
    """A cheap checksum of a model folder: configuration, and size, header and 64 sampled blocks of every weight file."""
    folder = Path(path)
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise LinguaLiftError(f"{folder}: no safetensors weights; other formats are not loaded (convert the model first)")
    total = hashlib.sha256((folder / "config.json").read_bytes())
    for shard in shards:
        size = shard.stat().st_size
        with open(shard, "rb") as handle:
            total.update(f"{shard.name}:{size}".encode())
            for block in range(65):
                handle.seek(block * max(size - 65536, 0) // 64)
                total.update(handle.read(65536))
    return total.hexdigest()


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
        self.alignment: AlignmentLayer | None = None
        if config.encoder is not None:
            self.alignment = AlignmentLayer(
                config.encoder_dim, config.llm_dim, config.alignment_layers, config.alignment_activation, config.alignment_normalise
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
        """A new model over a pretrained LLM folder; the alignment layer is freshly initialised (seed torch before)."""
        llm = AutoModelForCausalLM.from_pretrained(llm_path, dtype=dtype, local_files_only=True)
        config = LinguaLiftConfig(
            llm={"path": str(llm_path), "fingerprint": fingerprint(llm_path)},
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
        table = self.get_input_embeddings().weight
        assert isinstance(table, torch.Tensor)
        return table

    def gradient_checkpointing_enable(self, **kwargs: Any) -> None:
        self.llm.gradient_checkpointing_enable(**kwargs)

    def trainable(self, modules: list[str]) -> None:
        """Let exactly the named modules (`alignment`, `boundary`, `llm`) receive gradients."""
        for name in modules:
            if name not in MODULES or (name != "llm" and self.alignment is None):
                raise LinguaLiftError(f"stage trains '{name}', which this model does not have; it has {', '.join(self.modules_present())}")
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.split(".")[0] in modules)
        self.config.trained = sorted(set(self.config.trained) | set(modules))

    def modules_present(self) -> list[str]:
        return [name for name in MODULES if name == "llm" or self.alignment is not None]

    def embed(self, input_ids: torch.Tensor, segments: torch.Tensor, encoder_states: torch.Tensor | None) -> torch.Tensor:
        """Input embeddings [batch, tokens, llm_dim] with boundary vectors and aligned states in place (equations (2)-(4))."""
        embeddings = self.llm.get_input_embeddings()(input_ids)
        if self.alignment is None or encoder_states is None:
            return embeddings
        aligned = self.alignment(encoder_states).to(embeddings.dtype)
        boundary = self.boundary.to(embeddings.dtype)
        state = segments == STATE
        if int(state.sum()) != len(aligned):
            raise LinguaLiftError(f"a batch has {int(state.sum())} encoder positions but {len(aligned)} encoder states")
        embeddings = embeddings.masked_scatter(state.unsqueeze(-1), aligned)
        for kind, vector in ((START, boundary[0]), (END, boundary[1])):
            embeddings = torch.where((segments == kind).unsqueeze(-1), vector, embeddings)
        return embeddings

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        segments: torch.Tensor,
        encoder_states: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Logits, or with `labels` [batch, tokens] the response's mean negative log-likelihood (equations (5) and (6)).

        With labels, logits are computed at labelled positions alone: with a vocabulary of 50,000 that is a sixth of the work of
        a small LLM. `num_items_in_batch` replaces the mean's divisor when gradients are accumulated over micro-batches.
        """
        embeddings = self.embed(input_ids, segments, encoder_states)
        hidden = self.llm.base_model(inputs_embeds=embeddings, attention_mask=attention_mask, use_cache=False).last_hidden_state
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
        attention_mask: torch.Tensor,
        segments: torch.Tensor,
        encoder_states: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> torch.Tensor:
        """New tokens [batch, new] for left-padded inputs; keyword arguments go to the LLM's own `generate`."""
        embeddings = self.embed(input_ids, segments, encoder_states)
        return self.llm.generate(inputs_embeds=embeddings, attention_mask=attention_mask, **kwargs)

    def trained_state(self) -> dict[str, torch.Tensor]:
        """Tensors of the modules trained so far, each shared tensor once, with the alignment layer's measured constants."""
        state, seen = {}, set()
        for name, tensor in self.state_dict().items():
            if name.split(".")[0] in self.config.trained and (tensor.data_ptr(), tensor.shape) not in seen:
                seen.add((tensor.data_ptr(), tensor.shape))
                state[name] = tensor.detach().contiguous()
        return state

    def save_pretrained(self, save_directory: str | os.PathLike, llm_dtype: torch.dtype | None = None, **kwargs: Any) -> None:
        """Write config.json and the trained modules as safetensors; `llm_dtype` is the LLM's storage type."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        self.config.save_pretrained(folder)
        state = {
            name: tensor.to(llm_dtype).cpu() if llm_dtype is not None and name.startswith("llm.") else tensor.cpu()
            for name, tensor in self.trained_state().items()
        }
        save_file(state, folder / WEIGHTS, metadata={"format": "pt"})

    @classmethod
    def from_pretrained(cls, path: str | os.PathLike, *args: Any, dtype: torch.dtype = torch.float32, **kwargs: Any) -> "LinguaLiftModel":
        """Load a checkpoint over its frozen LLM; refuse it when that LLM is not the one it was trained on."""
        folder = Path(path)
        config = LinguaLiftConfig.from_pretrained(folder)
        found = fingerprint(config.llm["path"])
        if found != config.llm["fingerprint"]:
            raise LinguaLiftError(
                f"{folder}: was trained on another version of {config.llm['path']} "
                f"(fingerprint {config.llm['fingerprint'][:12]}, found {found[:12]}); restore that model or delete the checkpoint"
            )
        llm = AutoModelForCausalLM.from_pretrained(config.llm["path"], dtype=dtype, local_files_only=True)
        model = cls(config, llm)
        model.load_trained(folder)
        return model

    @torch.no_grad()
    def load_trained(self, folder: Path) -> None:
        """Copy a checkpoint's tensors into this model; every tensor must have its place."""
        own = self.state_dict()
        try:
            with safe_open(folder / WEIGHTS, framework="pt") as weights:
                for name in weights.keys():
                    tensor = weights.get_tensor(name)
                    if name not in own or own[name].shape != tensor.shape:
                        raise LinguaLiftError(
                            f"{folder / WEIGHTS}: tensor '{name}' does not fit the model; the checkpoint belongs elsewhere"
                        )
                    own[name].copy_(tensor)
        except (OSError, ValueError) as error:
            raise LinguaLiftError(f"{folder / WEIGHTS}: damaged ({error}); delete {folder} and run again") from error


AutoConfig.register("lingualift", LinguaLiftConfig)
