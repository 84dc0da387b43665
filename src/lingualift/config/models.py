"""Settings of models and prompts."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from lingualift.config.base import Name, Positive, Settings, real_number, truth_or_word
from lingualift.model.layout import NEEDED_SLOTS, SLOT, has_slots


class Model(Settings):
    """A pretrained model."""

    source: Name = Field(description="Key of config/sources.yaml.")
    layer: Positive | None = Field(
        None, description="Hidden layer used (null: the model's own last hidden state)."
    )


class EncoderModel(Model):
    """The multilingual encoder, and how its states are read."""

    layers: list[Positive] | None = Field(
        None,
        min_length=2,
        description=(
            "Hidden layers whose states are joined to one, in the place of `layer` (null: one layer"
            " alone)."
        ),
    )
    split_digits: Annotated[Literal["auto", True, False], BeforeValidator(truth_or_word)] = Field(
        "auto",
        description=(
            "Whether the encoder reads every digit of a number, of any script, as a token of its"
            " own; auto: where the LLM does."
        ),
    )
    mixture: bool = Field(
        False,
        description=(
            "Whether the alignment layer mixes `layers` by learnt shares, instead of reading them"
            " side by side."
        ),
    )
    states: Literal["auto", "store", "step"] = Field(
        "auto",
        description=(
            "Where a frozen encoder's states come from: kept on disk and read by all stages, or"
            " made anew in every training step; auto: by gigabytes, readers and cost. The same up"
            " to rounding."
        ),
    )

    @model_validator(mode="after")
    def _one_choice_of_layers(self) -> "EncoderModel":
        if self.layers is not None and self.layer is not None:
            raise ValueError("layers: give layer or layers, not both; set the other to null")
        if self.layers is not None and self.layers != sorted(set(self.layers)):
            raise ValueError("layers: name each layer once, the lowest first")
        if self.mixture and self.layers is None:
            raise ValueError("mixture: mixes several layers; name them in layers")
        return self


class Alignment(Settings):
    """The alignment layer (equation (2))."""

    layers: Annotated[int, Field(ge=1, le=3), BeforeValidator(real_number)] = Field(
        2, description="Linear layers."
    )
    activation: Literal["gelu", "relu"] = Field("gelu", description="Between the layers.")
    normalise: bool = Field(description="Standardise and clip the encoder's dimensions first.")
    scaled: bool = Field(
        True,
        description=(
            "Multiply the output by the deviation of the LLM's embeddings, and begin the boundary"
            " vectors at that size."
        ),
    )

    @model_serializer(mode="wrap")
    def _written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the default of `scaled`: ids of stages hash what is written, and are older."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if name != "scaled" or not value}


class PromptText(Settings):
    """A prompt; its `instruction` remains when the question enters through the encoder."""

    template: str = Field(
        description=(
            "Prompt with one {question} slot, or {premise} and {hypothesis}, or {stem} and"
            " {choices}; {source} and {target} stand for the question's language and English."
        )
    )
    instruction: str | None = Field(
        None,
        description=(
            "What remains when the question enters through the encoder (null: the template without"
            " it)."
        ),
    )

    chat: bool = Field(
        False,
        description=(
            "Whether it is a turn in the LLM's own chat format, which its tokenizer's template"
            " writes."
        ),
    )
    system: str = Field("", description="System message before that turn (chat alone).")

    @model_validator(mode="after")
    def _one_slot(self) -> "PromptText":
        if not has_slots(self.template):
            raise ValueError(NEEDED_SLOTS)
        if self.system and not self.chat:
            raise ValueError("system: belongs to chat: true; set that, or leave it out")
        if SLOT.search(self.system):
            raise ValueError("system: holds a slot; the question belongs in the template")
        return self

    @model_serializer(mode="wrap")
    def _written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what a prompt that is no chat has of it: ids of stages hash what is written."""
        values: dict[str, Any] = dump(self)
        return {
            name: value for name, value in values.items() if name not in ("chat", "system") or value
        }
