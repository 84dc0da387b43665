"""The alignment layer of equation (2)."""

import torch
from torch import nn

from lingualift.messages import LinguaLiftError

ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}
# standardised encoder dimensions beyond six deviations are outliers of the encoder, not meaning
CLIP = 6.0


class AlignmentLayer(nn.Module):
    """The MLP A = MLP(H) of equation (2): [states, encoder_dim] -> [states, llm_dim].

    Hidden layers are twice the encoder's width. With `normalise`, each encoder dimension is first
    standardised by `mean` and `scale` (measured on English training text) and clipped: decoder-only
    encoders have a few dimensions hundreds of times larger than the rest. `gain` is the deviation
    of the LLM's input embeddings, measured and not trained; with `scaled` the output is multiplied
    by it. States that join `mixed` hidden layers are first mixed to the width of one, by learnt
    shares that begin equal (softmax of `mixture`).
    """

    mean: torch.Tensor  # [encoder_dim]
    scale: torch.Tensor  # [encoder_dim]
    gain: torch.Tensor  # a scalar

    def __init__(
        self,
        encoder_dim: int,
        llm_dim: int,
        layers: int,
        activation: str,
        normalise: bool,
        scaled: bool = True,
        mixed: int = 1,
    ) -> None:
        super().__init__()
        if layers not in (1, 2, 3):
            raise LinguaLiftError(f"alignment.layers: {layers} is not 1, 2 or 3")
        if activation not in ACTIVATIONS:
            raise LinguaLiftError(
                f"alignment.activation: '{activation}' is not one of {', '.join(ACTIVATIONS)}"
            )
        read = encoder_dim // mixed
        width = 2 * read
        sizes = [read] + [width] * (layers - 1) + [llm_dim]
        modules: list[nn.Module] = []
        for index in range(layers):
            modules.append(nn.Linear(sizes[index], sizes[index + 1]))
            if index + 1 < layers:
                modules.append(ACTIVATIONS[activation]())
        self.mlp = nn.Sequential(*modules)
        self.normalise, self.scaled = normalise, scaled
        self.mixture = nn.Parameter(torch.zeros(mixed)) if mixed > 1 else None
        self.register_buffer("mean", torch.zeros(encoder_dim))
        self.register_buffer("scale", torch.ones(encoder_dim))
        self.register_buffer("gain", torch.ones(()))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        if self.normalise:
            states = ((states.float() - self.mean) / self.scale).clamp(-CLIP, CLIP)
        if self.mixture is not None:
            shares = self.mixture.softmax(0).to(states.dtype)
            states = torch.einsum("nld,l->nd", states.unflatten(-1, (len(shares), -1)), shares)
        aligned = self.mlp(states.to(next(self.mlp.parameters()).dtype))
        return aligned * self.gain if self.scaled else aligned

    @torch.no_grad()
    def measure(self, states: torch.Tensor, embeddings: torch.Tensor) -> None:
        """Set the input statistics from English states [n, encoder_dim] and `gain` from the LLM's
        embeddings.
        """
        if self.normalise:
            states = states.float()
            self.mean.copy_(states.mean(0))
            self.scale.copy_(states.std(0).clamp_min(1e-6))
        self.gain.copy_(embeddings.float().std())
