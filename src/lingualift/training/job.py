"""What a stage of training is given: the one door from the workflow to the trainer, in this process
or, as a file, in several.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from lingualift.config import Alignment, LanguageModelling, Stage
from lingualift.model.layout import Prompt


@dataclass(frozen=True)
class StageTexts:
    """One table of texts that a stage reads: task data, or code-switched text of one language.

    `states` are the encoder's states of its questions (None: they enter as text, or their states
    are made in the step), `prompt` is what
    the LLM is asked with (None: it is not asked), `lexicon` the evidence of the lexicon that the
    text was code-switched with: a collapsed one leaves the language out.
    """

    texts: Path
    states: Path | None
    prompt: Prompt | None
    lexicon: Path | None = None


class StageJob(BaseModel):
    """One stage to train, with the settings of its system, into the checkpoint folder `out`.

    `layer` is the encoder's hidden layer (None: its last; several: joined), `split_digits` whether
    every digit is a token of its own there, `mixture` whether joined layers are mixed. `reference`
    are English texts with states that measure the encoder's dimensions (None for text input).
    `names` are the languages' English names by code, for prompts that name them. `stamp` is the
    provenance that the checkpoint's record gets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: Stage
    name: str
    layout: str
    seed: int
    out: Path
    llm: Path
    encoder: Path | None
    layer: int | list[int] | None
    split_digits: bool = False
    mixture: bool = False
    alignment: Alignment | None
    parent: Path | None
    data: list[StageTexts]
    reference: StageTexts | None
    names: dict[str, str]
    bf16: bool
    stamp: dict[str, Any]

    @property
    def modelling(self) -> LanguageModelling:
        """The settings of a stage of language modelling."""
        assert isinstance(self.stage, LanguageModelling)
        return self.stage

    @property
    def encodes(self) -> bool:
        """Whether the stage makes encoder states itself: where some of its tables have none."""
        tables = [texts.states for texts in self.data]
        return self.encoder is not None and (None in tables or "encoder" in self.stage.train)

    @property
    def work(self) -> Path:
        """Where the state of an unfinished stage is kept."""
        return self.out.with_name(self.out.name + ".partial")

    def with_settings(self, **settings: Any) -> "StageJob":
        """The same stage with other settings of memory."""
        return self.model_copy(update={"stage": self.modelling.model_copy(update=settings)})
