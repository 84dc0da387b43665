"""What a `LinguaLiftModel` is made of, as its checkpoints' config.json says it."""

from pathlib import Path
from typing import Any

from transformers import PreTrainedConfig

from lingualift.artifacts import read_json
from lingualift.messages import LinguaLiftError


class LinguaLiftConfig(PreTrainedConfig):
    """Sizes of the alignment layer and references to the frozen parts.

    `llm` is what `reference` returns, `encoder` what `encoder_reference` does (None for a model
    without one); `trained` names the modules whose weights the checkpoint holds, `lora` is {"rank",
    "alpha"} of adapters. `alignment_layers`, `alignment_activation`, `alignment_normalise` and
    `alignment_scaled` are the alignment layer's; with the last the boundary vectors begin at the
    size of the LLM's embeddings, too. `layout` (a name in `model.layout.LAYOUTS`) and `prompt`
    ({"template", "instruction"}) are how the last stage asked; None before any stage, and of a
    prompt where the stage asks the LLM nothing.
    """

    model_type = "lingualift"

    def __init__(
        self,
        llm: dict[str, Any] | None = None,
        encoder: dict[str, Any] | None = None,
        encoder_dim: int = 0,
        llm_dim: int = 0,
        trained: list[str] | None = None,
        lora: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        self.llm = llm or {}
        self.encoder = encoder
        self.encoder_dim = encoder_dim
        self.llm_dim = llm_dim
        self.alignment_layers: int = others.pop("alignment_layers", 2)
        self.alignment_activation: str = others.pop("alignment_activation", "gelu")
        self.alignment_normalise: bool = others.pop("alignment_normalise", False)
        self.alignment_scaled: bool = others.pop("alignment_scaled", True)
        self.trained = trained or []
        self.lora = lora
        self.layout: str | None = others.pop("layout", None)
        self.prompt: dict[str, str] | None = others.pop("prompt", None)
        super().__init__(**others)

    @classmethod
    def of_checkpoint(cls, folder: Path) -> "LinguaLiftConfig":
        """The configuration of a checkpoint's folder; a model of another kind is an error."""
        kind = read_json(folder / "config.json").get("model_type")
        if kind != cls.model_type:
            raise LinguaLiftError(
                f"{folder}: a model of kind '{kind}', no checkpoint of LinguaLIFT; those of a run"
                " are in results/checkpoints"
            )
        return cls.from_pretrained(folder)
